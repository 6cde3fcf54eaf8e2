import Glibc

/// The library that inflates gzip.
public enum DeflateEngine: String, Sendable, CaseIterable {
    /// Intel's ISA-L: fast, and not on every machine.
    case isal
    /// zlib: the fallback, and the oracle for the other one.
    case zlib

    /// Which engine is used, and why.
    public struct Choice: Sendable {
        public let engine: DeflateEngine
        /// A sentence for the log when this is not what was asked for or not the fastest; nil otherwise.
        public let notice: String?
    }

    /// Decided once: ISA-L when it is built in and passes its self-test, unless the environment has
    /// `IMGFS_INFLATE=zlib`.
    public static let chosen = choose(getenv("IMGFS_INFLATE").map { String(cString: $0) })

    /// The engines that are built in.
    static var available: [DeflateEngine] {
        #if canImport(CISAL)
        [.isal, .zlib]
        #else
        [.zlib]
        #endif
    }

    static func choose(_ wish: String?) -> Choice {
        switch wish {
        case "zlib": return Choice(engine: .zlib, notice: nil)
        case nil, "", "isal": break
        case let other?:
            return Choice(engine: .zlib, notice: "IMGFS_INFLATE='\(other)' is neither isal nor zlib: using zlib")
        }
        guard available.contains(.isal) else {
            return Choice(engine: .zlib, notice: wish == "isal" ? "built without ISA-L: using zlib" : nil)
        }
        guard DeflateSelfTest.passes(.isal) else {
            return Choice(engine: .zlib, notice: "ISA-L fails its self-test: using zlib")
        }
        return Choice(engine: .isal, notice: nil)
    }

    func makeDecoder() throws(InflateError.Reason) -> any DeflateDecoder {
        switch self {
        case .zlib: return try ZlibDeflate()
        case .isal:
            #if canImport(CISAL)
            return try ISALDeflate()
            #else
            return try ZlibDeflate()
            #endif
        }
    }
}
