import Content
import Control
import OCI
import Testing

@testable import Command

struct ExplanationTextTests {
    private static let digest = SHA256.digest(of: [])

    private static func layer(_ position: Int, _ state: ExplainedLayer.State = .stored) -> ExplainedLayer {
        ExplainedLayer(
            position: position, layerCount: 3, diffID: digest, digest: digest, byteCount: 2_000_000,
            createdBy: "RUN make", state: state)
    }

    private static func explanation(_ state: MountState = .ready, isLocal: Bool = true) -> Explanation {
        Explanation(source: "redis:7", name: "redis:7", chainID: digest, state: state, path: "/a/b", isLocal: isLocal)
    }

    @Test func `a file with holes, by a name of a higher layer`() {
        var file = ExplainedFile(kind: .file, mode: 0o4755, userID: 1, groupID: 2, linkCount: 2, byteCount: 12)
        (file.storedByteCount, file.holeByteCount, file.extentCount) = (4, 8, 3)
        file.extents = [
            .init(offset: 0, byteCount: 8, archiveOffset: nil), .init(offset: 8, byteCount: 4, archiveOffset: 512),
        ]
        var explanation = Self.explanation()
        explanation.file = file
        explanation.layer = Self.layer(1)
        explanation.isHardLink = true
        explanation.contentLayer = Self.layer(0)
        #expect(
            ExplanationText.text(explanation) == """
                Path:       /a/b
                Image:      redis:7
                State:      ready
                Kind:       file
                Mode:       04755, user 1, group 2
                Size:       12 bytes, 4 stored and 8 in holes
                Names:      2
                Entry:      a hard link
                Layer:      2 of 3, stored
                Diff ID:    \(Self.digest)
                Blob:       \(Self.digest), 2.0 MB
                Created by: RUN make
                Content:    1 of 3, stored
                Diff ID:    \(Self.digest)
                Blob:       \(Self.digest), 2.0 MB
                Created by: RUN make
                Local:      yes

                OFFSET  BYTES  IN THE ARCHIVE AT
                     0      8               hole
                     8      4                512
                and 1 more
                """)
    }

    @Test func `an image that is fetched`() {
        var fetching = Self.layer(1, .fetching)
        (fetching.fetchedByteCount, fetching.retryCount, fetching.lastFailure) = (500_000, 2, "reset")
        var explanation = Self.explanation(.unpacking, isLocal: false)
        explanation.progress = ExplainedProgress(
            waitingReaderCount: 3,
            flight: WaitRecord(rank: "chain", key: "x", holder: "redis:7", heldSeconds: 7.5, waiterCount: 1),
            layers: [fetching, Self.layer(2, .waiting)], lastFailure: "down")
        #expect(
            ExplanationText.text(explanation) == """
                Path:  /a/b
                Image: redis:7
                State: unpacking
                File:  not known before the image is there
                Local: no: a reader waits

                Waiting readers: 3
                Worked on:       for 7 s, 1 wait
                Last failure:    down

                LAYER  BLOB            SIZE  STATE                                  LAST FAILURE
                    2  e3b0c44298fc  2.0 MB  fetching, 500 kB of 2.0 MB, 2 retries  reset
                    3  e3b0c44298fc  2.0 MB  waiting
                """)
    }

    @Test func `what hides a path, and nothing that moves a terminal's cursor`() {
        var explanation = Self.explanation()
        explanation.path = "/a\u{1b}[2J"
        explanation.absence = ExplainedAbsence(
            reason: .whiteout, hidingPath: "/a", hidingLayer: Self.layer(2), hiddenLayer: Self.layer(0))
        let text = ExplanationText.text(explanation)
        #expect(text.contains("Path:       /a\\u{1b}[2J\n"))
        #expect(text.contains("File:       none: layer 3 deletes /a\n"))
        #expect(text.contains("Hidden by:  3 of 3, stored\n"))
        #expect(text.contains("Was in:     1 of 3, stored\n"))
    }
}
