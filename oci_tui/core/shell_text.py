"""Shell blocks as models write them: commands behind `$ ` with what they printed between them, output alone, prose."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PROMPT, _GOES_ON = "$ ", "> "
_TOKEN = re.compile(
    r"(?P<text>'[^']*'|\"(?:\\.|[^\"\\])*+\"|\\.)|(?P<open>['\"])|(?P<comment>(?<![^\s;(])#[^\n]*)"
    r"|(?<!<)<<(?P<tabs>-?)[ \t]*(?P<quote>['\"]?)(?P<ending>[A-Za-z_][\w-]*)(?P=quote)"
    r"|(?P<sign>[;&|()\n])|(?P<word>[^\s;&|()'\"\\<]+|<)",
    re.DOTALL,
)
_OPENS = frozenset({"if", "for", "while", "until", "select", "case", "{"})
_CLOSES = frozenset({"fi", "done", "esac", "}"})
_BEFORE_COMMANDS = frozenset({"if", "while", "until", "{", "then", "do", "else", "!", "time"})
_GOING_ON = re.compile(r"(?:\\|\||&&)\s*\Z")

_OUTPUT = re.compile(
    r"-?\d[\d.,:%]*(?:\s.*)?"  # 3, 2 passed in 0.01s
    r"|[A-Z][\w']*[,.!?:;]*(?:\s.*)?"  # Hello, OK, FAILED test_a.py
    r"|[\w./-]+:(?:\s.*|\d.*)?"  # usage: …, a.py:3: error
    r"|\[(?:\[*[-'\"\d{].*)?\]|\{(?:['\"\d].*)?\}|\((?:[-'\"\d].*)?\)"  # [1, 2], {'a': 1}
    r"|[FEsxX]*\.[.FEsxX]*|[.FEsxX]+\s+\[\s*\d+%\]|(?:(?>\S+?\.py::\S+)|\S+\.py) (?:[.FEsxX]+|[A-Z]+)(?:\s+\[\s*\d+%\])?"
    r"|collected \d+ items?.*|platform \w+ -- .*|total \d+|[-dl][rwxsStT-]{9}\s.*"
    r"|[=─━-]{3,}.*|[|+✓✔✗✘×•├└→].*|\^+|~+"
)
_PROGRAMS = frozenset({"R", "Rscript", "Xvfb", "Xorg"})
_QUOTED = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*+\"|#.*")
_ENGLISH = re.compile(
    r"(?<![\w./-])(?:a|an|and|are|it|its|is|of|or|the|that|then|this|to|what|which|will|with|you|your)(?![\w./-])",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r".*\s\S*\w[.!?:,]\s*")
_LONGEST = 2_000
_MOST_LINES = 40
"""A command of more is not looked for: each line of it is read with all before it."""


def commands(lines: Sequence[str]) -> list[str]:
    """Lines copied with their `$ ` lose it, and what was printed between them goes; others stay as they are.

    A command of several lines is kept whole; the `> ` by which a shell says that it goes on is lost too.
    """
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    if not first.startswith(_PROMPT):
        return list(lines)
    found, at = list[str](), 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith(_PROMPT):
            command = _whole(line.removeprefix(_PROMPT), lines[at : at + _MOST_LINES])
            found += command
            at += len(command) - 1
    return found


def is_output(lines: Sequence[str]) -> bool:
    """Whether every line is one that a program prints and no shell runs."""
    said = [bare for line in lines if (bare := line.strip())]
    return bool(said) and all(_OUTPUT.fullmatch(line) and line.split()[0] not in _PROGRAMS for line in said)


def is_prose(line: str) -> bool:
    """Whether a line is part of a sentence rather than a command."""
    bare = _QUOTED.sub("", line[:_LONGEST])
    words = len(_ENGLISH.findall(bare))
    return words > 1 or (words == 1 and bool(_SENTENCE.fullmatch(bare)))


def _whole(line: str, following: Sequence[str]) -> list[str]:
    """The command that begins with `line`: with as many of those that follow as it takes, at most up to the next one."""
    command = [line]
    prompted = bool(following) and following[0].startswith(_GOES_ON)
    for more in following:
        if not _goes_on("\n".join(command)):
            return command
        command.append(more.removeprefix(_GOES_ON) if prompted and more != ">" else more.removeprefix(">" * prompted))
    if not _goes_on("\n".join(command)):
        return command
    ends = next((index for index, more in enumerate(following) if more.startswith(_PROMPT)), len(following))
    return command[: ends + 1]


def _goes_on(command: str) -> bool:
    """Whether a shell would wait for more lines."""
    depth = at = 0
    brackets, begins = 0, True
    endings: list[tuple[str, bool]] = []
    while found := _TOKEN.search(command, at):
        at = found.end()
        if found["open"]:
            return True
        if found["ending"] and brackets < 2:
            endings.append((found["ending"], bool(found["tabs"])))
        elif found["sign"]:
            begins = True
            brackets = max(brackets + {"(": 1, ")": -1}.get(found["sign"], 0), 0)
            if found["sign"] == "\n":
                for ending, tabs in endings:
                    lead = r"\t*" if tabs else ""
                    end = re.compile(rf"^{lead}{re.escape(ending)}$", re.MULTILINE).search(command, at)
                    if not end:
                        return True
                    at = end.end()
                endings.clear()
        elif found["word"]:
            depth += begins * ((found["word"] in _OPENS) - (found["word"] in _CLOSES))
            begins = begins and found["word"] in _BEFORE_COMMANDS
        elif found["text"]:
            begins = False
    return bool(depth > 0 or brackets or endings or _GOING_ON.search(command))
