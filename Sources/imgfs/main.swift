import Command
import Daemon
import Glibc

let program = Program(commandLine: CommandLine.arguments)
if let status = program.mount() { exit(status) }
exit(await program.run(daemon: runDaemon, check: checkStore))
