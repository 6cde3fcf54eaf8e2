/// Prints the head of a table for `measure`.
func heading(_ title: String) { printHead(title, ["wall, ms", "CPU, ms", "each"]) }

/// Runs `body` a few times and prints the medians, and the wall time for each unit of work.
func measure(_ title: String, _ count: Int, _ unit: String, runs: Int = 5, _ body: () throws -> Void) rethrows {
    let cost = try cost(runs: runs, body)
    let each = fixed(cost.wall * 1e9 / Double(max(count, 1)), 2) + " ns/\(unit)"
    printRow(title, [fixed(cost.wall * 1e3, 2), fixed(cost.cpu * 1e3, 2), each])
}

private let widths = (title: 52, figure: 16)

func printHead(_ title: String, _ columns: [String]) {
    print()
    printRow(title, columns)
    let figures = String(repeating: String(repeating: "-", count: widths.figure + 1) + ":|", count: columns.count)
    print("|" + String(repeating: "-", count: widths.title + 2) + "|" + figures)
}

func printRow(_ title: String, _ figures: [String]) {
    let padding = String(repeating: " ", count: max(0, widths.title - title.count))
    let columns = figures.map { String(repeating: " ", count: max(0, widths.figure - $0.count)) + $0 + " |" }
    print("| " + title + padding + " | " + columns.joined(separator: " "))
}

/// `value` with so many digits after the point.
func fixed(_ value: Double, _ digits: Int) -> String {
    var scale: UInt = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((value * Double(scale)).rounded())
    let whole = (scaled < 0 ? "-" : "") + "\(scaled.magnitude / scale)"
    guard digits > 0 else { return whole }
    let fraction = String(scaled.magnitude % scale)
    return whole + "." + String(repeating: "0", count: digits - fraction.count) + fraction
}
