import Glibc
import OCI

/// The store's own directory, the only path that comes from outside.
enum RootDirectory {
    /// Makes `path` and its parents where they are missing. Returns it absolute and without symbolic links.
    static func make(_ path: String) throws(StoreError) -> String {
        guard !path.isEmpty else {
            throw StoreError(kind: .usage, description: "the store's directory has no name")
        }
        if let existing = resolve(path) {
            try Directory.make(existing)
            return existing
        }
        guard errno == ENOENT else { throw .system("use \(path) as a store", errno) }
        var trimmed = path[...]
        while trimmed.count > 1, trimmed.last == "/" { trimmed.removeLast() }
        if let slash = trimmed.lastIndex(of: "/"), slash != trimmed.startIndex {
            try makeParents(String(trimmed[..<slash]))
        }
        try Directory.make(String(trimmed))
        guard let made = resolve(path) else { throw .system("use \(path) as a store", errno) }
        return made
    }

    /// Parents belong to whom they belong: only the store itself is checked.
    private static func makeParents(_ path: String) throws(StoreError) {
        if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw .system("make directory \(path)", errno)
        }
        try makeParents(String(path[..<slash]))
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw .system("make directory \(path)", errno) }
    }

    private static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
