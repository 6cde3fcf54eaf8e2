import Glibc

/// Where credentials are looked for: files of one user. Holds no secret; the files are read when a registry asks.
public struct CredentialSource: Hashable, Sendable, Codable, CustomStringConvertible {
    struct File: Hashable, Sendable, Codable {
        var path: String
        /// The user named this file: it must be there.
        var isRequired: Bool
    }

    /// In the order in which they are asked.
    var files: [File]
    /// Whose files they are. Where that is not the user of this process, only files that this user owns are read and no
    /// helper is run: a daemon must not read for somebody what they could not read themselves.
    var userID: UInt32
    /// HOME of a credential helper.
    var home: String?

    /// No credentials at all.
    public static let anonymous = CredentialSource(files: [], userID: geteuid(), home: nil)

    private init(files: [File], userID: UInt32, home: String?) {
        self.files = files
        self.userID = userID
        self.home = home
    }

    /// This file alone (`authfile=`), an absolute path.
    public init(authFile: String, userID: UInt32, home: String?) {
        self.init(files: [File(path: authFile, isRequired: true)], userID: userID, home: home)
    }

    /// The files of a user, from the user's own environment: REGISTRY_AUTH_FILE alone when it is set; otherwise
    /// containers/auth.json in XDG_RUNTIME_DIR and in XDG_CONFIG_HOME (~/.config), and docker's config.json in
    /// DOCKER_CONFIG (~/.docker).
    public init(environment: [String: String], userID: UInt32, home: String?) {
        func directory(_ variable: String) -> String? {
            environment[variable].flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        if let path = environment["REGISTRY_AUTH_FILE"], !path.isEmpty {
            self.init(authFile: path, userID: userID, home: home)
            return
        }
        let paths = [
            directory("XDG_RUNTIME_DIR").map { $0 + "/containers/auth.json" },
            (directory("XDG_CONFIG_HOME") ?? home.map { $0 + "/.config" }).map { $0 + "/containers/auth.json" },
            (directory("DOCKER_CONFIG") ?? home.map { $0 + "/.docker" }).map { $0 + "/config.json" },
        ]
        self.init(
            files: paths.compactMap(\.self).map { File(path: $0, isRequired: false) }, userID: userID, home: home)
    }

    /// The files, for messages.
    public var description: String {
        files.isEmpty ? "no files" : files.map(\.path).joined(separator: ", ")
    }

    /// Credentials for a repository; nil when no file and no helper has any. Blocks while a helper runs.
    func credentials(registry: String, repository: String) throws(CredentialError) -> Credentials? {
        for file in files {
            guard let bytes = try read(file) else { continue }
            let matches = try AuthFile(bytes, path: file.path).matches(registry: registry, repository: repository)
            for match in matches {
                switch match {
                case .credentials(let credentials): return credentials
                case .helper(let name, let server):
                    guard userID == geteuid() else {
                        throw CredentialError(
                            description:
                                "\(file.path) wants the helper docker-credential-\(displayable(name, maximum: 64))"
                                + ", which is not run for another user; log in without a helper")
                    }
                    let helper = try CredentialHelper(name: name, home: home)
                    if let credentials = try helper.credentials(server: server) { return credentials }
                }
            }
        }
        return nil
    }

    /// Nil for a file that is not there and need not be.
    private func read(_ file: File) throws(CredentialError) -> [UInt8]? {
        // O_NONBLOCK: a fifo in that place must not hang the daemon.
        let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            let code = errno
            if !file.isRequired, code == ENOENT || code == ENOTDIR { return nil }
            throw CredentialError(description: "cannot read \(file.path): \(String(cString: strerror(code)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw CredentialError(description: "cannot read \(file.path): not a regular file")
        }
        guard userID == geteuid() || status.st_uid == userID else {
            throw CredentialError(description: "will not read \(file.path): user \(userID) does not own it")
        }
        guard status.st_size <= AuthFile.maximumBytes else {
            throw CredentialError(description: "will not read \(file.path): over \(AuthFile.maximumBytes) bytes")
        }
        guard let bytes = readAll(descriptor, maximumBytes: AuthFile.maximumBytes) else {
            throw CredentialError(description: "cannot read \(file.path): \(String(cString: strerror(errno)))")
        }
        return bytes
    }

    /// At most `maximumBytes`; nil and errno when read(2) fails.
    private func readAll(_ descriptor: Int32, maximumBytes: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < maximumBytes {
            let count = Glibc.read(descriptor, &piece, min(piece.count, maximumBytes - bytes.count))
            if count < 0 {
                if errno == EINTR { continue }
                return nil
            }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        return bytes
    }
}
