/// Rows under a heading, in aligned columns.
struct Table {
    enum Alignment { case left, right }

    struct Column {
        var title: String
        var alignment = Alignment.left
    }

    var columns: [Column]
    var rows: [[String]] = []

    init(_ columns: Column...) { self.columns = columns }

    /// The lines, without a newline at the end and without spaces at the ends of lines.
    var text: String {
        let lines = [columns.map(\.title)] + rows
        let widths = columns.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            var text = ""
            for (column, cell) in line.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                text += columns[column].alignment == .right ? padding + cell : cell + padding
                text += "  "
            }
            while text.hasSuffix(" ") { text.removeLast() }
            return text
        }.joined(separator: "\n")
    }
}

/// Rows of `name: value`, the values in one column.
func aligned(_ pairs: [(name: String, value: String)]) -> String {
    let width = pairs.map(\.name.count).max() ?? 0
    return pairs.map { pair in
        pair.name + ":" + String(repeating: " ", count: width - pair.name.count + 1) + pair.value
    }.joined(separator: "\n")
}
