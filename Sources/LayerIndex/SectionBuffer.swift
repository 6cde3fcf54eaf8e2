internal import Glibc

/// Bytes of one section of a file that is being built; grows at its end.
///
/// Memory comes from realloc(3), which moves large blocks by remapping their pages: growing to 100 MB never needs twice
/// that, as it does with an array.
struct SectionBuffer: ~Copyable {
    private(set) var byteCount = 0
    private var capacity = 0
    private var start: UnsafeMutableRawPointer?

    init() {}

    deinit { free(start) }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: byteCount) }

    /// Adds `count` bytes of undefined content and returns where they are, until the next call that grows.
    mutating func grow(by count: Int) -> UnsafeMutableRawPointer {
        if byteCount + count > capacity { resize(max(byteCount + count, capacity * 2, 4096)) }
        guard let start else { fatalError("a section that has grown has memory") }
        defer { byteCount += count }
        return start + byteCount
    }

    mutating func append(_ content: UnsafeRawBufferPointer) {
        guard let source = content.baseAddress, content.count > 0 else { return }
        grow(by: content.count).copyMemory(from: source, byteCount: content.count)
    }

    mutating func append(_ number: UInt32) {
        grow(by: 4).storeBytes(of: number.littleEndian, as: UInt32.self)
    }

    mutating func append(_ number: UInt64) {
        grow(by: 8).storeBytes(of: number.littleEndian, as: UInt64.self)
    }

    /// Copies the content to `target` and gives the memory back on the way, from the end, so that two whole copies never
    /// exist at once.
    mutating func moveOut(to target: UnsafeMutableRawPointer) {
        let step = 4 << 20
        while byteCount > 0 {
            let begin = byteCount > step ? byteCount - step : 0
            if let start { (target + begin).copyMemory(from: start + begin, byteCount: byteCount - begin) }
            byteCount = begin
            if begin > 0 { resize(begin) }
        }
        free(start)
        start = nil
        capacity = 0
    }

    private mutating func resize(_ wanted: Int) {
        guard let moved = realloc(start, wanted) else {
            fatalError("out of memory for \(wanted) bytes of a layer index")
        }
        start = moved
        capacity = wanted
    }
}
