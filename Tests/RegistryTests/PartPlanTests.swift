import Testing

@testable import Registry

private let mebibyte: Int64 = 1 << 20

@Suite("Which parts of a blob are asked for")
struct PartPlanTests {
    private func settings(_ count: Int = 4, _ byteCount: Int64 = 4 * mebibyte, threshold: Int64 = 16 * mebibyte)
        -> PartSettings
    {
        var settings = PartSettings()
        settings.maximumCount = count
        settings.byteCount = byteCount
        settings.thresholdByteCount = threshold
        return settings
    }

    @Test(
        "the first parts",
        arguments: [
            // All of it, and an offset in it: the stream gets the odd rest, at least half a part.
            (40 * mebibyte, 0, [4 * mebibyte, 8 * mebibyte, 12 * mebibyte, 16 * mebibyte]),
            (40 * mebibyte, 1, [4 * mebibyte, 8 * mebibyte, 12 * mebibyte, 16 * mebibyte]),
            (41 * mebibyte, 0, [5 * mebibyte, 9 * mebibyte, 13 * mebibyte, 17 * mebibyte]),
            (42 * mebibyte, 0, [2 * mebibyte, 6 * mebibyte, 10 * mebibyte, 14 * mebibyte]),
            (42 * mebibyte, 1, [6 * mebibyte, 10 * mebibyte, 14 * mebibyte, 18 * mebibyte]),
            (100 * mebibyte, 77 * mebibyte, [80 * mebibyte, 84 * mebibyte, 88 * mebibyte, 92 * mebibyte]),
            (16 * mebibyte, 0, [4 * mebibyte, 8 * mebibyte, 12 * mebibyte]),
            (16 * mebibyte + 7, 0, [4 * mebibyte + 7, 8 * mebibyte + 7, 12 * mebibyte + 7]),
        ] as [(Int64, Int64, [Int64])])
    func firstParts(byteCount: Int64, offset: Int64, starts: [Int64]) {
        var plan = PartPlan(byteCount: byteCount, from: offset, settings())
        #expect(plan?.begin().map(\.lowerBound) == starts)
        #expect(plan?.open.allSatisfy { $0.count == 4 << 20 } == true)
        #expect(plan?.begin() == [])
    }

    @Test func `the stream gets the lead, in whole parts`() {
        func start(_ lead: Int64) -> Int64? {
            var plan = PartPlan(byteCount: 41 * mebibyte, from: 0, leadByteCount: lead, settings())
            return plan?.begin().first?.lowerBound
        }
        #expect(start(5 * mebibyte) == 5 * mebibyte)
        #expect(start(5 * mebibyte + 1) == 9 * mebibyte)
        #expect(start(33 * mebibyte) == 33 * mebibyte)
        #expect(start(33 * mebibyte + 1) == nil)
        #expect(start(41 * mebibyte) == nil)
    }

    @Test(
        "no parts",
        arguments: [
            (PartSettings(), 0, 0), (PartSettings(), 16 * mebibyte - 1, 0),
            (PartSettings(), 100 * mebibyte, 84 * mebibyte + 1),
            (PartSettings(), 100 * mebibyte, 100 * mebibyte),
        ] as [(PartSettings, Int64, Int64)])
    func noParts(settings: PartSettings, byteCount: Int64, offset: Int64) {
        #expect(PartPlan(byteCount: byteCount, from: offset, settings) == nil)
    }

    @Test func `no parts when they are switched off, or when there would be only one`() {
        #expect(PartPlan(byteCount: 1000 * mebibyte, from: 0, settings(1)) == nil)
        #expect(PartPlan(byteCount: 11 * mebibyte, from: 0, settings(threshold: 0)) != nil)
        #expect(PartPlan(byteCount: 10 * mebibyte - 1, from: 0, settings(threshold: 0)) == nil)
    }

    @Test func `no part is below 1 MiB`() {
        var plan = PartPlan(byteCount: 20 * mebibyte, from: 0, settings(4, 1000))
        #expect(plan?.begin().allSatisfy { $0.count == 1 << 20 } == true)
    }

    @Test func `a part is asked for when one has been taken`() throws {
        var plan = try #require(PartPlan(byteCount: 28 * mebibyte, from: 0, settings(3)))
        #expect(plan.begin(reserved: 1) == [4 * mebibyte..<8 * mebibyte, 8 * mebibyte..<12 * mebibyte])
        #expect(plan.begin() == [12 * mebibyte..<16 * mebibyte])
        plan.take(to: 8 * mebibyte - 1)
        #expect(plan.begin() == [])
        plan.take(to: 8 * mebibyte)
        #expect(plan.begin() == [16 * mebibyte..<20 * mebibyte])
        // The stream was faster than two of them.
        plan.take(to: 17 * mebibyte)
        #expect(plan.open == [16 * mebibyte..<20 * mebibyte])
        #expect(plan.begin() == [20 * mebibyte..<24 * mebibyte, 24 * mebibyte..<28 * mebibyte])
        plan.take(to: 28 * mebibyte)
        #expect(plan.open == [] && plan.begin() == [])
    }

    @Test func `any blob from any offset is covered once, in order, with bounded memory`() {
        var state: UInt64 = 7
        func random(_ bound: Int64) -> Int64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64(state >> 33) % bound
        }
        for _ in 0..<2_000 {
            let size = random(200 * mebibyte)
            let offset = random(size + 1)
            let count = Int(random(8)) + 1
            let settings = settings(count, random(6 * mebibyte), threshold: random(40 * mebibyte))
            guard var plan = PartPlan(byteCount: size, from: offset, settings) else { continue }
            #expect(count >= 2 && size - offset >= settings.thresholdByteCount)
            var expected: Int64?
            var taken = offset
            while taken < size {
                for range in plan.begin() {
                    #expect(range.count >= 1 << 20 && range.lowerBound == expected ?? range.lowerBound)
                    #expect(range.lowerBound > offset)
                    expected = range.upperBound
                }
                #expect(plan.open.count <= count)
                guard let asked = plan.open.last?.upperBound else { break }
                taken = min(asked, taken + random(8 * mebibyte) + 1)
                plan.take(to: taken)
            }
            #expect(expected == size && taken == size)
        }
    }
}

@Suite("Whether parts would help")
struct PartBenefitTests {
    @Test(
        arguments: [
            // Far away, 5 MB/s, the reader waits: yes.
            (0.1, 1.0, 0.1, 5_000_000, 100_000_000, true),
            // An object store that gives 40 MB/s to each connection.
            (0.03, 2.0, 0.2, 88_000_000, 400_000_000, true),
            // The reader is what takes the time.
            (0.1, 1.0, 1.1, 5_000_000, 100_000_000, false),
            (0.3, 10.0, 11.0, 5_000_000, 100_000_000, false),
            // This machine or the LAN, however slow.
            (0.001, 5.0, 0.1, 5_000_000, 100_000_000, false),
            (0.019, 5.0, 0.1, 5_000_000, 100_000_000, false),
            // Too early to say.
            (0.1, 0.4, 0.0, 1_000_000, 100_000_000, false),
            (0.1, 0.5, 0.0, 1_000_000, 100_000_000, true),
            (0.1, 5.0, 0.0, 0, 100_000_000, false),
            // The rest is there before new connections are up to speed: 0.9 s at a latency of 0.1 s.
            (0.1, 1.0, 0.0, 100_000_000, 90_000_000, false),
            (0.1, 1.0, 0.0, 100_000_000, 100_000_000, true),
        ] as [(Double, Double, Double, Int64, Int64, Bool)])
    func rule(latency: Double, waited: Double, busy: Double, byteCount: Int64, missing: Int64, isGiven: Bool) {
        let measured = PartBenefit.Measurement(
            latencySeconds: latency, waitedSeconds: waited, busySeconds: busy, byteCount: byteCount)
        #expect(PartBenefit().isGiven(by: measured, missingByteCount: missing) == isGiven)
    }

    @Test func `the lead is what comes in four latencies`() {
        func lead(_ latency: Double, _ seconds: Double, _ byteCount: Int64) -> Int64 {
            let measured = PartBenefit.Measurement(
                latencySeconds: latency, waitedSeconds: seconds / 2, busySeconds: seconds / 2, byteCount: byteCount)
            return PartBenefit().leadByteCount(by: measured, missingByteCount: 100_000_000)
        }
        #expect(lead(0.125, 2, 80_000_000) == 20_000_000)
        #expect(lead(0, 2, 80_000_000) == 0)
        #expect(lead(0.125, 0, 80_000_000) == 0)
        #expect(lead(30, 0.001, .max) == 100_000_000)
    }

    @Test func `the time of network and reader is told apart, and waits between attempts are left out`() {
        let start = ContinuousClock.now
        var meter = StreamMeter()
        meter.answered(afterSeconds: 0.25, at: start)
        meter.arrived(byteCount: 10, at: start + .seconds(2))
        meter.taken(at: start + .seconds(5))
        meter.arrived(byteCount: 20, at: start + .seconds(6))
        meter.taken(at: start + .seconds(6))
        // Broken off; the next attempt is answered much later.
        meter.answered(afterSeconds: 0.5, at: start + .seconds(60))
        meter.arrived(byteCount: 5, at: start + .seconds(61))
        meter.taken(at: start + .seconds(63))
        #expect(
            meter.measurement
                == .init(latencySeconds: 0.5, waitedSeconds: 4, busySeconds: 5, byteCount: 35))
    }
}
