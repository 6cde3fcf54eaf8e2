/// `text` between single quotes as error messages show it: control characters escaped, cut after 200 characters.
///
/// Names from registries, archives and command lines end up in logs and terminals.
public func quoted(_ text: some StringProtocol) -> String {
    let maximumCharacterCount = 200
    var result = "'"
    var characterCount = 0
    for scalar in text.unicodeScalars {
        if characterCount == maximumCharacterCount {
            result += "…"
            break
        }
        characterCount += 1
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            result += "\\u{" + String(scalar.value, radix: 16) + "}"
        default:
            result.unicodeScalars.append(scalar)
        }
    }
    return result + "'"
}
