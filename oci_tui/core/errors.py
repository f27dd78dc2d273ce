"""The errors a person may see: one line that says what is wrong, where, and what to do.

OciError
├── SettingsError      a settings file, an environment variable or a flag
├── EngineError        the model or the process that holds it
│   ├── EngineDiedError  the process that holds the model died
│   └── ModelError     a model that is missing, truncated, or of an unknown format
├── SandboxError       the Docker engine, the image or the container
├── WorkspaceError     the repository or its mirror
│   └── ConflictError  the user's tree and the change both touched the same lines; nothing was written
├── PromptError        a prompt that has no room in what the model reads
├── DatasetError       a dataset that is missing, damaged or of an unknown form
├── SelectionError     a part of the change that a person named
├── ShareError         a host of sessions, or the way to it
└── StoreError         the journal or the state folder
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from oci_tui.core.conflict import Versions

DeathCause = Literal["out of memory", "killed", "crashed"]


class OciError(Exception):
    """Base of all errors shown to a person. `str(error)` is one line: what, where, what to do.

    `exit_code` is the exit code of a command that ends with it, `part` the part of a session it belongs to.
    """

    exit_code = 3
    part: Literal["engine", "sandbox", "workspace"] = "workspace"


class SettingsError(OciError):
    """A setting that cannot be used."""

    exit_code = 2


class EngineError(OciError):
    """The engine cannot start, died, or refused a request."""

    part = "engine"


class EngineDiedError(EngineError):
    """The process that holds the model died; the next request starts it anew.

    `cause` is "out of memory" only where there is evidence of it; `log_lines` are its last words, the newest last.
    """

    def __init__(self, message: str, cause: DeathCause, log_lines: tuple[str, ...]) -> None:
        self.cause = cause
        self.log_lines = log_lines
        super().__init__(message)


class ModelError(EngineError):
    """The model is missing, truncated, or of an unknown format."""


class SandboxError(OciError):
    """The Docker engine, the image or the container cannot do what was asked."""

    part = "sandbox"


class WorkspaceError(OciError):
    """The repository or its mirror cannot be read or written."""


class ConflictError(WorkspaceError):
    """The user's tree and a change both touched the same lines; nothing was written.

    `paths` are the files in conflict, each with its `versions` where they could be told; `clean` are the change's other files.
    `doing` is what was wanted of the change: "accepted", "undone", "done again".
    """

    exit_code = 4

    def __init__(
        self,
        paths: tuple[str, ...],
        clean: tuple[str, ...] = (),
        versions: tuple[Versions, ...] = (),
        doing: str = "accepted",
    ) -> None:
        self.paths = paths
        self.clean = clean
        self.versions = versions
        self.doing = doing
        super().__init__(f"not {doing}: {', '.join(paths)} changed in your tree too, in the same lines; nothing was written")


class PromptError(OciError):
    """A prompt that has no room in what the model reads."""


class DatasetError(OciError):
    """A dataset is missing, damaged, not the published one, or not of a known form."""


class SelectionError(OciError):
    """A part of the pending change was named that is not in it."""

    exit_code = 2


class StoreError(OciError):
    """The journal or the state folder cannot be read or written."""


class ShareError(OciError):
    """A host cannot be reached, or refuses what is asked of it."""
