import Command
import Daemon
import Glibc

let program = Program(commandLine: CommandLine.arguments)
if let status = program.mount() { exit(status) }
let status = await program.run(daemon: runDaemon, check: checkStore)
// Not exit(3): a daemon that is told to end may have threads at work, and OpenSSL's exit handler would take away what
// they hash with.
fflush(nil)
_exit(status)
