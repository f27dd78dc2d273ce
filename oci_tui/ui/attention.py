"""What the terminal around the app is told: its title, and that a turn has ended while the person looks elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from oci_tui.core.terminal import visible_line

BELL = "\x07"
SAVE_TITLE, RESTORE_TITLE = "\x1b[22;2t", "\x1b[23;2t"
_LONGEST = 60


def title(root: str, *, running: bool) -> str:
    """The sequence that names the window after the repository, with a mark while a turn runs."""
    return f"\x1b]2;{'● ' if running else ''}{visible_line(root)[:_LONGEST]} – oci-tui\x07"


def notification(text: str, environment: Mapping[str, str]) -> str:
    """The sequence by which this terminal tells its person something, with the bell; the bell alone where none is known.

    One kind only: terminals that know several would say it several times. A multiplexer passes on the bell.
    """
    said = visible_line(text)[:_LONGEST].replace(";", ",")
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "").lower()
    if environment.get("TMUX") or term.startswith(("screen", "tmux")):
        return BELL
    if "kitty" in term:
        return f"\x1b]99;;{said}\x1b\\{BELL}"
    if program in ("ghostty", "vscode") or term.startswith(("foot", "rxvt", "konsole")) or "KONSOLE_VERSION" in environment:
        return f"\x1b]777;notify;oci-tui;{said}\x07{BELL}"
    if program in ("iterm.app", "wezterm", "rio") or "WT_SESSION" in environment or "ConEmuPID" in environment:
        return f"\x1b]9;{said}\x07{BELL}"
    return BELL
