/// A key that somebody holds, for people who ask what is going on.
public struct KeyWait: Sendable {
    public var rank: LockRank
    public var key: String
    /// As the holder described itself.
    public var holder: String
    /// When the holder got the key.
    public var since: ContinuousClock.Instant
    /// How many wait: for a mutex those behind the holder, for a flight all who want its result.
    public var waiterCount: Int

    public var heldSeconds: Double { (ContinuousClock.now - since) / .seconds(1) }
}
