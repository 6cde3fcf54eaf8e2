/// An index, manifest or config that imgfs does not take, or an image that is not for the wanted platform.
public struct ImageError: DescribedError, Equatable {
    public var kind: FailureKind
    /// Names the document by its digest.
    public var description: String
    /// Where there is no image for the wanted platform: those that there are images for.
    public var offeredPlatforms: [Platform]?

    public init(_ kind: FailureKind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// There is no image for `wanted`, only for `offered`.
    public static func noImage(for wanted: Platform, in name: String, offered: [Platform]) -> ImageError {
        var seen: Set<Platform> = []
        let platforms = offered.filter { seen.insert($0).inserted }
        let maximumListedCount = 30
        var list = platforms.prefix(maximumListedCount).map { quotedUnlessPlain($0.description) }.joined(
            separator: ", ")
        if platforms.count > maximumListedCount { list += ", …" }
        var error = ImageError(
            .notFound, "\(name) has no image for \(wanted); it has \(list.isEmpty ? "no image at all" : list)")
        error.offeredPlatforms = platforms
        return error
    }

    private static func quotedUnlessPlain(_ text: String) -> String {
        let quotedText = quoted(text)
        return quotedText.dropFirst().dropLast() == text ? text : quotedText
    }
}
