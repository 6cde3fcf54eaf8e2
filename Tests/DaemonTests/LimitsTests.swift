import Control
import Registry
import Testing

@testable import Daemon

struct LimitsTests {
    @Test(arguments: ResourceLimit.allCases)
    func `each limit can be set, and changes something`(_ limit: ResourceLimit) {
        let value = limit.range.lowerBound + 1
        #expect("\(Limits([limit: value]))" != "\(Limits())")
    }

    @Test(arguments: ResourceLimit.allCases)
    func `an extreme value of a limit is no trouble`(_ limit: ResourceLimit) {
        _ = Limits([limit: limit.range.lowerBound])
        _ = Limits([limit: limit.range.upperBound])
    }

    @Test func `the parts at once are what the daemon was told`() {
        var configuration = DaemonConfiguration()
        #expect(RegistryConfiguration(configuration, Limits().image).maximumParts == 4)
        configuration.maximumParts = 1
        #expect(RegistryConfiguration(configuration, Limits().image).maximumParts == 1)
    }
}
