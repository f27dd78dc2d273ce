"""Writing into the user's tree so that a crash at any point leaves it as it was before or as it is after.

A change is a list of steps. First every new content is written beside its place (phase "preparing"), then each step is done
by one rename or unlink ("committing"); a step that finds its file changed takes all others back ("rolling back"). The phase
and the steps are in a journal on disk, and what is at a path is judged by its content alone, so `recover` never guesses.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, NoReturn

import msgspec

from oci_tui.core.errors import ConflictError, WorkspaceError
from oci_tui.workspace.descent import BlockedError, Descent
from oci_tui.workspace.names import ancestors, shown
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.tree import PROGRAM, SYMLINK, Entry, Tree, differing

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ASIDE = re.compile(r"\.oci-tui-[0-9a-f]{12}-\d+")
Phase = Literal["preparing", "committing", "rolling back"]


class Step(msgspec.Struct, frozen=True):
    """One path from `old` to `new`; None is no file. `aside` is where the new content waits.

    `bits` are the permissions the old file had (None: the umask decides) and `owner` its uid and gid.
    """

    path: bytes
    old: Entry | None
    new: Entry | None
    aside: bytes
    bits: int | None
    owner: tuple[int, int] | None


class Journal(msgspec.Struct, frozen=True):
    """What is being written, and how far it is."""

    phase: Phase
    steps: tuple[Step, ...]


class _MovedError(Exception):
    """A path does not hold what the step expects."""

    def __init__(self, path: bytes) -> None:
        self.path = path
        super().__init__(shown(path))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the repository's lock; waits for whoever holds it (a writer is brief, and a dead one holds nothing)."""
    with (folder / "lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Writer:
    """Writes into the tree at `root`; the journal is in `folder`. The caller holds the lock."""

    def __init__(self, root: Path, folder: Path, shadow: Shadow) -> None:
        self._root = root
        self._folder = folder
        self._shadow = shadow

    def write(self, old: Tree, new: Tree, identity: tuple[int, int]) -> list[bytes]:
        """Bring the paths that differ from `old` to `new`, all or none; the paths written.

        Raises ConflictError when the tree is not at `old`, WorkspaceError when it cannot be written; then nothing was.
        """
        with Descent(self._root) as descent:
            if descent.identity != identity:
                raise WorkspaceError(f"{self._root} was moved or replaced since the session began; start a new session there")
            try:
                steps = self._plan(descent, old, new)
                if not steps:
                    return []
                self._save(Journal("preparing", steps))
            except OSError as error:
                raise _unwritable("", error, "nothing was written") from error
            self._carry_out(descent, steps)
            return [step.path for step in steps]

    def _carry_out(self, descent: Descent, steps: tuple[Step, ...]) -> None:
        path = b""
        try:
            for step in steps:
                path = step.path
                self._prepare(descent, step)
            path = b""
            self._save(Journal("committing", steps))
            for step in steps:
                path = step.path
                self._commit(descent, step)
            self._finish(descent, steps)
        except (OSError, _MovedError) as error:
            self._take_back(descent, steps, shown(path), error)

    def _take_back(self, descent: Descent, steps: tuple[Step, ...], path: str, cause: OSError | _MovedError) -> NoReturn:
        with suppress(OSError):  # a full disk: then a crash from here on is mended forward, which is whole too
            self._save(Journal("rolling back", steps))
        try:
            left = self._settle(descent, steps, back=True)
        except OSError as error:
            raise _unwritable(
                path, error, "some files could not be taken back; free the disk and open the session again"
            ) from cause
        if left:
            raise WorkspaceError(f"{shown(left[0])} changed while it was written; it was left as it is, look at it") from cause
        if isinstance(cause, (_MovedError, BlockedError)):
            raise ConflictError((path,)) from cause
        raise _unwritable(path, cause, "nothing was written") from cause

    def recover(self) -> dict[bytes, str]:
        """Finish or take back what a crash interrupted; the paths that someone changed since, which stay as they are."""
        try:
            journal = msgspec.json.decode((self._folder / "apply.json").read_bytes(), type=Journal)
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            raise WorkspaceError(f"{self._folder / 'apply.json'}: cannot be read ({error}); move it away to go on") from error
        try:
            with Descent(self._root) as descent:
                left = self._settle(descent, journal.steps, back=journal.phase != "committing")
        except OSError as error:
            raise _unwritable("", error, "an interrupted accept is not mended yet") from error
        return dict.fromkeys(left, "changed since an accept was interrupted; left as it is")

    def _plan(self, descent: Descent, old: Tree, new: Tree) -> tuple[Step, ...]:
        """The steps, removals first and the deepest of them first, so that a folder can become a file and a file a folder."""
        token = secrets.token_hex(6)
        steps: list[Step] = []
        for number, path in enumerate(differing(old, new)):
            facts = None if old.get(path) is None else descent.facts(path)
            bits = stat.S_IMODE(facts.st_mode) if facts and stat.S_ISREG(facts.st_mode) else None
            owner = (facts.st_uid, facts.st_gid) if facts else None
            folder = descent.deepest(path)
            aside = b"%s.oci-tui-%s-%d" % (folder + b"/" if folder else b"", token.encode(), number)
            steps.append(Step(path, old.get(path), new.get(path), aside, bits, owner))
        for folder in {step.aside.rpartition(b"/")[0] for step in steps}:
            self._sweep(descent, folder)
        removals = sorted((step for step in steps if step.new is None), key=lambda step: step.path, reverse=True)
        return (*removals, *(step for step in steps if step.new is not None))

    def _sweep(self, descent: Descent, folder: bytes) -> None:
        """Remove what earlier writes left aside in a folder that was moved away under them: now nobody else writes."""
        at, _ = descent.folder(folder + b"/x" if folder else b"x")
        for name in os.listdir(at):  # noqa: PTH208 - a descriptor, no path
            if _ASIDE.fullmatch(name):
                os.unlink(name, dir_fd=at)

    def _prepare(self, descent: Descent, step: Step) -> None:
        self._expect(descent, step.path, step.old)
        folder, name = descent.folder(step.aside)
        if step.new is None:
            if not os.access(".", os.W_OK, dir_fd=folder, effective_ids=True):
                raise PermissionError(13, "Permission denied")
            return
        self._lay(folder, name, step, step.new)
        os.fsync(folder)

    def _lay(self, folder: int, name: bytes, step: Step, entry: Entry) -> None:
        """Write the content beside its place, with the permissions and the owner the old file had."""
        data = self._shadow.read(entry.blob)
        if entry.mode == SYMLINK:
            os.symlink(data, name, dir_fd=folder)
            return
        program = entry.mode == PROGRAM
        first = 0o600 if step.bits is not None else 0o777 if program else 0o666
        with os.fdopen(os.open(name, _NEW, first, dir_fd=folder), "wb") as file:
            file.write(data)
            file.flush()
            if step.owner and step.owner != (os.geteuid(), os.fstat(file.fileno()).st_gid):
                os.fchown(file.fileno(), *step.owner)
            if step.bits is not None:
                os.fchmod(file.fileno(), _permissions(step.bits, program=program))
            os.fsync(file.fileno())

    def _commit(self, descent: Descent, step: Step) -> None:
        descent.restart()
        self._expect(descent, step.path, step.old)
        if step.new is None:
            self._remove(descent, step.path)
        else:
            self._move(descent, step.aside, step.path, make=step.old is None)

    def _expect(self, descent: Descent, path: bytes, entry: Entry | None) -> None:
        if self._now(descent, path) != entry:
            raise _MovedError(path)

    def _now(self, descent: Descent, path: bytes) -> Entry | None:
        """What is at the path; a folder, or a path through something that is no folder, counts as no file."""
        try:
            found = descent.read(path)
            facts = None if found else descent.facts(path)
        except BlockedError:
            return None
        if facts and not stat.S_ISDIR(facts.st_mode):
            raise _MovedError(path)
        return found[0] if found else None

    def _remove(self, descent: Descent, path: bytes) -> None:
        """Unlink a file, and the folders above it that are empty then."""
        folder, name = descent.folder(path)
        os.unlink(name, dir_fd=folder)
        os.fsync(folder)
        self._remove_empty(descent, path)

    def _remove_empty(self, descent: Descent, path: bytes, within: bytes = b"") -> None:
        """Remove the folders above a path that are empty, but not `within` and what is above that."""
        for above in reversed(ancestors(path)):
            if len(above) <= len(within):
                return
            descent.restart()
            try:
                folder, name = descent.folder(above)
                os.rmdir(name, dir_fd=folder)
                os.fsync(folder)
            except FileNotFoundError:
                continue
            except OSError:
                return

    def _move(self, descent: Descent, aside: bytes, path: bytes, *, make: bool) -> None:
        source, waiting = descent.folder(aside)
        source = os.dup(source)
        try:
            folder, name = descent.folder(path, make=make)
            _clear_folder(folder, name)
            os.rename(waiting, name, src_dir_fd=source, dst_dir_fd=folder)
            os.fsync(folder)
            os.fsync(source)
        finally:
            os.close(source)

    def _settle(self, descent: Descent, steps: tuple[Step, ...], *, back: bool) -> list[bytes]:
        """Bring every path that still holds its other side to the wanted one; those that hold neither."""
        left: list[bytes] = []
        descent.restart()
        for step in steps if back else ():
            # What waits aside is not needed on the way back; without it a full disk has room for the old contents.
            self._discard(descent, step.aside)
        for step in reversed(steps) if back else steps:
            goal, other = (step.old, step.new) if back else (step.new, step.old)
            descent.restart()
            try:
                now = self._now(descent, step.path)
                if now == goal:
                    continue
                if now != other:
                    left.append(step.path)
                elif goal is None:
                    self._remove(descent, step.path)
                else:
                    self._discard(descent, step.aside)
                    self._lay(*descent.folder(step.aside, make=True), step, goal)
                    self._move(descent, step.aside, step.path, make=True)
            except (BlockedError, _MovedError):
                left.append(step.path)
        for step in steps:
            if back and step.old is None:
                self._remove_empty(descent, step.path, within=step.aside.rpartition(b"/")[0])
            elif not back and step.new is None:
                self._remove_empty(descent, step.path)
        self._finish(descent, steps)
        return left

    def _finish(self, descent: Descent, steps: tuple[Step, ...]) -> None:
        """Nothing waits aside any more; the journal goes last."""
        descent.restart()
        for step in steps:
            self._discard(descent, step.aside)
        (self._folder / "apply.json").unlink()
        _sync_folder(self._folder)

    def _discard(self, descent: Descent, aside: bytes) -> None:
        try:
            folder, name = descent.folder(aside)
            os.unlink(name, dir_fd=folder)
        except (FileNotFoundError, BlockedError):
            return

    def _save(self, journal: Journal) -> None:
        waiting = self._folder / "apply.json.new"
        try:
            with waiting.open("wb") as file:
                file.write(msgspec.json.encode(journal))
                file.flush()
                os.fsync(file.fileno())
            waiting.replace(self._folder / "apply.json")
            _sync_folder(self._folder)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(waiting)) from error


def _clear_folder(folder: int, name: bytes) -> None:
    """Remove a tree of empty folders that is where a file goes."""
    try:
        if not stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            return
    except FileNotFoundError:
        return
    for _, folders, _, here in os.fwalk(name, topdown=False, dir_fd=folder, follow_symlinks=False):
        for empty in folders:
            os.rmdir(empty, dir_fd=here)
    os.rmdir(name, dir_fd=folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _permissions(bits: int, *, program: bool) -> int:
    """The permissions a file had, with execution granted or taken only where that changes."""
    if bool(bits & 0o100) == program:
        return bits
    return bits | (bits & 0o444) >> 2 if program else bits & ~0o111


def _unwritable(path: str, error: OSError, end: str) -> WorkspaceError:
    where = f"{path or error.filename}: " if path or error.filename else ""
    return WorkspaceError(
        f"your tree cannot be written: {where}{error.strerror or error}; {end}. Check its permissions and the disk"
    )
