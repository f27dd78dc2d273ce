"""The main job on real parts: a real repository, a real container, replies from a script."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from oci_tui.core import context, events, feedback
from oci_tui.core.approval import CHECK_DECIDES, Approval, CommandRefused
from oci_tui.core.decision_events import DecisionFailed
from oci_tui.core.events import Event
from oci_tui.core.examples import LABEL
from oci_tui.core.feedback import CUT_OFF, FORGOTTEN, SAME_ERROR
from oci_tui.core.generation import Begun, EngineInfo, Message, Piece, Request, Sampling
from oci_tui.core.policy import Policy
from oci_tui.core.ports import ApprovalMode
from oci_tui.core.reading import read
from oci_tui.core.recall import recalled
from oci_tui.core.selection import Selection
from oci_tui.core.session import Session
from oci_tui.core.verdict import NOT_AS_STATED, Verdict
from oci_tui.engine.scripted import ScriptedEngine
from oci_tui.parser.treesitter import TreeSitterParser
from oci_tui.sandbox.daemon import find
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.settings import SandboxSettings, WorkspaceSettings
from oci_tui.store.journal import Journal
from oci_tui.workspace.git import GitWorkspace
from tests.calculator import FILES, FIXED, RIGHT, WRONG, MakeRepository


@asynccontextmanager
async def session_on(
    root: Path,
    replies: list[str],
    policy: Policy | None = None,
    docker_host: str = "",
    journal: Path | None = None,
    workspace: WorkspaceSettings | None = None,
    sandbox: SandboxSettings | None = None,
) -> AsyncIterator[Session]:
    record = Journal(journal or root.parent / "journal.jsonl")
    session = Session(
        name="test",
        policy=policy or Policy(timeout_s=20),
        engine=ScriptedEngine(replies),
        sandbox=DockerSandbox(sandbox or SandboxSettings(docker_host=docker_host), session="test", repository=str(root)),
        workspace=GitWorkspace(root, workspace or WorkspaceSettings(), session="test"),
        parser=TreeSitterParser(),
        approval=Approval(),
        journal=record,
    )
    try:
        yield session
    finally:
        await session.close()
        record.close()


async def turn(session: Session, prompt: str = "let it add") -> list[Event]:
    async with aclosing(session.ask(prompt)) as happened:
        return [event async for event in happened]


def only(happened: list[Event], kind: type[Event]) -> list[Event]:
    return [event for event in happened if isinstance(event, kind)]


def verdict(happened: list[Event]) -> Verdict:
    last = happened[-1]
    assert isinstance(last, events.TurnFinished)
    return last.verdict


def first_output(happened: list[Event]) -> str:
    """What the first command printed; the check comes after it."""
    kinds = [type(event) for event in happened]
    until = happened[: kinds.index(events.CommandFinished)]
    return "".join(event.text for event in until if isinstance(event, events.OutputArrived))


@pytest.mark.docker
async def test_it_refines_until_the_check_passes_and_writes_only_on_accept(make_repository: MakeRepository) -> None:
    root = make_repository(FILES)
    async with session_on(root, [WRONG, RIGHT]) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        rounds = [event for event in happened if isinstance(event, events.RoundFinished)]
        assert [(event.passed, event.outcome) for event in rounds] == [(False, "1 failed"), (True, "1 passed")]
        told = session.conversation.messages[-2].content
        assert told.startswith("Execution result: \n")
        assert "assert 1 == 3" in told
        assert (root / "calc.py").read_text() == FILES["calc.py"]

        async with aclosing(session.settle.accept()) as accepting:
            accepted = [event async for event in accepting]
        assert isinstance(accepted[0], events.ChangeAccepted)
        assert accepted[0].paths == ("calc.py",)
        assert (root / "calc.py").read_text() == FIXED

        async with aclosing(session.settle.undo()) as undoing:
            undone = [event async for event in undoing]
        assert isinstance(undone[0], events.ChangeUndone)
        assert (root / "calc.py").read_text() == FILES["calc.py"]
    assert {type(event) for event in read(root.parent / "journal.jsonl")} >= {events.OutputArrived, events.ChangeUndone}


@pytest.mark.docker
async def test_a_command_of_the_persons_runs_on_the_mirror_and_its_output_can_be_shown(make_repository: MakeRepository) -> None:
    root = make_repository(FILES)
    async with session_on(root, [RIGHT]) as session:
        async with aclosing(session.run("ls; echo more >> notes.txt; exit 3")) as running:
            happened = [event async for event in running]
        ended = next(event for event in happened if isinstance(event, events.CommandFinished))
        assert ended.exit.code == 3
        last = happened[-1]
        assert isinstance(last, events.DiffChanged)
        assert [file.path for file in last.diff.files] == ["notes.txt"]
        assert "calc.py" in session.conversation.output
        assert set(session.files()) >= {"calc.py", "notes.txt"}
        assert (await session.symbols())["add"] == "calc.py:1"
        assert not (root / "notes.txt").exists()


@pytest.mark.docker
async def test_a_command_of_the_persons_that_is_stopped_has_an_end(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), [RIGHT]) as session:
        ends = []
        async with aclosing(session.run("echo be''gun; sleep 1000")) as running:
            async for event in running:
                if isinstance(event, events.OutputArrived):
                    session.stop()
                elif isinstance(event, events.CommandFinished):
                    ends.append(event.exit.reason)
        assert ends == ["stopped"]


@pytest.mark.docker
@pytest.mark.parametrize("go_on", [False, True])
async def test_a_reply_that_the_person_changed_is_run_or_gone_on_from(make_repository: MakeRepository, go_on: bool) -> None:
    half = len(RIGHT) // 2
    async with session_on(make_repository(FILES), [RIGHT[half:]] if go_on else []) as session:
        begun = Begun(RIGHT[:half] if go_on else RIGHT, go_on=go_on)
        async with aclosing(session.ask("go on", begun)) as running:
            happened = [event async for event in running]
        assert verdict(happened) is Verdict.PASSED
        assert "".join(event.text for event in happened if isinstance(event, events.ReplyGrew)) == RIGHT
        assert session.conversation.messages[-1] == Message("assistant", RIGHT)


@pytest.mark.docker
@pytest.mark.parametrize("by_name", [False, True])
async def test_a_rejected_change_is_gone_from_mirror_and_container(make_repository: MakeRepository, by_name: bool) -> None:
    root = make_repository(FILES)
    look = "```bash\ngrep return calc.py\n```"
    async with session_on(root, [RIGHT, look, "Done."]) as session:
        await turn(session)
        (file,) = (await session.workspace.diff()).files
        async with aclosing(session.settle.reject(Selection.of_file(file) if by_name else None)) as rejecting:
            rejected, now = [event async for event in rejecting]
        assert isinstance(rejected, events.ChangeRejected)
        assert rejected.paths == (), "nothing is left of it"
        assert isinstance(now, events.DiffChanged)
        happened = await turn(session, "look")
        assert first_output(happened) == "    return a - b\n"


@pytest.mark.docker
async def test_code_runs_until_the_model_answers_in_words(make_repository: MakeRepository) -> None:
    root = make_repository({"data.txt": "3\n4\n"})
    count = "```python\nprint(sum(map(int, open('data.txt'))))\n```"
    async with session_on(root, [count, "The sum is 7."]) as session:
        happened = await turn(session, "sum data.txt")
        assert verdict(happened) is Verdict.PASSED
        assert session.conversation.messages[-2].content == "Execution result: \n7"
        assert not any(event.diff.files for event in happened if isinstance(event, events.DiffChanged))


@pytest.mark.docker
async def test_files_that_a_run_changes_come_back(make_repository: MakeRepository) -> None:
    root = make_repository({**FILES, "old.txt": "x\n"})
    change = "```bash\nsed -i 's/a - b/a + b/' calc.py\nrm old.txt\n```"
    async with session_on(root, [change]) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        diff = [event for event in happened if isinstance(event, events.DiffChanged)][-1].diff
        assert [(file.path, file.status) for file in diff.files] == [("calc.py", "modified"), ("old.txt", "deleted")]


@pytest.mark.docker
async def test_prose_is_an_answer_and_runs_nothing(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), ["It subtracts.\n\n    rm -rf /\n"]) as session:
        happened = await turn(session, "what does it do?")
        assert verdict(happened) is Verdict.ANSWERED
        assert not only(happened, events.CommandStarted)


@pytest.mark.docker
async def test_a_refused_edit_is_told_to_the_model(make_repository: MakeRepository) -> None:
    stray = "calc.py\n```python\n<<<<<<< SEARCH\n    return a * b\n=======\n    return a + b\n>>>>>>> REPLACE\n```"
    outside = "../calc.py\n```python\nx = 1\n```"
    async with session_on(make_repository(FILES), [stray, outside, RIGHT]) as session:
        happened = await turn(session)
        refused = [event.reasons[0] for event in happened if isinstance(event, events.EditsRefused)]
        assert "SEARCH lines are not in the file" in refused[0]
        assert refused[1].startswith("../calc.py: ")
        assert verdict(happened) is Verdict.PASSED
        assert "These edits were not applied:" in session.conversation.messages[-2].content


@pytest.mark.docker
@pytest.mark.parametrize(
    ("refused", "why"),
    [
        ("calc.py\n```python\n# ... rest unchanged\n```", '"# ... rest unchanged" stands for lines'),
        ('<tool_call>{"name": "read_file", "arguments": {"path": "calc.py"}}</tool_call>', "there is no tool read_file; write"),
    ],
)
async def test_a_refused_edit_uses_up_no_round_and_cannot_go_on_for_ever(
    make_repository: MakeRepository, refused: str, why: str
) -> None:
    async with session_on(make_repository(FILES), [refused, RIGHT, *[refused] * 3], Policy(rounds=1, timeout_s=20)) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        assert (len(only(happened, events.ReplyFinished)), len(only(happened, events.RoundFinished))) == (2, 1)
        assert why in session.conversation.messages[-2].content

        happened = await turn(session)
        assert verdict(happened) is Verdict.FAILED
        assert (len(only(happened, events.ReplyFinished)), len(only(happened, events.RoundFinished))) == (3, 1)


@pytest.mark.docker
async def test_a_change_that_is_only_claimed_is_asked_for(make_repository: MakeRepository) -> None:
    claim = "I fixed the sum in `calc.py`."
    async with session_on(make_repository(FILES), [claim, RIGHT, claim], Policy(rounds=1, timeout_s=20)) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        assert "You wrote no code" in session.conversation.messages[-2].content
        assert verdict(await turn(session, "what did you do?")) is Verdict.ANSWERED


@pytest.mark.docker
async def test_a_file_that_the_model_has_not_read_is_shown_before_it_is_overwritten(make_repository: MakeRepository) -> None:
    files = {**FILES, "notes.csv": "a,b\n1,2\n"}
    whole = "notes.csv\n```\na,b\n3,4\n```"
    async with session_on(make_repository(files), [whole, whole], Policy(rounds=1, timeout_s=20)) as session:
        happened = await turn(session, "change it")
        told = session.conversation.messages[-3].content
        assert "you have not read it" in told
        assert files["notes.csv"].strip() in told
        assert [event.paths for event in happened if isinstance(event, events.EditsApplied)] == [("notes.csv",)]


@pytest.mark.docker
@pytest.mark.parametrize(("prompt", "kept"), [("let it add", True), ("delete the test files", False)])
async def test_tests_that_a_command_removes_are_put_back(make_repository: MakeRepository, prompt: str, kept: bool) -> None:
    async with session_on(make_repository(FILES), ["```bash\nrm test_calc.py\n```", "Done.", "Done."]) as session:
        happened = await turn(session, prompt)
        assert session.workspace.read("test_calc.py") == (FILES["test_calc.py"] if kept else None)
        assert any("They were put back" in message.content for message in session.conversation.messages) is kept
        final = [event.diff.files for event in happened if isinstance(event, events.DiffChanged)]
        assert [bool(files) for files in final[-1:]] == [not kept] * len(final[-1:])


@pytest.mark.docker
async def test_a_reply_that_only_copies_is_drawn_again_in_the_same_round(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), []) as session:
        session.engine = engine = Remembering([f"calc.py\n```python\n{FILES['calc.py']}```", WRONG, WRONG, RIGHT])
        happened = await turn(session, "fix it")
    assert verdict(happened) is Verdict.PASSED
    assert len(only(happened, events.RoundStarted)) == 2
    assert [len(asked) for asked in engine.asked] == [2, 2, 4, 4]
    assert [feedback.COPIED in asked[-1].content for asked in engine.asked] == [False, True, False, True]
    assert [drawn.temperature for drawn in engine.drawn] == [0.0, 0.8, 0.8, 0.8]
    assert len({drawn.seed for drawn in engine.drawn}) >= 2
    refused = only(happened, events.EditsRefused)
    assert [event.reasons for event in refused if isinstance(event, events.EditsRefused)] == [
        ("the reply writes calc.py as it is",)
    ] * 2
    assert len(only(happened, events.CommandStarted)) == 3


@pytest.mark.docker
async def test_a_reply_that_leaves_all_as_it_was_is_not_what_was_asked_for(make_repository: MakeRepository) -> None:
    files = {"calc.py": FILES["calc.py"]}
    shown = f"calc.py\n```python\n{FILES['calc.py']}```"
    double = "calc.py\n```python\ndef double(a):\n    return 2 * a\n```"
    async with session_on(make_repository(files), []) as session:
        session.engine = engine = Remembering([shown, double])
        happened = await turn(session, "Add a function double(a).")
        assert "def double" in (session.workspace.read("calc.py") or "")
    assert [feedback.UNCHANGED in asked[-1].content for asked in engine.asked] == [False, True]
    assert [drawn.temperature for drawn in engine.drawn] == [0.0, 0.8]
    assert len(only(happened, events.RoundStarted)) == 1
    passing = {**FILES, "calc.py": FILES["calc.py"].replace("a - b", "a + b")}
    same = f"calc.py\n```python\n{passing['calc.py']}```"
    for prompt in ("Fix what fails, if anything does.", "Add nothing: say what calc.py should do."):
        async with session_on(make_repository(passing), [same]) as session:
            assert only(await turn(session, prompt), events.EditsRefused) == [], prompt


@pytest.mark.docker
async def test_the_examples_of_a_prompt_decide_beside_the_check(make_repository: MakeRepository) -> None:
    files = {**FILES, "calc.py": FILES["calc.py"].replace("a - b", "a + b")}
    prompt = "Add double(a) to calc.py. double(3) must return 6."
    wrong = "calc.py\n```python\ndef double(a):\n    return 3 * a\n```"
    async with session_on(make_repository(files, "insists"), [wrong, f"{wrong}\nI insist."]) as session:
        happened = await turn(session, prompt)
        assert verdict(happened) is Verdict.PASSED, "the words may have meant something else"
        assert [event.outcome for event in happened if isinstance(event, events.RoundFinished)] == [NOT_AS_STATED] * 2
    async with session_on(make_repository(files), [wrong, wrong.replace("3", "2")]) as session:
        happened = await turn(session, prompt)
        told = session.conversation.messages[3].content
    assert verdict(happened) is Verdict.PASSED
    rounds = [(event.outcome, event.passed) for event in happened if isinstance(event, events.RoundFinished)]
    assert rounds == [(NOT_AS_STATED, None), ("1 passed", True)]
    assert "double(3) gives 9, and the prompt says 6" in told
    ran = [event.command.label for event in happened if isinstance(event, events.CommandStarted)]
    assert ran == ["pytest -q", LABEL] * 2


@pytest.mark.docker
async def test_words_are_no_answer_where_the_change_made_the_check_fail(make_repository: MakeRepository) -> None:
    broken = FILES["calc.py"].replace("a - b", "a * b")
    good = {**FILES, "calc.py": FILES["calc.py"].replace("a - b", "a + b")}
    async with session_on(make_repository(good), [f"calc.py\n```python\n{broken}```", "The sum is gone.", RIGHT]) as session:
        happened = await turn(session, "Let add be shorter.")
    assert verdict(happened) is Verdict.PASSED
    assert len(only(happened, events.RoundStarted)) == 2


@pytest.mark.docker
async def test_a_round_of_words_begins_anew(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), []) as session:
        session.engine = engine = Remembering([WRONG, *["I have no idea."] * 3, RIGHT])
        happened = await turn(session, "Fix the failing test.")
    assert verdict(happened) is Verdict.PASSED
    assert [event.outcome for event in happened if isinstance(event, events.RoundFinished)][-1] == "1 passed"
    assert len(engine.asked[-1]) == 2, "the model reads none of it again"
    assert len({drawn.seed for drawn in engine.drawn[2:]}) >= 2


@pytest.mark.docker
async def test_a_file_that_is_only_shown_is_no_mistake(make_repository: MakeRepository) -> None:
    shown = f"calc.py\n```python\n{FILES['calc.py']}```"
    async with session_on(make_repository({"calc.py": FILES["calc.py"]}), [shown]) as session:
        happened = await turn(session, "show me calc.py")
        assert only(happened, events.EditsRefused) == []
        assert not any(feedback.COPIED in message.content for message in session.conversation.messages)


@pytest.mark.docker
async def test_the_same_edit_again_is_told_to_the_model(make_repository: MakeRepository) -> None:
    again = "calc.py\n```python\ndef add(a, b):\n    return a - b\n```"
    async with session_on(make_repository(FILES), [again], Policy(rounds=1, timeout_s=20)) as session:
        assert verdict(await turn(session, "go")) is Verdict.FAILED
        assert feedback.SAME_EDIT in session.conversation.messages[-1].content


@pytest.mark.docker
async def test_words_are_asked_for_code_where_a_fix_is_wanted(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), ["It was the sum; I changed it.", RIGHT]) as session:
        happened = await turn(session, "Fix the failing test.")
        assert verdict(happened) is Verdict.PASSED
        assert len(only(happened, events.RoundStarted)) == 1
        assert session.conversation.messages[-2].content == feedback.NO_CODE
    async with session_on(make_repository(FILES), ["It takes away."]) as session:
        assert verdict(await turn(session, "Why does the test fail?")) is Verdict.ANSWERED


@pytest.mark.docker
async def test_what_a_rename_left_behind_is_told_once_in_the_same_round(make_repository: MakeRepository) -> None:
    files = {**FILES, "sums.py": "from calc import add\n\n\ndef three(a):\n    return add(a, 3)\n"}
    half = "calc.py\n```python\ndef plus(a, b):\n    return a + b\n```"
    sums = "sums.py\n```python\nfrom calc import plus\n\n\ndef three(a):\n    return plus(a, 3)\n```"
    tests = (
        f"test_calc.py\n```python\n{FILES['test_calc.py'].replace('import add', 'import plus').replace(' add(', ' plus(')}```"
    )
    told = "`add` still stands in these lines, where `plus` has to stand:\nsums.py: from calc import add\n"
    for name, replies, ended in (
        ("all", [half, f"{sums}\n{tests}"], Verdict.PASSED),
        ("part", [half, sums, half], Verdict.FAILED),
    ):
        async with session_on(make_repository(files, name), replies, Policy(rounds=1, timeout_s=20)) as session:
            happened = await turn(session, "Rename add to plus.")
            assert verdict(happened) is ended
            assert (len(only(happened, events.RoundStarted)), len(only(happened, events.ReplyFinished))) == (1, 2)
            assert [told in message.content for message in session.conversation.messages].count(True) == 1


@pytest.mark.docker
async def test_words_do_not_end_a_turn_while_the_check_fails(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), [*["It was the sum."] * 3, RIGHT], Policy(rounds=2, timeout_s=20)) as session:
        happened = await turn(session, "Fix the failing test.")
        assert verdict(happened) is Verdict.PASSED
        assert len(only(happened, events.RoundStarted)) == 2
    async with session_on(make_repository(FILES), [WRONG, "It is done.", RIGHT], Policy(rounds=2, timeout_s=20)) as session:
        assert verdict(await turn(session, "Fix the failing test.")) is Verdict.PASSED, "there is a change already, a wrong one"


@pytest.mark.docker
async def test_what_cannot_be_installed_is_told_plainly(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), ["```sh\npip install nothing\n```", "```sh\nfalse\n```", RIGHT]) as session:
        assert verdict(await turn(session)) is Verdict.PASSED
        told = [feedback.NO_NETWORK in message.content for message in session.conversation.messages if message.role == "user"]
        assert told == [False, True, False]


@pytest.mark.docker
async def test_a_reply_that_repeats_a_block_is_stopped(make_repository: MakeRepository) -> None:
    block = "calc.py\n```python\ndef add(a, b):\n    first = a\n    second = b\n    return first + second\n```\n"
    async with session_on(make_repository(FILES), [f"{block}Again:\n\n{block}And again, for ever."]) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        assert session.conversation.messages[2].content.count("def add") == 2
        assert "for ever" not in session.conversation.messages[2].content


@pytest.mark.docker
async def test_a_round_of_copies_is_begun_anew_or_ends(make_repository: MakeRepository) -> None:
    copied = f"calc.py\n```python\n{FILES['calc.py']}```"
    async with session_on(make_repository(FILES), [copied] * 3, Policy(rounds=1, timeout_s=20)) as session:
        happened = await turn(session, "fix it")
        assert verdict(happened) is Verdict.FAILED
        assert [message.role for message in session.conversation.messages] == ["system", "user"]
    async with session_on(make_repository(FILES), []) as session:
        session.engine = engine = Remembering([WRONG, *[WRONG] * 3, RIGHT])
        happened = await turn(session)
    assert verdict(happened) is Verdict.PASSED
    assert [len(asked) for asked in engine.asked] == [2, 4, 4, 4, 2]
    assert "After them the check said:" in engine.asked[-1][-1].content


@pytest.mark.docker
async def test_an_edit_that_nothing_can_check_is_an_answer(make_repository: MakeRepository) -> None:
    async with session_on(make_repository({"a.txt": "x\n"}), ["a.txt\n```\ny\n```"]) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.ANSWERED
        assert [event.outcome for event in happened if isinstance(event, events.RoundFinished)] == ["edited"]


@pytest.mark.docker
async def test_an_edit_that_only_compiles_has_not_passed(make_repository: MakeRepository) -> None:
    untested = {"calc.py": FILES["calc.py"]}
    ran = f"{RIGHT}```python\nfrom calc import add\nassert add(1, 2) == 3\n```\n"
    for name, replies, ended in (("edit", [RIGHT], Verdict.ANSWERED), ("run", [ran, "Done."], Verdict.PASSED)):
        async with session_on(make_repository(untested, name), replies) as session:
            happened = await turn(session)
            assert verdict(happened) is ended
            rounds = [(event.passed, event.outcome) for event in happened if isinstance(event, events.RoundFinished)]
            if name == "edit":
                assert rounds == [(None, "compiles; there is no check, and nothing of it was run")]
    async with session_on(make_repository(untested, "broken"), ["calc.py\n```python\ndef add(:\n```\n"] * 2) as session:
        assert [event.passed for event in await turn(session) if isinstance(event, events.RoundFinished)][:1] == [False]


@pytest.mark.docker
async def test_a_reply_that_was_cut_off_writes_no_half_file(make_repository: MakeRepository) -> None:
    long = "calc.py\n```python\n" + "x = 1\n" * 500
    async with session_on(make_repository(FILES), [long, RIGHT], Policy(timeout_s=20, max_new_tokens=200)) as session:
        happened = await turn(session)
        outcomes = [event.outcome for event in happened if isinstance(event, events.RoundFinished)]
        assert outcomes == ["reply cut off", "1 passed"]
        assert session.conversation.messages[-2].content == CUT_OFF


@pytest.mark.docker
@pytest.mark.parametrize(
    "replies",
    [
        ["calc.py\n```python\n<<<<<<< SEARCH\nno such line\n=======\nx\n>>>>>>> REPLACE\n```"] * 9,
        [WRONG, "```python\nprint(1)\n```", "Done."],
        ["```bash\nls\n```", *["../x.py\n```python\nx = 1\n```"] * 6],
    ],
)
async def test_only_the_check_passes_a_turn(make_repository: MakeRepository, replies: list[str]) -> None:
    async with session_on(make_repository(FILES), replies) as session:
        assert verdict(await turn(session)) is Verdict.FAILED


ECHO = "```bash\necho all good\n```"


@pytest.mark.docker
@pytest.mark.parametrize(
    ("policy", "replies", "expected", "checks"),
    [
        (Policy(timeout_s=20, check_command="pytest -q"), [ECHO, "Done.", "Really."], Verdict.FAILED, 1),
        (Policy(timeout_s=20), [ECHO, "Done.", RIGHT], Verdict.PASSED, 2),
        (Policy(timeout_s=20, rounds=1), [ECHO, "Done."], Verdict.FAILED, 1),
        (Policy(timeout_s=20), [WRONG, ECHO, "Done.", "Really."], Verdict.FAILED, 2),
        (Policy(timeout_s=20, check_command="pytest -q"), ["It subtracts."], Verdict.ANSWERED, 0),
    ],
)
async def test_the_check_runs_before_a_turn_that_ran_something_passes(
    make_repository: MakeRepository, policy: Policy, replies: list[str], expected: Verdict, checks: int
) -> None:
    async with session_on(make_repository(FILES), replies, policy) as session:
        happened = await turn(session)
    assert verdict(happened) is expected
    labels = [event.command.label for event in happened if isinstance(event, events.CommandStarted)]
    assert labels.count("pytest -q") == checks


MOVED = f"""sums.py
```python
{FIXED}```
test_calc.py
<<<<<<< SEARCH
from calc import add
=======
from sums import add
>>>>>>> REPLACE
"""


@pytest.mark.docker
async def test_a_script_beside_edits_that_changes_files_runs_before_the_check(make_repository: MakeRepository) -> None:
    remove, example = "```bash\nrm calc.py\n```\n", "```python\nfrom sums import add\nprint(add(1, 2))\n```\n"
    async with session_on(make_repository(FILES), [f"{MOVED}{remove}{example}```sh\npytest -q\n```\n"]) as session:
        happened = await turn(session, "Move add from calc.py to sums.py, in the test too.")
        assert session.workspace.read("calc.py") is None
    assert verdict(happened) is Verdict.PASSED
    assert len(only(happened, events.RoundStarted)) == 1
    assert [event.command.label for event in happened if isinstance(event, events.CommandStarted)] == ["bash", "pytest -q"]
    left = [(event.command.code, event.why) for event in happened if isinstance(event, CommandRefused)]
    assert left == [("from sums import add …", CHECK_DECIDES), ("pytest -q", CHECK_DECIDES)]


@pytest.mark.docker
@pytest.mark.parametrize("rounds", [1, 2])
async def test_a_script_beside_edits_that_fails_is_told_though_the_check_passes(
    make_repository: MakeRepository, rounds: int
) -> None:
    failing = f"{RIGHT}\n```bash\nrm nothing.py\n```\n"
    async with session_on(make_repository(FILES), [failing, "Done."], Policy(rounds=rounds, timeout_s=20)) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        assert len(only(happened, events.RoundStarted)) == rounds
        if rounds == 2:
            told = session.conversation.messages[-2].content
            assert "rm: cannot remove 'nothing.py'" in told
            assert told.index("cannot remove") < told.index("1 passed")


@pytest.mark.docker
async def test_a_script_beside_edits_that_were_refused_is_not_lost(make_repository: MakeRepository) -> None:
    lazy = "calc.py\n```python\ndef add(a, b):\n    # ... rest unchanged\n    return a + b\n```\n"
    async with session_on(make_repository({**FILES, "old.txt": "x\n"}), [f"{lazy}```bash\nrm old.txt\n```", RIGHT]) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        assert session.workspace.read("old.txt") is None
    assert len(only(happened, events.RoundStarted)) == 1


@pytest.mark.docker
async def test_a_check_that_prints_nothing_is_not_taken_for_the_same_error(make_repository: MakeRepository) -> None:
    silent = Policy(rounds=2, timeout_s=20, check_command="grep -q 'a + b' calc.py")
    async with session_on(make_repository(FILES), [WRONG, RIGHT], silent) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        assert [message.role for message in session.conversation.messages][1:] == ["user", "assistant", "user", "assistant"]
        assert not any(SAME_ERROR in message.content for message in session.conversation.messages)


@pytest.mark.docker
async def test_what_is_shown_and_run_after_a_stop_is_what_would_be_accepted(make_repository: MakeRepository) -> None:
    root = make_repository(FILES)
    look = "```bash\ngrep return calc.py\n```"
    async with session_on(root, [RIGHT, WRONG, look, "Done."]) as session:
        await turn(session)
        happened: list[Event] = []
        async with aclosing(session.ask("again")) as running:
            async for event in running:
                happened.append(event)
                if isinstance(event, events.EditsApplied):
                    session.stop()
        assert verdict(happened) is Verdict.STOPPED
        shown = [event.diff for event in happened if isinstance(event, events.DiffChanged)][-1]
        assert shown == await session.workspace.diff()
        ran = await turn(session, "look")
        assert first_output(ran) == "    return b - a\n"
        async with aclosing(session.settle.accept()) as accepting:
            accepted = [event async for event in accepting]
        assert isinstance(accepted[0], events.ChangeAccepted)
        assert "return b - a" in (root / "calc.py").read_text()


@pytest.mark.docker
async def test_files_of_a_stopped_run_are_gone(make_repository: MakeRepository) -> None:
    stray = "```bash\nrm test_calc.py; echo x > stray.txt; echo is-up; sleep 600\n```"
    async with session_on(make_repository(FILES), [stray, "```bash\nls\n```", "Done."]) as session:
        async with aclosing(session.ask("go")) as running:
            async for event in running:
                if isinstance(event, events.OutputArrived):
                    session.stop()
        happened = await turn(session, "look")
        assert first_output(happened) == "calc.py\ntest_calc.py\n"


@pytest.mark.docker
async def test_the_container_follows_accept_and_undo(make_repository: MakeRepository) -> None:
    look = "```bash\ngrep return calc.py\n```"
    async with session_on(make_repository(FILES), [RIGHT, look, "Done."]) as session:
        await turn(session)
        for settle in (session.settle.accept, session.settle.undo):
            async with aclosing(settle()) as settling:
                assert [event async for event in settling]
        happened = await turn(session, "look")
        assert first_output(happened) == "    return a - b\n"


@pytest.mark.docker
async def test_a_file_and_a_folder_of_one_name_are_refused(make_repository: MakeRepository) -> None:
    both = "new.md\n```\na\n```\nnew.md/b.txt\n```\nb\n```"
    async with session_on(make_repository(FILES), [both, RIGHT]) as session:
        happened = await turn(session)
        assert "one cannot be a file and a folder" in next(e.reasons[0] for e in happened if isinstance(e, events.EditsRefused))
        assert verdict(happened) is not Verdict.GAVE_UP


@pytest.mark.docker
async def test_what_was_said_in_the_last_round_opens_the_next_turn(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), [RIGHT, "Fine."]) as session:
        async with aclosing(session.ask("go")) as running:
            async for event in running:
                if isinstance(event, events.ReplyFinished):
                    session.steer("and keep it short")
        happened = await turn(session, "thanks")
        assert [event.prompt for event in happened if isinstance(event, events.TurnStarted)] == ["and keep it short\n\nthanks"]


@pytest.mark.docker
async def test_a_turn_that_failed_leaves_nothing_for_the_next(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), []) as session:
        before = list(session.conversation.messages)
        assert verdict(await turn(session)) is Verdict.GAVE_UP
        assert session.conversation.messages == before


@pytest.mark.docker
async def test_a_full_disk_ends_the_recording_and_not_the_session(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), [RIGHT], journal=Path("/dev/full")) as session:
        happened = await turn(session)
        told = [event for event in happened if isinstance(event, events.TurnFinished | events.PartFailed)]
        assert [type(event) for event in told] == [events.TurnFinished, events.PartFailed]
        assert isinstance(told[0], events.TurnFinished)
        assert told[0].verdict is Verdict.PASSED


async def test_a_stop_while_loading_ends_the_loading(make_repository: MakeRepository, tmp_path: Path) -> None:
    async with session_on(make_repository(FILES), [], docker_host=f"unix://{tmp_path}/none.sock") as session:
        async with aclosing(session.prepare()) as preparing:
            async for _ in preparing:
                session.stop()
                break
        assert verdict(await turn(session)) is Verdict.GAVE_UP


@pytest.mark.docker
@pytest.mark.parametrize(
    ("last", "expected"), [("The sum is 7.", Verdict.PASSED), ("```python\nprint(8)\n```", Verdict.FAILED)]
)
async def test_without_a_check_the_model_must_say_that_it_is_done(
    make_repository: MakeRepository, last: str, expected: Verdict
) -> None:
    root = make_repository({"data.txt": "3\n4\n"})
    async with session_on(root, ["```python\nprint(3 + 4)\n```", last], Policy(rounds=1, timeout_s=20)) as session:
        happened = await turn(session, "sum data.txt")
        assert verdict(happened) is expected
        assert len(only(happened, events.CommandStarted)) == len(only(happened, events.RoundFinished)) == 1


THREE = {
    "calc.py": "def add(a, b):\n    return 0\n\n\ndef sub(a, b):\n    return 0\n\n\ndef mul(a, b):\n    return 0\n",
    "test_calc.py": "import calc\n\n\ndef test_add():\n    assert calc.add(5, 3) == 8\n\n\ndef test_sub():\n"
    "    assert calc.sub(5, 3) == 2\n\n\ndef test_mul():\n    assert calc.mul(5, 3) == 15\n",
}


def three(add: str, sub: str, mul: str) -> str:
    """A reply with these three functions."""
    named = zip(("add", "sub", "mul"), (add, sub, mul), strict=True)
    return "calc.py\n```python\n" + "\n\n".join(f"def {name}(a, b):\n    return {body}\n" for name, body in named) + "```"


@pytest.mark.docker
async def test_a_round_that_passes_fewer_tests_is_taken_back(make_repository: MakeRepository) -> None:
    two, one, none = three("a + b", "a - b", "0"), three("a + b", "1", "2"), three("x", "x", "x")
    async with session_on(make_repository(THREE), [two, one, none]) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.FAILED
        outcomes = [event.outcome for event in happened if isinstance(event, events.RoundFinished)]
        assert outcomes == ["1 failed, 2 passed", "2 failed, 1 passed", "3 failed"]
        assert [event.number for event in happened if isinstance(event, events.RoundRestored)] == [1, 1]
        assert "return a - b" in (session.workspace.read("calc.py") or "")
        told = session.conversation.messages[-3].content
        assert "Your last edit was taken back: with it 1 tests pass, before it 2 did." in told
        assert "calc.py\n```python\ndef add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b" in told


@pytest.mark.docker
async def test_what_the_user_edited_since_is_never_taken_back(make_repository: MakeRepository) -> None:
    two, one = three("a + b", "a - b", "0"), three("a + b", "1", "2")
    root = make_repository({**THREE, "notes.txt": "old\n"})
    async with session_on(root, [two, one, "Done."]) as session:
        happened = []
        async with aclosing(session.ask("make the tests pass")) as running:
            async for event in running:
                happened.append(event)
                if isinstance(event, events.RoundFinished) and event.round == 1:
                    (root / "notes.txt").write_text("new\n")
        assert len(only(happened, events.UserEdited)) == 1
        assert not only(happened, events.RoundRestored)
        assert session.workspace.read("notes.txt") == "new\n"


@pytest.mark.docker
async def test_a_round_that_passes_as_many_or_more_stays(make_repository: MakeRepository) -> None:
    one, two, other = three("a + b", "0", "0"), three("a + b", "a - b", "0"), three("a + b", "0", "a * b")
    async with session_on(make_repository(THREE), [one, two, other]) as session:
        happened = await turn(session)
        assert not only(happened, events.RoundRestored)
        assert "return a * b" in (session.workspace.read("calc.py") or "")


@pytest.mark.docker
async def test_the_same_error_again_is_told_to_the_model(make_repository: MakeRepository) -> None:
    other = WRONG.replace("b - a", "b - a - 0")
    async with session_on(make_repository(FILES), [WRONG, other], Policy(rounds=2, timeout_s=20)) as session:
        assert verdict(await turn(session)) is Verdict.FAILED
        said = [message.content for message in session.conversation.messages if message.role == "user"]
        assert [SAME_ERROR in content for content in said] == [False, False, True]


@pytest.mark.docker
async def test_the_same_failure_again_begins_anew_from_the_files_as_they_were(make_repository: MakeRepository) -> None:
    other = WRONG.replace("b - a", "b - a - 0")
    root = make_repository(FILES | {"b.txt": "b\n"})
    async with session_on(root, []) as session:
        session.engine = engine = Remembering([WRONG, f"{other}\nb.txt\n```\nchanged\n```", RIGHT])
        happened = await turn(session)
    assert verdict(happened) is Verdict.PASSED
    assert [len(asked) for asked in engine.asked] == [2, 4, 2]
    assert engine.asked[2][1].content.startswith(engine.asked[0][1].content)
    assert "Earlier attempts at this failed. After them the check said:" in engine.asked[2][1].content
    assert [engine.drawn[number].temperature for number in range(3)] == [0.0, 0.0, 0.8]
    last = only(happened, events.DiffChanged)[-1]
    assert isinstance(last, events.DiffChanged)
    assert [file.path for file in last.diff.files] == ["calc.py"]
    told = recalled(list(read(root.parent / "journal.jsonl"))).conversation
    assert (told.messages, told.known) == (session.conversation.messages, session.conversation.known)


@pytest.mark.docker
async def test_another_beginning_keeps_what_passes_more_tests_than_before(make_repository: MakeRepository) -> None:
    half, rest = three("a + b", "0", "0"), three("a + b", "a - b", "a * b")
    async with session_on(make_repository(THREE), []) as session:
        session.engine = engine = Remembering([half, three("a + b", "0 + 0", "0"), rest])
        happened = await turn(session, "the tests fail, mend it")
    assert verdict(happened) is Verdict.PASSED
    opening, said = engine.asked[0][1].content, engine.asked[2][1].content
    assert len(engine.asked[2]) == 2
    assert said.startswith(opening)
    told = said.removeprefix(opening)
    assert feedback.best_kept(()) in told
    assert "calc.py\n```python\ndef add(a, b):\n    return a + b\n" in told
    diffs = [event.diff for event in happened if isinstance(event, events.DiffChanged)]
    assert all(diff.files for diff in diffs), "the files never went back to the beginning"


@pytest.mark.docker
@pytest.mark.parametrize("last", ["I cannot do it.", "```python\n1 / 0\n```"])
async def test_where_another_beginning_comes_to_nothing_the_best_files_stay(make_repository: MakeRepository, last: str) -> None:
    two = FILES["test_calc.py"] + "\n\ndef test_zero():\n    assert add(0, 1) == 1\n"
    half = "calc.py\n```python\ndef add(a, b):\n    return b - a\n```"
    async with session_on(
        make_repository(FILES | {"test_calc.py": two}), [half, half.replace("b - a", "(b - a)"), last]
    ) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.FAILED
        assert "b - a" in (session.workspace.read("calc.py") or "")
        said = [message.content for message in session.conversation.messages if message.role == "user"][-1]
    assert feedback.best_kept(()) in said
    restored = only(happened, events.RoundRestored)
    assert [event.number for event in restored if isinstance(event, events.RoundRestored)] == [2]


@pytest.mark.docker
async def test_what_the_user_wrote_meanwhile_is_not_taken_out_by_another_beginning(make_repository: MakeRepository) -> None:
    root = make_repository(FILES)
    replies = [WRONG, WRONG.replace("b - a", "(b - a)"), RIGHT]
    happened: list[Event] = []
    async with session_on(root, replies) as session, aclosing(session.ask("let it add")) as running:
        async for event in running:
            happened.append(event)
            if isinstance(event, events.RoundStarted) and event.round == 1:
                (root / "mine.txt").write_text("mine\n")
        assert session.workspace.read("mine.txt") == "mine\n"
        assert len(session.conversation.messages) == 7
        assert len(only(happened, events.UserEdited)) == 1
        assert (root / "mine.txt").read_text() == "mine\n"


@pytest.mark.docker
async def test_the_check_runs_first_where_something_fails(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), []) as session:
        session.engine = engine = Remembering([RIGHT, "It adds.", WRONG, RIGHT])
        happened = await turn(session, "The tests fail. Correct the code.")
        await turn(session, "thanks")
        again = await turn(session, "now it is wrong that 1 and 2 are 3")
    kinds = [type(event) for event in happened]
    assert kinds.index(events.CommandStarted) < kinds.index(events.ReplyGrew)
    opening = engine.asked[0][-1].content
    assert re.search(r"\nBefore any change, `.*pytest.*` gives this\.\nExecution result: \n", opening)
    assert "assert -1 == 3" in opening
    assert opening.endswith("\n\nThe tests fail. Correct the code.")
    assert verdict(happened) is Verdict.PASSED
    assert len(only(happened, events.CommandStarted)) == 2
    assert engine.asked[2][-1].content == "now it is wrong that 1 and 2 are 3"
    assert len(only(again, events.CommandStarted)) >= 2


@pytest.mark.docker
async def test_the_check_does_not_run_first_where_its_result_was_just_read(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), [WRONG, RIGHT], Policy(rounds=1, timeout_s=20)) as session:
        assert verdict(await turn(session)) is Verdict.FAILED
        happened = await turn(session, "fix it")
    assert verdict(happened) is Verdict.PASSED
    assert len(only(happened, events.CommandStarted)) == 1


@pytest.mark.docker
async def test_what_the_first_check_writes_is_pending(make_repository: MakeRepository) -> None:
    check = Policy(timeout_s=20, check_command="echo made > made.txt; exit 1")
    async with session_on(make_repository(FILES), ["It cannot pass."], check) as session:
        happened = await turn(session, "the check fails")
    changed = next(event for event in happened if isinstance(event, events.DiffChanged))
    assert [file.path for file in changed.diff.files] == ["made.txt"]


@pytest.mark.docker
async def test_the_model_is_told_where_it_wrote_the_test_that_fails(make_repository: MakeRepository) -> None:
    wrong = "test_calc.py\n```python\nfrom calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 4\n```"
    async with session_on(make_repository({"calc.py": FIXED}), [wrong, wrong.replace("4", "3")]) as session:
        assert verdict(await turn(session, "write tests for add")) is Verdict.PASSED
        assert session.conversation.messages[-2].content.endswith(feedback.own_tests(["test_calc.py"]))
    async with session_on(make_repository(FILES), [WRONG, RIGHT]) as session:
        assert verdict(await turn(session)) is Verdict.PASSED
        assert "as you wrote it" not in session.conversation.messages[-2].content


@pytest.mark.docker
@pytest.mark.parametrize(("prompt", "mode"), [("let it add", "auto"), ("the tests fail", "ask"), ("the tests fail", "plan")])
async def test_the_check_does_not_run_first_unasked(make_repository: MakeRepository, prompt: str, mode: ApprovalMode) -> None:
    async with session_on(make_repository(FILES), ["I would change it."]) as session:
        session.approval.mode = mode
        happened = await turn(session, prompt)
    assert only(happened, events.CommandStarted) == []


@pytest.mark.docker
async def test_rounds_run_out(make_repository: MakeRepository) -> None:
    async with session_on(
        make_repository(FILES), [WRONG, WRONG.replace("b - a", "(b - a)")], Policy(rounds=2, timeout_s=20)
    ) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.FAILED
        assert len(only(happened, events.RoundStarted)) == 2


@pytest.mark.docker
async def test_stop_ends_what_runs_and_the_session_goes_on(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), ["```bash\necho up; sleep 600\n```", RIGHT]) as session:
        happened: list[Event] = []
        async with asyncio.timeout(30), aclosing(session.ask("wait")) as waiting:
            async for event in waiting:
                happened.append(event)
                if isinstance(event, events.OutputArrived):
                    session.stop()
        assert verdict(happened) is Verdict.STOPPED
        assert verdict(await turn(session)) is Verdict.PASSED


class Remembering(ScriptedEngine):
    """Remembers what it was asked."""

    def __init__(self, replies: list[str], window: int = 32_768) -> None:
        super().__init__(replies)
        self.window = window
        self.asked: list[tuple[Message, ...]] = []
        self.drawn: list[Sampling] = []

    async def describe(self) -> EngineInfo:
        return replace(await super().describe(), context=self.window)

    async def generate(self, request: Request) -> AsyncGenerator[Piece]:
        self.asked.append(request.messages)
        self.drawn.append(request.sampling)
        async with aclosing(super().generate(request)) as pieces:
            async for piece in pieces:
                yield piece


@pytest.mark.docker
async def test_every_prompt_begins_with_the_one_before(make_repository: MakeRepository) -> None:
    refused = "calc.py\n```python\n# ... rest unchanged\n```"
    async with session_on(make_repository(FILES), []) as session:
        other = WRONG.replace("b - a", "b - a - 1")
        session.engine = engine = Remembering([WRONG, refused, other, RIGHT, "It adds.", WRONG])
        await turn(session)
        await turn(session, "what does @add do?")
        await turn(session, "break it again")
    assert len(engine.asked) >= 6
    for before, after in pairwise(engine.asked):
        assert after[: len(before)] == before
        assert after[len(before)].role == "assistant"


@pytest.mark.docker
async def test_where_there_is_no_file_the_prompt_stands_alone_and_a_definition_becomes_the_first(
    make_repository: MakeRepository,
) -> None:
    async with session_on(make_repository({}), []) as session:
        session.engine = engine = Remembering(["```python\ndef add(a, b):\n    return a + b\n```", "It adds."])
        happened = await turn(session, "write add")
        await turn(session, "what does it do?")
    assert engine.asked[0] == (context.PLAIN, Message("user", "write add"))
    assert [event.paths for event in happened if isinstance(event, events.EditsApplied)] == [("add.py",)]
    assert engine.asked[-1][0] == context.system_message()


@pytest.mark.docker
async def test_where_there_is_no_file_a_failure_begins_anew(make_repository: MakeRepository) -> None:
    failing = "```python\nprint(half(4))\n```"
    async with session_on(make_repository({}), []) as session:
        session.engine = engine = Remembering([failing, failing, "```python\nprint(4 / 2)\n```", "2."])
        happened = []
        async with aclosing(session.ask("halve 4")) as running:
            async for event in running:
                happened.append(event)
                if isinstance(event, events.RoundStarted) and event.round == 1:
                    session.steer("briefly")
    begun, again, third, last = (messages[1:] for messages in engine.asked)
    assert begun == (Message("user", "halve 4"),)
    said = "halve 4\n\nEarlier attempts at this failed. Your function must not do this:\n\nTraceback"
    assert len(again) == len(third) == 1
    assert again[0].content.startswith(said)
    assert "NameError: name 'half' is not defined" in again[0].content
    assert again[0].content.endswith("\n\nbriefly")
    assert third == (Message("user", again[0].content.replace("<block 1>", "<block 2>")),)
    assert [message.role for message in last] == ["user", "assistant", "user"]
    assert [event.dropped for event in happened if isinstance(event, events.ContextBuilt)] == [
        (),
        *[("the attempts that failed",)] * 2,
        (),
    ]
    assert verdict(happened) is Verdict.PASSED


@pytest.mark.docker
async def test_what_is_dropped_for_room_is_told(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), [], Policy(rounds=1, timeout_s=20, max_new_tokens=100)) as session:
        session.engine = engine = Remembering(["yes " * 300] * 6, window=900)
        told = [event for number in range(6) for event in await turn(session, f"question {number}?")]
    dropped = [event.dropped for event in told if isinstance(event, events.ContextBuilt) and event.dropped]
    assert dropped[0][0] == '"question 0?"'
    assert "calc.py" in dropped[0]
    assert [messages[-1].content.endswith(f"question {number}?") for number, messages in enumerate(engine.asked)] == [True] * 6


class Dense(Remembering):
    """Counts a token for 2.6 characters, as of code that a tokenizer knows badly."""

    async def count(self, messages: Sequence[Message]) -> int:
        return sum(int(len(message.content) / 2.6) + 5 for message in messages)


@pytest.mark.docker
@pytest.mark.parametrize("characters", [8_000, 12_000])
@pytest.mark.parametrize("prompt", ["let shop.py add", "The tests fail: correct shop.py."])
async def test_a_turn_about_a_long_file_has_room_for_every_round(
    make_repository: MakeRepository, characters: int, prompt: str
) -> None:
    """In the default window, where other files, a failure at its longest and files that it names want their part too."""
    long = "".join(f"def part_{number}():\n    return {number}\n\n\n" for number in range(characters // 35))
    files = {f"other_{number}.py": f"# {'x' * 90}\n" * 14 for number in range(19)}
    files |= {"shop.py": FILES["calc.py"] + long, "unread.csv": "a,b\n" * 1_500, "rates.txt": "1\n" * 2_500}
    files["test_shop.py"] = (
        "from shop import add\n\n\ndef test_add():\n    print('unread.csv:1: bad, ' * 500)\n    assert add(1, 2) == 3\n"
    )
    words = "It has to be thought of. " * 90
    edit = words + "\nshop.py\n<<<<<<< SEARCH\n    return {}\n=======\n    return {}\n>>>>>>> REPLACE\n"
    unread = f"{words}\nrates.txt\n```\n2\n```\n"
    replies = [edit.format("a - b", "b - a"), unread, edit.format("b - a", "b - a - 1"), *[edit.format("b", "b")] * 9]
    async with session_on(make_repository(files), []) as session:
        session.engine = engine = Dense(replies, window=8192)
        happened = await turn(session, prompt)
    assert verdict(happened) is Verdict.FAILED
    assert len(only(happened, events.RoundFinished)) == 3
    assert "def part_1()" in engine.asked[0][-1].content
    assert [asked for asked in engine.asked if await engine.count(asked) > 8192 - 1024] == []


@pytest.mark.docker
async def test_what_the_last_turn_left_unanswered_leaves_room_for_a_long_file(make_repository: MakeRepository) -> None:
    files = {**FILES, "more.py": "def part():\n    return 12\n\n\n" * 400, "unread.csv": "a,b\n" * 1_500}
    files["test_calc.py"] += "    print('unread.csv:1: bad, ' * 500)\n    assert False\n"
    async with session_on(make_repository(files), [], Policy(rounds=1, timeout_s=20)) as session:
        session.engine = engine = Dense([RIGHT, "It does."], window=8192)
        assert verdict(await turn(session)) is Verdict.FAILED
        left = session.conversation.messages[-1]
        assert (await engine.count([left]) > 3_000, "unread.csv" in session.conversation.known) == (True, True)
        happened = await turn(session, "what does more.py do?")
        assert await engine.count(engine.asked[-1]) <= 8192 - 1024
        assert "unread.csv" not in session.conversation.known
    opening = engine.asked[-1][-1].content
    assert opening.startswith("Execution result: ")
    assert opening.count("def part()") == 400
    dropped = [event.dropped for event in happened if isinstance(event, events.ContextBuilt)]
    assert "the middle of what came of the last reply" in dropped[0]


@pytest.mark.docker
async def test_a_prompt_that_is_too_long_is_refused_before_anything_runs(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), ["Fine."]) as session:
        happened = await turn(session, "It fails: " + "word " * 40_000)
        (failed,) = only(happened, events.TurnFailed)
        assert isinstance(failed, events.TurnFailed)
        assert re.fullmatch(
            r"the prompt has 50\d\d\d tokens, and 23\d\d\d is the most that is read: shorten it", failed.message
        )
        assert not only(happened, events.CommandStarted)
        assert verdict(await turn(session, "hello")) is Verdict.ANSWERED


@pytest.mark.docker
async def test_files_that_a_failure_names_and_instructions_are_read(make_repository: MakeRepository) -> None:
    deep = "x = 1\n" * 30_000
    files = {**FILES, "AGENTS.md": "Be brief.\n", "rates.csv": "broken\n", "deep.py": deep}
    files["test_rates.py"] = "def test_rates():\n    raise ValueError('rates.csv:1: bad')\n"
    async with session_on(make_repository(files), [WRONG, *["Done."] * 9]) as session:
        happened = await turn(session)
        read = [event.files for event in happened if isinstance(event, events.ContextBuilt)]
        assert read[0][0] == "AGENTS.md"
        assert "rates.csv" not in read[0]
        assert read[1] == ("rates.csv",)
        assert session.conversation.messages[0].content.endswith("Be brief.\n")
        assert "rates.csv\n```\nbroken\n```" in session.conversation.messages[3].content


@pytest.mark.docker
async def test_the_failing_lines_of_a_file_that_is_known_or_too_long_are_shown(make_repository: MakeRepository) -> None:
    deep = "x = 1\n" * 30_000 + "\n\ndef half(number):\n    whole = int(number)\n    return whole / 0\n"
    files = {"deep.py": deep, "run.py": "from deep import half\n\n\ndef main():\n    return half(4)\n\n\nmain()\n"}
    check = Policy(rounds=2, timeout_s=20, check_command="python3 run.py")
    reply = "run.py\n<<<<<<< SEARCH\n    return half(4)\n=======\n    return half(5)\n>>>>>>> REPLACE\n"
    for name, prompt in (("quiet", "let run.py halve 5"), ("first", "run.py fails, let it halve 5")):
        async with session_on(make_repository(files, name), []) as session:
            session.policy, session.engine = check, (engine := Remembering([reply, *["It divides by zero."] * 5]))
            assert verdict(await turn(session, prompt)) is Verdict.FAILED
        first, second = (asked[-1].content for asked in engine.asked[:2])
        frame = "Around line 30005 of deep.py\n```python\nx = 1\n"
        assert "whole = int(number)\n    return whole / 0\n```\n" in second
        assert second.count(frame) == 1
        assert second.count("Around line 5 of run.py\n") + second.count("Around line 8 of run.py\n") == 1
        assert (frame in first) is (name == "first")


@pytest.mark.docker
async def test_what_the_person_says_meanwhile_is_read_in_the_next_round(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), [WRONG, RIGHT]) as session:
        happened = []
        async with aclosing(session.ask("go")) as running:
            async for event in running:
                happened.append(event)
                if isinstance(event, events.CommandStarted) and not session.conversation.steered:
                    session.steer("use a plus sign")
        assert session.conversation.messages[3].content.endswith("\n\nuse a plus sign")
        assert only(happened, events.Steered)


@pytest.mark.docker
async def test_a_stop_forgets_what_was_said_and_not_read(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), ["```bash\nsleep 600\n```", RIGHT]) as session:
        async with aclosing(session.ask("go")) as running:
            async for event in running:
                if isinstance(event, events.CommandStarted):
                    session.steer("not that file")
                    session.stop()
        happened = await turn(session, "again")
        started = next(event for event in happened if isinstance(event, events.TurnStarted))
        assert started.prompt == "again"


@pytest.mark.docker
async def test_what_the_user_edits_between_turns_is_in_the_next_one(make_repository: MakeRepository) -> None:
    root = make_repository({"note.txt": "one\n"})
    show = "```bash\ncat note.txt\n```"
    async with session_on(root, [show, "Read.", show, "Read."]) as session:
        await turn(session, "read it")
        (root / "note.txt").write_text("two\n")
        happened = await turn(session, "again")
        assert "two\n" in [event.text for event in happened if isinstance(event, events.OutputArrived)]


@pytest.mark.docker
async def test_what_the_user_edits_while_the_model_works_is_told_before_the_next_round(make_repository: MakeRepository) -> None:
    root = make_repository({**FILES, "note.txt": "one\n"})
    async with session_on(root, [WRONG, RIGHT]) as session:
        happened: list[Event] = []
        async with aclosing(session.ask("make the tests pass")) as running:
            async for event in running:
                happened.append(event)
                if isinstance(event, events.CommandStarted):
                    (root / "note.txt").write_text("two\n")
        (edited,) = (event for event in happened if isinstance(event, events.UserEdited))
        assert (edited.paths, edited.conflicts, edited.moved) == (("note.txt",), (), "")
        told = session.conversation.messages[-2].content
        assert "The user changed note.txt. Your edits are kept on top.\nnote.txt\n```\ntwo\n```" in told
        diff = [event for event in happened if isinstance(event, events.DiffChanged)][-1].diff
        assert [file.path for file in diff.files] == ["calc.py"]


@pytest.mark.docker
async def test_a_session_goes_back_to_an_earlier_round(make_repository: MakeRepository) -> None:
    root = make_repository(FILES)
    look = "```bash\ngrep return calc.py\n```"
    async with session_on(root, [WRONG, RIGHT, look, "Done."]) as session:
        await turn(session)
        async with aclosing(session.settle.history()) as listing:
            (listed,) = [event async for event in listing]
        assert isinstance(listed, events.HistoryListed)
        assert [kept.said for kept in listed.kept] == ["turn 1, round 1: 1 failed", "turn 1, round 2: 1 passed"]
        async with aclosing(session.settle.restore(1)) as restoring:
            kinds = [type(event) async for event in restoring]
        assert kinds == [events.RoundRestored, events.DiffChanged]
        happened = await turn(session, "look")
        assert "    return b - a\n" in [event.text for event in happened if isinstance(event, events.OutputArrived)]
        assert (root / "calc.py").read_text() == FILES["calc.py"]
        async with aclosing(session.settle.restore(9)) as restoring:
            (failed,) = [event async for event in restoring]
        assert isinstance(failed, DecisionFailed)
        assert "no round 9; there are 1 to 4" in failed.message


@pytest.mark.docker
async def test_an_engine_without_replies_ends_the_turn_with_its_message(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), []) as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.GAVE_UP
        assert only(happened, events.TurnFailed)


async def test_without_docker_the_turn_says_what_to_do(make_repository: MakeRepository, tmp_path: Path) -> None:
    """F1: where a run is what the turn is for."""
    async with session_on(make_repository(FILES), [RIGHT], docker_host=f"unix://{tmp_path}/none.sock") as session:
        happened = await turn(session)
        assert verdict(happened) is Verdict.GAVE_UP
        failed = [event for event in happened if isinstance(event, events.PartFailed)]
        assert [event.part for event in failed] == ["sandbox"]
        assert "none.sock" in failed[0].message


@pytest.mark.docker
async def test_python_of_a_reply_goes_on_where_the_last_reply_stopped(make_repository: MakeRepository) -> None:
    """Blocks of one reply and of the next build on each other, and the model reads the value; when it is lost it is told."""
    replies = [
        "```python\nx = 20\n```\nthen\n```python\nx + 1\n```",
        "```python\nx * 2\n```",
        "```python\nimport os\nos._exit(1)\n```",
        "Done.",
    ]
    root = make_repository({"data.txt": ""})
    async with session_on(root, replies, Policy(rounds=4, timeout_s=20)) as session:
        happened = await turn(session, "count")
        assert "".join(event.text for event in happened if isinstance(event, events.OutputArrived)) == "21\n40\n"
        ends = [event.exit.forgotten for event in happened if isinstance(event, events.CommandFinished)]
        assert ends == [False, False, False, True]
        assert any(FORGOTTEN in message.content for message in session.conversation.messages)
    async with session_on(root, replies, Policy(rounds=2, timeout_s=20, stateful=False)) as session:
        happened = await turn(session, "count")
        assert "NameError" in "".join(event.text for event in happened if isinstance(event, events.OutputArrived))


@pytest.mark.docker
async def test_without_docker_the_model_answers_and_edits_and_with_it_runs(
    make_repository: MakeRepository, tmp_path: Path
) -> None:
    """F1: each turn looks for the daemon again; what was edited meanwhile is checked then."""
    root, place = make_repository(FILES), tmp_path / "docker.sock"
    policy = Policy(timeout_s=20, must_run=False)
    async with session_on(root, ["It subtracts.", WRONG, RIGHT], policy, docker_host=f"unix://{place}") as session:
        happened = await turn(session, "what does it do?")
        assert verdict(happened) is Verdict.ANSWERED
        (failed,) = only(happened, events.PartFailed)
        assert isinstance(failed, events.PartFailed)
        assert failed.message.startswith(f"the setting sandbox.docker_host is unix://{place}, but there is no such socket")
        happened = await turn(session)
        assert verdict(happened) is Verdict.NOT_RUN
        assert only(happened, events.PartFailed)
        assert not only(happened, events.CommandStarted)
        assert [event.outcome for event in happened if isinstance(event, events.RoundFinished)] == ["not run: no sandbox"]
        assert "return b - a" in str((await session.workspace.diff()).files)
        place.symlink_to(find().removeprefix("unix://"))
        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        assert only(happened, events.SandboxReady)


@pytest.mark.docker
async def test_the_journal_says_how_a_turn_ended_that_nobody_follows_any_more(make_repository: MakeRepository) -> None:
    root = make_repository(FILES)
    async with session_on(root, ["```bash\necho begun; sleep 600\n```", "An answer."]) as session:
        async with aclosing(session.ask("wait")) as happened:
            async for event in happened:
                if isinstance(event, events.OutputArrived):
                    break
        await turn(session, "explain")
    ends = [event.verdict for event in read(root.parent / "journal.jsonl") if isinstance(event, events.TurnFinished)]
    assert ends == [Verdict.STOPPED, Verdict.ANSWERED]


@pytest.mark.docker
async def test_a_flood_of_output_leaves_the_session_small(make_repository: MakeRepository) -> None:
    """T8: memory, the model's message and the journal; the run's own log holds the first 16 MiB."""
    flood = "```python\nfor n in range(0, 400_000, 1000):\n    print('\\n'.join(f'{m:099}' for m in range(n, n + 1000)))\n```"
    root = make_repository({"a.txt": ""})
    async with session_on(root, [flood, "Done."]) as session:
        me, before, most = psutil.Process(), psutil.Process().memory_info().rss, 0
        async with aclosing(session.ask("flood")) as happened:
            async for _ in happened:
                most = max(most, me.memory_info().rss)
        told = session.conversation.messages[-2].content
    assert most - before < 50 << 20
    assert len(told) < 5_000
    omitted = 400_000 * 100 - 1 - feedback.HEAD - feedback.TAIL
    assert f"\n...({omitted} bytes omitted)...\n" in told
    assert (root.parent / "journal.jsonl").stat().st_size < 1 << 20
    log = (root.parent / "journal/run-1.log").read_bytes()
    assert log.startswith(b"$ python\n" + b"0" * 99)
    assert 16 << 20 < len(log) < (16 << 20) + 100
