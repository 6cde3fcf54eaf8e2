import Control
import OCI
import Testing

@testable import Command

struct PullProgressTests {
    private func layer(
        _ position: Int, _ state: LayerProgress.State, _ fetched: Int64 = 0, unpacked: Int64 = 0
    ) -> PullEvent {
        .layer(
            LayerProgress(
                position: position, digest: OutputTests.digest, state: state, fetchedByteCount: fetched,
                byteCount: 12_345_678, unpackedByteCount: unpacked))
    }

    @Test func `Each layer gets one line, when it is finished`() {
        var progress = PullProgress()
        let lines = [
            .resolved(OutputTests.image), layer(0, .fetching, 100), layer(1, .present),
            layer(0, .done, 12_345_678, unpacked: 34_567_890), layer(0, .done), layer(1, .present), layer(7, .done),
        ].compactMap { progress.apply($0) }
        #expect(
            lines == [
                "layer 2/2 \(OutputTests.digest): there already",
                "layer 1/2 \(OutputTests.digest): 12.3 MB fetched, 34.6 MB unpacked",
            ])
    }

    @Test func `Bars fill with the bytes that arrive`() {
        var progress = PullProgress()
        _ = progress.apply(.resolved(OutputTests.image))
        _ = progress.apply(layer(0, .fetching, 6_172_839))
        #expect(
            progress.bars(width: 80) == [
                "e3b0c44298fc  [####################....................]   12.3 MB  50 %",
                "e3b0c44298fc  [........................................]     999 B  waiting",
            ])
        _ = progress.apply(layer(0, .done, 12_345_678))
        _ = progress.apply(layer(1, .present))
        #expect(
            progress.bars(width: 60) == [
                "e3b0c44298fc  [#######################]   12.3 MB  unpacked",
                "e3b0c44298fc  [##################]   12.3 MB  there already",
            ])
    }

    @Test(arguments: [0, 1, 5, 20, 40, 200])
    func `No line is wider than the terminal`(_ width: Int) {
        var progress = PullProgress()
        _ = progress.apply(.resolved(OutputTests.image))
        _ = progress.apply(layer(0, .fetching, .max))
        for line in progress.bars(width: width) { #expect(line.count < max(width, 1)) }
    }
}
