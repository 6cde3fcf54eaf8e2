/// For streams that are not compressed: copies.
final class PlainDecoder: StreamDecoder {
    func decode(_ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(input.count, output.count)
        output.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count]))
        input.dropFirst(byteCount: count)
        return count
    }

    func finish() {}
}
