import Content
import FoundationEssentials
import Testing

@testable import OCI

struct ImageConfigTests {
    static func read(_ text: String) throws(ImageError) -> ImageConfig {
        try ImageConfig(Document(bytes: Array(text.utf8), mediaType: "application/x.y"))
    }

    @Test func `a config as Docker writes it`() throws {
        let config = try Self.read(
            """
            {"architecture":"arm","os":"linux","variant":"v6","created":"2024-01-02T03:04:05.6Z","container":"abc",
             "config":{"User":"999:999","ExposedPorts":{"80/tcp":{},"6379/tcp":{}},"Env":["PATH=/bin","A=b"],
              "Cmd":["redis-server"],"Volumes":{"/data":{}},"WorkingDir":"/data","Entrypoint":["e.sh"],
              "OnBuild":null,"Labels":{"a":"b"},"StopSignal":"SIGQUIT","Healthcheck":{"Test":["NONE"]}},
             "history":[{"created":"2024-01-02T03:04:05Z","created_by":"ADD x","comment":"c"},
              {"created_by":"CMD y","empty_layer":true}],
             "rootfs":{"type":"layers","diff_ids":["\(SHA256.digest(of: Array("a".utf8)))"]}}
            """)
        #expect(config.platform == Platform(os: "linux", architecture: "arm", variant: "v6"))
        #expect(config.rootfs.diffIDs == [SHA256.digest(of: Array("a".utf8))])
        let execution = try #require(config.config)
        #expect(execution.user == "999:999")
        #expect(execution.exposedPorts == ["6379/tcp", "80/tcp"])
        #expect(execution.environment == ["PATH=/bin", "A=b"])
        #expect(execution.command == ["redis-server"])
        #expect(execution.entrypoint == ["e.sh"])
        #expect(execution.volumes == ["/data"])
        #expect(execution.workingDirectory == "/data")
        #expect(execution.labels == ["a": "b"])
        #expect(execution.stopSignal == "SIGQUIT")
        #expect(config.history?.map(\.emptyLayer) == [nil, true])
        #expect(config.layerHistory.map(\.createdBy) == ["ADD x"], "steps without a layer do not count")
        #expect(try JSONDecoder().decode(ImageConfig.self, from: JSONEncoder().encode(config)) == config)
    }

    @Test func `a history that does not fit the layers says nothing about them`() throws {
        let config = try Self.read(
            #"{"history":[{"created_by":"a"},{"created_by":"b"}],"rootfs":{"diff_ids":["\#(SHA256.digest(of: []))"]}}"#)
        #expect(config.layerHistory.isEmpty)
    }

    @Test(arguments: [
        #"{"rootfs":{}}"#, #"{"rootfs":{"type":"layers","diff_ids":null},"config":null,"history":null}"#,
        #"{"rootfs":{"type":"layers","diff_ids":[]},"os":7,"config":[],"history":"x","architecture":null}"#,
        #"{"rootfs":{"diff_ids":[]},"config":{"Env":"x","User":7,"Labels":[],"ExposedPorts":{"80/tcp":null}}}"#,
    ])
    func `what does not decide the mount is tolerated`(text: String) throws {
        let config = try Self.read(text)
        #expect(config.rootfs.diffIDs.isEmpty)
        #expect(config.platform == Platform(os: "linux", architecture: "unknown"))
        #expect(config.config?.environment == nil)
    }

    @Test func `an entrypoint may be one text`() throws {
        let config = try Self.read(#"{"rootfs":{},"config":{"Entrypoint":"/bin/sh","Cmd":"-l"}}"#)
        #expect(config.config?.entrypoint == ["/bin/sh"])
        #expect(config.config?.command == ["-l"])
    }

    @Test(
        arguments: [
            ("{}", .unsupported, "of 'application/x.y' has no rootfs: this is not a container image"),
            (#"{"rootfs":null}"#, .unsupported, "has no rootfs"),
            (#"{"rootfs":7}"#, .invalid, "rootfs is not"),
            (#"{"rootfs":{"type":"layers+base"}}"#, .invalid, "rootfs.type: 'layers+base' is not known"),
            (#"{"rootfs":{"diff_ids":["x"]}}"#, .invalid, "rootfs.diff_ids[0]: 'x' is not a digest"),
            (#"{"rootfs":{"diff_ids":{}}}"#, .invalid, "rootfs.diff_ids is not a list"),
            ("", .invalid, "not JSON"),
        ] as [(String, FailureKind, String)])
    func `a config without usable diffIDs is refused`(text: String, kind: FailureKind, reason: String) {
        let error = #expect(throws: ImageError.self) { try Self.read(text) }
        #expect(error?.kind == kind)
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }
}
