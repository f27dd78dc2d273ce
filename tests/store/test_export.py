"""A session in other forms: true to what happened, harmless, without secrets, whatever the events are."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oci_tui.core import events
from oci_tui.core.diff import parse_patch
from oci_tui.core.events import Event
from oci_tui.core.feedback import EMPTY, PREFIX
from oci_tui.core.generation import Usage
from oci_tui.core.ports import Command, Exit
from oci_tui.core.reading import read
from oci_tui.core.verdict import Verdict
from oci_tui.store.export import Form, exported
from oci_tui.store.scrubbing import scrubbed

RECORDING = Path(__file__).parents[1] / "ui" / "recordings" / "lexer.jsonl"
FORMS: tuple[Form, ...] = get_args(Form)
KINDS: tuple[type[Event], ...] = get_args(Event)
TOKEN = "ghp_" + "a1B2" * 9
HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=y>\x1b]0;t\x07 ```\n# `&` \ud800"


def check_record(line: str, *, least: int = 2) -> list[dict[str, str]]:
    """The shape of Code-Feedback: an integer, and messages that alternate from the user to the assistant."""
    record = json.loads(line)
    assert set(record) == {"id", "messages"}
    assert type(record["id"]) is int
    messages: list[dict[str, str]] = record["messages"]
    assert len(messages) >= least
    assert len(messages) % 2 == 0
    for number, message in enumerate(messages):
        assert set(message) == {"role", "content"}
        assert message["role"] == ("user", "assistant")[number % 2]
        assert isinstance(message["content"], str)
        assert message["content"].strip()
    return messages


def a_run(output: str, code: int = 0, command: Command | None = None) -> list[Event]:
    command = command or Command("pytest", ("pytest",))
    return [
        events.CommandStarted(command),
        events.OutputArrived("stdout", output),
        events.CommandFinished(command, Exit(code)),
    ]


def a_round(number: int, reply: str, *rest: Event) -> list[Event]:
    return [
        events.RoundStarted(1, number),
        events.ReplyFinished(reply, Usage()),
        *rest,
        events.RoundFinished(1, number, None, "answered"),
    ]


def test_what_runs_printed_is_a_turn_of_the_users() -> None:
    told: list[Event] = [
        events.SessionStarted("s", "/r", "0.1.0"),
        *a_run("of the person's own"),
        events.TurnStarted(1, "second largest"),
        *a_round(1, "```python\nprint(1/0)\n```", *a_run("ZeroDivisionError", 1)),
        *a_round(2, "Fixed.", events.EditsRefused(("a.py: no such lines",)), *a_run("None 2")),
        *a_round(3, "Both work.", *a_run("2 passed")),
        events.TurnFinished(1, Verdict.PASSED, 3, 1.0),
        events.TurnStarted(2, "in one pass?"),
        *a_round(1, "```python\nf()\n```", *a_run("", command=Command("python", language="python", code="f()"))),
        *a_round(2, "Done."),
        events.Steered("and one that nobody answered"),
    ]
    messages = check_record(exported(told, "code-feedback", "s"))
    assert [message["content"] for message in messages] == [
        "second largest",
        "```python\nprint(1/0)\n```",
        f"{PREFIX}ZeroDivisionError",
        "Fixed.",
        f"{PREFIX}None 2\n\nThese edits were not applied:\n- a.py: no such lines",
        "Both work.",
        f"{PREFIX}2 passed\n\nin one pass?",
        "```python\nf()\n```",
        EMPTY,
        "Done.",
    ]
    assert exported(told, "code-feedback", "s") == exported(told, "code-feedback", "s") != exported(told, "code-feedback", "t")
    assert exported(told[:5], "code-feedback", "s") == "", "nothing was replied yet"


def test_a_recorded_session_in_every_form(tmp_path: Path) -> None:
    told = list(read(RECORDING))
    texts = {form: exported(told, form, "lexer") for form in FORMS}
    messages = check_record(texts["code-feedback"], least=4)
    assert messages[2]["content"].startswith(PREFIX)
    assert texts["markdown"].startswith("# Session 20260921-101500-a1b2\n\n/home/ada/src/parser · ")
    for words in ("make the tests pass", "IndexError", "skip_blanks"):
        assert all(words in text for text in texts.values()), words
    (tmp_path / "again.jsonl").write_text(texts["jsonl"])
    assert list(read(tmp_path / "again.jsonl")) == list(scrubbed(told)), "it can be replayed"


@pytest.mark.parametrize("form", FORMS)
def test_no_secret_is_told(form: Form) -> None:
    """By its shape, also where it came in pieces or two streams cut it; by the name of its file."""
    half, rest = TOKEN[:9], TOKEN[9:]
    diff = parse_patch("diff --git a/.env b/.env\n--- a/.env\n+++ b/.env\n@@ -1 +1 @@\n-OLD=hunter1\n+PASSWORD=hunter2\n")
    told: list[Event] = [
        events.SessionStarted("s", "/r", "0.1.0"),
        events.TurnStarted(1, f"use {TOKEN}"),
        events.RoundStarted(1, 1),
        events.ReplyGrew(f"it is {half}"),
        events.ReplyGrew(rest),
        events.ReplyFinished(f"it is {TOKEN}\n\n.env\n```\nPASSWORD=hunter2\n```\n", Usage()),
        events.DiffChanged(diff),
        events.CommandStarted(Command(f"curl -H {TOKEN}", language="bash", code=f"curl -H {TOKEN}")),
        events.OutputArrived("stdout", half),
        events.OutputArrived("stderr", "warning"),
        events.OutputArrived("stdout", rest),
        events.CommandFinished(Command(f"curl -H {TOKEN}"), Exit(0)),
        events.RoundFinished(1, 1, True, "passed"),
        events.TurnFinished(1, Verdict.PASSED, 1, 1.0),
        events.TurnStarted(2, "thanks"),
        *a_round(1, "Yes."),
    ]
    text = exported(told, form, "s")
    for secret in (TOKEN, rest, "hunter1", "hunter2"):
        assert secret not in text
    assert "GitHub token was here" in text.replace("\\", "")
    assert "warning" in text


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert {name for name, _ in attrs} <= {"class", "charset", "content", "http-equiv", "lang", "name"}

    def handle_data(self, data: str) -> None:
        self.text += data


OURS = {"html", "head", "meta", "title", "style", "body", "h1", "h3", "p", "pre", "ins", "del"}


def test_nothing_of_the_session_is_markup_or_a_command_to_the_terminal() -> None:
    diff = parse_patch("diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-<b>\n+<script>x</script>\n")
    told: list[Event] = [
        events.SessionStarted(HOSTILE, HOSTILE, HOSTILE),
        events.TurnStarted(1, HOSTILE),
        *a_round(1, HOSTILE, *a_run(HOSTILE, command=Command(HOSTILE)), events.DiffChanged(diff)),
        events.TurnFailed(HOSTILE),
        events.TurnFinished(1, Verdict.FAILED, 1, 1.0),
    ]
    page = _Tags()
    page.feed(exported(told, "html", HOSTILE))
    assert page.tags <= OURS
    assert "<script>alert(1)</script>" in page.text
    for form in FORMS:
        assert not {"\x1b", "\x07"} & set(exported(told, form, HOSTILE)), form
    markdown = exported(told, "markdown", HOSTILE)
    outside, fence = [], ""
    for line in markdown.splitlines():
        if not fence and line.startswith("```"):
            fence = line[: len(line) - len(line.lstrip("`"))]
        elif fence and line == fence:
            fence = ""
        elif not fence:
            outside.append(line)
    assert not fence, "every block is closed"
    assert not [line for line in outside if "<script" in line.replace("\\<", "")]


def test_only_lines_that_came_or_went_are_marked_in_a_patch() -> None:
    one = "diff --git a/{0} b/{0}\n--- a/{0}\n+++ b/{0}\n@@ -1,2 +1,2 @@\n same\n--- a/x\n+++ b/x\n"
    diff = parse_patch(one.format("a") + one.format("b"))
    page = exported([events.DiffChanged(diff), events.TurnFinished(1, Verdict.FAILED, 1, 1.0)], "html", "s")
    for lines in ("--- a/a\n+++ b/a\n@@", "--- a/b\n+++ b/b\n@@"):
        assert lines in page, "the names of a file did neither come nor go"
    assert page.count(" same\n<del>--- a/x</del>\n<ins>+++ b/x</ins>") == 2
    assert (page.count("<del>"), page.count("<ins>")) == (2, 2)


def any_events() -> st.SearchStrategy[list[Event]]:
    odd = ["```python\nx\n```", "\ud800", TOKEN, "\r\n\x1b[0m", ".env\n```\n\n```"]
    st.register_type_strategy(str, st.one_of(st.text(max_size=40), st.sampled_from(odd)))
    kinds: list[st.SearchStrategy[Any]] = [
        st.builds(kind, **{name: st.from_type(hint) for name, hint in get_type_hints(kind).items()}) for kind in KINDS
    ]
    return st.lists(st.one_of(kinds), max_size=12)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_events())
def test_any_events_can_be_exported(told: list[Event]) -> None:
    for form in FORMS:
        text = exported(told, form, "any")
        text.encode()
        if form == "code-feedback" and text:
            check_record(text)
        elif form == "jsonl":
            for line in text.removesuffix("\n").split("\n") if text else ():
                msgspec.json.decode(line.encode(), type=dict[str, Any])
        elif form == "html":
            page = _Tags()
            page.feed(text)
            assert page.tags <= OURS
