import Tar
import Testing

@testable import Snapshot

/// Random layers, merged by the program and by the model.
struct TreeModelTests {
    @Test(arguments: 0..<8)
    func `random layers give what the model gives`(series: Int) throws {
        for seed in series * 400..<(series + 1) * 400 {
            var random = SplitMix(state: UInt64(seed))
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
            var random = SplitMix(state: UInt64(seed))
            return (try? ModelTree(randomStack(&random))) != nil
        }
        #expect(accepted > 200 && accepted < 500)
    }

    private func randomStack(_ random: inout SplitMix) -> [[TarEntry]] {
        var named = ["a"]
        return (0..<random.below(5)).map { _ in (0..<random.below(14)).map { _ in randomEntry(&random, &named) } }
    }

    /// `named` collects files, so that most hard links lead somewhere.
    private func randomEntry(_ random: inout SplitMix, _ named: inout [String]) -> TarEntry {
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

    private func randomPath(_ random: inout SplitMix) -> String {
        (0...random.below(3)).map { _ in ["a", "b", "c"][random.below(3)] }.joined(separator: "/")
    }

    private func randomTarget(_ random: inout SplitMix) -> String {
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

/// A generator of numbers that gives the same ones for the same seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}
