import Control
import DescriptorStore
import FoundationEssentials
import Logging
import OCI
import SystemPackage

/// The daemon's end, and who goes on.
extension Service {
    /// How long sessions may take to end whose last mount was just unmounted.
    private static let unmountSeconds = 5

    var keeperStatus: KeeperStatus {
        let mounts = mountTable.all
        var status = KeeperStatus(
            kind: .none, deathCount: keeping?.recorder.deathCount ?? 0,
            takenOverCount: mounts.count { $0.wasTakenOver },
            isolatedCount: mounts.count { $0.isolationReason != nil })
        switch keeping?.manager.kind {
        case nil: break
        case .systemd: status.kind = .systemd
        case .keeper(let processID):
            status.kind = .keeper
            status.processID = processID
        }
        if let keeping, !keeping.manager.isThere { (status.kind, status.processID) = (.gone, nil) }
        return status
    }

    func stop(_ request: StopRequest, from caller: Caller) async throws {
        if request.hasUnmounted {
            let deadline = ContinuousClock.now + .seconds(Self.unmountSeconds)
            while !mountTable.all.isEmpty, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        let mounted = mountTable.all
        guard request.force || mounted.isEmpty else {
            throw DaemonError(
                .usage,
                "\(mounted.count) images are mounted; unmount them first, or stop with --unmount, or with --force: then"
                    + " they answer with 'Transport endpoint is not connected' until they are unmounted")
        }
        logger.notice("asked to stop", metadata: ["pid": "\(caller.processID)", "uid": "\(caller.userID)"])
        requestStop()
    }

    func replace(_ request: ReplaceRequest, from caller: Caller) async throws {
        guard let keeping else {
            throw DaemonError(
                .usage,
                "this daemon has no keeper, so nobody can go on in its place; stop it with 'imgfs daemon stop' and start"
                    + " the new one")
        }
        guard keeping.manager.isThere else {
            throw DaemonError(
                .usage,
                "the keeper is gone: \(mountTable.all.count) mounted images would end with this daemon; unmount them"
                    + " first, or stop it with 'imgfs daemon stop --force'")
        }
        if case .systemd = keeping.manager.kind {
            throw DaemonError(.usage, "systemd runs this daemon; use 'systemctl restart imgfs.service'")
        }
        let command = ([request.program] + request.arguments).reduce(into: [UInt8]()) { $0 += Array($1.utf8) + [0] }
        let file: MemoryFile
        do throws(Errno) {
            file = try MemoryFile(name: "imgfs-command", byteCount: command.count)
        } catch {
            throw DaemonError(.io, "there is no memory for the new daemon's command: \(error)")
        }
        file.memory.copyMemory(from: command, byteCount: command.count)
        guard keeping.manager.store([file.descriptor.rawValue], as: "command") else {
            throw DaemonError(.io, "the keeper does not take the new daemon's command")
        }
        logger.notice(
            "asked to leave to another program",
            metadata: ["pid": "\(caller.processID)", "program": "\(request.program)"])
        requestReplacement()
    }
}
