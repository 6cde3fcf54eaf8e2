/// Sizes and times as people read them.
enum Quantity {
    /// Decimal units, one digit after the point below 100: `999 B`, `57.4 MB`, `349 MB`.
    static func bytes(_ count: Int64) -> String {
        let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
        if count < 1000 { return "\(count) B" }
        var value = Double(count) / 1000
        var unit = 0
        while value >= 999.5 && unit + 1 < units.count {
            value /= 1000
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        return tenths < 1000
            ? "\(tenths / 10).\(tenths % 10) \(units[unit])" : "\(Int(value.rounded())) \(units[unit])"
    }

    /// The largest unit that fits: `12 s`, `5 min`, `3 h`, `12 d`.
    static func duration(seconds: Int64) -> String {
        switch seconds {
        case ..<0: "0 s"
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) d"
        }
    }

    /// How long ago a time was, both in seconds since 1970.
    static func age(of time: Int64, now: Int64) -> String { duration(seconds: now - time) + " ago" }
}
