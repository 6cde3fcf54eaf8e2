import Glibc
import Testing

@testable import FUSE

struct ThreadStatusTests {
    @Test(
        arguments: [
            (
                "Name:\tcat\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \n",
                Caller(userID: 4, groupIDs: [8, 9, 10])
            ),
            ("Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t \n", Caller(userID: 0, groupIDs: [0])),
            ("Uid:\t1\t2\nGid:\t5\t6\t7\t8\n", nil), ("", nil),
            ("Name:\tUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n", nil),
            ("Uid:\t1\t2\t3\t4294967296\nGid:\t5\t6\t7\t8\n", nil),
        ] as [(String, Caller?)])
    func `the file system's user and groups count`(text: String, caller: Caller?) {
        #expect(ThreadStatus(text: text).caller == caller)
    }

    @Test func `this thread, and one that is not there`() {
        #expect(ThreadStatus(ofThread: getpid())?.caller?.userID == geteuid())
        #expect(ThreadStatus(ofThread: 0) == nil)
        #expect(ThreadStatus(ofThread: .max) == nil)
    }
}
