"""The status line: what is there, and what is weak about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci_tui.core.events import SandboxReady, encode
from oci_tui.core.ports import SandboxInfo
from oci_tui.ui.app import OciApp
from oci_tui.ui.panes.status import StatusPane
from oci_tui.ui.replay import ReplaySession
from tests.ui.test_workbench import until


@pytest.mark.parametrize(
    ("weaknesses", "said"), [((), "▣ sandbox "), (("no limit on memory",), "▣ sandbox: no limit on memory ")]
)
async def test_a_weak_sandbox_is_named(tmp_path: Path, weaknesses: tuple[str, ...], said: str) -> None:
    recording = tmp_path / "recording.jsonl"
    ready = SandboxReady(info=SandboxInfo("Docker", "image", weaknesses=weaknesses))
    recording.write_bytes(encode(ready) + b"\n")
    session = ReplaySession(recording, speed=0)
    app = OciApp(lambda: session, Path("/src/x"), "night", "go")
    async with app.run_test(size=(120, 20)) as pilot:
        pane = app.workbench.query_one(StatusPane)
        await until(pilot, lambda: said in f"{pane.render().plain} ")
        await app.close_session()
