import OCI
import SystemPackage

/// Decodes a request, has the service answer it and sends the reply.
struct ControlDispatch: Sendable {
    let service: any ControlService

    func handle(_ line: [UInt8], on connection: ControlConnection) async {
        do {
            try await answer(try ControlCoding.decode(ControlRequest.self, from: line), on: connection)
        } catch {
            connection.send(ControlReply<Nothing, Nothing>(error: ControlFailure(error)))
        }
    }

    private func answer(_ request: ControlRequest, on connection: ControlConnection) async throws {
        func reply(_ result: some Encodable) { connection.send(ControlReply<_, Nothing>(result: result)) }
        let caller = connection.caller
        switch request {
        case .mount(let request):
            let grant = try await service.mount(request, from: caller)
            connection.send(ControlReply<_, Nothing>(result: grant.details), descriptor: grant.descriptor.rawValue)
        case .attached(let report):
            await service.attached(report, from: caller)
            reply(Nothing())
        case .pull(let request):
            reply(
                try await service.pull(request, from: caller) { event in
                    connection.send(event: event, isDispensable: event.isDispensable)
                })
        case .images: reply(try await service.images())
        case .mounts: reply(try await service.mounts())
        case .inspect(let request): reply(try await service.inspect(request, from: caller))
        case .explain(let request): reply(try await service.explain(request))
        case .status: reply(try await service.status())
        case .waits: reply(try await service.waits())
        case .remove(let request): reply(try await service.remove(request, from: caller))
        case .prune(let request): reply(try await service.prune(request, from: caller))
        case .verify:
            reply(
                try await service.verify { event in
                    connection.send(event: event, isDispensable: event.problem == nil)
                })
        case .stop(let request):
            try await service.stop(request, from: caller)
            reply(Nothing())
        case .replace(let request):
            try await service.replace(request, from: caller)
            reply(Nothing())
        }
    }
}

extension PullEvent {
    /// Another of its kind follows soon.
    fileprivate var isDispensable: Bool {
        guard case .layer(let progress) = self else { return false }
        return progress.state == .fetching
    }
}
