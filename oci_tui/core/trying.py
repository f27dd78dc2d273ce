"""What a reply adds and no test uses is tried once: the model writes a few lines that use it, and they are run.

A check that was there before says nothing of what is new. Only an error that is hardly meant, and that arises in the change
itself, is held against it: a small model's lines are as often wrong as its code, and what they print is nobody's promise.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing

from msgspec.structs import replace

from oci_tui.core import events, feedback
from oci_tui.core.attempt import Attempt, Parts
from oci_tui.core.conversation import Conversation
from oci_tui.core.diff import Diff
from oci_tui.core.errors import EngineError
from oci_tui.core.events import Event
from oci_tui.core.generation import Begun
from oci_tui.core.labels import PYTHON_TAGS
from oci_tui.core.outline import Definition
from oci_tui.core.policy import Policy
from oci_tui.core.ports import Command, Parser, Snapshot
from oci_tui.core.redefined import gone_and_new
from oci_tui.core.reply import Code
from oci_tui.core.tested import is_test
from oci_tui.core.verdict import Verdict

_FRAME = re.compile(r'^  File "(?:/workspace/)?([^"\n]{1,300})", line \d{1,7}, in .*\n(?:    (.*)\n)?', re.MULTILINE)
_RAISED = re.compile(r"^([A-Za-z_]\w*)(?::|$)", re.MULTILINE)
_SELDOM_MEANT = frozenset({"AttributeError", "NameError", "RecursionError", "TypeError", "UnboundLocalError"})
_MOST_NAMES = 4
_MOST_TOKENS = 400
_SECONDS = 20.0
_ELSEWHERE = '__import__("os").chdir(__import__("tempfile").mkdtemp())  # what it writes is no part of the change\n'


def untried(diff: Diff, files: Snapshot, parser: Parser) -> tuple[str, ...]:
    """Functions, methods and classes that the change adds to Python files and no test names, with their owners.

    None where the change takes a definition away: what was renamed or moved is not new.
    """
    code = [file for file in diff.files if file.path.endswith(".py") and not is_test(file.path)]
    pairs = [gone_and_new(file) for file in code]
    if any(gone for gone, _ in pairs):
        return ()
    new = {name for _, names in pairs for name in names}
    lines = ((file.path, line) for file in code for hunk in file.hunks for line in hunk.lines)
    came = {(path, line.new) for path, line in lines if line.kind == "+"}
    added = [one for file in code for one in _own(file.path, files, parser) if (one.path, one.line) in came]
    added = [one for one in added if one.name in new and not one.name.startswith("_")]
    tests = [files.read(path) or "" for path in files.paths() if path.endswith(".py") and is_test(path)]
    used = {one.name for one in added if any(re.search(rf"\b{one.name}\b", text) for text in tests)}
    return tuple(dict.fromkeys(one.full_name for one in added if one.name not in used))[:_MOST_NAMES]


def _own(path: str, files: Snapshot, parser: Parser) -> list[Definition]:
    """What a file itself and its classes define."""
    defined = parser.outline(path, files.read(path) or "").definitions
    classes = {one.name for one in defined if one.kind == "class"}
    return [one for one in defined if not one.inside or one.owner in classes]


def fault(output: str, changed: Collection[str], prompt: str) -> str:
    """The name of the error that arose in the change where it was used and is hardly meant; "" for none.

    `changed` are the paths of the change. What the prompt names is meant, and what a statement raises.
    """
    last = output[output.rfind("Traceback (most recent call last):") :]
    *_, frame = None, *_FRAME.finditer(last)
    if frame is None or frame[1] not in changed or not (raised := _RAISED.search(last, frame.end())):
        return ""
    name, source = raised[1], frame[2] or ""
    if source.startswith("raise") and not (name == "TypeError" and "(" in source and name not in source):
        return ""
    return name if name in _SELDOM_MEANT and name not in prompt else ""


class TryingAttempt(Attempt):
    """An attempt that passes only if what it adds can also be used."""

    def __init__(self, prompt: str, conversation: Conversation, policy: Policy, parts: Parts, begun: Begun | None) -> None:
        super().__init__(prompt, conversation, policy, parts, begun)
        self._trial: Code | None = None
        self._faulty = False

    async def run(self) -> AsyncGenerator[Event]:
        self._faulty = False
        async with aclosing(super().run()) as happened:
            async for event in happened:
                yield event
        wanted = self.policy.tries and self.approval.mode == "auto"
        if not (wanted and self.passed and self.final and self.wrote and self.sandbox):
            return
        if self._trial is None and (names := untried(self.diff, self.workspace, self.parser)):
            async with aclosing(self._ask_for_trial(names)) as happened:
                async for event in happened:
                    yield event
        if self._trial:
            async with aclosing(self._try_out(self._trial)) as happened:
                async for event in happened:
                    yield event

    async def _ask_for_trial(self, names: tuple[str, ...]) -> AsyncGenerator[Event]:
        """The model writes what uses these; what was said for it is forgotten."""
        messages = self.conversation.messages
        if messages[-1].role == "user":
            return
        before = self._reply, self._again, self._cut_off, self.policy
        self.policy = replace(self.policy, max_new_tokens=min(self.policy.max_new_tokens, _MOST_TOKENS))
        yield events.TryingOut(names)
        self.conversation.say(feedback.try_out(names))
        try:
            async with aclosing(self._generate()) as happened:
                async for event in happened:
                    yield event
        except EngineError:
            # nobody asked for it: the turn is what it is without, and the next request starts the engine anew
            del messages[-1]
            self.policy = before[-1]
            return
        del messages[-2:]
        code = [] if self._reply.edits or self._cut_off else [one for one in self._reply.code if one.language in PYTHON_TAGS]
        self._reply, self._again, self._cut_off, self.policy = before
        self._trial = code[0] if code else None

    async def _try_out(self, trial: Code) -> AsyncGenerator[Event]:
        """Run it, elsewhere than in the files; where it shows no fault it is as if nothing had been run."""
        before = self.outcome, self.conversation.output, self.error, self._stuck, len(self.said)
        command = Command("python", (), "python", _ELSEWHERE + trial.text, min(self.policy.timeout_s, _SECONDS))
        permission = self.approval.by_rule(command)
        if not permission or not permission.allowed:
            return
        self.conversation.output = ""
        async with aclosing(self._execute(command)) as happened:
            async for event in happened:
                yield event
        found = fault(self.conversation.output, {file.path for file in self.diff.files}, self.prompt)
        self.passed, self.final, self._refused, self._lacks, self._unchecked = not found, not found, False, False, False
        self.outcome, self.conversation.output, error, stuck, told = before
        if found:
            self._faulty, self._checked, self.outcome = True, False, f"{found} when it is used"
            self.said[told] = feedback.tried(trial.text, self.said[told])
            self._failed = [self.said[told]]
        else:
            self.error, self._stuck = error, stuck
            del self.said[told:]

    def judged(self) -> Verdict:
        """The check is the person's word: where there is one it passes a turn, whatever came of the model's own lines."""
        return Verdict.PASSED if self._faulty and self.decided else super().judged()
