public import Control
public import DescriptorStore
import Dispatch
import FUSE
import FoundationEssentials
import Glibc
import Logging
import OCI
import Registry
import Store
import SystemPackage
import Threads

/// Throws when this program could not go on with the store of the daemon that runs now: a newer one made it.
public func checkStore(_ configuration: DaemonConfiguration) throws {
    try Store.checkCompatibility(FilePath(configuration.root))
}

/// Why a daemon ends.
private enum Stop: Sendable {
    /// It is told to end: what is mounted is left to a successor, when there is somebody to keep it.
    case signal
    /// `imgfs daemon stop`
    case request
    /// `imgfs daemon --replace`
    case replacement
}

/// Runs a daemon until it is asked to end: by SIGTERM, SIGINT, `imgfs daemon stop` or `imgfs daemon --replace`.
///
/// Mounts of a daemon before it, which `supervision` passes on, are served before anything else.
///
/// Throws when it cannot start: the store belongs to another daemon, or the socket cannot be made.
public func runDaemon(_ configuration: DaemonConfiguration, _ supervision: Supervision) async throws -> DaemonEnd {
    let logger = Logger(label: "imgfs")
    signal(SIGPIPE, SIG_IGN)
    let inheritance = Inheritance(supervision.descriptors, logger: logger)

    var options = StoreOptions()
    // What is being unpacked is retained while it is; prune need not guess.
    options.pruneGrace = .zero
    let limits = Limits(configuration.limits)
    options.maximumPartialByteCount = limits.maximumPartialByteCount
    options.maximumDocumentByteCount = max(
        limits.image.maximumManifestByteCount, limits.image.maximumConfigByteCount)
    options.lockWaitSeconds = inheritance.recorder == nil ? 0 : 10
    let store = try Store.open(FilePath(configuration.root), options: options, logger: logger)
    let counters = EventCounters()
    // Few threads each: whoever waits for them holds none.
    let storeThreads = BlockingPool(name: "store", maximumThreads: 4)
    let resolveThreads = BlockingPool(name: "resolve", maximumThreads: 8)
    let keeping = try supervision.manager.map { try beginKeeping($0, inheritance, logger) }
    let workers = try WorkerPool(recorder: keeping?.recorder)
    let layers = LayerFlights(
        store: store, maximumDownloads: configuration.maximumDownloads, limits: limits.unpack,
        storeThreads: storeThreads, logger: logger, counters: counters)
    let registry = RegistryClient(
        configuration: RegistryConfiguration(configuration, limits.image), logger: logger,
        onRetry: { layers.retried($0) })
    let chains = ChainFlights(
        store: store, layers: layers, limits: limits.tree, storeThreads: storeThreads, counters: counters)
    let mountTable = MountTable(
        chains: chains, workers: workers, storeThreads: storeThreads, logger: logger, keeping: keeping)
    let resolver = ImageResolver(
        store: store, registry: registry, limits: limits.image, resolveThreads: resolveThreads,
        storeThreads: storeThreads, counters: counters)
    takeOver(inheritance, by: mountTable, keeping, resolver, logger)

    let (stops, stop) = AsyncStream.makeStream(of: Stop.self)
    let service = Service(
        configuration: configuration, store: store, resolver: resolver, layers: layers, chains: chains,
        mountTable: mountTable, storeThreads: storeThreads, keeping: keeping, logger: logger,
        counters: { counters.message(workers.counters) },
        requestStop: { stop.yield(.request) }, requestReplacement: { stop.yield(.replacement) })
    let signals =
        [SIGTERM, SIGINT].map { number in
            onSignal(number) {
                logger.notice("asked to stop", metadata: ["signal": "\(number)"])
                stop.yield(.signal)
            }
        } + [onSignal(SIGUSR1) { service.logWaits() }]
    defer { for source in signals { source.cancel() } }

    let socket = try ListeningSocket.open(configuration.socketPath, inherited: supervision.descriptors)
    if socket.isNew { _ = supervision.manager?.store([socket.inheritable.rawValue], as: ListeningSocket.name) }
    let metrics = try service.startMetrics(isRequired: inheritance.sessions.isEmpty)
    defer { metrics?.stop() }
    let server = try ControlServer(socket, service: service)
    try server.start()
    if let manager = supervision.manager {
        // systemd has it from its unit.
        let watchdogSeconds = manager.kind == .systemd ? nil : configuration.watchdogSeconds
        try Heartbeat.start(
            manager, seconds: Heartbeat.expectedSeconds(by: manager.watchdogSeconds, asked: watchdogSeconds),
            workers: workers, server: server)
        manager.ready(watchdogSeconds: watchdogSeconds)
    }
    logger.notice(
        "daemon started",
        metadata: [
            "version": "\(imgfsVersion)", "pid": "\(getpid())", "root": "\(configuration.root)",
            "socket": "\(configuration.socketPath)", "mounts": "\(mountTable.all.count)",
        ])
    let durability = Task { await keepDurable(store, on: storeThreads, logger) }

    var reason = Stop.signal
    for await stop in stops {
        reason = stop
        break
    }
    durability.cancel()
    metrics?.stop()
    let end = finish(reason, mountTable, workers, server, keeping)
    if end == .finished { registry.shutdown() }
    logger.notice("daemon ended", metadata: end == .leftMounts ? ["mounts left": "\(mountTable.all.count)"] : [:])
    // The process's end closes the connections, together with the store's lock: a client that waits for the end may then
    // start the next daemon at once.
    withExtendedLifetime(server) {}
    return end
}

/// Begins to record, and isolates the mount whose requests ended one daemon after the other.
private func beginKeeping(
    _ manager: ServiceManager, _ inheritance: Inheritance, _ logger: Logger
) throws(Errno) -> MountKeeping {
    let recorder: FlightRecorder
    if let inherited = inheritance.recorder {
        recorder = inherited
    } else {
        recorder = try FlightRecorder()
        manager.store([recorder.descriptor.rawValue], as: Inheritance.recorderName)
    }
    let formerDeathCount = recorder.deathCount
    let opening = inheritance.sessions.map(\.record).filter(\.isOpening).map(\.sessionID)
    let deaths = recorder.begin(opening: opening)
    recorder.catchFatalSignals()
    if recorder.deathCount > formerDeathCount, let death = deaths.last {
        logger.error(
            "the daemon before this one died",
            metadata: [
                "signal": "\(death.signal)", "deaths": "\(recorder.deathCount)",
                "at": "\(death.suspects.map(\.description).joined(separator: ", "))",
            ])
        for culprit in CrashHistory.culprits(of: deaths) {
            guard let session = inheritance.sessions.first(where: { $0.record.sessionID == culprit.session }) else {
                continue
            }
            let reason = "isolated, since \(CrashHistory.deathCount) daemons in a row died at \(culprit)"
            session.record.isIsolated = true
            SessionJournal.append(.isolated(reason: reason), to: session.record)
            logger.critical("a mount answers with EIO from now on", metadata: ["cause": "\(reason)"])
        }
    }
    return MountKeeping(manager: manager, recorder: recorder, logger: logger)
}

/// Serves what the daemon before this one mounted.
private func takeOver(
    _ inheritance: Inheritance, by mountTable: MountTable, _ keeping: MountKeeping?, _ resolver: ImageResolver,
    _ logger: Logger
) {
    guard let keeping else { return }
    for name in inheritance.leftovers where name != Inheritance.recorderName { keeping.manager.remove(name) }
    for session in inheritance.sessions {
        do {
            try mountTable.takeOver(session) { resolver.origin(of: $0.image, at: $0.place) }
        } catch {
            logger.error("a mount ends, since it cannot be taken over", metadata: ["cause": "\(describe(error).1)"])
            keeping.drop(session.record)
        }
    }
    mountTable.resume()
}

private func finish(
    _ reason: Stop, _ mountTable: MountTable, _ workers: WorkerPool, _ server: ControlServer, _ keeping: MountKeeping?
) -> DaemonEnd {
    let isKept = keeping?.manager.isThere ?? false
    switch reason {
    case .replacement: break
    case .signal where isKept && !mountTable.all.isEmpty: break
    case .signal, .request:
        // Readers first: what fails because the registries are let go would look like an interruption to them.
        mountTable.endAll()
        keeping?.recorder.end()
        keeping?.manager.remove(Inheritance.recorderName)
        return .finished
    }
    keeping?.manager.stopping()
    server.stop()
    workers.leave()
    mountTable.liftIsolation()
    keeping?.recorder.end()
    return .leftMounts
}

/// Calls `body` for each signal `number` from now on; the signal has no other effect.
private func onSignal(_ number: Int32, _ body: @escaping @Sendable () -> Void) -> any DispatchSourceSignal {
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number)
    source.setEventHandler(handler: body)
    source.resume()
    return source
}

/// Brings what was published onto the disk, now and then. No reader waits for a disk: what a power failure takes away is
/// recognised at the next start and fetched again.
private func keepDurable(_ store: Store, on threads: BlockingPool, _ logger: Logger) async {
    while (try? await Task.sleep(for: .seconds(5))) != nil {
        do {
            _ = try await threads.run { try store.syncPublished() }
        } catch {
            logger.warning("the store cannot be synced to disk", metadata: ["cause": "\(error)"])
        }
    }
}

extension RegistryConfiguration {
    init(_ configuration: DaemonConfiguration, _ limits: ImageLimits) {
        self.init()
        self.limits = limits
        connectTimeoutSeconds = configuration.connectTimeoutSeconds
        idleTimeoutSeconds = max(1, Int(configuration.idleTimeoutSeconds.rounded(.up)))
        maximumAttempts = configuration.attempts
        retrySeconds = configuration.retryTimeSeconds
        maximumParts = configuration.maximumParts
        userAgent = "imgfs/\(imgfsVersion)"
    }
}
