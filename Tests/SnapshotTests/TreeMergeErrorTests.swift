import LayerIndex
import OCI
import Tar
import Testing

@testable import Snapshot

/// What cannot be merged is refused with the layer and the path.
struct TreeMergeErrorTests {
    @Test func `a hard link to nowhere`() {
        expect(.linkTargetMissing("x"), "d/l", [[], [hardlink("d/l", "./x")]])
        expect(.linkTargetMissing("f/x"), "l", [[], [file("f"), hardlink("l", "f/x")]])
        // It comes after the whiteout, so the target is gone, as it is where archives are unpacked.
        expect(.linkTargetMissing("a"), "b", [[file("a")], [whiteout("a"), hardlink("b", "a")]])
        expect(.linkTargetMissing("d/a"), "d", [[file("d/a")], [hardlink("d", "d/a")]])
        expect(.linkTargetMissing(".wh.a"), "b", [[], [whiteout("a"), hardlink("b", ".wh.a")]])
        expect(.linkTargetMissing("later"), "b", [[], [hardlink("b", "later"), file("later")]])
    }

    @Test func `a hard link to a directory`() {
        expect(.linkTargetIsDirectory("d"), "l", [[dir("d")], [hardlink("l", "d")]])
        expect(.linkTargetIsDirectory(""), "l", [[], [hardlink("l", "/")]])
        expect(.linkTargetIsDirectory("d"), "d", [[dir("d")], [hardlink("d", "d")]])
    }

    @Test func `a file below a file of its own layer`() {
        expect(.parentIsNotADirectory, "a/b", [[], [file("a"), file("a/b")]])
        expect(.parentIsNotADirectory, "a/b/c", [[dir("a")], [fifo("a/b"), dir("a/b/c")]])
    }

    @Test func `a file below a link to a file`() {
        expect(.parentIsNotADirectory, "l/b", [[file("f"), symlink("l", "f")], [file("l/b")]])
    }

    @Test func `a file below links in a circle`() {
        expect(.tooManyLinks(limit: 40), "l/b", [[symlink("l", "m"), symlink("m", "l")], [file("l/b")]])
        expect(.tooManyLinks(limit: 40), "self/b", [[], [symlink("self", "self"), file("self/b")]])
    }

    @Test func `a file below a link to a name that is too long`() {
        let target = String(repeating: "x", count: 256)
        expect(.longName, "l/b", [[symlink("l", target)], [file("l/b")]])
    }

    @Test func `whiteouts below what is no directory hide nothing`() throws {
        let lower = [file("f"), symlink("loop", "loop"), symlink("far", String(repeating: "x", count: 300))]
        let upper = [whiteout("f/a"), whiteout("loop/a"), whiteout("far/a"), opaque("loop"), opaque("f")]
        #expect(try merge(lower, upper).lines == merge(lower).lines)
    }

    @Test func `forty links are followed, one more is not`() throws {
        let chain = { (count: Int) in
            (1..<count).map { symlink("l\($0)", "l\($0 + 1)") } + [symlink("l\(count)", "d"), dir("d"), file("l1/x")]
        }
        #expect(try merge(chain(40)).node("d/x") != nil)
        expect(.tooManyLinks(limit: 40), "l1/x", [[], chain(41)])
    }

    @Test func `limits are clear errors`() throws {
        var limits = TreeLimits()
        limits.maximumNameCount = 4
        #expect(throws: TreeError.tooLarge(.names, limit: 4)) {
            try mergedFile([[file("a"), file("b"), file("c"), file("d")]], limits: limits)
        }
        limits = TreeLimits()
        limits.maximumInodeCount = 100
        #expect(throws: TreeError.tooLarge(.inodes, limit: 100)) {
            try mergedFile([(0..<101).map { file("a", $0) }], limits: limits)
        }
        limits = TreeLimits()
        limits.maximumLayerCount = 2
        #expect(throws: TreeError.tooLarge(.layers, limit: 2)) { try mergedFile([[], [], []], limits: limits) }
        limits = TreeLimits()
        limits.maximumTreeByteCount = 300
        #expect(throws: TreeError.tooLarge(.treeBytes, limit: 300)) {
            try mergedFile([[file("a"), file("b"), file("c")]], limits: limits)
        }
        limits = TreeLimits()
        limits.maximumPathStepCount = 100
        let hostile = [symlink("l", String(repeating: "./", count: 60))] + (0..<2).map { file("l/d\($0)/f") }
        #expect(throws: TreeError.tooLarge(.pathSteps, limit: 100)) { try mergedFile([hostile], limits: limits) }
    }

    private func expect(
        _ fault: ApplyFault, _ path: String, _ layers: [[TarEntry]], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let expected = TreeError.invalidEntry(diffID: diffID(1), path: path, fault)
        #expect(throws: expected, sourceLocation: sourceLocation) { try mergedFile(layers) }
        #expect(expected.description.contains(path) && expected.description.contains(diffID(1).description))
    }
}
