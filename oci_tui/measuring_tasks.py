"""Settings → the ways that repository tasks are done in: sessions made as `assemble` makes them, and a peer beside them."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from oci_tui import __version__, assemble
from oci_tui.core.errors import SandboxError, SettingsError
from oci_tui.core.ports import Engine, Progress
from oci_tui.core.session import Session
from oci_tui.evaluate.evaluation import Model
from oci_tui.evaluate.peer import Aider, Server
from oci_tui.evaluate.product import Product
from oci_tui.evaluate.task_folders import RepositoryTask
from oci_tui.evaluate.task_ways import TasksWanted, TaskWay, conditions, named
from oci_tui.evaluate.tasks import OpenSandbox
from oci_tui.settings import Settings


@asynccontextmanager
async def task_ways(
    settings: Settings,
    tasks: Sequence[RepositoryTask],
    wanted: TasksWanted,
    journals: Path,
    tell: Callable[[Progress], None],
) -> AsyncGenerator[tuple[Sequence[TaskWay], OpenSandbox]]:
    """The ways that these tasks are to be done in, with the model loaded, and what makes a sandbox of a profile.

    What happened in each session is kept in the folder `journals`.
    Raises OciError: an image, the model or the peer's program is missing.
    """
    from oci_tui.engine.fingerprint import fingerprint
    from oci_tui.sandbox.docker import DockerSandbox
    from oci_tui.share.engine import SharedEngine
    from oci_tui.workspace.creation import create_repository

    if wanted.peer and not settings.engine.is_endpoint:
        raise SettingsError("--peer: both use the same model server; name it with --url http://HOST:PORT/v1")
    _need_images(settings, {task.profile for task in tasks})
    known = fingerprint(settings.engine)
    model = Model(assemble.engine(settings), known.sha256, served=known.served, how=known.how)
    session = f"evaluate-{secrets.token_hex(6)}"

    def sandbox(profile: str) -> DockerSandbox:
        return DockerSandbox(replace(settings.sandbox, profile=profile), session=session, repository="")

    try:
        info = await model.start(tell)
        sampling, most = settings.sampling.sampling(), settings.engine.max_new_tokens
        held = partial(conditions, sampling, most, info, model.sha256, tasks, wanted)
        ways = []
        for count in dict.fromkeys((1, wanted.candidates)):
            open_session = partial(_session, settings, SharedEngine(model.engine), journals, wanted.rounds, count)
            ways.append(TaskWay(Product(named(count), open_session), held(named(count), __version__)))
        if wanted.peer:
            peer = Aider(wanted.peer, Server(settings.engine.url, info.model), sandbox, create_repository)
            ways.append(TaskWay(peer, held(peer.name, f"aider {await peer.version()}")))
        yield ways, sandbox
    finally:
        await model.engine.close()


@asynccontextmanager
async def _session(
    settings: Settings, engine: Engine, journals: Path, rounds: int, candidates: int, task: RepositoryTask, root: Path
) -> AsyncGenerator[Session]:
    """A session on the task's files at `root`; what is kept of them elsewhere goes with it, but for its journal."""
    from oci_tui.workspace.creation import create_repository
    from oci_tui.workspace.past import folder_of

    own = replace(
        settings,
        sandbox=replace(settings.sandbox, profile=task.profile, timeout_s=task.timeout_s),
        check=replace(settings.check, command=task.check),
        agent=replace(settings.agent, rounds=rounds, candidates=candidates, approval="auto"),
    )
    create_repository(root, {path: text.decode() for path, text in task.repo.items()})
    made = assemble.open_session(own, root, must_run=True, shared=engine)
    journal = assemble.journal_of(made.name)
    try:
        yield made
    finally:
        await made.close()
        journals.mkdir(parents=True, exist_ok=True)
        shutil.move(journal, journals / f"{task.name}-{candidates}.jsonl")
        shutil.rmtree(journal.with_suffix(""), ignore_errors=True)
        shutil.rmtree(folder_of(root), ignore_errors=True)


def _need_images(settings: Settings, profiles: set[str]) -> None:
    """Raises SandboxError where one is not built: better now than after half of the tasks."""
    from oci_tui.sandbox import inventory

    with inventory.connected(settings.sandbox.docker_host) as api:
        built = {row.profile for row in inventory.profiles(api) if row.built}
    if missing := sorted(profiles - built):
        raise SandboxError(f"these tasks need the image of the profile {missing[0]}: oci-tui sandbox build {missing[0]}")
