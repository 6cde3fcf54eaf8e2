import DescriptorStore
import Testing

struct CrashHistoryTests {
    private static let deadly = Suspect(session: 3, unique: 40, node: 7, opcode: 15)
    private static let bystander = Suspect(session: 4, unique: 2, node: 1, opcode: 1)

    private static func deaths(_ suspects: [[Suspect]], everySeconds seconds: Double = 1) -> [Death] {
        suspects.enumerated().map {
            Death(atNanoseconds: UInt64(Double($0.offset) * seconds * 1e9), signal: 11, suspects: $0.element)
        }
    }

    @Test func `five deaths on one request within ten seconds name it`() {
        let all = Self.deaths([
            [Self.deadly], [Self.deadly, Self.bystander], [Self.deadly], [Self.deadly], [Self.deadly],
        ])
        #expect(CrashHistory.culprits(of: all) == [Self.deadly])
        #expect(CrashHistory.culprits(of: Array(all.dropFirst())).isEmpty, "four are too few")
    }

    @Test func `slow deaths and different requests are a coincidence`() {
        let same = [[Suspect]](repeating: [Self.deadly], count: 5)
        #expect(CrashHistory.culprits(of: Self.deaths(same, everySeconds: 3)).isEmpty)
        #expect(CrashHistory.culprits(of: Self.deaths(same.dropLast() + [[Self.bystander]])).isEmpty)
        #expect(CrashHistory.culprits(of: Self.deaths(same.dropLast() + [[]])).isEmpty)
    }
}
