"""A recording as a picture: `python -m oci_tui.ui.picture session.jsonl 160x45 [THEME [KEY …]] > workbench.svg`."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from oci_tui.core.events import SessionStarted, TurnFinished, TurnStarted
from oci_tui.core.reading import read
from oci_tui.ui.app import OciApp
from oci_tui.ui.replay import ReplaySession

# fonts from elsewhere: a picture fetches nothing, the reader's own fixed-width font does
_FONT_FACE = re.compile(r"@font-face \{.*?\}", re.DOTALL)


async def picture(
    recording: Path, size: tuple[int, int], theme: str = "night", events: int | None = None, keys: Sequence[str] = ()
) -> str:
    """The app as SVG after the recording's first `events` events and then `keys` (Textual's names), at `size` (columns, rows).

    None is up to the end of the last turn: what was decided after it is not played again.
    """
    happened = list(read(recording))
    turns = [number for number, event in enumerate(happened, 1) if isinstance(event, TurnFinished)]
    events = events or (turns[-1] if turns else len(happened))
    happened = happened[:events]
    root = next((Path(event.root) for event in happened if isinstance(event, SessionStarted)), Path.cwd())
    session = ReplaySession(recording, speed=0, paused_at=events)
    app = OciApp(lambda: session, root, theme)
    async with app.run_test(size=size) as pilot:
        for event in happened:
            if isinstance(event, TurnStarted):
                app.workbench.conversation.send(event.prompt)
        while app.is_running and not session.reached.is_set():
            await pilot.pause(0.02)
        # Two frames: what the last events changed, and the settling after it.
        for _ in range(2):
            await pilot.pause(0.2)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.2)
        drawn = _FONT_FACE.sub("", app.export_screenshot())
        await app.close_session()
    return drawn


if __name__ == "__main__":
    columns, rows = (int(part) for part in sys.argv[2].split("x"))
    theme, keys = (sys.argv[3:4] or ["night"])[0], sys.argv[4:]
    with tempfile.TemporaryDirectory() as folder:
        # neither drawn as a person's last layout was, nor remembered as theirs
        os.environ["XDG_STATE_HOME"] = folder
        sys.stdout.write(asyncio.run(picture(Path(sys.argv[1]), (columns, rows), theme, keys=keys)))
