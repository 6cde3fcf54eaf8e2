import ArgumentParser
import CLinux
import Control
import Glibc
import SystemPackage

struct CopyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cp", abstract: "Copy a file or a directory out of an image.",
        usage: "imgfs cp [-a] [-L] [<options>] <source>:<path> <destination>",
        discussion: """
            The path is absolute in the image. An existing directory gets a copy under the same name; 'PATH/.' copies what \
            is in the directory; '-' writes a tar archive to standard output. Symbolic links are copied as they are. \
            Nothing is mounted in any directory.
            """)

    @Argument(help: "What to copy: an image, a colon and a path in it that begins with a slash.")
    var source: String

    @Argument(help: "A file, a directory, or '-'.", completion: .file())
    var destination: String

    @Flag(
        name: [.customShort("a"), .customLong("archive")],
        help: "Keep owners, set-user-id bits and extended attributes; copy devices and pipes.")
    var keepsEverything = false

    @Flag(name: [.customShort("L"), .customLong("follow-link")], help: "Copy what a symbolic link at PATH leads to.")
    var followsLink = false

    @OptionGroup var image: ImageOptions
    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let wanted = try ImagePath(parsing: source)
        let archive = destination == "-" ? try ArchiveOutput(file: nil) : nil
        let access = try ImageAccess(
            image.request(wanted.source, pull: .missing), source: wanted.source, program: "imgfs cp",
            over: try daemon.connect())
        let walk = ImageWalk(image: access.root)
        let named = Array(wanted.path.utf8)
        var path = named
        // A dot at the end follows a symbolic link to a directory.
        if wanted.meansContents { path += Array(path.isEmpty ? "".utf8 : "/.".utf8) }
        if followsLink { path = try walk.resolved(path) }
        let status = try walk.status(of: path)
        let name = wanted.meansContents ? [] : Array(named.split(separator: UInt8(ascii: "/")).last ?? [])
        guard name != [46, 46] else {
            throw CommandFailure(ExitStatus.usage, "a path that ends with '..' names nothing to copy to")
        }

        if let archive {
            var writer = ImageArchive(of: access.root, to: archive.descriptor)
            return try writer.write(from: path, as: name)
        }
        var copy = try ImageCopy(
            walk: walk, to: destination, name: name, isDirectory: status.st_mode & S_IFMT == S_IFDIR,
            keepsEverything: keepsEverything)
        try copy.run(from: path)
    }
}
