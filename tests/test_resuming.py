"""A session goes on in another process, or from one of its rounds: conversation, mirror and pending change are as they were."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from oci_tui import assemble
from oci_tui.core import events
from oci_tui.core.errors import StoreError
from oci_tui.core.events import Event
from oci_tui.core.session import Session
from oci_tui.core.verdict import Verdict
from oci_tui.settings import Settings, load
from tests.calculator import FILES, FIXED, RIGHT, WRONG, MakeRepository, scripted

pytestmark = pytest.mark.docker

PROSE = "It adds them."
MORE = "more.py\n```python\nx = 1\n```\n"


def settings(folder: Path, *replies: str) -> Settings:
    _, kind, _, file = scripted(folder, *replies)
    return load({"engine.kind": kind, "engine.replies": file})


@asynccontextmanager
async def opened(session: Session) -> AsyncIterator[Session]:
    try:
        yield session
    finally:
        await session.close()


async def happened(stream: AsyncGenerator[Event]) -> list[Event]:
    async with aclosing(stream):
        return [event async for event in stream]


def verdict(told: list[Event]) -> Verdict:
    (end,) = [event for event in told if isinstance(event, events.TurnFinished)]
    return end.verdict


async def test_it_goes_on_as_it_was(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    async with opened(assemble.open_session(settings(tmp_path, WRONG, RIGHT), root)) as first:
        assert verdict(await happened(first.ask("fix it"))) is Verdict.PASSED
        messages, known, output = first.conversation.messages, first.conversation.known, first.conversation.output
        diff = await first.workspace.diff()
    (root / "test_calc.py").write_text(f"# mine\n{FILES['test_calc.py']}")
    async with opened(assemble.resume_session(settings(tmp_path, PROSE, MORE), "")) as second:
        assert second.name == first.name
        assert second.conversation.messages == messages
        assert (second.conversation.known, second.conversation.output) == (known, output)
        told = await happened(second.ask("why?"))
        assert verdict(told) is Verdict.ANSWERED
        assert next(event.diff for event in told if isinstance(event, events.DiffChanged)) == diff
        assert second.workspace.read("test_calc.py") == f"# mine\n{FILES['test_calc.py']}", "what the user wrote is no change"
        assert "def add" not in second.conversation.messages[-2].content, "it knows the file as it is"
        await happened(second.settle.accept())
        assert (root / "calc.py").read_text() == FIXED
        assert await first_number(second, "and more") == 4
    async with opened(assemble.resume_session(settings(tmp_path, PROSE), first.name[:17])) as third:
        await happened(third.prepare())
        assert [file.path for file in (await third.workspace.diff()).files] == ["more.py"]
        await happened(third.settle.undo())
        assert (root / "calc.py").read_text() == FILES["calc.py"]


async def first_number(session: Session, prompt: str) -> int:
    told = await happened(session.ask(prompt))
    return next(event.number for event in told if isinstance(event, events.RoundFinished))


async def test_a_fork_goes_on_after_a_round_and_the_session_stays_as_it_is(
    make_repository: MakeRepository, tmp_path: Path
) -> None:
    root = make_repository(FILES)
    async with opened(assemble.open_session(settings(tmp_path, WRONG, RIGHT), root)) as first:
        await happened(first.ask("fix it"))
        after = first.conversation.messages
    archive = assemble.archive()
    assert [(entry.number, entry.passed, entry.prompt) for entry in archive.rounds(first.name)] == [
        (1, False, "fix it"),
        (2, True, "fix it"),
    ]
    with pytest.raises(StoreError, match="no round 3 in this session; there are 1 to 2"):
        archive.fork(first.name, 3)
    name = archive.fork(first.name, 1)
    async with opened(assemble.resume_session(settings(tmp_path, PROSE), name)) as fork:
        assert fork.conversation.messages == after[:4], "prompt, reply, and what came of it"
        assert "Execution result" in after[3].content
        await happened(fork.prepare())
        assert fork.workspace.read("calc.py") == "def add(a, b):\n    return b - a\n"
        assert [kept.number for kept in await fork.workspace.history.log()] == [1]
    async with opened(assemble.resume_session(settings(tmp_path, PROSE), archive.fork(first.name))) as whole:
        assert whole.conversation.messages == after
        await happened(whole.prepare())
        assert whole.workspace.read("calc.py") == FIXED
    assert {summary.name for summary in archive.listed(str(root))} == {first.name, fork.name, whole.name}
    archive.delete(fork.name)
    assert {summary.name for summary in archive.listed()} == {first.name, whole.name}
    async with opened(assemble.resume_session(settings(tmp_path, PROSE), first.name)) as again:
        await happened(again.prepare())
        assert again.workspace.read("calc.py") == FIXED


async def test_an_open_session_is_neither_resumed_nor_deleted(make_repository: MakeRepository, tmp_path: Path) -> None:
    async with opened(assemble.open_session(settings(tmp_path, PROSE), make_repository(FILES))) as first:
        with pytest.raises(StoreError, match="is open in another oci-tui"):
            assemble.resume_session(settings(tmp_path, PROSE), first.name)
        with pytest.raises(StoreError, match="is open in another oci-tui"):
            assemble.archive().delete(first.name)
        assert [summary.open for summary in assemble.archive().listed()] == [True]
    assert [summary.open for summary in assemble.archive().listed()] == [False]
