import LayerIndex
import OCI
import Tar
import Testing

@testable import Snapshot

/// What combinations of entries give, as docs/fidelity.md, "Layers", lists them.
struct TreeMergeTests {
    struct Example: CustomTestStringConvertible {
        var testDescription: String
        var layers: [[TarEntry]]
        var lines: [String]

        init(_ description: String, _ layers: [TarEntry]..., gives lines: [String]) {
            testDescription = description
            self.layers = layers
            self.lines = lines
        }
    }

    @Test(arguments: plain + whiteouts + opaques + replacements + duplicates + hardLinks + parents)
    func `layers give the documented tree`(_ example: Example) throws {
        #expect(try merge(example.layers).lines == example.lines)
    }

    static let plain = [
        Example("no layers", gives: []),
        Example("a layer without entries", [], gives: []),
        Example(
            "names in the order of their bytes", [file("b", 1), file("a", 2), file("B", 3)],
            gives: [
                "B [0:3]", "a [0:2]", "b [0:1]",
            ]),
        Example(
            "a prefix comes before what it is a prefix of", [file("abcdefghij"), file("abcdefgh"), file("abcdefgha")],
            gives: [
                "abcdefgh [0:0]", "abcdefgha [0:0]", "abcdefghij [0:0]",
            ]),
        Example(
            "every kind", [dir("d"), file("f", 1), symlink("l", "f"), fifo("p"), device("c", major: 5, minor: 1)],
            gives: [
                "c (5, 1)", "d/", "f [0:1]", "l -> f", "p",
            ]),
        Example("the root's entry sets its attributes", [dir("./", mode: 0o700)], gives: ["/ 700"]),
        Example("the last entry of the root wins", [dir("./", mode: 0o700)], [dir("/", mode: 0o711)], gives: ["/ 711"]),
        Example(
            "the same layer twice", [dir("d"), file("d/f", 1)], [dir("d"), file("d/f", 1)], gives: ["d/", "d/f [1:1]"]),
        Example(
            "a symbolic link has mode 0777 whatever its entry says", [symlink("l", "x").with { $0.mode = 0o600 }],
            gives: ["l -> x"]),
    ]

    static let whiteouts = [
        Example("hides a file", [file("a"), file("b")], [whiteout("a")], gives: ["b [0:0]"]),
        Example(
            "hides a directory and what is in it", [dir("d"), file("d/a"), dir("d/e"), file("d/e/f")], [whiteout("d")],
            gives: []),
        Example(
            "hides a hard link only by its name", [file("a", 1), hardlink("b", "a")], [whiteout("a")],
            gives: ["b [0:1]"]),
        Example("of something that is not there", [file("a")], [whiteout("b"), whiteout("x/y")], gives: ["a [0:0]"]),
        Example("hides nothing of its own layer, before it", [file("a", 1), whiteout("a")], gives: ["a [0:1]"]),
        Example("hides nothing of its own layer, after it", [whiteout("a"), file("a", 1)], gives: ["a [0:1]"]),
        Example(
            "with a file of the same name after it", [file("a", 1)], [whiteout("a"), file("a", 2)], gives: ["a [1:2]"]),
        Example(
            "with a file of the same name before it", [file("a", 1)], [file("a", 2), whiteout("a")], gives: ["a [1:2]"]),
        Example(
            "with a directory of the same name after it", [dir("d"), file("d/a")],
            [whiteout("d"), dir("d", mode: 0o700), file("d/b")], gives: ["d/ 700", "d/b [1:0]"]),
        Example(
            "with a directory of the same name before it", [dir("d"), file("d/a")],
            [dir("d", mode: 0o700), file("d/b"), whiteout("d")], gives: ["d/ 700", "d/b [1:0]"]),
        Example(
            "of a directory without an entry in which its layer has a file", [dir("d", mode: 0o700), file("d/a")],
            [file("d/b"), whiteout("d")], gives: ["d/", "d/b [1:0]"]),
        Example("hides nothing of layers above", [file("a", 1)], [whiteout("a")], [file("a", 3)], gives: ["a [2:3]"]),
        Example("of one layer below all others", [whiteout("a")], [file("a", 1)], gives: ["a [1:1]"]),
        Example(
            "goes through a symbolic link in its path", [dir("d"), file("d/a"), symlink("l", "d")], [whiteout("l/a")],
            gives: ["d/", "l -> d"]),
        Example(
            "does not follow the name that it hides", [dir("d"), file("d/a"), symlink("l", "d")], [whiteout("l")],
            gives: ["d/", "d/a [0:0]"]),
        Example(
            "what AUFS left behind", [dir("/.wh..wh.plnk"), file(".wh..wh.plnk/1.2"), file(".wh..wh.aufs"), file("a")],
            gives: ["a [0:0]"]),
    ]

    static let opaques = [
        Example(
            "hides everything below", [dir("d"), file("d/a"), dir("d/e"), file("d/e/f")], [dir("d"), opaque("d")],
            gives: ["d/"]),
        Example(
            "keeps the directory's lower attributes without an entry", [dir("d", mode: 0o700), file("d/a")],
            [opaque("d")], gives: ["d/ 700"]),
        Example(
            "before its directory", [dir("d"), file("d/a")], [opaque("d"), dir("d", mode: 0o700), file("d/b")],
            gives: ["d/ 700", "d/b [1:0]"]),
        Example(
            "after everything else", [dir("d"), file("d/a")], [dir("d", mode: 0o700), file("d/b"), opaque("d")],
            gives: ["d/ 700", "d/b [1:0]"]),
        Example(
            "hides lower files beside this layer's in subdirectories", [dir("d"), dir("d/e"), file("d/e/a")],
            [dir("d"), dir("d/e"), file("d/e/b"), opaque("d")], gives: ["d/", "d/e/", "d/e/b [1:0]"]),
        Example(
            "a lower subdirectory with a file of this layer loses its attributes", [dir("d"), dir("d/e", mode: 0o700)],
            [file("d/e/b"), opaque("d")], gives: ["d/", "d/e/", "d/e/b [1:0]"]),
        Example(
            "the inner one first", [dir("d"), dir("d/e", mode: 0o700), file("d/e/a"), file("d/x")],
            [opaque("d/e"), file("d/e/b"), opaque("d")], gives: ["d/", "d/e/", "d/e/b [1:0]"]),
        Example(
            "twice in one directory", [dir("d"), file("d/a")], [opaque("d"), file("d/b"), opaque("d")],
            gives: ["d/", "d/b [1:0]"]),
        Example("of the root", [dir("d"), file("a")], [file(".wh..wh..opq"), file("b")], gives: ["b [1:0]"]),
        Example("where there is no directory", [file("f")], [opaque("x"), opaque("f")], gives: ["f [0:0]"]),
        Example(
            "hides nothing of layers above", [dir("d"), file("d/a")], [opaque("d")], [file("d/c")],
            gives: ["d/", "d/c [2:0]"]),
        Example(
            "a hard link into what it hides keeps the file", [dir("d"), file("d/a", 1)],
            [hardlink("d/b", "d/a"), opaque("d")], gives: ["d/", "d/b [0:1]"]),
    ]

    static let replacements = [
        Example("a file over a file", [file("a", 1)], [file("a", 2)], gives: ["a [1:2]"]),
        Example(
            "a directory over a directory", [dir("d", mode: 0o700), file("d/a")], [dir("d", mode: 0o711), file("d/b")],
            gives: ["d/ 711", "d/a [0:0]", "d/b [1:0]"]),
        Example(
            "a directory without an entry keeps its attributes", [dir("d", mode: 0o700)], [file("d/b")],
            gives: ["d/ 700", "d/b [1:0]"]),
        Example("a file over a directory", [dir("d"), file("d/a")], [file("d", 2)], gives: ["d [1:2]"]),
        Example("a directory over a file", [file("d")], [dir("d"), file("d/a")], gives: ["d/", "d/a [1:0]"]),
        Example(
            "a symbolic link over a directory", [dir("d"), file("d/a"), dir("e")], [symlink("d", "e")],
            gives: ["d -> e", "e/"]),
        Example(
            "a directory over a symbolic link", [dir("d"), file("d/a"), symlink("l", "d")], [dir("l"), file("l/b")],
            gives: ["d/", "d/a [0:0]", "l/", "l/b [1:0]"]),
        Example(
            "a file over a symbolic link", [file("f", 1), symlink("l", "f")], [file("l", 2)],
            gives: ["f [0:1]", "l [1:2]"]),
        Example(
            "one name of a hard link", [file("a", 1), hardlink("b", "a")], [file("a", 2)],
            gives: ["a [1:2]", "b [0:1]"]),
        Example(
            "a symbolic link over a directory, then files below it", [dir("d"), file("d/a"), dir("e")],
            [symlink("d", "e")], [file("d/b", 3)], gives: ["d -> e", "e/", "e/b [2:3]"]),
    ]

    static let duplicates = [
        Example("the last file wins", [file("a", 1), file("a", 2)], gives: ["a [0:2]"]),
        Example(
            "a hard link keeps the earlier one", [file("a", 1), hardlink("b", "a"), file("a", 2)],
            gives: ["a [0:2]", "b [0:1]"]),
        Example(
            "a directory's last attributes win and its files stay", [dir("d"), file("d/a"), dir("d", mode: 0o700)],
            gives: ["d/ 700", "d/a [0:0]"]),
        Example("a file over a directory of its layer", [dir("d"), file("d/a"), file("d", 2)], gives: ["d [0:2]"]),
        Example(
            "a directory over a file of its layer", [file("d", 1), dir("d"), file("d/a")], gives: ["d/", "d/a [0:0]"]),
        Example(
            "a directory that is replaced and made again", [dir("d"), file("d/a"), file("d"), dir("d"), file("d/b")],
            gives: ["d/", "d/b [0:0]"]),
        Example(
            "a symbolic link replaced by a directory while files come",
            [dir("e"), symlink("d", "e"), file("d/a"), dir("d"), file("d/b")],
            gives: ["d/", "d/b [0:0]", "e/", "e/a [0:0]"]),
    ]

    static let hardLinks = [
        Example(
            "shares an inode", [file("a", 1), hardlink("b", "a"), hardlink("c", "./b")],
            gives: ["a [0:1] x3", "b [0:1] x3", "c [0:1] x3"]),
        Example("into a lower layer", [file("a", 1)], [hardlink("b", "a")], gives: ["a [0:1] x2", "b [0:1] x2"]),
        Example(
            "its own attributes do not count", [file("a", 1, mode: 0o600)], [hardlink("b", "a")],
            gives: ["a 600 [0:1] x2", "b 600 [0:1] x2"]),
        Example(
            "to a symbolic link, which is not followed", [file("f"), symlink("l", "f"), hardlink("m", "l")],
            gives: ["f [0:0]", "l -> f x2", "m -> f x2"]),
        Example(
            "through a symbolic link", [dir("d"), file("d/f", 1), symlink("l", "/d"), hardlink("m", "l/f")],
            gives: ["d/", "d/f [0:1] x2", "l -> /d", "m [0:1] x2"]),
        Example(
            "over a directory", [dir("d"), file("d/a"), file("f", 1)], [hardlink("d", "f")],
            gives: ["d [0:1] x2", "f [0:1] x2"]),
        Example("to itself", [file("a", 1), hardlink("a", "a")], gives: ["a [0:1]"]),
        Example(
            "to itself in a lower layer, which makes the name this layer's", [file("a", 1)],
            [hardlink("a", "a"), whiteout("a")], gives: ["a [0:1]"]),
        Example(
            "to what a whiteout after it hides", [file("a", 1)], [hardlink("b", "a"), whiteout("a")], gives: ["b [0:1]"]
        ),
        Example("to a fifo", [fifo("p"), hardlink("q", "p")], gives: ["p x2", "q x2"]),
        Example(
            "again to another file", [file("a", 1), file("b", 2), hardlink("c", "a"), hardlink("c", "b")],
            gives: ["a [0:1]", "b [0:2] x2", "c [0:2] x2"]),
    ]

    static let parents = [
        Example("are made when they are missing", [file("a/b/c")], gives: ["a/", "a/b/", "a/b/c [0:0]"]),
        Example("get their entry later", [file("a/b"), dir("a", mode: 0o700)], gives: ["a/ 700", "a/b [0:0]"]),
        Example(
            "that are symbolic links are followed", [dir("run"), dir("var"), symlink("var/run", "../run")],
            [file("var/run/x")], gives: ["run/", "run/x [1:0]", "var/", "var/run -> ../run"]),
        Example(
            "absolute links start at the image's root", [dir("run"), dir("var"), symlink("var/run", "/run")],
            [file("var/run/x")], gives: ["run/", "run/x [1:0]", "var/", "var/run -> /run"]),
        Example(
            "links cannot leave the image", [symlink("l", "../../../..")], [file("l/x")],
            gives: ["l -> ../../../..", "x [1:0]"]),
        Example(
            "a dangling link's target is made", [symlink("l", "/a/b")], [file("l/x")],
            gives: ["a/", "a/b/", "a/b/x [1:0]", "l -> /a/b"]),
        Example("that are files of lower layers are replaced", [file("a")], [file("a/b")], gives: ["a/", "a/b [1:0]"]),
        Example(
            "chains of links", [dir("d"), symlink("l1", "l2/."), symlink("l2", "./l3//"), symlink("l3", "d")],
            [file("l1/x")], gives: ["d/", "d/x [1:0]", "l1 -> l2/.", "l2 -> ./l3//", "l3 -> d"]),
    ]
}
