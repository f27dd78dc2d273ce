"""The panes' share of the benchmark, on a machine that may be busy: ten times its targets must do."""

from __future__ import annotations

from tests.bench import ui


async def test_long_logs_large_diffs_and_resizing_stay_quick() -> None:
    late = [ui.as_text(row) for row in await ui.headless() if row.figure > 10 * row.target]
    assert late == []


def test_a_missed_target_is_said() -> None:
    assert ui.as_text(ui.Row("resize, ms", 151, 150)).endswith("FAIL")
    assert ui.as_text(ui.Row("resize, ms", 150, 150)).endswith("PASS")
