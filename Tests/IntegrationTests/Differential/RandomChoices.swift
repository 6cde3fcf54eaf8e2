import TestSupport

extension SeededGenerator {
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// Bytes that do not compress, cut from a block that is made once.
    mutating func bytes(_ count: Int) -> [UInt8] {
        let start = below(Self.noise.count - count + 1)
        return Array(Self.noise[start..<start + count])
    }

    private static let noise: [UInt8] = {
        var random = SeededGenerator(seed: 1)
        return (0..<1 << 15).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
    }()
}
