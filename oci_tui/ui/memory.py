"""What the prompt box remembers beyond a session: earlier prompts, and the draft of what was never sent."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from oci_tui.core.errors import StoreError

MOST = 500


class PromptMemory:
    """Prompts and the draft for one repository, in two files of `folder`, private to the user.

    What cannot be read or written is not remembered; `problem` says why, once it happened.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        name = hashlib.sha256(str(root).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self._prompts = folder / f"{name}.jsonl"
        self._draft = folder / f"{name}.draft"
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
        """What was in the box and never sent."""
        return self._read(self._draft)

    def add(self, prompt: str) -> None:
        """Remember a prompt that was sent."""
        try:
            line = msgspec.json.encode(prompt).decode()
        except UnicodeEncodeError:
            return  # half a character: it cannot be told from another's
        self._write(self._prompts, f"{line}\n", "a")

    def keep(self, draft: str) -> None:
        """Remember what stands in the box, "" for nothing."""
        if draft or self._draft.exists():
            self._write(self._draft, draft, "w")

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
