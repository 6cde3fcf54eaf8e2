import Testing

/// What the shells offer with the completions that are installed; see Tests/Tools/complete.
@Suite(.timeLimit(.minutes(2)))
struct CompletionTests {
    @Test(arguments: ["bash", "zsh", "fish"])
    func `commands, options and directories are completed`(_ shell: String) throws {
        let directory = try TestDirectory()
        _ = try directory.makeDirectory("target")
        try write("", to: directory.path("tarball"))
        let expected = [
            "imgfs mo → mount mounts",
            "imgfs daemon st → stop",
            "imgfs daemon stop --unm → --unmount",
            "imgfs pull --pull n → never",
        ]
        let lines = expected.map { String($0.split(separator: " →")[0]) }
        let path = "imgfs umount \(directory.path)/t"
        let outcome = try Child(["Tests/Tools/complete", Installation.binary, shell] + lines + [path]).wait()
        #expect(outcome.succeeded, "\(outcome.text)")
        let offered = outcome.output.split(separator: "\n").map(String.init)
        #expect(offered.dropLast() == expected[...], "\(outcome.text)")
        // zsh names the directories on the way, fish ends a directory's name with a slash.
        let paths = try #require(offered.last)
        #expect(paths.contains("target") && !paths.contains("tarball"), "\(paths)")
    }
}
