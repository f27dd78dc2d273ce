"""Best of n on real parts: replies side by side, each in a container of its own; the best one is the round's."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest
from textual.pilot import Pilot

from oci_tui.assemble import open_session
from oci_tui.core import events
from oci_tui.core.approval import Approval
from oci_tui.core.errors import SandboxError
from oci_tui.core.events import Event
from oci_tui.core.generation import Message, Piece, Request, Token
from oci_tui.core.policy import Policy
from oci_tui.core.ports import Command, Exit, Output, Plot, Progress
from oci_tui.core.race_events import CandidateChosen, CandidateFinished, CandidateStarted
from oci_tui.core.session import Session
from oci_tui.core.verdict import NOT_AS_STATED, Verdict
from oci_tui.engine.scripted import ScriptedEngine
from oci_tui.parser.treesitter import TreeSitterParser
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.settings import AgentSettings, EngineSettings, SandboxSettings, Settings, WorkspaceSettings
from oci_tui.store.journal import Journal
from oci_tui.ui.app import OciApp
from oci_tui.ui.replay import ReplaySession
from oci_tui.workspace.git import GitWorkspace
from tests.calculator import FILES, RIGHT, WRONG, MakeRepository, scripted
from tests.cli.test_commands import oci
from tests.sandbox.running import client, of_session
from tests.test_app import until
from tests.test_session import only, turn, verdict
from tests.ui.test_workbench import text_of

SESSION = "test-race"
WORDY = RIGHT.replace("def add", "# the sum of both\n# as the test wants it\ndef add")
SUMS = [RIGHT.replace("a + b", text) for text in ("a + b", "b + a", "(a + b)")]
BROKEN = WRONG.replace("b - a", "undefined")
TWO = {
    "calc.py": "def add(a, b):\n    return a - b\n\n\ndef mul(a, b):\n    return a + b\n",
    "test_calc.py": "import calc\n\n\ndef test_add():\n    assert calc.add(1, 2) == 3\n\n\n"
    "def test_mul():\n    assert calc.mul(2, 3) == 6\n",
}


def two(add: str, mul: str) -> str:
    return f"calc.py\n```python\ndef add(a, b):\n    return {add}\n\n\ndef mul(a, b):\n    return {mul}\n```\n"


class Counted(DockerSandbox):
    """Remembers those of its kind that are open, and how many were at a time."""

    open: ClassVar[set[int]] = set()
    most: ClassVar[int] = 0

    async def start(self) -> AsyncGenerator[Progress]:
        async with aclosing(super().start()) as steps:
            async for step in steps:
                yield step
        Counted.open.add(id(self))
        Counted.most = max(Counted.most, len(Counted.open))

    async def close(self) -> None:
        await super().close()
        Counted.open.discard(id(self))


class Failing(Counted):
    """Cannot be started."""

    async def start(self) -> AsyncGenerator[Progress]:
        yield Progress("failing")
        raise SandboxError("no memory is left; close something")


@asynccontextmanager
async def racing(
    root: Path, replies: Sequence[str], policy: Policy, at_once: int = 4, engine: ScriptedEngine | None = None
) -> AsyncGenerator[Session]:
    Counted.open, Counted.most = set(), 0
    record = Journal(root.parent / "journal.jsonl")
    session = Session(
        name=SESSION,
        policy=policy,
        engine=engine or ScriptedEngine(replies, at_once=at_once),
        sandbox=DockerSandbox(SandboxSettings(), session=SESSION, repository=str(root)),
        workspace=GitWorkspace(root, WorkspaceSettings(), session=SESSION),
        parser=TreeSitterParser(),
        approval=Approval(),
        journal=record,
        sandboxes=lambda: Counted(SandboxSettings(), session=SESSION, repository=str(root)),
    )
    try:
        yield session
        assert not Counted.open
    finally:
        await session.close()
        record.close()


def candidates(happened: list[Event]) -> list[tuple[int, bool | None, str, int]]:
    """Number, passed, outcome and lines of each, by number."""
    return sorted(
        (event.number, event.passed, event.outcome, event.lines) for event in happened if isinstance(event, CandidateFinished)
    )


def chosen(happened: list[Event]) -> tuple[int, str]:
    (event,) = only(happened, CandidateChosen)
    assert isinstance(event, CandidateChosen)
    return event.number, event.why


@pytest.mark.docker
async def test_the_one_that_passes_with_the_smaller_change_is_the_rounds(make_repository: MakeRepository) -> None:
    async with racing(make_repository(FILES), [WRONG, WORDY, BROKEN, RIGHT], Policy(candidates=4, timeout_s=20)) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        assert candidates(happened) == [
            (1, False, "1 failed", 2),
            (2, True, "1 passed", 4),
            (3, False, "1 failed", 2),
            (4, True, "1 passed", 2),
        ]
        assert chosen(happened) == (4, "the smaller change")
        assert len(only(happened, CandidateStarted)) == 4
        # what happened in it is told as if it had been alone
        assert "".join(event.text for event in happened if isinstance(event, events.ReplyGrew)) == RIGHT
        assert len(only(happened, events.CommandStarted)) == len(only(happened, events.RoundFinished)) == 1
        assert session.workspace.read("calc.py") == "def add(a, b):\n    return a + b\n"
        assert session.conversation.messages[-1] == Message("assistant", RIGHT)
        assert [message.role for message in session.conversation.messages] == ["system", "user", "assistant"]
        assert 1 <= Counted.most <= 3
        async with aclosing(session.run("cat calc.py")) as running:
            printed = [event.text async for event in running if isinstance(event, events.OutputArrived)]
        assert printed == ["def add(a, b):\n    return a + b\n"]


@pytest.mark.docker
async def test_where_none_passes_the_most_tests_count_and_the_next_round_goes_on_from_there(
    make_repository: MakeRepository,
) -> None:
    first = [two("a - b", "a - b"), two("a + b", "a - b")]
    second = [two("a + b", "a / b"), two("a + b", "a * b")]
    async with racing(make_repository(TWO), [*first, *second], Policy(candidates=2, containers=1, timeout_s=20)) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        picks = [(event.number, event.why) for event in happened if isinstance(event, CandidateChosen)]
        assert picks == [(2, "more tests passed"), (2, "how its check came out")]
        assert Counted.most == 1
        told = session.conversation.messages
        assert [message.role for message in told] == ["system", "user", "assistant", "user", "assistant"]
        assert told[2].content == first[1]
        assert "1 failed, 1 passed" in told[3].content


@pytest.mark.docker
async def test_one_after_the_other_ends_with_the_first_that_passes(make_repository: MakeRepository) -> None:
    async with racing(make_repository(FILES), [WRONG, RIGHT, BROKEN], Policy(candidates=3, timeout_s=20), at_once=1) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        assert [number for number, *_ in candidates(happened)] == [1, 2]
        assert chosen(happened) == (2, "how its check came out")


@pytest.mark.docker
async def test_one_that_does_what_the_prompt_states_is_looked_for_and_wins(make_repository: MakeRepository) -> None:
    double = "calc.py\n```python\ndef double(a):\n    return {}\n```"
    replies = [double.format("3 * a"), double.format("a + a"), double.format("2 * a")]
    files = {**FILES, "calc.py": "def add(a, b):\n    return a + b\n"}
    async with racing(make_repository(files), replies, Policy(candidates=3, timeout_s=20), at_once=1) as session:
        happened = await turn(session, "Add double(a): double(3) must be 6.")
    assert verdict(happened) is Verdict.PASSED
    assert [(number, outcome) for number, _, outcome, _ in candidates(happened)] == [(1, NOT_AS_STATED), (2, "1 passed")]
    assert chosen(happened) == (2, "how its check came out")


@pytest.mark.docker
async def test_after_a_failed_last_round_several_begin_anew(make_repository: MakeRepository) -> None:
    asked: list[Request] = []

    class Heard(ScriptedEngine):
        def generate(self, request: Request) -> AsyncGenerator[Piece]:
            asked.append(request)
            return super().generate(request)

    engine = Heard([WRONG, BROKEN, BROKEN, RIGHT, WRONG, f"{WRONG}\nOr so."], at_once=4)
    async with racing(make_repository(FILES), [], Policy(rounds=2, timeout_s=20), engine=engine) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        assert chosen(happened) == (2, "how its check came out")
        assert [event.round for event in happened if isinstance(event, events.RoundFinished)] == [1, 2, 3]
        assert session.workspace.read("calc.py") == "def add(a, b):\n    return a + b\n"
        assert session.conversation.messages[-1] == Message("assistant", RIGHT)
        anew = asked[2:]
        assert all(request.messages == asked[0].messages for request in anew)
        assert len({request.sampling for request in anew}) == 4
        assert all(request.sampling.temperature > 0 for request in anew)


@pytest.mark.docker
@pytest.mark.parametrize(("last", "ended"), [("7.", Verdict.PASSED), ("```python\nprint(8)\n```", Verdict.FAILED)])
async def test_several_begin_anew_where_the_replys_own_code_failed_and_must_be_done(
    make_repository: MakeRepository, last: str, ended: Verdict
) -> None:
    failing, right = "```python\n1 / 0\n```", "```python\nprint(3 + 4)\n```"
    replies = [failing, failing + "\nAgain.", right, failing, failing, last]
    async with racing(make_repository({"data.txt": "3\n4\n"}), replies, Policy(rounds=1, timeout_s=20)) as session:
        happened = await turn(session, "sum data.txt")
    assert verdict(happened) is ended
    assert chosen(happened) == (2, "how its check came out")
    assert len(only(happened, events.RoundFinished)) == 2


@pytest.mark.docker
async def test_containers_that_nobody_asked_for_cost_nothing_when_they_cannot_be_had(make_repository: MakeRepository) -> None:
    root = make_repository(FILES)
    async with racing(root, [WRONG, *SUMS, BROKEN], Policy(rounds=1, timeout_s=20)) as session:
        session._sandboxes = lambda: Failing(SandboxSettings(), session=SESSION, repository=str(root))
        happened = await turn(session)
        assert verdict(happened) is Verdict.FAILED
        assert len(only(happened, CandidateFinished)) == 4
        assert "return b - a" in str(session.workspace.read("calc.py"))


@pytest.mark.docker
@pytest.mark.parametrize(("at_once", "asked_for"), [(1, 0), (4, 1)])
async def test_nothing_is_raced_that_cannot_be_or_was_not_wanted(
    make_repository: MakeRepository, at_once: int, asked_for: int
) -> None:
    policy = Policy(rounds=1, candidates=asked_for, timeout_s=20)
    async with racing(make_repository(FILES), [WRONG], policy, at_once) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.FAILED
        assert not only(happened, CandidateStarted)


@pytest.mark.docker
async def test_where_all_else_is_the_same_the_model_decides(make_repository: MakeRepository) -> None:
    """The replies differ by how sure the model was of their tokens; the first wins when it was equally sure."""

    class Unsure(ScriptedEngine):
        asked = 0

        async def generate(self, request: Request) -> AsyncGenerator[Piece]:
            self.asked += 1
            probability = (0.2, 0.9, 0.4)[self.asked - 1]
            async with aclosing(super().generate(request)) as pieces:
                async for piece in pieces:
                    tokens = tuple(Token(token.text, probability) for token in piece.tokens)
                    yield msgspec.structs.replace(piece, tokens=tokens)

    engine = Unsure(SUMS, at_once=4)
    async with racing(make_repository(FILES), [], Policy(candidates=3, timeout_s=20), engine=engine) as session:
        happened = await turn(session)
        assert chosen(happened) == (2, "the model was surest of it")
        assert not any(event.tokens for event in happened if isinstance(event, events.ReplyGrew))
    async with racing(make_repository(FILES, "other"), SUMS, Policy(candidates=3, timeout_s=20)) as session:
        assert chosen(await turn(session)) == (1, "it came first")


@pytest.mark.docker
async def test_what_was_written_already_is_not_tried_again(make_repository: MakeRepository) -> None:
    policy = Policy(candidates=3, rounds=1, timeout_s=20)
    async with racing(make_repository(FILES), [WRONG, f"Now then. {WRONG}", BROKEN], policy, at_once=1) as session:
        happened = await turn(session)
        assert [(outcome, passed) for _, passed, outcome, _ in candidates(happened)] == [
            ("1 failed", False),
            ("the same as 1", None),
            ("1 failed", False),
        ]
        assert chosen(happened)[0] == 1


@pytest.mark.docker
async def test_what_is_missing_is_offered_once_whoever_is_chosen(make_repository: MakeRepository) -> None:
    files = {"requirements.txt": "left_handed>=1\n", **FILES}
    wordy, short = (f"import left_handed\n\n{code}" for code in ("# needed\n", ""))
    replies = [RIGHT.replace("def add", f"{start}\ndef add") for start in (wordy, short)]
    async with racing(make_repository(files), replies, Policy(candidates=2, rounds=1, timeout_s=20), at_once=1) as session:
        happened = await turn(session)
        assert chosen(happened) == (2, "the smaller change")
        offers = [event.command for event in happened if isinstance(event, events.PreparationOffered)]
        assert offers == ['oci-tui sandbox prepare "pip install -r requirements.txt"']


@pytest.mark.docker
async def test_a_stop_closes_every_container(make_repository: MakeRepository) -> None:
    endless = [f"```bash\necho up {number}; sleep 600\n```" for number in range(3)]
    running = asyncio.Event()

    class Telling(Counted):
        async def run(self, command: Command) -> AsyncGenerator[Output | Plot | Exit]:
            async with aclosing(super().run(command)) as items:
                async for item in items:
                    if isinstance(item, Output):
                        running.set()
                    yield item

    root = make_repository(FILES)
    async with racing(root, endless, Policy(candidates=3, containers=2, timeout_s=60)) as session:
        session._sandboxes = lambda: Telling(SandboxSettings(), session=SESSION, repository=str(root))

        async def stop() -> None:
            await running.wait()
            session.stop()

        async with asyncio.TaskGroup() as group:
            group.create_task(stop())
            happened = await turn(session)
        assert verdict(happened) is Verdict.STOPPED
        assert not Counted.open
        assert Counted.most
        assert session.workspace.read("calc.py") == FILES["calc.py"]
    assert not of_session(client(), SESSION)


@pytest.mark.docker
async def test_a_candidate_without_a_container_loses_and_only_when_all_do_the_turn_gives_up(
    make_repository: MakeRepository,
) -> None:
    root = make_repository(FILES)
    made: list[Counted] = []

    def another() -> Counted:
        kind = Failing if not made or not some else Counted
        made.append(kind(SandboxSettings(), session=SESSION, repository=str(root)))
        return made[-1]

    async with racing(root, [*SUMS[:2], *SUMS[:2]], Policy(candidates=2, timeout_s=20)) as session:
        session._sandboxes = another
        some = True
        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        assert sorted(outcome for _, _, outcome, _ in candidates(happened)) == [
            "1 passed",
            "no memory is left; close something",
        ]
        some = False
        happened = await turn(session, "again")
        assert verdict(happened) is Verdict.GAVE_UP
        assert [event.message for event in happened if isinstance(event, events.TurnFailed)] == [
            "no memory is left; close something"
        ]


@pytest.mark.docker
async def test_the_race_is_seen_in_the_app_and_in_its_replay(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    scripted(tmp_path, WRONG, RIGHT)
    engine = EngineSettings(kind="scripted", replies=str(tmp_path / "replies.jsonl"))
    settings = Settings(engine=engine, agent=AgentSettings(candidates=2))
    app = OciApp(lambda: open_session(settings, root), root, "night", prompt="make the tests pass")
    stories: list[str] = []

    async def told(app: OciApp, pilot: Pilot[None]) -> None:
        story = app.workbench.transcript
        await until(pilot, lambda: "passed · 1 round" in text_of(story))
        stories.append(" ".join(text_of(story).partition("candidate")[2].partition("✓ passed · ")[0].split()))
        await app.close_session()

    async with app.run_test(size=(140, 42)) as pilot:
        await told(app, pilot)
    (journal,) = (Path(os.environ["XDG_STATE_HOME"]) / "oci-tui" / "sessions").glob("*.jsonl")
    again = OciApp(lambda: ReplaySession(journal, speed=0), root, "night", prompt="make the tests pass")
    async with again.run_test(size=(140, 42)) as pilot:
        await told(again, pilot)
    assert stories[0] == stories[1]
    for words in (
        "1: 1 failed · 2 lines changed · ",
        "✓ candidate 2: 1 passed · 2 lines changed",
        "◆ candidate 2 is taken: how its check came out",
    ):
        assert words in stories[0]
    assert "log-probability" not in stories[0]


@pytest.mark.docker
def test_the_race_is_told_without_the_app(make_repository: MakeRepository, tmp_path: Path) -> None:
    done = oci("run", "fix it", "--candidates", "2", *scripted(tmp_path, WRONG, RIGHT), cwd=make_repository(FILES))
    assert done.returncode == 0
    assert "+    return a + b" in done.stdout
    said = done.stderr
    for words in (
        "up to 2 replies are tried one after another",
        "✗ candidate 1: 1 failed",
        "◆ candidate 2 is taken: how its check",
    ):
        assert words in said
    assert said.index("is taken") < said.index("edited calc.py")
