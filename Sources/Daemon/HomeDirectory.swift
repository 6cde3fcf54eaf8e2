import Glibc

/// The home directory of a user as the system's user database has it, getpwuid(3); nil when it does not know the user.
func homeDirectory(ofUser userID: UInt32) -> String? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16384) { memory in
        guard let start = memory.baseAddress, getpwuid_r(userID, &entry, start, memory.count, &found) == 0,
            found != nil, let directory = entry.pw_dir
        else { return nil }
        return String(cString: directory)
    }
}
