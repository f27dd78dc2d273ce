"""Settings → Session: the only module that names the adapters; each import stands inside the function that needs it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from oci_tui.core.changes import Kept
from oci_tui.core.policy import Policy
from oci_tui.core.ports import Engine, Finding, Progress, Setup
from oci_tui.resources import state_folder
from oci_tui.settings import Settings

if TYPE_CHECKING:
    from oci_tui.core.archive import Archive
    from oci_tui.core.events import Event
    from oci_tui.core.models import Listed
    from oci_tui.core.ports import Engine
    from oci_tui.core.session import Session
    from oci_tui.sandbox.inventory import Leftover, ProfileImage
    from oci_tui.store.export import Form


def find_root(path: Path) -> Path:
    """The root of the git repository that `path` is in. Raises WorkspaceError."""
    from oci_tui.workspace.git import find_root as find

    return find(path)


def open_session(settings: Settings, root: Path, *, must_run: bool = False, shared: Engine | None = None) -> Session:
    """A session about the repository at `root`, journalled; nothing is started yet. See `Policy` for `must_run`.

    `shared` is an engine of several sessions, else it has its own.
    """
    from oci_tui import __version__
    from oci_tui.core.events import SessionStarted

    name = _new_name()
    return _session(settings, root, name, [SessionStarted(name, str(root), __version__)], must_run=must_run, shared=shared)


def resume_session(settings: Settings, name: str, *, must_run: bool = False, shared: Engine | None = None) -> Session:
    """A recorded session that goes on where it ended; as `open_session`. Raises StoreError, WorkspaceError."""
    from oci_tui import __version__
    from oci_tui.core.events import SessionResumed
    from oci_tui.core.recall import unfinished
    from oci_tui.store.archive import JournalArchive

    journals = JournalArchive(_journals())
    summary = journals.find(name)
    past = journals.events(summary.name)
    news = [*unfinished(past), SessionResumed(__version__)]
    return _session(settings, find_root(Path(summary.root)), summary.name, news, past, must_run=must_run, shared=shared)


def _session(
    settings: Settings,
    root: Path,
    name: str,
    news: Sequence[Event],
    past: Sequence[Event] = (),
    *,
    must_run: bool,
    shared: Engine | None,
) -> Session:
    from oci_tui.core.approval import Approval
    from oci_tui.core.recall import recalled
    from oci_tui.core.rules import Rules
    from oci_tui.core.session import Session
    from oci_tui.parser.treesitter import TreeSitterParser
    from oci_tui.sandbox.docker import DockerSandbox
    from oci_tui.store.event_log import Both, EventLog
    from oci_tui.store.journal import Journal
    from oci_tui.workspace.git import GitWorkspace

    log = EventLog(state_folder() / "oci-tui.log", settings.log.level, name)
    journal = Both(Journal(_journals() / f"{name}.jsonl"), log)
    for event in news:
        journal.show(event)
    past = (*past, *news) if past else ()
    return Session(
        name=name,
        policy=policy(settings, must_run=must_run),
        engine=shared or engine(settings),
        sandbox=DockerSandbox(settings.sandbox, session=name, repository=str(root)),
        workspace=GitWorkspace(root, settings.workspace, session=name, state=recalled(past).state if past else 0),
        parser=TreeSitterParser(),
        approval=Approval(settings.agent.approval, Rules(settings.approval.allow, settings.approval.deny)),
        sandboxes=lambda: DockerSandbox(settings.sandbox, session=name, repository=str(root)),
        journal=journal,
        past=past,
    )


class _Archive:
    """The journals together with the mirrors; what each method does is said in `core.archive.Archive`."""

    def __init__(self) -> None:
        from oci_tui.store.archive import JournalArchive

        self._journals = JournalArchive(_journals())
        self.listed, self.find = self._journals.listed, self._journals.find
        self.rounds, self.rename, self.lost = self._journals.rounds, self._journals.rename, self._journals.lost

    def fork(self, name: str, number: int = 0) -> str:
        from oci_tui import __version__
        from oci_tui.workspace import past

        summary, new = self.find(name), _new_name()
        made = self._journals.fork(summary.name, number, new, __version__)
        past.fork(Path(summary.root), summary.name, new, made.state, made.number)
        return new

    def delete(self, name: str) -> None:
        from oci_tui.workspace import past

        summary = self.find(name, unreadable=True)
        self._journals.delete(summary.name)
        if not summary.unreadable:
            past.forget(Path(summary.root), summary.name)


def archive() -> Archive:
    """The sessions that were recorded."""
    return _Archive()


def export(name: str, form: Form) -> str:
    """A session, by its name or the beginning of it, in another form and without secrets."""
    from oci_tui.store.archive import JournalArchive
    from oci_tui.store.export import exported

    journals = JournalArchive(_journals())
    found = journals.find(name).name
    return exported(journals.told(found), form, found)


def journal_of(name: str) -> Path:
    """The journal of a session, by its name or the beginning of it."""
    from oci_tui.store.archive import JournalArchive

    return JournalArchive(_journals()).file(name)


def _new_name() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"


def _journals() -> Path:
    return state_folder() / "sessions"


def history(root: Path) -> tuple[str, tuple[Kept, ...]]:
    """The last session on the repository at `root`, and what it remembers, the oldest first."""
    from oci_tui.workspace.past import last_history

    with last_history(root) as last:
        return last.session, last.listed()


def restore(root: Path, number: int) -> None:
    """Let the next session on this repository begin at the end of this round of the last one."""
    from oci_tui.workspace.past import last_history

    with last_history(root) as last:
        last.begin_next_at(number)


def undo(root: Path, session: str) -> tuple[str, tuple[str, ...]]:
    """Take back the change accepted last on the repository at `root` ("" is any session); the session, and the files."""
    from oci_tui.workspace import past

    return past.undo(root, session)


def redo(root: Path, session: str) -> tuple[str, tuple[str, ...]]:
    """Do again what was undone last; as `undo`."""
    from oci_tui.workspace import past

    return past.redo(root, session)


def policy(settings: Settings, *, must_run: bool = True) -> Policy:
    """How turns are run under these settings."""
    return Policy(
        rounds=settings.agent.rounds,
        candidates=settings.agent.candidates,
        containers=settings.agent.containers,
        check_command=settings.check.command,
        timeout_s=settings.sandbox.timeout_s,
        max_new_tokens=settings.engine.max_new_tokens,
        commit=settings.workspace.commit,
        sampling=settings.sampling.sampling(),
        stateful=settings.sandbox.python == "session",
        must_run=must_run,
        alternatives=settings.engine.alternatives,
    )


def findings(settings: Settings, root: Path | None = None) -> list[Finding]:
    """What is there and what is missing, part by part, and what the repository at `root` has of its own."""
    from oci_tui.engine.installation import examine as examine_engine
    from oci_tui.sandbox.installation import examine as examine_sandbox
    from oci_tui.workspace.git import examine as examine_workspace

    return [*examine_workspace(), *examine_sandbox(settings.sandbox, str(root or "")), *examine_engine(settings.engine)]


def machine(settings: Settings) -> list[tuple[str, str]]:
    """Memory of this machine, versions and places, by name."""
    from oci_tui.engine.machine import machine as told

    return [*told(), ("profile", settings.sandbox.profile), ("sessions", str(_journals()))]


def group_waits() -> bool:
    """Whether the person may use Docker, but this process was started before that was so."""
    from oci_tui.sandbox.membership import waits

    return waits()


def setups(settings: Settings) -> list[Setup]:
    """What `oci-tui setup` can put in place, in order."""
    from oci_tui.engine.installation import setups as setups_engine
    from oci_tui.sandbox.installation import setups as setups_sandbox

    return [*setups_sandbox(settings.sandbox), *setups_engine(settings.engine)]


def sandbox_setup(settings: Settings) -> Setup:
    """What makes the image of the settings' profile."""
    from oci_tui.sandbox.installation import ImageSetup

    return ImageSetup(settings.sandbox)


def sandboxes(settings: Settings) -> list[ProfileImage]:
    """Every profile and its image."""
    from oci_tui.sandbox import inventory

    with inventory.connected(settings.sandbox.docker_host) as api:
        return inventory.profiles(api)


@contextmanager
def sandbox_leftovers(settings: Settings, *, everything: bool) -> Iterator[tuple[list[Leftover], Callable[[Leftover], str]]]:
    """What of ours nobody needs any more, and what removes one of it and says why it has to stay."""
    from oci_tui.sandbox import inventory

    with inventory.connected(settings.sandbox.docker_host) as api:
        yield inventory.leftovers(api, everything=everything), partial(inventory.discard, api)


def run_shell(settings: Settings, root: Path | None) -> int:
    """A shell in a sandbox that holds a mirror of the repository at `root`, or nothing; its exit code."""
    import asyncio

    from oci_tui.sandbox.shell import run_shell as run
    from oci_tui.workspace.copying import copied

    session = f"shell-{secrets.token_hex(6)}"
    if root is None:
        return asyncio.run(run(settings.sandbox, session, "", None))
    with copied(root, settings.workspace) as (tar, _):
        return asyncio.run(run(settings.sandbox, session, str(root), tar))


def preparation(settings: Settings, root: Path, command: str) -> tuple[str, Generator[Progress]]:
    """What preparing the repository's own image would do, for the person to approve; and the doing, line by line."""
    from oci_tui.sandbox import inventory, preparation
    from oci_tui.sandbox.profile import load
    from oci_tui.workspace.copying import copied

    profile = load(settings.sandbox.profile)

    def steps() -> Generator[Progress]:
        with inventory.connected(settings.sandbox.docker_host) as api, copied(root, settings.workspace) as (tar, _):
            yield from preparation.prepare(api, profile, settings.sandbox, str(root), tar, command)

    return preparation.described(profile, root, command), steps()


def drop_prepared(settings: Settings, root: Path) -> bool:
    """Remove the repository's own image; whether there was one."""
    from oci_tui.sandbox import inventory, preparation
    from oci_tui.sandbox.profile import load

    with inventory.connected(settings.sandbox.docker_host) as api:
        return preparation.drop(api, load(settings.sandbox.profile), str(root))


def models() -> tuple[Listed, ...]:
    """Every model that is here or can be fetched by name."""
    from oci_tui.engine.models import listed

    return listed()


def model_info(settings: Settings) -> list[str]:
    """Lines about the model that the settings name, before it is loaded."""
    from oci_tui.engine.info import info

    return info(settings.engine)


async def model_info_apart(settings: Settings) -> list[str]:
    """`model_info`, told by a process of its own."""
    from oci_tui.engine.info import info_apart

    return await info_apart(settings.engine.model)


def engine(settings: Settings) -> Engine:
    """The engine that the settings ask for; nothing is started yet. Raises EngineError or ModelError."""
    from oci_tui.engine.opening import open_engine

    return open_engine(settings.engine, state_folder() / "engine.log")


def pull_model(name: str, settings: Settings) -> Generator[Progress]:
    """Fetch a model: by name, the recommended one, or from the hub by repository and revision."""
    from oci_tui.engine.models import pull

    return pull(name, settings.engine)


def remove_model(name: str) -> None:
    """Delete a fetched model."""
    from oci_tui.engine.models import remove

    remove(name)


def create_repository(folder: Path, files: Mapping[str, str]) -> None:
    """A new git repository with one commit of `files`."""
    from oci_tui.workspace.creation import create_repository as create

    create(folder, files)
