import FoundationEssentials

/// JSON in one line, as it crosses the socket.
enum ControlCoding {
    /// The JSON text and a newline.
    static func line(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        var bytes = [UInt8](try encoder.encode(value))
        guard bytes.count <= LineBuffer.maximumLineByteCount else { throw ControlError.lineTooLong }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    static func decode<Value: Decodable>(_ type: Value.Type, from line: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(line))
    }
}
