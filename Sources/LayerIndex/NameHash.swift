/// A hash of names with a secret, so that nobody can make an image whose names all collide.
///
/// Not stable between processes: nothing in a file may depend on it.
public struct NameHash: Sendable {
    private let secret: UInt64

    public init() { secret = UInt64.random(in: .min ... .max) }

    /// `salt` tells equal names of different directories apart.
    public func hash(_ name: UnsafeRawBufferPointer, salt: UInt32 = 0) -> UInt64 {
        var sum = Self.mix(secret ^ UInt64(name.count), 0xa076_1d64_78bd_642f ^ UInt64(salt))
        var offset = 0
        while offset + 8 <= name.count {
            let word = name.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            sum = Self.mix(sum ^ word, secret | 1)
            offset += 8
        }
        if offset < name.count {
            var last: UInt64 = 0
            while offset < name.count {
                last = last << 8 | UInt64(name[offset])
                offset += 1
            }
            sum = Self.mix(sum ^ last, secret | 1)
        }
        return Self.mix(sum, 0xe703_7ed1_a0b4_28db)
    }

    @inline(__always)
    private static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
