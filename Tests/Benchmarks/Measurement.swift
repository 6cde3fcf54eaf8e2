/// Runs `body` a few times and prints the median, as seconds and for each unit of work.
func measure(_ title: String, _ count: Int, _ unit: String, runs: Int = 5, _ body: () throws -> Void) rethrows {
    let clock = ContinuousClock()
    var seconds: [Double] = []
    for _ in 0..<runs { seconds.append(try clock.measure(body) / .seconds(1)) }
    seconds.sort()
    let median = seconds[seconds.count / 2]
    let each = fixed(median * 1e9 / Double(max(count, 1)), 2) + " ns/\(unit)"
    print("| \(padded(title, 44)) | \(leading(fixed(median * 1e3, 2), 10)) | \(leading(each, 18)) |")
}

func heading(_ title: String) {
    let lines = (
        String(repeating: "-", count: 46), String(repeating: "-", count: 11), String(repeating: "-", count: 17)
    )
    print("\n| \(padded(title, 44)) | in all, ms |               each |\n|\(lines.0)|\(lines.1):|\(lines.2):|")
}

private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

private func leading(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}

private func fixed(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((value * scale).rounded())
    let fraction = String(scaled % Int(scale))
    return "\(scaled / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
}
