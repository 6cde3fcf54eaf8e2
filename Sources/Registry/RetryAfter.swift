/// The Retry-After field. See RFC 9110, 10.2.3.
enum RetryAfter {
    /// Seconds to wait from `now` (seconds since 1970) on; nil for what is neither a number nor a date.
    static func seconds(_ value: String, now: Double) -> Double? {
        if !value.isEmpty, value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return Double(value)
        }
        return HTTPDate.secondsSince1970(value).map { max(0, Double($0) - now) }
    }
}

/// Dates as in "Sun, 06 Nov 1994 08:49:37 GMT". See RFC 9110, 5.6.7; the two obsolete forms are not read.
enum HTTPDate {
    static func secondsSince1970(_ text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", words[0].count == 4, words[0].hasSuffix(","),
            let day = Int64(words[1]), (1...31).contains(day),
            let month = months.firstIndex(of: String(words[2])).map({ Int64($0 + 1) }),
            let year = Int64(words[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = words[4].split(separator: ":").map { Int64($0) ?? -1 }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        return daysSince1970(year: year, month: month, day: day) * 86_400
            + clock[0] * 3_600 + clock[1] * 60 + clock[2]
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Of the Gregorian calendar. The year begins in March here, so that the leap day is its last.
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear
        return days - 719_468
    }
}
