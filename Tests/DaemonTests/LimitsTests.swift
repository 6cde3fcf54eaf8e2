import Control
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
}
