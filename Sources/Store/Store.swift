public import Logging
import OCI
import Synchronization
public import SystemPackage

/// Everything that imgfs keeps on disk: unpacked layers, merged trees, documents, broken-off blobs and the catalogue of
/// images. docs/store-format.md describes the files.
///
/// What is found in a store is what its digest says: things get their name by one rename when they are complete and
/// verified, and are never changed afterwards. All calls block for files; none holds a lock or a transaction meanwhile.
/// A store remains open, and locked, as long as something of it is held.
public final class Store: Sendable {
    /// The store's directory, absolute and without symbolic links.
    public let root: FilePath
    let paths: StorePaths
    let options: StoreOptions
    let logger: Logger
    let epoch: WriteEpoch
    let catalogue: Catalogue
    let openLayers = OpenLayers()
    let openPartials = Mutex<Set<Digest>>([])
    let recent: RecentObjects
    private let lock: StoreLock
    private let stagingCount = Atomic<UInt64>(0)

    /// Opens the store in directory `root`, which is made with its parents if it is not there, and puts in order what a
    /// former process left behind.
    ///
    /// - Throws: `.denied` when another process has the store open (its number is in the error) or others than this
    ///   user may change it; `.unsupported` when a newer imgfs made it.
    public static func open(
        _ root: FilePath, options: StoreOptions = StoreOptions(), logger: Logger = Logger(label: "store")
    ) throws(StoreError) -> Store {
        let path = try RootDirectory.make(root.string)
        do throws(StoreError) {
            return try open(path: path, options, logger)
        } catch {
            guard error.kind == .storeFull else { throw error }
            // Nothing can be pruned without a daemon, and none can start.
            throw StoreError(
                kind: .storeFull,
                description: "the file system of the store \(path) is full: make room on it, then start again")
        }
    }

    private static func open(path: String, _ options: StoreOptions, _ logger: Logger) throws(StoreError) -> Store {
        let paths = StorePaths(root: path)
        let lock = try StoreLock(path: paths.lock, root: path, waitSeconds: options.lockWaitSeconds)
        try StoreVersion.check(paths)
        for directory in paths.directories { try Directory.make(directory) }
        let epoch = try WriteEpoch.current(root: path, bootID: options.bootID)
        try Recovery(paths: paths, options: options, epoch: epoch, logger: logger).run()
        let catalogue = try Catalogue(path: paths.catalogue, logger: logger)
        return Store(
            root: FilePath(path), paths: paths, options: options, logger: logger, epoch: epoch, catalogue: catalogue,
            lock: lock)
    }

    private init(
        root: FilePath, paths: StorePaths, options: StoreOptions, logger: Logger, epoch: WriteEpoch,
        catalogue: Catalogue, lock: StoreLock
    ) {
        self.root = root
        self.paths = paths
        self.options = options
        self.logger = logger
        self.epoch = epoch
        self.catalogue = catalogue
        self.lock = lock
        recent = RecentObjects(grace: options.pruneGrace)
    }

    /// A name in the staging directory that nothing has.
    func newStagingPath() -> String {
        "\(paths.staging)/\(stagingCount.wrappingAdd(1, ordering: .relaxed).newValue)"
    }
}
