/// A ustar archive of empty files, a hundred in a directory: what costs for each entry, and nothing else.
enum SyntheticArchive {
    static func make(entryCount: Int) -> [UInt8] {
        var archive: [UInt8] = []
        archive.reserveCapacity((entryCount + 2) * 512)
        for number in 0..<entryCount {
            let directory = number / 101
            let isDirectory = number % 101 == 0
            let name = isDirectory ? "usr/lib/d\(directory)/" : "usr/lib/d\(directory)/file-\(number)"
            appendHeader(name, isDirectory: isDirectory, to: &archive)
        }
        archive.append(contentsOf: repeatElement(0, count: 1024))
        return archive
    }

    private static func appendHeader(_ name: String, isDirectory: Bool, to archive: inout [UInt8]) {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte }
        }
        put(name, at: 0)
        put(isDirectory ? "0000755" : "0000644", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put("00000000000", at: 124)
        put("14000000000", at: 136)
        put(isDirectory ? "5" : "0", at: 156)
        put("ustar\u{0}00", at: 257)
        put("        ", at: 148)
        let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
        put(String(repeating: "0", count: 6 - sum.count) + sum + "\u{0} ", at: 148)
        archive += block
    }
}
