import Testing

@testable import Tar

@Suite struct NumericFieldTests {
    struct Case: CustomStringConvertible {
        var bytes: [UInt8]
        var value: Int64?
        var failure: NumericField.Failure?

        init(_ text: String, _ value: Int64) { (self.bytes, self.value) = (Array(text.utf8), value) }
        init(_ text: String, _ failure: NumericField.Failure) { (bytes, self.failure) = (Array(text.utf8), failure) }
        init(_ bytes: [UInt8], _ value: Int64) { (self.bytes, self.value) = (bytes, value) }
        init(_ bytes: [UInt8], _ failure: NumericField.Failure) { (self.bytes, self.failure) = (bytes, failure) }
        var description: String { "\(bytes)" }
    }

    @Test(arguments: [
        Case("00000000017\0", 15),
        Case("000000000017", 15),
        Case("         17 \0", 15),
        Case("17 \0garbage", 15),
        Case("17\0", 15),
        Case("\0\0\u{0}17\0", 15),
        Case("777777777777", 0o7777_7777_7777),
        Case("", 0),
        Case("        ", 0),
        Case("\0\0\0\0", 0),
        Case("18\0", .malformed),
        Case("-1\0", .malformed),
        Case("+1\0", .malformed),
        Case("0x1\0", .malformed),
        Case("1.5\0", .malformed),
        Case([0x80, 0, 0, 0, 0, 0, 0, 7], 7),
        Case([0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 0x3fff_ffff_ffff_ffff),
        Case([0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Int64.max),
        Case([0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0], .outOfRange),
        Case([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], -1),
        Case([0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], Int64.min),
        Case([0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], .outOfRange),
        Case([0xbf] + [UInt8](repeating: 0xff, count: 11), .outOfRange),
    ])
    func `Header fields are octal or base-256`(testCase: Case) {
        let result = Result { () throws(NumericField.Failure) in
            try testCase.bytes.withUnsafeBufferPointer { bytes throws(NumericField.Failure) in
                try NumericField.value(of: UnsafeRawBufferPointer(bytes))
            }
        }
        #expect(result == (testCase.value.map { .success($0) } ?? .failure(testCase.failure ?? .malformed)))
    }

    @Test(arguments: [
        Case("0", 0),
        Case("0012", 12),
        Case("9223372036854775807", Int64.max),
        Case("9223372036854775808", .outOfRange),
        Case("99999999999999999999999999", .outOfRange),
        Case("9999999999999999999999999x", .malformed),
        Case("-5", .outOfRange),
        Case("-", .malformed),
        Case("", .malformed),
        Case("+5", .malformed),
        Case(" 5", .malformed),
        Case("5 ", .malformed),
        Case("0x10", .malformed),
    ])
    func `PAX numbers are decimal`(testCase: Case) {
        let result = Result { () throws(NumericField.Failure) in
            try testCase.bytes.withUnsafeBufferPointer { bytes throws(NumericField.Failure) in
                try NumericField.decimal(UnsafeRawBufferPointer(bytes))
            }
        }
        #expect(result == (testCase.value.map { .success($0) } ?? .failure(testCase.failure ?? .malformed)))
    }

    @Test(arguments: [
        ("0", 0, 0),
        ("1700000000.123456789", 1_700_000_000, 123_456_789),
        ("1.5", 1, 500_000_000),
        ("1.", 1, 0),
        ("1.1234567899", 1, 123_456_789),
        ("-1", -1, 0),
        ("-1.25", -2, 750_000_000),
        ("-0.5", -1, 500_000_000),
        ("-0.0000000001", 0, 0),
        ("9223372036854775807.999999999", Int64.max, 999_999_999),
        ("-9223372036854775807.5", Int64.min, 500_000_000),
    ])
    func `PAX times are rounded down to whole seconds`(text: String, seconds: Int64, nanoseconds: UInt32) throws {
        let time = try Array(text.utf8).withUnsafeBytes { try PAXTime($0) }
        #expect(time.seconds == seconds)
        #expect(time.nanoseconds == nanoseconds)
    }

    @Test(arguments: ["", ".", ".5", "-", "--1", "1e5", "1.5.5", "1.x", "0x1", "9223372036854775808"])
    func `What is not a time is refused`(text: String) {
        #expect(throws: NumericField.Failure.self) { try Array(text.utf8).withUnsafeBytes { try PAXTime($0) } }
    }
}
