/// A PAX time: seconds since 1970 as a decimal fraction, possibly negative. Digits after the ninth are dropped.
struct PAXTime: Equatable {
    /// Rounded down, so that `nanoseconds` is never negative.
    var seconds: Int64
    /// 0 to 999,999,999.
    var nanoseconds: UInt32

    init(_ text: UnsafeRawBufferPointer) throws(NumericField.Failure) {
        var digits = text[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        let point = digits.firstIndex(of: UInt8(ascii: ".")) ?? digits.endIndex
        seconds = try NumericField.decimal(UnsafeRawBufferPointer(rebasing: digits[..<point]))
        nanoseconds = 0
        var unit: UInt32 = 100_000_000
        for byte in digits[point...].dropFirst() {
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 else { throw .malformed }
            nanoseconds += UInt32(digit) * unit
            unit /= 10
        }
        if isNegative {
            // Not even Int64.max overflows here: -Int64.max - 1 is Int64.min.
            seconds = nanoseconds == 0 ? -seconds : -seconds - 1
            nanoseconds = nanoseconds == 0 ? 0 : 1_000_000_000 - nanoseconds
        }
    }
}
