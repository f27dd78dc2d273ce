"""The one choke point to the git command: it never runs a program that a repository names, and never writes to the user's.

Git executes commands from a repository's own configuration on plain reads. Here the environment is scrubbed, those settings are
overridden on the command line (which reaches nested repositories too), and only commands that do not read file contents
are used on the user's repository.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from oci_tui.core.errors import WorkspaceError
from oci_tui.core.terminal import visible_line

TIMEOUT_S = 300.0
_LONGEST_MESSAGE = 300
_MOST_LINES = 4
_USERS_OWN = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CEILING_DIRECTORIES"})
_PLACES = frozenset(
    f"GIT_{name}"
    for name in (
        "DIR",
        "WORK_TREE",
        "INDEX_FILE",
        "COMMON_DIR",
        "OBJECT_DIRECTORY",
        "ALTERNATE_OBJECT_DIRECTORIES",
        "NAMESPACE",
        "PREFIX",
    )
)
_OVERRIDES = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    "core.sshCommand=false",
    "core.gitProxy=",
    "core.alternateRefsCommand=",
    "core.pager=cat",
    "core.quotePath=true",
    "credential.helper=",
    "diff.external=",
    "protocol.allow=never",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
)
_SHADOW = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_ATTR_NOSYSTEM": "1"}


class Ran(NamedTuple):
    """What a git command gave back."""

    code: int
    out: bytes


def environment() -> dict[str, str]:
    """The process environment without git's variables, but for those that say where the user's own settings are."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _USERS_OWN}
    return kept | {
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "LC_ALL": "C",
    }


class SafeGit:
    """The git command on one repository. With `shadow` it is a private bare one, and no settings but its own count.

    Each runs in a session of its own: Ctrl+C in a terminal is for the turn, not for git.
    """

    def __init__(self, folder: Path, *, shadow: bool = False) -> None:
        self.folder = folder
        self._shadow = shadow

    def run(
        self,
        *arguments: str,
        given: bytes = b"",
        expected: Sequence[int] = (0,),
        extra: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Ran:
        """Run one command to its end, with `given` on its input. Raises WorkspaceError on any exit status but the expected."""
        try:
            done = subprocess.run(
                self._argv(arguments),
                input=given,
                capture_output=True,
                env=self._environment(extra),
                cwd="/",
                timeout=timeout_s,
                check=False,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired as error:
            raise WorkspaceError(f"git {arguments[0]} did not end within {timeout_s:.0f} s on {self._name()}") from error
        except OSError as error:
            raise _absent(error) from error
        if done.returncode not in expected:
            raise WorkspaceError(f"{self._name()}: git {arguments[0]}: {self._complaint(done.stderr)}")
        return Ran(done.returncode, done.stdout)

    @contextmanager
    def pipe(self, *arguments: str, given: IO[bytes] | None = None) -> Iterator[subprocess.Popen[bytes]]:
        """A running command with a stdin (unless `given`) and a stdout to talk to; leaving early kills it.

        Raises WorkspaceError when it fails.
        """
        with tempfile.TemporaryFile() as complaints:
            try:
                process = subprocess.Popen(
                    self._argv(arguments),
                    stdin=given or subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=complaints,
                    env=self._environment(None),
                    cwd="/",
                    start_new_session=True,
                )
            except OSError as error:
                raise _absent(error) from error
            broken = False
            try:
                yield process
                if process.stdin:
                    process.stdin.close()
                process.wait(TIMEOUT_S)
            except (BrokenPipeError, subprocess.TimeoutExpired):
                broken = True
            finally:
                process.kill()
                process.wait()
                _shut(process)
            if broken or process.returncode:
                complaints.seek(0)
                raise WorkspaceError(f"{self._name()}: git {arguments[0]}: {first_line(complaints.read(4096))}")

    def _argv(self, arguments: Sequence[str]) -> list[str]:
        place = [f"--git-dir={self.folder}"] if self._shadow else ["-C", str(self.folder)]
        return ["git", "--no-pager", *place, *(part for setting in _OVERRIDES for part in ("-c", setting)), *arguments]

    def _environment(self, extra: Mapping[str, str] | None) -> dict[str, str]:
        return environment() | (_SHADOW if self._shadow else {}) | dict(extra or {})

    def _complaint(self, said: bytes) -> str:
        return first_line(said)

    def _name(self) -> str:
        return visible_line(os.fsencode(self.folder).decode("utf-8", "backslashreplace"))


class OwnGit(SafeGit):
    """The user's own git with all they configured: hooks, filters, signing. Only for a commit that they ask for."""

    def _argv(self, arguments: Sequence[str]) -> list[str]:
        return ["git", "--no-pager", "-C", str(self.folder), *arguments]

    def _environment(self, extra: Mapping[str, str] | None) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in _PLACES}
        return kept | {"GIT_TERMINAL_PROMPT": "0"} | dict(extra or {})

    def _complaint(self, said: bytes) -> str:
        """What git or a hook said last: a hook says first what it is about to do."""
        lines = [line.strip() for line in said.decode("utf-8", "backslashreplace").splitlines() if line.strip()]
        return "; ".join(map(visible_line, lines[-_MOST_LINES:]))[-_LONGEST_MESSAGE:] or first_line(said)


def version() -> str:
    """Git's version, for example "2.39.5". Raises WorkspaceError when there is no git."""
    words = SafeGit(Path("/")).run("version").out.decode("utf-8", "replace").split()
    return words[2] if len(words) > 2 else "unknown"


def first_line(complaints: bytes) -> str:
    """What git said first of why it failed, harmless and short."""
    lines = [line for line in complaints.decode("utf-8", "backslashreplace").splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal: ", "error: "))] or lines or ["it failed and did not say why"]
    return visible_line(telling[0])[:_LONGEST_MESSAGE]


def _absent(error: OSError) -> WorkspaceError:
    return WorkspaceError(f"the git command cannot be run ({error.strerror}); install git 2.38 or newer")


def _shut(process: subprocess.Popen[bytes]) -> None:
    if process.stdout:
        process.stdout.close()
    if process.stdin:
        try:
            process.stdin.close()
        except BrokenPipeError:
            process.stdin = None
