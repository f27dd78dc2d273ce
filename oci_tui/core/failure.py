"""What went wrong, read out of what a program printed: how many tests passed, the first failure, the places it names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import msgspec

_PYTEST = re.compile(
    r"^=*[ \t]*((?:\d+ (?:failed|passed|errors?|skipped|xfailed|xpassed|warnings?|deselected)(?:, )?)+)", re.MULTILINE
)
_PYTEST_COUNT = re.compile(r"(\d+) (failed|passed|error|skipped)")
_UNITTEST = re.compile(r"^Ran (\d+) tests? in .*\n\s*(OK|FAILED|NO TESTS RAN)(?: \((.*)\))?", re.MULTILINE)
_UNITTEST_COUNT = re.compile(r"(failures|errors|skipped)=(\d+)")
_CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", re.MULTILINE)
_JEST = re.compile(
    r"^Tests:\s+(?:(\d+) failed, )?(?:(\d+) skipped, )?(?:\d+ todo, )?(?:(\d+) passed, )?\d+ total", re.MULTILINE
)
_NODE = re.compile(r"^(?:#|ℹ) (pass|fail|skipped) (\d+)$", re.MULTILINE)
_VITEST = re.compile(r"^ +Tests  ((?:\d+ (?:failed|passed|skipped|todo)(?: \| )?)+) \(\d+\)$", re.MULTILINE)
_VITEST_COUNT = re.compile(r"(\d+) (failed|passed|skipped)")
_MOCHA = re.compile(r"^  (\d+) (passing|failing|pending)(?: \(\w+\))?$", re.MULTILINE)
_GO = re.compile(r"^[ \t]*--- (PASS|FAIL|SKIP): (\S+)", re.MULTILINE)
_TAIL = 8_192

_SECTIONS = tuple(
    re.compile(pattern, re.MULTILINE | re.DOTALL)
    for pattern in (
        r"^_{3,} [^\n]+ _{3,}\n.*?(?=^_{3,} [^\n]+ _{3,}$|^={3,} [^\n]*=$|^\d+ (?:failed|passed|error)|\Z)",
        r"^={70}\n(?:FAIL|ERROR): .*?(?=^={70}$|^-{70}\nRan |\Z)",
        r"^---- [^\n]+ stdout ----.*?(?=^---- |^failures:|\Z)",
        r"^ FAIL  [^\n]+ > .*?(?=^ FAIL  |^⎯|^ Test Files  |\Z)",
        r"^  \d+ failing\n\n  1\) .*?(?=^  2\) |\Z)",
        r"^[ \t]*(?:--- FAIL: |not ok \d|● ).*?(?=^[ \t]*(?:--- |not ok |ok \d|● )|\Z)",
    )
)
_TRACEBACK = re.compile(r"^Traceback \(most recent call last\):|^  File \"[^\"\n]+\", line \d+\n", re.MULTILINE)
_RAISED = re.compile(r"^[A-Za-z_][\w.]*(?:: [^\n]*)?$", re.MULTILINE)
_ERROR = re.compile(r"\b(?:error|fatal|panicked)\b|error:|exception", re.IGNORECASE)
_ERROR_LINES = 15

# a token is looked at from its beginning only, so that a line of a megabyte costs no more than its length
_PLACE = re.compile(
    r"File \"(?P<file>[^\"\n]{1,300})\", line (?P<at>\d{1,7})|(?<![\w@./+-])(?P<path>[\w@./+-]{1,300}):(?P<line>\d{1,7})"
)
_WORKSPACE = "/workspace/"


class Counts(msgspec.Struct, frozen=True):
    """How a test run came out."""

    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0

    def phrase(self) -> str:
        """In words, what went wrong first: "1 failed, 2 passed"."""
        counts = {"failed": self.failed, "passed": self.passed, "errors": self.errors, "skipped": self.skipped}
        said = [f"{count} {name}" for name, count in counts.items() if count]
        return ", ".join(said).replace("1 errors", "1 error") if self.errors == 1 else ", ".join(said)


class Place(msgspec.Struct, frozen=True):
    """A line (from 1) of a file of the workspace that an output names."""

    path: str
    line: int


def counts(output: str) -> Counts | None:
    """The counts that pytest, unittest, cargo, jest, vitest, node, mocha or go printed last; None when none of them did.

    Of go's tests only those without tests inside; those that passed it tells with -v alone.
    """
    end = output[-_TAIL:]
    if lines := _PYTEST.findall(end):
        found = {name: int(count) for count, name in _PYTEST_COUNT.findall(lines[-1])}
        return Counts(found.get("passed", 0), found.get("failed", 0), found.get("error", 0), found.get("skipped", 0))
    if ran := _UNITTEST.search(end):
        found = {name: int(count) for name, count in _UNITTEST_COUNT.findall(ran[3] or "")}
        failed, errors, skipped = found.get("failures", 0), found.get("errors", 0), found.get("skipped", 0)
        return Counts(max(int(ran[1]) - failed - errors - skipped, 0), failed, errors, skipped)
    if results := _CARGO.findall(end):
        passed, failed, skipped = (sum(map(int, column)) for column in zip(*results, strict=True))
        return Counts(passed, failed, 0, skipped)
    if jest := _JEST.search(end):
        return Counts(int(jest[3] or 0), int(jest[1] or 0), 0, int(jest[2] or 0))
    if counts := dict(_NODE.findall(end)):
        return Counts(int(counts.get("pass", 0)), int(counts.get("fail", 0)), 0, int(counts.get("skipped", 0)))
    if vitest := _VITEST.search(end):
        found = {name: int(count) for count, name in _VITEST_COUNT.findall(vitest[1])}
        return Counts(found.get("passed", 0), found.get("failed", 0), 0, found.get("skipped", 0))
    if mocha := {name: int(count) for count, name in _MOCHA.findall(output)}:
        return Counts(mocha.get("passing", 0), mocha.get("failing", 0), 0, mocha.get("pending", 0))
    if tests := _GO.findall(output):
        outer = {name.rpartition("/")[0] for _, name in tests}
        words = [word for word, name in tests if name not in outer]
        return Counts(words.count("PASS"), words.count("FAIL"), 0, words.count("SKIP"))
    return None


def first(output: str) -> str:
    """The first failing test in full, else the first traceback, else the lines from the first error on; "": none is there."""
    for section in _SECTIONS:
        if found := section.search(output):
            return found[0].strip("\n")
    if (begun := _TRACEBACK.search(output)) and (raised := _RAISED.search(output, begun.end())):
        return output[begun.start() : raised.end()]
    if error := _ERROR.search(output):
        start = output.rfind("\n", 0, error.start()) + 1
        return "\n".join(output[start : start + 4_000].split("\n")[:_ERROR_LINES]).strip("\n")
    return ""


def signature(output: str) -> str:
    """What makes two failures the same one: the first of each without addresses, numbers of lines and blocks, and times."""
    return re.sub(r"0x[0-9a-f]+|(?<=:)\d+|(?<=line )\d+|(?<=<block )\d+|\d+\.\d+ ?m?s\b", "N", first(output) or output[-2_000:])


def places(output: str, paths: Collection[str]) -> tuple[Place, ...]:
    """The lines of files of the workspace that an output names, the last named (where a traceback ends) first, a file once."""
    found: dict[str, Place] = {}
    for place in _named(output):
        if place.path in paths:
            found.pop(place.path, None)
            found[place.path] = place
    return tuple(reversed(found.values()))


def _named(output: str) -> Iterator[Place]:
    for match in _PLACE.finditer(output):
        path = (match["file"] or match["path"]).removeprefix(_WORKSPACE).removeprefix("./")
        yield Place(path, int(match["at"] or match["line"]))
