/// `config.json` of an OCI runtime bundle: the part of the runtime specification (config.md, config-linux.md) that a
/// bundle of an image needs. Members are named as there.
public struct RuntimeConfig: Hashable, Sendable, Codable {
    public var ociVersion = "1.0.2"
    public var process: Process
    public var root: Root
    public var hostname: String?
    public var mounts: [Mount]
    public var annotations: [String: String]?
    public var linux: Linux

    public struct Process: Hashable, Sendable, Codable {
        public var terminal: Bool
        public var user: User
        public var args: [String]
        public var env: [String]
        public var cwd: String
        public var capabilities: Capabilities
        public var noNewPrivileges: Bool
    }

    public struct User: Hashable, Sendable, Codable {
        public var uid: UInt32
        public var gid: UInt32
        public var additionalGids: [UInt32]?
    }

    /// Names of capabilities(7). What is inherited and ambient stays empty, see CVE-2022-24769.
    public struct Capabilities: Hashable, Sendable, Codable {
        public var bounding: [String]
        public var effective: [String]
        public var permitted: [String]
    }

    public struct Root: Hashable, Sendable, Codable {
        /// Relative to the bundle.
        public var path: String
        public var readonly: Bool
    }

    public struct Mount: Hashable, Sendable, Codable {
        public var destination: String
        public var type: String
        public var source: String
        public var options: [String]
    }

    public struct Linux: Hashable, Sendable, Codable {
        public var namespaces: [Namespace]
        public var resources: Resources
        public var maskedPaths: [String]
        public var readonlyPaths: [String]
    }

    public struct Namespace: Hashable, Sendable, Codable {
        public var type: String
    }

    public struct Resources: Hashable, Sendable, Codable {
        public var devices: [DeviceRule]
    }

    /// A rule of the device cgroup.
    public struct DeviceRule: Hashable, Sendable, Codable {
        public var allow: Bool
        public var access: String
    }
}
