public import OCI
public import SystemPackage

/// Why a command cannot talk to its daemon, or what the daemon answered.
public enum ControlError: DescribedError, Equatable {
    /// No daemon listens on the socket.
    case notRunning(socket: String)
    /// A live daemon, or systemd, has the socket.
    case socketInUse(socket: String)
    case pathTooLong(socket: String)
    case system(call: String, path: String, Errno)
    /// The daemon's own error.
    case remote(FailureKind, String)
    case lineTooLong
    case malformed(String)
    /// The connection ended before the answer.
    case disconnected
    case noAnswer(socket: String, seconds: Int)
    case protocolMismatch(peerVersion: Int)

    public var kind: FailureKind {
        switch self {
        case .notRunning, .disconnected, .noAnswer: .io
        case .socketInUse, .pathTooLong, .lineTooLong: .usage
        case .protocolMismatch: .unsupported
        case .system(_, _, .permissionDenied), .system(_, _, .notPermitted): .denied
        case .system: .io
        case .remote(let kind, _): kind
        case .malformed: .fault
        }
    }

    public var description: String {
        switch self {
        case .notRunning(let socket): "no imgfs daemon listens on \(socket)"
        case .socketInUse(let socket): "another imgfs daemon listens on \(socket); 'imgfs daemon stop' ends it"
        case .pathTooLong(let socket):
            "the socket path \(socket) is too long: \(SocketAddress.maximumPathByteCount) bytes at most"
        case .system(_, let path, .permissionDenied):
            "permission denied for the control socket \(path); only root may use it"
        case .system(let call, let path, let error): "\(call) \(path): \(error)"
        case .remote(_, let message): message
        case .lineTooLong: "a control message is over \(LineBuffer.maximumLineByteCount) bytes"
        case .malformed(let reason): "the daemon's answer cannot be understood: \(reason)"
        case .disconnected: "the imgfs daemon ended the connection before it answered; its log may say why"
        case .noAnswer(let socket, let seconds):
            "the imgfs daemon on \(socket) does not answer within \(seconds) seconds; its log may say why"
        case .protocolMismatch(let version):
            "this is protocol \(version), the daemon speaks \(controlProtocolVersion); "
                + "restart the daemon after an update ('imgfs daemon stop')"
        }
    }
}
