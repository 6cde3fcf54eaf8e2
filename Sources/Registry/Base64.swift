import FoundationEssentials

/// Base64 of RFC 4648, section 4.
enum Base64 {
    static func encoded(_ text: String) -> String {
        Data(text.utf8).base64EncodedString()
    }

    /// Nil for what is not base64 of UTF-8.
    static func decoded(_ text: String) -> String? {
        Data(base64Encoded: text).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
