"""Plain text tables."""


def format_table(rows, header=None):
    """The rows as lines of text: columns are aligned to the left, two blanks apart.

    Above them the header, if there is one, with dashes under it.
    """
    if header is not None:
        rows = [header, *rows]
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    if header is not None:
        rows.insert(1, ["-" * width for width in widths])
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
