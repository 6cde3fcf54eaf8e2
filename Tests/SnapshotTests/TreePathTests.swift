import Snapshot
import Testing

/// Following a path in a tree.
struct TreePathTests {
    private let tree: Tree

    init() throws {
        tree = try merge([
            dir("usr"), dir("usr/bin"), file("usr/bin/tool"), symlink("bin", "usr/bin"), symlink("abs", "/usr/bin"),
            symlink("usr/up", "../usr/bin/tool"), symlink("loop", "loop"), symlink("gone", "nowhere/x"),
        ])
    }

    @Test(arguments: [
        ("", false, ""), ("usr/bin/tool", false, "usr/bin/tool"), ("/usr//bin/./tool/", false, "usr/bin/tool"),
        ("bin/tool", false, "usr/bin/tool"), ("abs/tool", false, "usr/bin/tool"), ("usr/up", false, "usr/up"),
        ("usr/up", true, "usr/bin/tool"), ("bin", false, "bin"), ("bin", true, "usr/bin"),
        ("bin/..", false, "usr"), ("../../usr", false, "usr"), ("loop", false, "loop"),
    ])
    func `a path is followed inside of the image`(path: String, followsLast: Bool, end: String) throws {
        let node = try #require(tree.node(end))
        #expect(tree.resolve(Array(path.utf8), followsLast: followsLast) == .found(node: node, path: Array(end.utf8)))
    }

    @Test(arguments: [
        ("none", "none"), ("usr/none/x", "usr/none/x"), ("bin/none", "usr/bin/none"),
        ("usr/bin/tool/x", "usr/bin/tool/x"), ("gone/y", "nowhere/x/y"),
    ])
    func `what is missing is named without the symbolic links on the way`(path: String, missing: String) {
        #expect(tree.resolve(Array(path.utf8), followsLast: false) == .missing(path: Array(missing.utf8)))
    }

    @Test func `a loop of symbolic links ends`() {
        #expect(tree.resolve(Array("loop/x".utf8), followsLast: false) == .tooManyLinks)
    }
}
