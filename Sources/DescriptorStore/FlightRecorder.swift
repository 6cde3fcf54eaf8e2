import CLinux
import Glibc
import Synchronization
public import SystemPackage

/// What each thread is at, in memory that outlives the process, so that a successor sees what its predecessor died of.
///
/// | offset | bytes | |
/// |---|---|---|
/// | 0 | 8 | `imgfsfly` |
/// | 8 | 4 | version |
/// | 12 | 4 | processes that have begun |
/// | 16 | 8 | the last session's number |
/// | 24 | 4 | 1 when the process ended on purpose |
/// | 28 | 4 | the fatal signal that it saw |
/// | 32 | 4 | the thread that it hit |
/// | 40 | 8 | deaths so far |
/// | 4096 | 8 × 512 | the last deaths: time, signal, count, and 32 bytes for each of at most 15 suspects |
/// | 8192 | 64 × 64 | threads: number, busy, session, unique, node, opcode; the second half for whoever needs one |
public final class FlightRecorder: Sendable {
    private enum Offset {
        static let version = 8
        static let generation = 12
        static let lastSessionID = 16
        static let hasEnded = 24
        static let signal = 28
        static let thread = 32
        static let deathCount = 40
        static let deaths = 4096
        static let slots = 8192
    }

    private static let magic: [UInt8] = Array("imgfsfly".utf8)
    private static let version: UInt32 = 1
    private static let byteCount = 12_288
    private static let deathByteCount = 512
    private static let rememberedDeathCount = 8
    private static let maximumSuspectCount = 15
    private static let slotByteCount = 64
    private static let allSlotCount = 64
    /// Slots that threads have for good. Threads beyond these are not recorded.
    public static let slotCount = 32

    private let file: MemoryFile
    private let sessionIDs = Mutex(())
    /// Slots behind `slotCount` that are free, one bit each.
    private let spareSlots = Mutex(UInt32.max)

    public var descriptor: FileDescriptor { file.descriptor }

    public init() throws(Errno) {
        file = try MemoryFile(name: "imgfs-flight-recorder", byteCount: Self.byteCount)
        file.memory.copyMemory(from: Self.magic, byteCount: Self.magic.count)
        file.memory.storeBytes(of: Self.version, toByteOffset: Offset.version, as: UInt32.self)
        // There was nobody who could have died.
        file.memory.storeBytes(of: 1, toByteOffset: Offset.hasEnded, as: UInt32.self)
    }

    /// A predecessor's. Owns the descriptor, also when it throws: `invalidArgument` for what is no recorder.
    public init(adopting descriptor: FileDescriptor) throws(Errno) {
        file = try MemoryFile(adopting: descriptor, byteCount: Self.byteCount)
        let header = UnsafeRawBufferPointer(start: file.memory, count: Self.byteCount)
        guard header.starts(with: Self.magic), number(Offset.version) == Self.version else { throw .invalidArgument }
    }

    /// Begins this process's recording. When the predecessor died, its death is added to the list.
    ///
    /// - Parameter opening: sessions whose image was being opened.
    /// - Returns: the last deaths, the oldest first.
    public func begin(opening: [UInt64], nowNanoseconds: UInt64 = FlightRecorder.now()) -> [Death] {
        if number(Offset.hasEnded) == 0 {
            record(
                Death(
                    atNanoseconds: nowNanoseconds, signal: number(Offset.signal), suspects: suspects(opening: opening)))
        }
        (file.memory + Offset.slots).initializeMemory(
            as: UInt8.self, repeating: 0, count: Self.allSlotCount * Self.slotByteCount)
        for offset in [Offset.hasEnded, Offset.signal, Offset.thread] { set(offset, 0) }
        set(Offset.generation, number(Offset.generation) &+ 1)
        return deaths
    }

    /// Has fatal signals of this process noted. The descriptor must never be closed from here on.
    public func catchFatalSignals() {
        imgfs_note_fatal_signals(
            (file.memory + Offset.signal).assumingMemoryBound(to: UInt32.self),
            (file.memory + Offset.thread).assumingMemoryBound(to: UInt32.self))
    }

    /// Processes that have begun, with this one: 1 for the first.
    public var generation: Int { Int(number(Offset.generation)) }

    /// Deaths of all predecessors.
    public var deathCount: Int {
        Int(truncatingIfNeeded: file.memory.load(fromByteOffset: Offset.deathCount, as: UInt64.self))
    }

    /// This process ends on purpose.
    public func end() { set(Offset.hasEnded, 1) }

    /// A number that no session had.
    public func newSessionID() -> UInt64 {
        sessionIDs.withLock { _ in
            let id = file.memory.load(fromByteOffset: Offset.lastSessionID, as: UInt64.self) + 1
            file.memory.storeBytes(of: id, toByteOffset: Offset.lastSessionID, as: UInt64.self)
            return id
        }
    }

    /// The calling thread is the one of `slot`, 0 to `slotCount` - 1.
    public func enter(slot: Int) { set(Offset.slots + slot * Self.slotByteCount, UInt32(bitPattern: imgfs_gettid())) }

    /// The slot's thread begins with a request.
    @inline(__always)
    public func note(slot: Int, session: UInt64, unique: UInt64, node: UInt64, opcode: UInt32) {
        let slot = file.memory + Offset.slots + slot * Self.slotByteCount
        slot.storeBytes(of: session, toByteOffset: 8, as: UInt64.self)
        slot.storeBytes(of: unique, toByteOffset: 16, as: UInt64.self)
        slot.storeBytes(of: node, toByteOffset: 24, as: UInt64.self)
        slot.storeBytes(of: opcode, toByteOffset: 32, as: UInt32.self)
        atomicMemoryFence(ordering: .releasing)
        slot.storeBytes(of: 1, toByteOffset: 4, as: UInt32.self)
    }

    /// The slot's thread is done with its request.
    @inline(__always)
    public func clear(slot: Int) {
        atomicMemoryFence(ordering: .releasing)
        file.memory.storeBytes(of: 0, toByteOffset: Offset.slots + slot * Self.slotByteCount + 4, as: UInt32.self)
    }

    /// What the calling thread is at; nil when it has no slot or no request.
    public func current() -> Suspect? {
        let thread = UInt32(bitPattern: imgfs_gettid())
        for position in 0..<Self.slotCount {
            let slot = file.memory + Offset.slots + position * Self.slotByteCount
            guard slot.load(as: UInt32.self) == thread else { continue }
            return slot.load(fromByteOffset: 4, as: UInt32.self) == 0 ? nil : Self.suspect(at: slot + 8)
        }
        return nil
    }

    /// Records the calling thread, which has no slot of its own, as being at `suspect` while `body` runs.
    public func during(_ suspect: Suspect, _ body: () -> Void) {
        let spare = spareSlots.withLock { free -> Int? in
            guard free != 0 else { return nil }
            let bit = free.trailingZeroBitCount
            free &= ~(1 << UInt32(bit))
            return bit
        }
        guard let spare else { return body() }
        let slot = Self.slotCount + spare
        enter(slot: slot)
        note(
            slot: slot, session: suspect.session, unique: suspect.unique, node: suspect.node, opcode: suspect.opcode)
        body()
        clear(slot: slot)
        spareSlots.withLock { $0 |= 1 << UInt32(spare) }
    }

    /// The last deaths, the oldest first.
    public var deaths: [Death] {
        let count = deathCount
        let remembered = min(max(0, count), Self.rememberedDeathCount)
        return (count - remembered..<count).map { position in
            let entry = file.memory + Offset.deaths + position % Self.rememberedDeathCount * Self.deathByteCount
            let suspectCount = min(Int(entry.load(fromByteOffset: 12, as: UInt32.self)), Self.maximumSuspectCount)
            return Death(
                atNanoseconds: entry.load(as: UInt64.self), signal: entry.load(fromByteOffset: 8, as: UInt32.self),
                suspects: (0..<suspectCount).map { Self.suspect(at: entry + 32 + $0 * 32) })
        }
    }

    /// Since the machine's start, sleep included.
    public static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private func record(_ death: Death) {
        let entry =
            file.memory + Offset.deaths + deathCount % Self.rememberedDeathCount * Self.deathByteCount
        let suspects = death.suspects.prefix(Self.maximumSuspectCount)
        entry.storeBytes(of: death.atNanoseconds, as: UInt64.self)
        entry.storeBytes(of: death.signal, toByteOffset: 8, as: UInt32.self)
        entry.storeBytes(of: UInt32(suspects.count), toByteOffset: 12, as: UInt32.self)
        for (position, suspect) in suspects.enumerated() {
            let place = entry + 32 + position * 32
            place.storeBytes(of: suspect.session, as: UInt64.self)
            place.storeBytes(of: suspect.unique, toByteOffset: 8, as: UInt64.self)
            place.storeBytes(of: suspect.node, toByteOffset: 16, as: UInt64.self)
            place.storeBytes(of: suspect.opcode, toByteOffset: 24, as: UInt32.self)
        }
        file.memory.storeBytes(of: UInt64(deathCount + 1), toByteOffset: Offset.deathCount, as: UInt64.self)
    }

    /// The request of the thread that was hit, when a signal hit one that had a request; else whatever was going on. An
    /// image that was being opened is suspect only when the process itself did something fatal.
    private func suspects(opening: [UInt64]) -> [Suspect] {
        let thread = number(Offset.thread)
        let busy = (0..<Self.allSlotCount).compactMap { position -> (thread: UInt32, suspect: Suspect)? in
            let slot = file.memory + Offset.slots + position * Self.slotByteCount
            guard slot.load(fromByteOffset: 4, as: UInt32.self) != 0 else { return nil }
            return (slot.load(as: UInt32.self), Self.suspect(at: slot + 8))
        }
        if thread != 0, let hit = busy.first(where: { $0.thread == thread }) { return [hit.suspect] }
        let openings = number(Offset.signal) == 0 ? [] : opening
        return busy.map(\.suspect) + openings.map { Suspect(session: $0, unique: 0, node: 0, opcode: 0) }
    }

    private static func suspect(at place: UnsafeRawPointer) -> Suspect {
        Suspect(
            session: place.load(as: UInt64.self), unique: place.load(fromByteOffset: 8, as: UInt64.self),
            node: place.load(fromByteOffset: 16, as: UInt64.self),
            opcode: place.load(fromByteOffset: 24, as: UInt32.self))
    }

    private func number(_ offset: Int) -> UInt32 { file.memory.load(fromByteOffset: offset, as: UInt32.self) }
    private func set(_ offset: Int, _ value: UInt32) {
        file.memory.storeBytes(of: value, toByteOffset: offset, as: UInt32.self)
    }
}
