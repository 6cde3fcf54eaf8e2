import Content
import OCI
import Store
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ImageTests {
    let directory = TemporaryDirectory()
    let amd64 = Platform(os: "linux", architecture: "amd64")
    let arm64 = Platform(os: "linux", architecture: "arm64")
    let base = digest("base")
    let upper = digest("upper")

    @Test func `an image comes back by name and by the platform that was asked for`() throws {
        let image = makeImage("docker.io/library/redis:latest", [base, upper])
        do {
            let store = try Store.open(directory)
            try store.record(image, for: arm64)
            #expect(try store.image(named: image.name, platform: amd64) == nil)
            #expect(try store.image(named: "redis", platform: arm64) == nil)
        }
        #expect(try Store.open(directory).image(named: image.name, platform: arm64) == image)
    }

    @Test func `all spellings of a platform are one`() throws {
        let store = try Store.open(directory)
        let image = makeImage("name", [base])
        try store.record(image, for: Platform(os: "linux", architecture: "arm64", variant: "v8"))
        #expect(try store.image(named: "name", platform: arm64) == image)
        try store.record(image, for: arm64)
        #expect(try store.images().map(\.platform) == [arm64])
    }

    @Test func `resolving again replaces what the name led to`() throws {
        let store = try Store.open(directory)
        try store.record(makeImage("name", [base, upper], version: "1"), for: amd64)
        let second = makeImage("name", [upper], version: "2")
        try store.record(second, for: amd64)
        #expect(try store.images().map(\.image) == [second])
        #expect(try store.chain(ChainID.chain(of: [base, upper])[1]) == nil)
    }

    @Test func `images are listed by name and platform, with times`() throws {
        let store = try Store.open(directory)
        try store.record(makeImage("b", [base]), for: amd64)
        try store.record(makeImage("a", [base]), for: arm64)
        try store.record(makeImage("a", [base]), for: amd64)
        let images = try store.images()
        #expect(images.map(\.image.name) == ["a", "a", "b"])
        #expect(images.map(\.platform) == [amd64, arm64, amd64])
        #expect(images.allSatisfy { $0.resolvedAtSeconds > 1_000_000_000 && $0.usedAtSeconds >= $0.resolvedAtSeconds })
    }

    @Test func `forgetting a name takes one platform or all, and its chains`() throws {
        let store = try Store.open(directory)
        for platform in [amd64, arm64] { try store.record(makeImage("a", [base]), for: platform) }
        try store.record(makeImage("b", [base, upper]), for: amd64)
        #expect(try store.removeImage(named: "a", platform: arm64) == [arm64])
        #expect(try store.removeImage(named: "a", platform: arm64) == [])
        #expect(try store.removeImage(named: "b") == [amd64])
        #expect(try store.chain(ChainID.chain(of: [base, upper])[1]) == nil)
        #expect(try store.chain(ChainID.chain(of: [base])[0])?.images.map(\.name) == ["a"])
        for platform in [amd64, arm64] { try store.record(makeImage("a", [base]), for: platform) }
        #expect(try store.removeImage(named: "a") == [amd64, arm64])
        #expect(try store.images().isEmpty)
    }

    @Test func `every chain of an image is known, with all images that can provide it`() throws {
        let store = try Store.open(directory)
        let first = makeImage("first", [base, upper])
        let second = makeImage("second", [base])
        try store.record(first, for: amd64)
        try store.record(second, for: amd64)
        let chains = first.chainIDs
        let whole = try #require(try store.chain(chains[1]))
        #expect(whole.layers == first.layers && whole.images == [first])
        let part = try #require(try store.chain(chains[0]))
        #expect(part.layers.map(\.diffID) == [base])
        #expect(Set(part.images) == [first, second])
        #expect(try store.chain(upper) == nil)
    }

    @Test func `an image without layers is a chain too`() throws {
        let store = try Store.open(directory)
        try store.record(makeImage("empty", []), for: amd64)
        let chain = try #require(try store.chain(Image.emptyChainID))
        #expect(chain.layers.isEmpty && chain.images.map(\.name) == ["empty"])
    }

    @Test func `an image may have the same layer twice`() throws {
        let store = try Store.open(directory)
        let image = makeImage("twice", [base, base])
        try store.record(image, for: amd64)
        #expect(try store.chain(image.chainIDs[1])?.layers.count == 2)
        try store.touch(image.chainIDs[1])
        #expect(try store.image(named: "twice", platform: amd64) == image)
    }

    @Test(arguments: ["garbage that is no database at all, and long enough to be read as a header", ""])
    func `a damaged catalogue is set aside and an empty one takes its place`(damage: String) throws {
        do {
            let store = try Store.open(directory)
            try store.record(makeImage("name", [base]), for: amd64)
        }
        try directory.write(damage, to: "catalogue.sqlite")
        let store = try Store.open(directory)
        #expect(try store.images().isEmpty)
        try store.record(makeImage("name", [base]), for: amd64)
        #expect(try store.images().count == 1)
        #expect(directory.contains("catalogue.sqlite.damaged") == !damage.isEmpty)
    }
}
