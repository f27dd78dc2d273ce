"""The check of a session: found among what the sandbox can run, shown before its first use; what it lacks is offered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from copy import copy

from oci_tui.core import check, events, missing
from oci_tui.core.check import Check
from oci_tui.core.events import Event
from oci_tui.core.ports import Command, Output, Sandbox, SandboxInfo, Snapshot

_PATIENCE_S = 20.0
_PROBE = "".join(f"command -v {name} >/dev/null && echo {name}\n" for name in check.PROGRAMS if name != "pytest")
_PROBE += """python3 -I -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("pytest"))' 2>/dev/null && echo pytest
exit 0
"""


class Checking:
    """Finds the check of a turn. Remembers which programs the sandbox has, and what the person has been told."""

    def __init__(self) -> None:
        self._info: SandboxInfo | None = None
        self._programs: frozenset[str] | None = None
        self._told: set[str] = set()

    def beside(self) -> Checking:
        """Another that knows the same, and whose person is told for themselves."""
        twin = copy(self)
        twin._told = set(self._told)
        return twin

    async def find(self, configured: str, sandbox: Sandbox | None, workspace: Snapshot, timeout_s: float) -> Check | None:
        """The check that settings or AGENTS.md name, else the first that the files speak of and the sandbox can run.

        Without one that it can run this is the first that it cannot, or None.
        """
        if sandbox and (info := await sandbox.describe()) != self._info:
            self._info, self._programs = info, None
        if named := check.stated(configured, workspace.read, timeout_s):
            return named
        candidates = list(check.candidates(workspace.paths(), workspace.read, timeout_s))
        if not candidates or sandbox is None:
            return next(iter(candidates), None)
        if self._programs is None:
            self._programs = await _programs(sandbox)
        return check.chosen(candidates, self._programs) or candidates[0]

    def runs(self, found: Check) -> bool:
        """Whether the sandbox is not known to lack the program of this check."""
        return not found.needs or self._programs is None or found.needs in self._programs

    def told(self, found: Check) -> Iterator[Event]:
        """What the person has to know before a check is used, once: what it is, or that it cannot run."""
        if self.runs(found):
            if self._new(found.command.label):
                yield events.CheckFound(found.command, found.why)
        else:
            why = f"{found.needs} is not in the sandbox, and `{found.command.label}` needs it ({found.why})"
            yield from self.offered(missing.program(found.needs), why)

    def offered(self, lacking: missing.Missing, why: str = "") -> Iterator[Event]:
        """The offer to put into the sandbox what is missing there, once."""
        command = missing.offer(lacking, self._info.profile if self._info else "")
        if self._new(command):
            yield events.PreparationOffered(command, why or f"{lacking.name} is not in the sandbox, which has no network")

    def _new(self, text: str) -> bool:
        known = text in self._told
        self._told.add(text)
        return not known


async def _programs(sandbox: Sandbox) -> frozenset[str]:
    """Which of the programs that checks need are in the sandbox."""
    said: list[str] = []
    probe = Command("what is here", ("/bin/sh", "-c", _PROBE), timeout_s=_PATIENCE_S)
    async with aclosing(sandbox.run(probe)) as items:
        async for item in items:
            if isinstance(item, Output) and item.stream == "stdout":
                said.append(item.text)
    return frozenset("".join(said).split())
