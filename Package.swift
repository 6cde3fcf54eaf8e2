// swift-tools-version: 6.2
import PackageDescription

/// ISA-L makes inflating more than twice as fast as zlib; without it everything still works.
let withISAL = Context.environment["IMGFS_WITHOUT_ISAL"] == nil

/// mount(8) waits for imgfs-mount, and the dynamic loader would take most of its time. Needs static C and C++ libraries.
let linksStatically = Context.environment["IMGFS_WITHOUT_STATIC"] == nil
let mountHelperLinking: [LinkerSetting] =
    linksStatically ? [.unsafeFlags(["-static-executable", "-use-ld=lld"], .when(configuration: .release))] : []
/// C alone: without what starts the Swift runtime, it needs nothing of it.
let keeperLinking: [LinkerSetting] = mountHelperLinking + [.unsafeFlags(["-nostartfiles", "-Xlinker", "--as-needed"])]

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

/// A target of the package, its settings and the unit tests beside it.
func part(_ name: String, _ dependencies: [Target.Dependency], tests: [Target.Dependency] = []) -> [Target] {
    [
        .target(name: name, dependencies: dependencies, swiftSettings: settings),
        .testTarget(
            name: name + "Tests", dependencies: [.byName(name: name), "TestSupport"] + dependencies + tests,
            swiftSettings: settings),
    ]
}

func library(_ name: String, pkgConfig: String, package: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([package])])
}

var targets: [Target] = [
    library("CCrypto", pkgConfig: "libcrypto", package: "libssl-dev"),
    library("CCurl", pkgConfig: "libcurl", package: "libcurl4-openssl-dev"),
    library("CFuse", pkgConfig: "fuse3", package: "libfuse3-dev"),
    library("CSQLite", pkgConfig: "sqlite3", package: "libsqlite3-dev"),
    library("CZlib", pkgConfig: "zlib", package: "zlib1g-dev"),
    library("CZstd", pkgConfig: "libzstd", package: "libzstd-dev"),
    .systemLibrary(name: "CLinux"),
    .executableTarget(name: "imgfs", dependencies: ["Command", "Daemon"], swiftSettings: settings),
    // What mount(8) runs: loads none of the daemon's libraries, since people wait for it.
    .executableTarget(
        name: "imgfs-mount", dependencies: ["Command"], swiftSettings: settings, linkerSettings: mountHelperLinking),
    .executableTarget(
        name: "Benchmarks",
        dependencies: [
            "OCI", "Content", "Tar", "Compression", "LayerIndex", "Snapshot", "Store", "Layers", "Registry", "FUSE",
            "ImageFS", "TestSupport", system, log,
        ],
        path: "Tests/Benchmarks", swiftSettings: settings),
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
    // Holds the mounts while the daemon is away. C, since it has to be small; it needs nothing but the C library.
    .executableTarget(name: "imgfs-keeper", linkerSettings: keeperLinking),
    .testTarget(
        name: "IntegrationTests",
        dependencies: ["OCI", "Content", "Control", "CLinux", "CZlib", "CZstd", "TestSupport", system],
        swiftSettings: settings),
]
if withISAL { targets.append(library("CISAL", pkgConfig: "libisal", package: "libisal-dev")) }

targets += part("OCI", [], tests: ["Content"])
targets += part("Content", ["OCI", "CCrypto"])
targets += part("Tar", [])
targets += part("Compression", ["CZlib", "CZstd"] + (withISAL ? ["CISAL"] : []))
targets += part("KeyedMutex", [])
targets += part("Threads", ["CLinux"])
targets += part("DescriptorStore", ["CLinux", system])
targets += part("LayerIndex", ["OCI", "Tar", system], tests: ["Content"])
targets += part("Snapshot", ["OCI", "LayerIndex", system], tests: ["Content", "Tar"])
targets += part("SQLite", ["CSQLite"])
targets += part("Registry", ["OCI", "Content", "Threads", "CCurl", "CLinux", log])
targets += part("LocalImage", ["OCI", "Content", "Tar", system])
targets += part("Store", ["OCI", "Content", "LayerIndex", "SQLite", "CLinux", system, log])
targets += part("Layers", ["OCI", "Content", "Tar", "Compression", "LayerIndex", "Store", "Threads", system])
targets += part("FUSE", ["CFuse", "CLinux", "Threads", "DescriptorStore", system, log])
targets += part(
    "ImageFS", ["FUSE", "Snapshot", "OCI", "CLinux", system, log], tests: ["Content", "LayerIndex", "Tar"])
targets += part("Control", ["OCI", "Threads", "DescriptorStore", "CLinux", system], tests: ["Content"])
targets += part("Runtime", ["OCI"], tests: ["Content"])
targets += part(
    "Daemon",
    [
        "OCI", "Content", "KeyedMutex", "Threads", "Tar", "Compression", "LayerIndex", "Snapshot", "Registry",
        "LocalImage", "Store", "Layers", "FUSE",
        "ImageFS", "DescriptorStore", "Control", "CLinux", system, log,
    ])
targets += part(
    "Command", ["Control", "OCI", "Runtime", "Tar", "DescriptorStore", "CLinux", arguments, system],
    tests: ["Content", "Threads"])

// The readers of untrusted bytes: tests replay the fuzzers' corpus; with IMGFS_FUZZ (make fuzz) the same files become the
// program that libFuzzer drives.
let fuzzed: [Target.Dependency] = [
    "OCI", "Content", "Tar", "Compression", "LayerIndex", "Snapshot", "Registry", "LocalImage", "Layers", "Control",
]
if Context.environment["IMGFS_FUZZ"] != nil {
    targets.append(
        .executableTarget(
            name: "fuzz", dependencies: fuzzed, path: "Tests/FuzzTests", exclude: ["Corpus", "CorpusTests.swift"],
            swiftSettings: settings))
} else {
    targets.append(
        .testTarget(
            name: "FuzzTests", dependencies: fuzzed, exclude: ["Corpus", "Driver"], swiftSettings: settings))
}

let package = Package(
    name: "imgfs",
    products: [
        .executable(name: "imgfs", targets: ["imgfs"]),
        .executable(name: "imgfs-mount", targets: ["imgfs-mount"]),
        .executable(name: "imgfs-keeper", targets: ["imgfs-keeper"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
    ],
    targets: targets,
    swiftLanguageModes: [.v6]
)
