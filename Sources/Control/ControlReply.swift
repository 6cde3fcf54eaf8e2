import OCI

/// One line from the daemon: any number of events, then one result or one error.
///
/// On the wire: `{"event":…}`, `{"result":…}` or `{"error":{"kind":"notFound","message":"…"}}`.
struct ControlReply<Result, Event> {
    var event: Event?
    var result: Result?
    var error: ControlFailure?
}

extension ControlReply: Encodable where Result: Encodable, Event: Encodable {}
extension ControlReply: Decodable where Result: Decodable, Event: Decodable {}

/// The result of a request that has nothing to say but that it is done; and the event of one without events.
struct Nothing: Codable, Sendable {}

/// An error as it crosses the socket.
struct ControlFailure: Codable, Sendable, Equatable {
    var kind: FailureKind
    var message: String

    init(kind: FailureKind, message: String) {
        self.kind = kind
        self.message = message
    }

    init(_ error: any Error) {
        switch error {
        case let error as any DescribedError: self.init(kind: error.kind, message: error.advice)
        case is CancellationError: self.init(kind: .cancelled, message: "the request was given up")
        case is DecodingError: self.init(kind: .usage, message: "the request cannot be understood: \(error)")
        default: self.init(kind: .fault, message: "unexpected error: \(error)")
        }
    }
}
