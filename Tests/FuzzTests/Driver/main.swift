import Glibc

// fuzz TARGET [LIBFUZZER_OPTION ...] [CORPUS_DIRECTORY ...]: runs one target under libFuzzer.
//
// libFuzzer calls back without a context, so the target is chosen before it starts.

@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ argumentCount: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

private let name = CommandLine.arguments.dropFirst().first ?? ""
guard let chosen = FuzzTarget.all.first(where: { $0.name == name }) else {
    print("targets:", FuzzTarget.all.map(\.name).joined(separator: " "))
    exit(name.isEmpty ? 0 : 1)
}
ChosenTarget.run = chosen.run

// libFuzzer takes the name of the program and then its options.
private var argumentCount = CommandLine.argc - 1
private var arguments = CommandLine.unsafeArgv
arguments[1] = arguments[0]
arguments += 1
exit(
    runFuzzer(&argumentCount, &arguments) { bytes, count in
        ChosenTarget.run(UnsafeRawBufferPointer(start: bytes, count: count))
        return 0
    })
