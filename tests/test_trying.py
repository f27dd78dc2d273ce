"""A turn whose check says nothing of what it added: the model uses it once, and what fails there is mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci_tui.core import events
from oci_tui.core.approval import Approval
from oci_tui.core.policy import Policy
from oci_tui.core.reading import read
from oci_tui.core.rules import Rules
from oci_tui.core.verdict import Verdict
from tests.calculator import FILES, FIXED, MakeRepository
from tests.test_session import only, session_on, turn, verdict

PASSING = FILES | {"calc.py": FIXED}
TRIES = Policy(timeout_s=20, tries=True)
USE = "```python\nfrom calc import add_all\nprint(add_all([1, 2]))\nopen('seen.txt', 'w').write('x')\n```\n"


def adds(value: str) -> str:
    return f"calc.py\n```python\n{FIXED}\n\ndef add_all(numbers):\n    return {value}\n```\n"


def rounds(happened: list[events.Event]) -> list[tuple[bool | None, str]]:
    return [(event.passed, event.outcome) for event in happened if isinstance(event, events.RoundFinished)]


@pytest.mark.docker
async def test_what_is_added_is_used_and_what_fails_then_is_told(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(PASSING), [adds("sum(*numbers)"), USE, adds("sum(numbers)")], TRIES) as session:
        happened = await turn(session, "Add add_all.")
        assert verdict(happened) is Verdict.PASSED
        assert rounds(happened) == [(False, "TypeError when it is used"), (True, "1 passed")]
        tried = [event.names for event in happened if isinstance(event, events.TryingOut)]
        assert tried == [("add_all",)], "once a turn: the same lines are run again"
        first, told, last = (message.content for message in session.conversation.messages[-3:])
        assert "sum(*numbers)" in first
        assert "What you added was used like this:\n```python\nfrom calc import add_all\n" in told
        assert "TypeError" in told
        assert "sum(numbers)" in last
        assert not any("No test uses" in message.content for message in session.conversation.messages)
        assert [file.path for file in (await session.workspace.diff()).files] == ["calc.py"], "what the lines write is not kept"


@pytest.mark.docker
@pytest.mark.parametrize(
    "use",
    [USE, "It works.", USE.replace("[1, 2]", "1, 2"), "calc.py\n```python\nx = 1\n```\n", f"{adds('0')}{USE}"],
    ids=["right", "words", "wrong use", "an edit", "an edit and a use"],
)
async def test_what_shows_no_fault_is_forgotten(make_repository: MakeRepository, use: str) -> None:
    async with session_on(make_repository(PASSING), [adds("sum(numbers)"), use], TRIES) as session:
        happened = await turn(session, "Add add_all.")
        assert verdict(happened) is Verdict.PASSED
        assert rounds(happened) == [(True, "1 passed")]
        assert [message.role for message in session.conversation.messages] == ["system", "user", "assistant"]
        assert "sum(numbers)" in (session.workspace.read("calc.py") or "")
        assert "1 passed" in session.conversation.output


@pytest.mark.docker
async def test_a_check_passes_a_turn_whatever_came_of_it(make_repository: MakeRepository) -> None:
    wrong = [adds("sum(*numbers)"), USE, adds("sum(*numbers, 0)"), adds("numbers.total()")]
    async with session_on(make_repository(PASSING), wrong, TRIES) as session:
        happened = await turn(session, "Add add_all.")
        assert verdict(happened) is Verdict.PASSED
        assert [passed for passed, _ in rounds(happened)] == [False, False, False]


@pytest.mark.docker
async def test_without_a_check_what_fails_when_it_is_used_has_not_passed(make_repository: MakeRepository) -> None:
    wrong = [adds("sum(*numbers)"), USE]
    async with session_on(make_repository({"calc.py": FIXED}), wrong, Policy(timeout_s=20, tries=True, rounds=1)) as session:
        happened = await turn(session, "Add add_all.")
        assert rounds(happened) == [(False, "TypeError when it is used")]
        assert verdict(happened) is Verdict.FAILED


@pytest.mark.docker
@pytest.mark.parametrize("policy", [Policy(timeout_s=20), TRIES], ids=["off", "asking"])
async def test_it_is_not_tried_where_nobody_wants_it(make_repository: MakeRepository, policy: Policy) -> None:
    async with session_on(make_repository(PASSING), [adds("sum(*numbers)")], policy) as session:
        if policy.tries:
            session.approval = Approval("ask", Rules(allow=("*",)))
        happened = await turn(session, "Add add_all.")
        assert not only(happened, events.TryingOut)


@pytest.mark.docker
async def test_the_journal_has_it(make_repository: MakeRepository) -> None:
    root: Path = make_repository(PASSING)
    async with session_on(root, [adds("sum(numbers)"), USE], TRIES) as session:
        await turn(session, "Add add_all.")
    assert events.TryingOut in {type(event) for event in read(root.parent / "journal.jsonl")}
