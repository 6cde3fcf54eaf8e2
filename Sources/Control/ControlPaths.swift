/// Where the store and the control socket are.
public struct ControlPaths: Sendable, Hashable {
    public static let defaultRoot = "/var/lib/imgfs"
    public static let defaultSocket = "/run/imgfs/control.sock"

    public var root: String
    public var socket: String

    /// What is given counts first, then $IMGFS_ROOT and $IMGFS_SOCKET, then the defaults. Another store without a
    /// socket of its own has it inside the store, so that two stores never share one daemon by accident.
    public init(root: String? = nil, socket: String? = nil, environment: [String: String]) {
        func nonEmpty(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
        let chosenRoot = nonEmpty(root) ?? nonEmpty(environment["IMGFS_ROOT"])
        self.root = chosenRoot ?? Self.defaultRoot
        if let chosen = nonEmpty(socket) ?? nonEmpty(environment["IMGFS_SOCKET"]) {
            self.socket = chosen
        } else if let chosenRoot, chosenRoot != Self.defaultRoot {
            self.socket = chosenRoot + "/control.sock"
        } else {
            self.socket = Self.defaultSocket
        }
    }
}
