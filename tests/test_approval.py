"""Who says what may run, on real parts: the person, rules, nobody; and a mode in which nothing is run or written."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from oci_tui.core import events
from oci_tui.core.approval import Approval, ApprovalChosen, CommandAsked, CommandRefused
from oci_tui.core.feedback import PLANNED
from oci_tui.core.policy import Policy
from oci_tui.core.ports import Answer, Command
from oci_tui.core.rules import Rules
from oci_tui.core.verdict import Verdict
from tests.calculator import FILES, FIXED, RIGHT, WRONG, MakeRepository, scripted
from tests.cli.test_commands import oci
from tests.test_session import only, session_on, turn, verdict

LOOK = "```bash\ncat calc.py\n```"
WIPE = "```bash\nrm -rf *\n```"


class Person:
    """Gives these answers, in order; remembers what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, str]] = []

    async def ask(self, command: Command, pattern: str) -> Answer:
        self.asked.append((command.label, pattern))
        return self._answers.pop(0)


@pytest.mark.docker
async def test_each_command_is_asked_for_until_it_is_always_allowed(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), [LOOK, LOOK, WRONG, RIGHT]) as session:
        session.approval = Approval("ask")
        session.approval.person = person = Person("always", "yes", "yes")
        session.policy = Policy(rounds=5, timeout_s=20)
        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        assert person.asked == [("bash", "cat *"), ("pytest -q", "pytest -q"), ("pytest -q", "pytest -q")]
        assert len(only(happened, CommandAsked)) == 3
        assert len(only(happened, events.CommandStarted)) == 4


@pytest.mark.docker
async def test_nobody_is_asked_for_the_examples_of_the_prompt(make_repository: MakeRepository) -> None:
    double = f"calc.py\n```python\n{FIXED}\n\ndef double(a):\n    return 3 * a\n```"
    async with session_on(make_repository(FILES), [double]) as session:
        session.approval = Approval("ask")
        session.approval.person = person = Person("yes")
        happened = await turn(session, "Add double(a): double(3) should be 6.")
    assert [label for label, _ in person.asked] == ["pytest -q"]
    assert verdict(happened) is Verdict.PASSED


@pytest.mark.docker
async def test_no_ends_the_turn_and_the_model_reads_why_at_the_next_prompt(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), [RIGHT, "As you like."]) as session:
        session.approval = Approval("ask")
        session.approval.person = Person("no")
        happened = await turn(session)
        assert verdict(happened) is Verdict.REFUSED
        assert not only(happened, events.CommandStarted)
        assert [event.why for event in happened if isinstance(event, CommandRefused)] == ["the user said no"]
        assert verdict(await turn(session, "then do not run it")) is Verdict.ANSWERED
        told = session.conversation.messages[-2].content
        assert "This was not run, since the user said no:\npython3 -m pytest -q" in told
        assert told.endswith("then do not run it")


@pytest.mark.docker
async def test_with_nobody_to_ask_only_what_a_rule_allows_runs(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), [RIGHT]) as session:
        session.approval = Approval("ask")
        happened = await turn(session)
        assert verdict(happened) is Verdict.REFUSED
        refused = next(event for event in happened if isinstance(event, CommandRefused))
        assert "nobody is here to be asked" in refused.why
    async with session_on(make_repository(FILES, "other"), [RIGHT]) as session:
        session.approval = Approval("ask", Rules(allow=("pytest *",)))
        assert verdict(await turn(session)) is Verdict.PASSED


@pytest.mark.docker
async def test_what_a_rule_denies_is_told_to_the_model_which_goes_on(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), [WIPE, RIGHT]) as session:
        session.approval = Approval("auto", Rules(allow=("rm *",), deny=("rm -rf *",)))
        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        assert [event.command.label for event in happened if isinstance(event, events.CommandStarted)] == ["pytest -q"]
        assert "the rule `rm -rf *` of the settings denies it" in session.conversation.messages[-2].content


@pytest.mark.docker
async def test_without_that_rule_it_runs(make_repository: MakeRepository) -> None:
    """The control: in mode auto the same command is run, in the sandbox."""
    root = make_repository(FILES)
    async with session_on(root, [WIPE, RIGHT]) as session:
        happened = await turn(session)
        assert only(happened, events.CommandStarted)[0].command.label == "bash"  # type: ignore[union-attr]
        assert (root / "calc.py").exists()


@pytest.mark.docker
async def test_a_plan_writes_and_runs_nothing_and_is_gone_on_from(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), [f"1. Add.\n\n{RIGHT}\n{LOOK}", RIGHT]) as session:
        session.approval = Approval("plan")
        happened = await turn(session)
        assert verdict(happened) is Verdict.ANSWERED
        assert not any(isinstance(event, events.EditsApplied | events.CommandStarted) for event in happened)
        assert [event.outcome for event in happened if isinstance(event, events.RoundFinished)] == ["planned"]
        assert not (await session.workspace.diff()).files
        system = session.conversation.messages[0].content
        assert "You plan a change" in system

        chosen = session.approve("auto")
        assert isinstance(chosen, ApprovalChosen)
        assert chosen.mode == "auto"
        happened = await turn(session, "do it")
        assert verdict(happened) is Verdict.PASSED
        messages = session.conversation.messages
        assert "You plan a change" not in messages[0].content
        assert messages[2].content.startswith("1. Add.")
        assert messages[3].content.startswith(PLANNED)
        assert messages[3].content.endswith("do it")


@pytest.mark.docker
async def test_a_turn_that_waits_for_an_answer_can_be_stopped(make_repository: MakeRepository) -> None:
    waits = asyncio.Event()

    class Undecided:
        async def ask(self, command: Command, pattern: str) -> Answer:  # noqa: ARG002
            waits.set()
            await asyncio.Event().wait()
            raise AssertionError

    async with session_on(make_repository(FILES), [RIGHT]) as session:
        session.approval = Approval("ask")
        session.approval.person = Undecided()

        async def stop() -> None:
            await waits.wait()
            session.stop()

        async with aclosing(session.ask("go")) as happened, asyncio.TaskGroup() as group:
            group.create_task(stop())
            last = [event async for event in happened][-1]
        assert isinstance(last, events.TurnFinished)
        assert last.verdict is Verdict.STOPPED


@pytest.mark.docker
def test_without_the_app_only_what_is_allowed_runs_which_is_said(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    flags = ["--approval", "ask", *scripted(tmp_path, RIGHT)]
    refused = oci("run", "fix it", *flags, cwd=root)
    assert refused.returncode == 1
    assert "✗ not run, since approval is ask, and nobody is here to be asked; name it in `allow`" in refused.stderr
    assert "python3 -m pytest -q" in refused.stderr
    allowed = oci("run", "fix it", *flags, cwd=root, OCI_APPROVAL_ALLOW="ls, pytest *")
    assert allowed.returncode == 0
    assert "+    return a + b" in allowed.stdout
    denied = oci("run", "fix it", *scripted(tmp_path, RIGHT), cwd=root, OCI_APPROVAL_DENY="pytest*")
    assert denied.returncode == 1
    assert "✗ not run, since the rule `pytest*` of the settings denies it" in denied.stderr


@pytest.mark.docker
def test_a_plan_without_the_app_is_an_answer(make_repository: MakeRepository, tmp_path: Path) -> None:
    done = oci("run", "fix it", "--approval", "plan", *scripted(tmp_path, f"1. Add.\n{RIGHT}"), cwd=make_repository(FILES))
    assert done.returncode == 0
    assert done.stdout.startswith("1. Add.\n")
    assert "$ pytest" not in done.stderr
    wrong = oci("run", "fix it", "--approval", "never", cwd=tmp_path / "repository")
    assert wrong.returncode == 2
    assert "--approval: agent.approval: " in wrong.stderr
