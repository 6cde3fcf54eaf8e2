import FoundationEssentials

/// A bearer token as a token server gives it out.
/// See https://distribution.github.io/distribution/spec/auth/token/.
struct AccessToken: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    static let maximumResponseBytes = 1 << 20
    /// What a response without expires_in means.
    static let defaultLifetimeSeconds: Double = 60

    private struct Contents: Decodable {
        var token: String?
        var accessToken: String?
        var expiresIn: Double?

        enum CodingKeys: String, CodingKey {
            case token
            case accessToken = "access_token"
            case expiresIn = "expires_in"
        }
    }

    var value: String
    /// From when it was received on; issued_at is not used, since clocks differ.
    var lifetimeSeconds: Double

    init(value: String, lifetimeSeconds: Double) {
        self.value = value
        self.lifetimeSeconds = lifetimeSeconds
    }

    /// Nil when the response holds no token that could stand in a header field.
    init?(response: [UInt8]) {
        guard let contents = try? JSONDecoder().decode(Contents.self, from: Data(response)) else { return nil }
        let candidates = [contents.token, contents.accessToken].compactMap(\.self)
        guard let value = candidates.first(where: { !$0.isEmpty }),
            value.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        let stated = contents.expiresIn ?? 0
        self.init(value: value, lifetimeSeconds: stated > 0 ? min(stated, 86_400) : Self.defaultLifetimeSeconds)
    }

    /// How long to use it: a request that begins in the last moments would arrive too late.
    var usableSeconds: Double { max(lifetimeSeconds - 10, lifetimeSeconds / 2) }

    var description: String { "token for \(Int(lifetimeSeconds)) s" }
    var customMirror: Mirror { Mirror(self, children: ["lifetimeSeconds": lifetimeSeconds]) }
}
