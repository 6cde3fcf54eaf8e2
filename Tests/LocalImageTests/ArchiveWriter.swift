/// Writes ustar archives.
struct ArchiveWriter {
    private(set) var bytes: [UInt8] = []

    mutating func file(_ path: String, _ content: [UInt8]) {
        header(path, type: "0", size: content.count)
        bytes += content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    mutating func file(_ path: String, _ content: String) { file(path, Array(content.utf8)) }

    mutating func directory(_ path: String) { header(path, type: "5", size: 0) }

    mutating func symbolicLink(_ path: String, _ target: String) { header(path, type: "2", size: 0, target: target) }

    mutating func hardLink(_ path: String, _ target: String) { header(path, type: "1", size: 0, target: target) }

    mutating func end() { bytes += [UInt8](repeating: 0, count: 1024) }

    private mutating func header(_ path: String, type: String, size: Int, target: String = "") {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ offset: Int) {
            block.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        func octal(_ value: Int, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: digits - text.count) + text
        }
        put(path, 0)
        put(octal(0o644, 7), 100)
        put(octal(0, 7), 108)
        put(octal(0, 7), 116)
        put(octal(size, 11), 124)
        put(octal(0, 11), 136)
        put("        ", 148)
        put(type, 156)
        put(target, 157)
        put("ustar", 257)
        put("00", 263)
        put(octal(block.reduce(0) { $0 + Int($1) }, 6), 148)
        block[154] = 0
        bytes += block
    }
}
