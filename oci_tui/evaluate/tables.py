"""A report as a table for a terminal, as Markdown, CSV or JSON, and as bars."""

from __future__ import annotations

import csv
import io
from typing import Literal

import msgspec

from oci_tui.core.terminal import visible_line
from oci_tui.evaluate.report import Report, Row

Format = Literal["table", "markdown", "csv", "json"]
_BAR = 40


def written(report: Report, form: Format) -> str:
    """The report in this format; all of it ends with a newline."""
    if form == "json":
        return msgspec.json.format(msgspec.json.encode(report)).decode() + "\n"
    if form == "csv":
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([_HEADERS, *_cells(report)])
        return out.getvalue()
    rows = [_HEADERS, *_cells(report)]
    if form == "markdown":
        lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
        lines.insert(1, "|" + "---|" * len(_HEADERS))
        notes = [f"- {visible_line(note)}" for note in report.notes]
        return "\n".join([*lines, *([""] if notes else []), *notes]) + "\n"
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADERS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join([*lines, *(f"! {visible_line(note)}" for note in report.notes), "", *chart(report)]) + "\n"


def chart(report: Report) -> list[str]:
    """A bar for every row: what passed at first, what feedback added, and where the interval lies; then the published.

    Beside it stand the shares after each round.
    """
    bars = [(visible_line(f"{row.tests} · {row.protocol} · {row.model}"), _bar(row), _change(row)) for row in report.rows]
    for published in (row for rows in report.published.values() for row in rows):
        shares = dict.fromkeys((published.first, published.passed))
        bars.append((f"{published.source} · {published.model}", _filled(*shares), " → ".join(map(_percent, shares))))
    width = max((len(name) for name, _, _ in bars), default=0)
    return [f"{name.ljust(width)}  {bar.ljust(_BAR)}  {value}" for name, bar, value in bars]


_HEADERS = ("tests", "version", "protocol", "prompt", "model", "tasks", "at once", "after", "fixed", "broken", "95 %", "pass@k")


def _cells(report: Report) -> list[tuple[str, ...]]:
    rows = [tuple(map(visible_line, _row(row))) for row in report.rows]
    for said, published in report.published.items():
        tests, _, protocol = said.partition(", ")
        for each in published:
            first, after = _percent(each.first), "" if protocol == "single" else _percent(each.passed)
            row = (tests, each.version, protocol, "published", f"{each.model} ({each.source})", "", first, after)
            rows.append((*row, "", "", "", ""))
    return rows


def _row(row: Row) -> tuple[str, ...]:
    again = "×" in row.protocol
    tries = f"{row.problems}" if row.tries == row.problems else f"{row.problems} ({row.tries} tries)"
    beyond = ", ".join(f"@{k} {_percent(share)}" for k, share in row.pass_at.items() if k > 1)
    return (
        row.tests,
        row.version,
        row.protocol,
        row.prompt,
        row.model,
        tries if row.complete else f"{tries}, unfinished",
        _percent(row.first),
        _percent(row.passed) if again else "",
        str(row.fixed) if again else "",
        str(row.broken) if again else "",
        f"{_percent(row.interval.low)} – {_percent(row.interval.high)}",
        beyond,
    )


def _bar(row: Row) -> str:
    filled = _filled(*sorted((row.first, row.passed)))
    return filled + "·" * (round(row.interval.high * _BAR) - len(filled))


def _filled(first: float, after: float = 0.0) -> str:
    """A bar of two parts."""
    cells = round(first * _BAR)
    return "█" * cells + "▒" * (round(after * _BAR) - cells)


def _change(row: Row) -> str:
    return " → ".join(map(_percent, row.by_round)) if "×" in row.protocol else _percent(row.passed)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
