import Testing

@testable import Control

struct LineBufferTests {
    @Test func `Lines are the same however the stream is cut`() throws {
        let stream = Array("one\n\nthree\nrest".utf8)
        for size in 1...stream.count {
            var buffer = LineBuffer()
            var lines: [String] = []
            for start in stride(from: 0, to: stream.count, by: size) {
                try buffer.append(stream[start..<min(start + size, stream.count)])
                while let line = buffer.next() { lines.append(String(decoding: line, as: UTF8.self)) }
            }
            #expect(lines == ["one", "", "three"])
            #expect(!buffer.isEmpty)
        }
    }

    @Test func `A line at the limit is taken, one byte more is not`() throws {
        var buffer = LineBuffer()
        try buffer.append([UInt8](repeating: 97, count: LineBuffer.maximumLineByteCount))
        try buffer.append([UInt8(ascii: "\n")])
        #expect(buffer.next()?.count == LineBuffer.maximumLineByteCount)
        try buffer.append([UInt8](repeating: 97, count: LineBuffer.maximumLineByteCount))
        #expect(throws: ControlError.lineTooLong) { try buffer.append([97]) }
    }

    @Test func `Several lines may be over the limit together`() throws {
        var buffer = LineBuffer()
        try buffer.append([UInt8](repeating: 97, count: LineBuffer.maximumLineByteCount) + Array("\nb\n".utf8))
        #expect(buffer.next()?.count == LineBuffer.maximumLineByteCount)
        #expect(buffer.next() == [98])
        #expect(buffer.isEmpty)
    }
}
