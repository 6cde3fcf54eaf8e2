import Glibc

extension Platform {
    /// The platform of this machine, as uname(2) has it.
    public static let host: Platform = {
        var names = utsname()
        guard uname(&names) == 0 else { return Platform(os: "linux", architecture: "unknown") }
        let machine = withUnsafeBytes(of: names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return Platform(os: "linux", architecture: machine).normalized
    }()
}
