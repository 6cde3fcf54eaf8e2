/// What libFuzzer's callback, which captures nothing, is to call. Written once, before libFuzzer starts.
enum ChosenTarget {
    nonisolated(unsafe) static var run: @Sendable (UnsafeRawBufferPointer) -> Void = { _ in }
}
