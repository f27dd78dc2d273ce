"""What the prompt box remembers beyond a session: earlier prompts, and the draft of what was never sent."""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path

import msgspec

from oci_tui.core.errors import StoreError

MOST = 500
APPS = 16
"""So many apps on one repository have a draft that is remembered."""


class PromptMemory:
    """Prompts and drafts for one repository, in files of `folder`, private to the user.

    Each running app has a draft file of its own, which it holds locked; a draft is restored only when no running app has it.
    What cannot be read or written is not remembered; `problem` says why, once it happened.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        name = hashlib.sha256(str(root).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self._prompts = folder / f"{name}.jsonl"
        self._drafts = [folder / f"{name}{number}.draft" for number in ("", *(f"-{n}" for n in range(2, APPS + 1)))]
        self._own: tuple[Path, int] | None = None
        self.problem = ""

    def prompts(self) -> list[str]:
        """Earlier prompts, the oldest first."""
        lines = self._read(self._prompts).splitlines()[-MOST:]
        try:
            return [msgspec.json.decode(line, type=str) for line in lines if line]
        except msgspec.MsgspecError as error:
            self.problem = f"{self._prompts}: {error}; earlier prompts are left out"
            return []

    def draft(self) -> str:
        """What was in the box and never sent; "" when a running app has it. From now on it is this one's."""
        self.release()
        for file in self._drafts:
            try:
                held = _held(file, make=False)
            except OSError as error:
                self.problem = f"{file}: cannot be read ({error})"
                return ""
            if held is None:
                continue
            if text := self._read(file):
                self._own = file, held
                return text
            os.close(held)
        return ""

    def release(self) -> None:
        """Leave the draft to the app that is started next."""
        own, self._own = self._own, None
        if own is not None:
            os.close(own[1])

    def add(self, prompt: str) -> None:
        """Remember a prompt that was sent."""
        try:
            line = msgspec.json.encode(prompt).decode()
        except UnicodeEncodeError:
            return  # half a character: it cannot be told from another's
        self._write(self._prompts, f"{line}\n", "a")

    def keep(self, draft: str) -> None:
        """Remember what stands in the box, "" for nothing."""
        if self._own is None and draft:
            self._own = self._free()
        if self._own is not None:
            self._write(self._own[0], draft, "w")

    def _free(self) -> tuple[Path, int] | None:
        """The first file that no app has and that holds no draft."""
        for file in self._drafts:
            try:
                held = _held(file, make=True)
            except (OSError, StoreError) as error:
                self.problem = f"{file}: cannot be written ({error}); the draft is not remembered"
                return None
            if held is not None and not self._read(file):
                return file, held
            if held is not None:
                os.close(held)
        return None

    def _read(self, file: Path) -> str:
        try:
            return file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            self.problem = f"{file}: cannot be read ({error})"
            return ""

    def _write(self, file: Path, text: str, mode: str) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with file.open(mode, encoding="utf-8", errors="replace") as written:
                written.write(text)
            file.chmod(0o600)
        except (OSError, StoreError) as error:
            self.problem = f"{file}: cannot be written ({error}); prompts are not remembered"


def _held(file: Path, *, make: bool) -> int | None:
    """The file, locked for this process; None where another has it, or where it is not there and is not to be made."""
    if make:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if make else 0), 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
