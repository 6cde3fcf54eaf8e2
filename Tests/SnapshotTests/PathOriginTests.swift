import LayerIndex
import Tar
import TestSupport
import Testing

@testable import Snapshot

/// Which layers make a path what it is.
struct PathOriginTests {
    struct Example: CustomTestStringConvertible {
        var testDescription: String
        var path: String
        var layers: [[TarEntry]]
        var answer: PathOrigin.Answer

        init(_ description: String, _ path: String, _ layers: [TarEntry]..., gives answer: PathOrigin.Answer) {
            testDescription = description
            self.path = path
            self.layers = layers
            self.answer = answer
        }
    }

    private static func hiding(_ kind: PathOrigin.Hiding.Kind, _ path: String) -> PathOrigin.Hiding {
        PathOrigin.Hiding(kind: kind, path: Array(path.utf8))
    }

    @Test(arguments: present + missing)
    func `layers explain a path`(_ example: Example) throws {
        let tree = try merge(example.layers)
        let indexes = try example.layers.enumerated().map { try index($1, $0) }
        let path = Array(example.path.utf8)
        let isThere = if case .found = tree.resolve(path, followsLast: false) { true } else { false }
        let origin = PathOrigin.find(path, isThere: isThere, in: tree) { indexes[$0] }
        #expect(origin.answer == example.answer)
    }

    /// Without symbolic links: through those a layer may have meant another place than the tree has now.
    @Test func `random layers are explained as they were merged`() throws {
        var hiddenCount = 0
        for seed in 0..<1500 {
            var random = SeededGenerator(seed: UInt64(seed))
            let layers = (0...random.below(4)).map { _ in (0..<random.below(10)).map { _ in randomEntry(&random) } }
            let indexes = try layers.enumerated().map { try index($1, $0) }
            // The tree after each layer.
            guard let trees = try? layers.indices.map({ try merge(Array(layers[...$0])) }), let tree = trees.last
            else { continue }
            var merger = LayerMerger(layers: indexes, limits: TreeLimits())
            for number in layers.indices { try merger.apply(number) }
            for path in Self.paths {
                let isThere = tree.node(path) != nil
                let origin = PathOrigin.find(Array(path.utf8), isThere: isThere, in: tree) { indexes[$0] }
                let context: Comment = "seed \(seed), \(path): \(origin.answer)"
                let merged = merger.find(path)
                switch origin.answer {
                case .entry(let layer, _):
                    let owner = merged.map { $0.name.kind == .directory ? Int($0.inode.layer) : Int($0.name.layer) }
                    #expect(layer == owner && merged?.inode.isImplied == false, context)
                case .implied: #expect(merged?.inode.isImplied == true, context)
                case .hidden(let layer, _, let hider):
                    hiddenCount += 1
                    #expect(!isThere && trees[layer].node(path) != nil && trees[hider].node(path) == nil, context)
                case .absent: #expect(trees.allSatisfy { $0.node(path) == nil }, context)
                }
            }
        }
        #expect(hiddenCount > 400)
    }

    private static let names = ["a", "b"]
    private static let paths: [String] = names.flatMap { first in
        [first] + names.flatMap { second in ["\(first)/\(second)"] + names.map { "\(first)/\(second)/\($0)" } }
    }

    private func randomEntry(_ random: inout SeededGenerator) -> TarEntry {
        let path = Self.paths[random.below(Self.paths.count)]
        return switch random.below(12) {
        case 0..<4: file(path)
        case 4..<8: dir(path)
        case 8..<10: whiteout(path)
        case 10: opaque(path)
        default: random.below(4) == 0 ? hardlink(path, Self.paths[random.below(Self.paths.count)]) : file(path)
        }
    }

    static let present = [
        Example("a lower layer", "a", [file("a")], [file("b")], gives: .entry(layer: 0, isHardLink: false)),
        Example("a replaced file", "a", [file("a")], [file("a")], gives: .entry(layer: 1, isHardLink: false)),
        Example(
            "a file that comes back", "a", [file("a")], [whiteout("a")], [file("a")],
            gives: .entry(layer: 2, isHardLink: false)),
        Example(
            "a hard link to a file of a lower layer", "b", [file("a")], [hardlink("b", "a")],
            gives: .entry(layer: 1, isHardLink: true)),
        Example(
            "a directory's attributes are the topmost entry's", "d", [dir("d")], [dir("d")], [file("d/f")],
            gives: .entry(layer: 1, isHardLink: false)),
        Example("a directory without an entry", "d", [file("d/e")], [file("d/f")], gives: .implied(layer: 1)),
        Example(
            "a directory without an entry takes the place of a file", "d", [file("d")], [file("d/f")],
            gives: .implied(layer: 1)),
        Example(
            "a directory that is hidden and has something new", "d", [dir("d"), file("d/a")],
            [whiteout("d"), file("d/b")], gives: .implied(layer: 1)),
        Example(
            "through a symbolic link of a lower layer", "usr/lib/x",
            [dir("usr"), dir("usr/lib"), symlink("lib", "usr/lib")],
            [file("lib/x")], gives: .entry(layer: 1, isHardLink: false)),
        Example("the root", "", [dir("./")], [file("a")], gives: .entry(layer: 0, isHardLink: false)),
        Example("the root without an entry", "", [file("a")], gives: .implied(layer: 0)),
        Example("a symbolic link", "l", [symlink("l", "x")], [], gives: .entry(layer: 0, isHardLink: false)),
        Example(
            "a whiteout in a directory does not make it", "d", [dir("d"), file("d/a")], [whiteout("d/a")],
            gives: .entry(layer: 0, isHardLink: false)),
    ]

    /// Computed: the leak sanitizer does not see what an enumeration in a global refers to.
    static var missing: [Example] {
        [
            Example("never there", "x", [file("a")], [whiteout("b")], gives: .absent),
            Example("a whiteout of nothing", "x", [file("a")], [whiteout("x")], gives: .absent),
            Example(
                "a whiteout", "a", [file("a")], [whiteout("a")], [],
                gives: .hidden(layer: 0, by: hiding(.whiteout, "a"), inLayer: 1)),
            Example(
                "a whiteout of the directory", "d/a", [dir("d"), file("d/a")], [whiteout("d")],
                gives: .hidden(layer: 0, by: hiding(.whiteout, "d"), inLayer: 1)),
            Example(
                "the whiteout next to what it hides", "a", [file("a")], [whiteout("a")], [whiteout("a")],
                gives: .hidden(layer: 0, by: hiding(.whiteout, "a"), inLayer: 1)),
            Example(
                "an opaque directory", "d/a", [dir("d"), file("d/a")], [dir("d"), opaque("d"), file("d/b")],
                gives: .hidden(layer: 0, by: hiding(.opaque, "d"), inLayer: 1)),
            Example(
                "a directory that became a file", "d/a", [dir("d"), file("d/a")], [file("d")],
                gives: .hidden(layer: 0, by: hiding(.replacement, "d"), inLayer: 1)),
            Example(
                "a directory without an entry", "d", [file("d/a")], [whiteout("d")],
                gives: .hidden(layer: 0, by: hiding(.whiteout, "d"), inLayer: 1)),
            Example(
                "through a symbolic link", "usr/x", [dir("usr"), file("usr/x"), symlink("u", "usr")], [whiteout("u/x")],
                gives: .hidden(layer: 0, by: hiding(.whiteout, "usr/x"), inLayer: 1)),
        ]
    }
}

extension LayerMerger {
    /// The name and the inode at a path without symbolic links.
    fileprivate func find(_ path: String) -> (name: WorkingTree.Name, inode: WorkingTree.Inode)? {
        var name = WorkingTree.root
        for component in path.split(separator: "/") {
            guard let next = Array(component.utf8).withUnsafeBytes({ tree.find($0, in: name) }) else { return nil }
            name = next
        }
        return (tree.names[Int(name)], tree.inodes[Int(tree.names[Int(name)].inode)])
    }
}
