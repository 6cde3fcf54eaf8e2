import FoundationEssentials

/// Decodes a document; what is wrong is said with the path of the member: `layers[3].size: …`.
func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], of subject: String
) throws(ImageError) -> Value {
    do {
        return try JSONDecoder().decode(type, from: Data(bytes))
    } catch let error as DecodingError {
        throw ImageError(.invalid, "\(subject): \(explanation(of: error))")
    } catch {
        throw ImageError(.invalid, "\(subject): not JSON")
    }
}

private func explanation(of error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context):
        return "\(path(context.codingPath + [key])) is missing"
    case .valueNotFound(_, let context):
        return "\(path(context.codingPath)) is missing"
    case .typeMismatch(let type, let context):
        return "\(path(context.codingPath)) is not \(name(of: type))"
    case .dataCorrupted(let context):
        // The decoder does not tell these two apart.
        if context.codingPath.isEmpty { return "not JSON, or with a number that does not fit" }
        return "\(path(context.codingPath)): \(context.debugDescription)"
    @unknown default:
        return "not what it should be"
    }
}

private func name(of type: any Any.Type) -> String {
    switch type {
    case is String.Type: "a text"
    case is Int.Type, is Int64.Type: "a number"
    case is Bool.Type: "true or false"
    case is [Any].Type: "a list"
    default: "an object or list as expected here"
    }
}

private func path(_ keys: [any CodingKey]) -> String {
    var text = ""
    for key in keys {
        if let position = key.intValue {
            text += "[\(position)]"
        } else {
            text += (text.isEmpty ? "" : ".") + key.stringValue
        }
    }
    return text.isEmpty ? "the document" : text
}
