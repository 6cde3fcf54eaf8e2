import Control

extension ControlClient {
    /// How often a request is made when one daemon after the other goes away over it.
    private static let attemptCount = 10

    /// Makes a request that may be made twice, and makes it again when the daemon goes away before it has answered: the
    /// keeper holds the socket for its successor. Without a keeper the request fails as it would have.
    func persistently<Result>(
        _ request: (ControlClient) throws(ControlError) -> Result
    ) throws(ControlError) -> Result {
        var client = self
        for _ in 1..<Self.attemptCount {
            do throws(ControlError) {
                return try request(client)
            } catch .disconnected {
                client = try successor()
            }
        }
        return try request(client)
    }

    private func successor() throws(ControlError) -> ControlClient {
        do throws(ControlError) {
            return try ControlClient(connectingTo: path)
        } catch .notRunning {
            throw .disconnected
        }
    }
}
