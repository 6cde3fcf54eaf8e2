public import Control
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

/// Runs a daemon until it is asked to end: by SIGTERM, SIGINT or `imgfs daemon stop`.
///
/// Throws when it cannot start: the store belongs to another daemon, or the socket cannot be made.
public func runDaemon(_ configuration: DaemonConfiguration) async throws {
    let logger = Logger(label: "imgfs")
    signal(SIGPIPE, SIG_IGN)

    var options = StoreOptions()
    // What is being unpacked is retained while it is; prune need not guess.
    options.pruneGrace = .zero
    let limits = Limits(configuration.limits)
    options.maximumPartialByteCount = limits.maximumPartialByteCount
    options.maximumDocumentByteCount = max(
        limits.image.maximumManifestByteCount, limits.image.maximumConfigByteCount)
    let store = try Store.open(FilePath(configuration.root), options: options, logger: logger)
    let registry = RegistryClient(configuration: RegistryConfiguration(configuration, limits.image), logger: logger)
    // Few threads each: whoever waits for them holds none.
    let storeThreads = BlockingPool(name: "store", maximumThreads: 4)
    let resolveThreads = BlockingPool(name: "resolve", maximumThreads: 8)
    let workers = try WorkerPool()
    let layers = LayerFlights(
        store: store, maximumDownloads: configuration.maximumDownloads, limits: limits.unpack,
        storeThreads: storeThreads, logger: logger)
    let chains = ChainFlights(store: store, layers: layers, limits: limits.tree, storeThreads: storeThreads)
    let mountTable = MountTable(chains: chains, workers: workers, storeThreads: storeThreads, logger: logger)
    let resolver = ImageResolver(
        store: store, registry: registry, limits: limits.image, resolveThreads: resolveThreads,
        storeThreads: storeThreads)

    let (stops, stop) = AsyncStream.makeStream(of: Void.self)
    let service = Service(
        configuration: configuration, store: store, resolver: resolver, layers: layers, chains: chains,
        mountTable: mountTable, storeThreads: storeThreads, logger: logger, requestStop: { stop.yield() })
    let signals =
        [SIGTERM, SIGINT].map { number in
            onSignal(number) {
                logger.notice("asked to stop", metadata: ["signal": "\(number)"])
                stop.yield()
            }
        } + [onSignal(SIGUSR1) { service.logWaits() }]
    defer { for source in signals { source.cancel() } }

    let socket = try ListeningSocket.open(configuration.socketPath, environment: ProcessInfo.processInfo.environment)
    let server = try ControlServer(socket, service: service)
    try server.start()
    logger.notice(
        "daemon started",
        metadata: [
            "version": "\(imgfsVersion)", "pid": "\(getpid())", "root": "\(configuration.root)",
            "socket": "\(configuration.socketPath)",
        ])
    let durability = Task { await keepDurable(store, on: storeThreads, logger) }

    for await _ in stops { break }
    durability.cancel()
    // Readers first: what fails because the registries are let go would look like an interruption to them.
    mountTable.endAll()
    registry.shutdown()
    logger.notice("daemon ended")
    // The process's end closes the connections, together with the store's lock: a client that waits for the end may then
    // start the next daemon at once.
    withExtendedLifetime(server) {}
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
        userAgent = "imgfs/\(imgfsVersion)"
    }
}
