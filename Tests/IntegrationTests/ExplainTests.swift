import Control
import FoundationEssentials
import Glibc
import OCI
import Testing

/// `imgfs explain` on real mounts.
@Suite(.timeLimit(.minutes(2)))
struct ExplainTests {
    private func explain(_ installation: Installation, _ path: String, _ more: String...) throws -> Explanation {
        let outcome = try Child(
            [Installation.binary, "explain", path, "--json"] + more, environment: installation.environment
        ).wait(seconds: 60)
        guard outcome.succeeded else { throw TestFailure("explain \(path): \(outcome.text)") }
        return try JSONDecoder().decode(Explanation.self, from: Data(outcome.output.utf8))
    }

    @Test func `a path's layers are found for every kind of file`() throws {
        let image = try TestImage(scripts: [
            """
            mkdir d gone op; echo low >d/low; echo old >d/both; echo x >gone/x; echo hidden >op/hidden
            ln -s d/low link; : >empty; truncate -s 1M sparse; printf data | dd of=sparse bs=1 seek=500000 conv=notrunc
            """,
            "mkdir d op; echo new >d/both; : >.wh.gone; : >op/.wh..wh..opq; echo seen >op/seen",
            "mkdir d; echo top >d/top; ln d/top d/hard",
        ])
        let installation = try Installation()
        try installation.startDaemon()
        let target = try installation.mount(image.source)
        #expect(try output("cat", "\(target)/d/low") == "low\n")

        let low = try explain(installation, target + "/d/low")
        #expect(low.path == "/d/low")
        #expect(low.state == .ready)
        #expect(low.isLocal)
        #expect(low.progress == nil)
        #expect(low.file?.kind == .file)
        #expect(low.file?.byteCount == 4)
        #expect(low.file?.extentCount == 1)
        #expect(low.layer?.position == 0)
        #expect(low.layer?.diffID == image.layers[0].diffID)
        #expect(low.layer?.digest == image.layers[0].digest)
        #expect(low.layer?.state == .stored)
        #expect(low.contentLayer == low.layer)

        #expect(try explain(installation, target + "/d/both").layer?.position == 1)
        #expect(try explain(installation, target + "/d").layer?.position == 2)
        #expect(try explain(installation, target + "/empty").contentLayer == nil)
        #expect(try explain(installation, target).file?.kind == .directory)

        let hard = try explain(installation, target + "/d/top")
        #expect(hard.file?.linkCount == 2)
        #expect(try explain(installation, target + "/d/hard").isHardLink != hard.isHardLink, "one name is the first")

        let sparse = try #require(try explain(installation, target + "/sparse").file)
        #expect((sparse.storedByteCount ?? 0) + (sparse.holeByteCount ?? 0) == 1 << 20)

        let link = try explain(installation, target + "/link")
        #expect(link.file?.kind == .symbolicLink)
        #expect(link.file?.linkTarget == "d/low")
        #expect(try explain(installation, target + "/link", "-L").path == "/d/low")

        let gone = try #require(try explain(installation, target + "/gone/x").absence)
        #expect(gone.reason == .whiteout)
        #expect(gone.hidingPath == "/gone")
        #expect(gone.hidingLayer?.position == 1)
        #expect(gone.hiddenLayer?.position == 0)
        let hidden = try #require(try explain(installation, target + "/op/hidden").absence)
        #expect(hidden.reason == .opaque)
        #expect(hidden.hidingLayer?.diffID == image.layers[1].diffID)
        #expect(try explain(installation, target + "/never").absence?.reason == .absent)
        #expect(try installation.imgfs("explain", target + "/gone").output.contains("layer 2 deletes /gone"))

        let elsewhere = try installation.imgfs("explain", "/proc/self/status")
        #expect(elsewhere.status == 3)
        #expect(elsewhere.text.contains("no image is mounted there"))
    }

    @Test func `a path is found through symbolic links and bound directories`() throws {
        let image = try TestImage(scripts: ["mkdir -p a/b; echo 1 >a/b/f"])
        let installation = try Installation()
        try installation.startDaemon()
        let target = try installation.mount(image.source)
        let link = installation.directory.path("link")
        symlink(target, link)
        #expect(try explain(installation, link + "/a/b/f").path == "/a/b/f")
        let bound = try installation.makeTarget()
        try output("mount", "--bind", target + "/a", bound)
        #expect(try explain(installation, bound + "/b/f").path == "/a/b/f")
        #expect(try explain(installation, bound + "/b/../b/f").path == "/a/b/f")
    }

    @Test func `a cold image is explained without being fetched`() throws {
        let remote = try RemoteImage(scripts: ["echo 1 >one", "echo 2 >two"])
        let installation = try Installation()
        try installation.startDaemon()
        let target = try installation.mount(remote.reference)
        let cold = try explain(installation, target + "/one")
        #expect(cold.state == .idle)
        #expect(!cold.isLocal)
        #expect(cold.file == nil)
        #expect(cold.absence == nil)
        #expect(cold.progress?.flight == nil)
        #expect(cold.progress?.layers.map(\.state) == [.missing, .missing])
        #expect(remote.layerRequests.isEmpty)

        remote.holdLayers()
        let reader = try Child(["cat", "\(target)/one"])
        let isFetching = try eventually {
            let progress = try explain(installation, target + "/one").progress
            return progress?.waitingReaderCount == 1 && progress?.layers.map(\.state) == [.fetching, .fetching]
                && progress?.flight != nil
        }
        #expect(isFetching, "\(installation.daemonLog)")
        #expect(try installation.imgfs("explain", target + "/one").output.contains("Waiting readers: 1"))
        remote.proxy.release()
        #expect(reader.wait().output == "1\n")
        #expect(try explain(installation, target + "/one").layer?.position == 0)
    }

    @Test func `retries and failures are shown`() throws {
        let remote = try RemoteImage(scripts: ["echo 1 >one"])
        let installation = try Installation()
        try installation.startDaemon("--retry-time", "30", "--attempts", "20")
        let target = try installation.mount(remote.reference)
        remote.proxy.setRule { request, _ in
            request.path.contains("/blobs/")
                ? .answer("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") : .pass
        }
        let reader = try Child(["cat", "\(target)/one"])
        let isShown = try eventually(seconds: 20) {
            let layer = try explain(installation, target + "/one").progress?.layers.first
            return layer?.retryCount ?? 0 > 0 && layer?.lastFailure?.contains("503") == true
        }
        #expect(isShown, "\(installation.daemonLog)")
        remote.proxy.setRule { _, _ in .pass }
        #expect(reader.wait(seconds: 60).output == "1\n")
    }
}
