"""The clipboard: how much goes there, and by which way."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterable

from oci_tui.core.terminal import visible_line

MOST = 1_000_000
"""So many bytes are copied at most: terminals drop longer ones without a word, or stand still."""
_WAIT_S = 5.0


def joined(lines: Iterable[str]) -> str:
    """The lines as one text; once it is too long to be copied no more of them is asked for."""
    kept: list[str] = []
    length = 0
    for line in lines:
        kept.append(line)
        length += len(line) + 1
        if length > MOST + 1:
            break
    return "\n".join(kept)


async def to_tmux(data: bytes, *options: str) -> str:
    """Put this into a new buffer of the tmux around us; why it did not take it, "" when it did."""
    try:
        tmux = await asyncio.create_subprocess_exec(
            "tmux", "load-buffer", *options, "-", stdin=PIPE, stdout=DEVNULL, stderr=PIPE
        )
    except OSError as error:
        return f"tmux cannot be started: {error.strerror}"
    try:
        async with asyncio.timeout(_WAIT_S):
            _, said = await tmux.communicate(data)
    except TimeoutError:
        return "tmux did not answer"
    finally:
        if tmux.returncode is None:
            tmux.kill()
            await tmux.wait()
    reason = said.decode("utf-8", "replace").strip() or f"it ended with {tmux.returncode}"
    return f"tmux: {visible_line(reason)}" if tmux.returncode else ""
