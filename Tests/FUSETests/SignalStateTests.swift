import Glibc
import Testing

@testable import FUSE

@Suite struct SignalStateTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var thread: [Int32] = []
        var process: [Int32] = []
        var blocked: [Int32] = []
        var ignored: [Int32] = []
        var caught: [Int32] = []
        var endsWait: Bool

        var testDescription: String { name }

        /// As the kernel writes it, among other lines.
        var status: String {
            func mask(_ numbers: [Int32]) -> String {
                let bits = numbers.reduce(UInt64(0)) { $0 | 1 << UInt64($1 - 1) }
                let digits = String(bits, radix: 16)
                return String(repeating: "0", count: 16 - digits.count) + digits
            }
            return """
                Name:\tSigPnd:\\nffff
                State:\tS (sleeping)
                SigQ:\t2/96365
                SigPnd:\t\(mask(thread))
                ShdPnd:\t\(mask(process))
                SigBlk:\t\(mask(blocked))
                SigIgn:\t\(mask(ignored))
                SigCgt:\t\(mask(caught))
                CapInh:\tffffffffffffffff

                """
        }
    }

    static let cases = [
        Case(name: "nothing is pending", endsWait: false),
        Case(name: "SIGKILL for the thread", thread: [SIGKILL], endsWait: true),
        Case(name: "SIGKILL that claims to be blocked", process: [SIGKILL], blocked: [SIGKILL], endsWait: true),
        Case(name: "SIGTERM without a handler", process: [SIGTERM], endsWait: true),
        Case(name: "SIGTERM with a handler", process: [SIGTERM], caught: [SIGTERM], endsWait: true),
        Case(name: "SIGTERM blocked", process: [SIGTERM], blocked: [SIGTERM], endsWait: false),
        Case(name: "SIGTERM ignored", process: [SIGTERM], ignored: [SIGTERM], endsWait: false),
        Case(name: "SIGINT with a handler, for the thread", thread: [SIGINT], caught: [SIGINT], endsWait: true),
        Case(
            name: "SIGHUP and SIGQUIT with handlers", process: [SIGHUP, SIGQUIT], caught: [SIGHUP, SIGQUIT],
            endsWait: true),
        Case(name: "SIGALRM without a handler", process: [SIGALRM], endsWait: true),
        Case(name: "SIGALRM with a handler", process: [SIGALRM], caught: [SIGALRM], endsWait: false),
        Case(name: "SIGURG of Go's scheduler", thread: [SIGURG], caught: [SIGURG], endsWait: false),
        Case(name: "SIGURG without a handler", thread: [SIGURG], endsWait: false),
        Case(name: "SIGPROF of a profiler", thread: [SIGPROF], caught: [SIGPROF], endsWait: false),
        Case(name: "SIGUSR1 with a handler", process: [SIGUSR1], caught: [SIGUSR1], endsWait: false),
        Case(name: "SIGUSR1 without a handler", process: [SIGUSR1], endsWait: true),
        Case(name: "a stopped child and a resized window", process: [SIGCHLD, SIGWINCH], endsWait: false),
        Case(name: "SIGTSTP of a terminal", process: [SIGTSTP], endsWait: false),
        Case(name: "a real-time signal without a handler", thread: [34], endsWait: true),
        Case(name: "a real-time signal with a handler", thread: [33], caught: [33], endsWait: false),
        Case(name: "the last real-time signal", thread: [64], endsWait: true),
        Case(name: "SIGURG first, then SIGKILL", thread: [SIGURG, SIGKILL], caught: [SIGURG], endsWait: true),
    ]

    @Test(arguments: cases) func `a wait ends for signals that kill or ask to stop`(_ example: Case) {
        #expect(SignalState(status: example.status).endsWait == example.endsWait)
    }

    @Test(arguments: ["", "SigPnd:", "SigPnd:\tx", "SigPnd\t100", "SigPnd:\t11111111111111111", "\u{0}"])
    func `what cannot be read counts as no signals`(_ text: String) {
        #expect(SignalState(status: text) == SignalState())
    }
}
