import ArgumentParser
import Control
import Glibc
import OCI

struct MountsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mounts", abstract: "List the mounted images.",
        discussion: """
            A target in another mount namespace is shown in brackets. STATE: idle (nobody looked inside yet), \
            unpacking, ready, failed (the next access tries again).
            """)

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let table = ProcessFiles.text("/proc/self/mountinfo").map { MountTable(parsing: $0) }
        let mounts = try daemon.connect().mounts().map { mount in
            Self.current(mount, namespace: ProcessFiles.mountNamespace(), table: table)
        }
        output.print(mounts, Self.text(mounts, namespace: ProcessFiles.mountNamespace(), now: Int64(time(nil))))
    }

    /// Without the targets of this mount namespace that are no longer mounted. The daemon learns only of the last one's end.
    static func current(_ mount: MountRecord, namespace: UInt64, table: MountTable?) -> MountRecord {
        guard let table else { return mount }
        var mount = mount
        mount.targets = mount.targets.filter { target in
            target.mountNamespace != namespace
                || table.entries.contains { $0.target == target.path && $0.mountID == target.mountID }
        }
        return mount
    }

    static func text(_ mounts: [MountRecord], namespace: UInt64, now: Int64) -> String {
        var table = Table(
            .init(title: "TARGET"), .init(title: "SOURCE"), .init(title: "STATE"), .init(title: "PLATFORM"),
            .init(title: "DIGEST"), .init(title: "MOUNTED"))
        for mount in mounts {
            let state = mount.state == .failed ? "failed: \(mount.failure ?? "")" : mount.state.rawValue
            let waiting = mount.waitingReaderCount > 0 ? " (\(mount.waitingReaderCount) wait)" : ""
            let targets = mount.targets.map { $0.mountNamespace == namespace ? $0.path : "[\($0.path)]" }
            for target in targets.isEmpty ? ["-"] : targets {
                table.rows.append([
                    target, mount.source, state + waiting, mount.platform, mount.manifestDigest.short,
                    Quantity.age(of: mount.mountedAtSeconds, now: now),
                ])
            }
        }
        return table.text
    }
}
