import Testing

@testable import DescriptorStore

struct InheritedDescriptorsTests {
    @Test func `names go with descriptors`() {
        let passed = InheritedDescriptors.parse(
            ["LISTEN_PID": "7", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "control::mount-1"], processID: 7)
        #expect(
            passed == [
                InheritedDescriptor(name: "control", descriptor: 3), InheritedDescriptor(name: "", descriptor: 4),
                InheritedDescriptor(name: "mount-1", descriptor: 5),
            ])
    }

    @Test(arguments: [
        ["LISTEN_PID": "8", "LISTEN_FDS": "1"], ["LISTEN_FDS": "1"], ["LISTEN_PID": "7"],
        ["LISTEN_PID": "7", "LISTEN_FDS": "-1"], ["LISTEN_PID": "7", "LISTEN_FDS": "x"],
    ])
    func `what is meant for another process is not taken`(_ environment: [String: String]) {
        #expect(InheritedDescriptors.parse(environment, processID: 7).isEmpty)
    }

    @Test func `without names, and with a count beyond reason`() {
        let passed = InheritedDescriptors.parse(["LISTEN_PID": "7", "LISTEN_FDS": "2000000000"], processID: 7)
        #expect(passed.count == 65_536)
        #expect(passed.last?.name == "")
    }
}
