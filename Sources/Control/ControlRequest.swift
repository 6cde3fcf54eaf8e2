/// One line from a client: what it wants.
///
/// On the wire: `{"protocol":1,"request":"pull","arguments":{…}}`, without `arguments` where there are none.
public enum ControlRequest: Sendable, Hashable {
    case mount(MountRequest)
    case attached(MountReport)
    case pull(PullRequest)
    case images
    case mounts
    case inspect(SourceRequest)
    case explain(ExplainRequest)
    case status
    case waits
    case remove(RemoveRequest)
    case prune(PruneRequest)
    case verify
    case stop(StopRequest)
    case replace(ReplaceRequest)
}

extension ControlRequest: Codable {
    private enum CodingKeys: String, CodingKey {
        case version = "protocol"
        case request, arguments
    }

    private enum Name: String, Codable {
        case mount, attached, pull, images, mounts, inspect, explain, status, waits, remove, prune, verify, stop,
            replace
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let version = try container.decode(Int.self, forKey: .version)
        guard version == controlProtocolVersion else { throw ControlError.protocolMismatch(peerVersion: version) }
        switch try container.decode(Name.self, forKey: .request) {
        case .mount: self = .mount(try container.decode(MountRequest.self, forKey: .arguments))
        case .attached: self = .attached(try container.decode(MountReport.self, forKey: .arguments))
        case .pull: self = .pull(try container.decode(PullRequest.self, forKey: .arguments))
        case .images: self = .images
        case .mounts: self = .mounts
        case .inspect: self = .inspect(try container.decode(SourceRequest.self, forKey: .arguments))
        case .explain: self = .explain(try container.decode(ExplainRequest.self, forKey: .arguments))
        case .status: self = .status
        case .waits: self = .waits
        case .remove: self = .remove(try container.decode(RemoveRequest.self, forKey: .arguments))
        case .prune: self = .prune(try container.decode(PruneRequest.self, forKey: .arguments))
        case .verify: self = .verify
        case .stop: self = .stop(try container.decode(StopRequest.self, forKey: .arguments))
        case .replace: self = .replace(try container.decode(ReplaceRequest.self, forKey: .arguments))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(controlProtocolVersion, forKey: .version)
        func encode(_ name: Name, _ arguments: some Encodable) throws {
            try container.encode(name, forKey: .request)
            try container.encode(arguments, forKey: .arguments)
        }
        switch self {
        case .mount(let arguments): try encode(.mount, arguments)
        case .attached(let arguments): try encode(.attached, arguments)
        case .pull(let arguments): try encode(.pull, arguments)
        case .images: try container.encode(Name.images, forKey: .request)
        case .mounts: try container.encode(Name.mounts, forKey: .request)
        case .inspect(let arguments): try encode(.inspect, arguments)
        case .explain(let arguments): try encode(.explain, arguments)
        case .status: try container.encode(Name.status, forKey: .request)
        case .waits: try container.encode(Name.waits, forKey: .request)
        case .remove(let arguments): try encode(.remove, arguments)
        case .prune(let arguments): try encode(.prune, arguments)
        case .verify: try container.encode(Name.verify, forKey: .request)
        case .stop(let arguments): try encode(.stop, arguments)
        case .replace(let arguments): try encode(.replace, arguments)
        }
    }
}
