import Testing

@testable import Daemon

struct HeartbeatTests {
    /// What the manager said, what it is told, what it may go by.
    @Test(
        arguments: [
            (nil, nil, nil), (30, nil, 30), (nil, 5, 5), (30, 5, 5), (30, 0, 30), (30, 600, 30), (0, 5, 5), (0, 0, nil),
            (nil, 0, nil),
        ] as [(Double?, Double?, Double?)])
    func `signs of life come in time also for a manager that does not listen`(
        manager: Double?, asked: Double?, expected: Double?
    ) {
        #expect(Heartbeat.expectedSeconds(by: manager, asked: asked) == expected)
    }
}
