extension KeyedDecodingContainer {
    /// The member, or nil when it is absent or something else.
    func lenient<Value: Decodable>(_ type: Value.Type, _ key: Key) -> Value? {
        (try? decodeIfPresent(type, forKey: key)) ?? nil
    }

    /// A list of words; Docker took a single text as well.
    func lenientWords(_ key: Key) -> [String]? {
        lenient([String].self, key) ?? lenient(String.self, key).map { [$0] }
    }
}
