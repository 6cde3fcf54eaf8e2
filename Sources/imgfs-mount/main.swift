import Command
import Glibc

// Whatever it is called: this program does nothing but mount.
let program = Program(commandLine: ["mount.fuse.imgfs"] + CommandLine.arguments.dropFirst())
exit(program.mount() ?? 1)
