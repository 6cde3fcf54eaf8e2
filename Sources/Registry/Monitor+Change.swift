import Threads

extension Monitor {
    /// Changes the value and wakes all who wait.
    func change<Result>(_ body: (inout State) -> Result) -> Result {
        let result = withLock { body(&$0) }
        notifyAll()
        return result
    }

    /// Blocks until `body` holds or the time is over; says whether it holds.
    func wait(seconds: Double, until body: (State) -> Bool) -> Bool {
        wait(timeoutSeconds: seconds) { body($0) ? true : nil } ?? false
    }
}
