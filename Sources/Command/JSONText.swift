import FoundationEssentials

/// JSON for `--json`. The keys are those of the control protocol and are documented in docs/cli.md.
enum JSONText {
    /// Over several lines, keys in order.
    static func pretty(_ value: some Encodable) -> String { text(value, [.prettyPrinted]) }

    /// In one line, for streams of events.
    static func line(_ value: some Encodable) -> String { text(value, []) }

    private static func text(_ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            preconditionFailure("the messages of the protocol can be written as JSON: \(error)")
        }
    }
}
