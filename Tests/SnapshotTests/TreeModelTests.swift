import Tar
import TestSupport
import Testing

@testable import Snapshot

/// Random layers, merged by the program and by the model.
struct TreeModelTests {
    @Test(arguments: 0..<8)
    func `random layers give what the model gives`(series: Int) throws {
        for seed in series * 400..<(series + 1) * 400 {
            var random = SeededGenerator(seed: UInt64(seed))
            let stack = randomStack(&random)
            let expected: [String]?
            do throws(ModelTree.Refused) { expected = try ModelTree(stack).lines } catch { expected = nil }
            let found: [String]?
            do { found = try merge(stack).lines } catch is TreeError { found = nil }
            guard found == expected else {
                Issue.record(
                    "seed \(seed): \(describe(stack))\nmodel: \(expected ?? ["refused"])\nfound: \(found ?? ["refused"])"
                )
                return
            }
        }
    }

    @Test func `a fair part of the random layers is accepted`() {
        let accepted = (0..<500).count { seed in
            var random = SeededGenerator(seed: UInt64(seed))
            return (try? ModelTree(randomStack(&random))) != nil
        }
        #expect(accepted > 200 && accepted < 500)
    }

    private func randomStack(_ random: inout SeededGenerator) -> [[TarEntry]] {
        var named = ["a"]
        return (0..<random.below(5)).map { _ in (0..<random.below(14)).map { _ in randomEntry(&random, &named) } }
    }

    /// `named` collects files, so that most hard links lead somewhere.
    private func randomEntry(_ random: inout SeededGenerator, _ named: inout [String]) -> TarEntry {
        let path = randomPath(&random)
        switch random.below(20) {
        case 0..<5:
            named.append(path)
            return file(path, UInt64(random.below(1000)), mode: random.below(4) == 0 ? 0o4755 : 0o644)
        case 5..<9: return dir(path, mode: random.below(2) == 0 ? 0o700 : 0o755)
        case 9..<12: return symlink(path, randomTarget(&random))
        case 12: return hardlink(path, named[random.below(named.count)])
        case 13..<16: return whiteout(path)
        case 16..<18: return opaque(path)
        case 18: return opaque("")
        default: return random.below(8) == 0 ? dir("./", mode: 0o711) : file(path)
        }
    }

    private func randomPath(_ random: inout SeededGenerator) -> String {
        (0...random.below(3)).map { _ in ["a", "b", "c"][random.below(3)] }.joined(separator: "/")
    }

    private func randomTarget(_ random: inout SeededGenerator) -> String {
        switch random.below(6) {
        case 0: "/" + randomPath(&random)
        case 1: "../" + randomPath(&random)
        case 2: ".."
        case 3: "./" + randomPath(&random) + "//.."
        default: randomPath(&random)
        }
    }

    private func describe(_ stack: [[TarEntry]]) -> String {
        stack.map { layer in
            layer.map { entry in
                let target = entry.linkPath.isEmpty ? "" : " -> " + String(decoding: entry.linkPath, as: UTF8.self)
                return "\(entry.kind) \(String(decoding: entry.path, as: UTF8.self))\(target)"
            }.joined(separator: ", ")
        }.joined(separator: "\n")
    }
}
