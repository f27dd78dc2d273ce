"""What the person copies, and what became of it."""

from __future__ import annotations

import os
import shutil
from base64 import b64encode

from oci_tui.ui import clipboard, gnu_screen
from oci_tui.ui.bench_app import BenchApp
from oci_tui.ui.wording import plural


class CopyingApp(BenchApp):
    """Copies by tmux where it runs in one, since tmux as it comes drops what a program within it sends; else by OSC 52, which
    GNU screen hands on.
    """

    def copy_to_clipboard(self, text: str) -> None:
        """Have the clipboard hold this, and say how that went; more than `clipboard.MOST` is not copied."""
        if not text:
            self.say("there is nothing to copy")
        elif len(text.encode("utf-8")) > clipboard.MOST:
            self.say(f"not copied: it is more than {clipboard.MOST // 1_000_000} MB; select a part of it", bad=True)
        elif self.is_headless or not os.environ.get("TMUX"):
            self._by_terminal(text)
        elif not shutil.which("tmux"):
            self._by_terminal(text, "tmux is not on the PATH: ")
        else:
            self.run_worker(self._by_tmux(text), name="clipboard", group="clipboard", exclusive=True)

    def _by_terminal(self, text: str, why: str = "") -> None:
        if self._driver and gnu_screen.around(os.environ):
            self._clipboard = text
            coded = b64encode(text.encode("utf-8")).decode()
            self._driver.write(gnu_screen.handed_on(f"\x1b]52;c;{coded}\x07"))
        else:
            super().copy_to_clipboard(text)
        self.say(f"{why}{_count(text)} sent to the terminal's clipboard", bad=bool(why))

    async def _by_tmux(self, text: str) -> None:
        data = text.encode("utf-8")
        problem = await clipboard.to_tmux(data, "-w")
        passed_on = not problem
        if problem and await clipboard.to_tmux(data):
            self._by_terminal(text, f"{problem}: ")
            return
        # What the app itself pastes; Textual sets it only together with OSC 52.
        self._clipboard = text
        self.say(f"copied {_count(text)} to tmux{', which offers it to the terminal' if passed_on else ' alone (before 3.2)'}")


def _count(text: str) -> str:
    return plural(len(text.splitlines()), "line")
