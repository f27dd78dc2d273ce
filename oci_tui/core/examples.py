"""Examples in a prompt, `mean([1, 3])` should return 2, as a program that checks them: tests seldom know of what is new.

Only what can mean one thing is taken: a call with its values, or a value after a function that the prompt speaks of with one
parameter (`parse(text)` returns seconds: "45m" gives 2700), then what it gives, written as Python writes it. What a function
that is there already *gives* may as well be what is wrong with it: of such a one only what it *should* give is taken.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from oci_tui.core import guards, imports
from oci_tui.core.imports import Read
from oci_tui.core.ports import Command
from oci_tui.core.syntax import parsed

LABEL = "the examples in the prompt"
_MOST = 5
_LONGEST_PROMPT, _LONGEST = 5_000, 500

_CALL = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\(")
_FUNCTION = re.compile(r"^[ \t]*def[ \t]+(\w+)", re.MULTILINE)
_VALUE = re.compile(r"(?<![\w\"'(\[{=])(?=[\"'\[])")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?![\w%/*+-]|\.\d|:\d)|(?:True|False|None)\b")
_OPENING, _CLOSING = "([{", ")]}"
_ENDS = re.compile(
    r"[`*]*(?:$|\.(?=[\s)]|$)|[;:!)](?!\w)|,\s+(?!\d|[\"'\[({-]|(?:then|or|in|should|must|I|not)\b)"
    r"|\s+(?:because|since)\b|\s+and\s+(?=[`*]*(?:[A-Za-z_]\w*\(|[\"'\[])))"
)
_SHALL = r"(?:(?:should|shall|must|has to|have to|needs? to|ought to)\s+(?:(?:all|also|always|both|then)\s+)?)"
_SENTENCE = re.compile(r"(?<=[.;!?])\s|\n")
_OTHERWISE = re.compile(
    r"\b(?:actual\w*|after|although|approx\w*|assume|at the moment|before|but|case-\w+|currently|expect\w*|given|got|hardly"
    r"|however|if|in any|instead|issue|mock\w*|never|not|now|nowadays|old|on main|only|or so|patch\w*|problem|rarely|rather"
    r"|roughly|round\w*|stub\w*|suppose|though|today|unless|until|when|where|while|why|with|wrong\w*|yet)\b"
    r"|n['’]t\b|\?|\b\w+Error\b",
    re.IGNORECASE,
)
_PART_OF = re.compile(r"(?:[+*/$@>-]\s*|::|\b(?:async|def|fn|func|function|like|of|than)\s+[`*]*)$")
_SAID_OF = re.compile(r"(?:[:,(→]\s*|\b(?:and|e\.g\.|example|so|that)\s+)[`*]*$")


def _verbs(bare: str, said: str) -> re.Pattern[str]:
    """What stands between a call and what it gives; it `shall` be so, or it is said to be."""
    shall = rf"(?P<shall>(?:{_SHALL})?(?:{bare})\s)"
    return re.compile(rf"[`*]*\s*(?:{shall}|(?:{said})\s|(?:[-=]>|→|➞)(?!\s*[`*]*None))\s*:?\s*[`*]*", re.IGNORECASE)


_GIVES_BACK = _verbs(r"return|give|become|produce", r"returns|gives|becomes|produces")
_GIVES = _verbs(
    r"return|give|become|produce|be|equal|evaluate\s+to", r"returns|gives|becomes|produces|is|equals|evaluates\s+to|=="
)

_PROGRAM = """import asyncio, sys

def _alike(given, wanted):
    if isinstance(wanted, float) and isinstance(given, (int, float)):
        return round(given, max(len(repr(wanted).partition(".")[2]), 2)) == wanted
    if isinstance(wanted, (list, tuple)) and not isinstance(given, (str, bytes, dict)):
        given = list(given)
        return len(given) == len(wanted) and all(map(_alike, given, wanted))
    return bool(given == wanted)

def _tried(said, given, wanted):
    if asyncio.iscoroutine(given) or (given is None and isinstance(wanted, str)):
        return
    try:
        alike = _alike(given, wanted)
    except (TypeError, ValueError):
        return
    assert alike, f"{{said}} gives {{given!r}}, and the prompt says {{wanted!r}}"

try:
    {imports}
except BaseException as error:
    sys.exit(print("not tried:", repr(error)))
{calls}
print("as the prompt says")
"""


class Example(NamedTuple):
    """A call of `function` and the value it shall give, both as Python writes them."""

    function: str
    call: str
    value: str


def command(examples: Sequence[Example], paths: Sequence[str], read: Read, timeout_s: float) -> Command | None:
    """The program that tries those of them whose function one of the files defines; None where there are none."""
    names = {one.function for one in examples} & _defined(paths, read) if examples else set[str]()
    lines = imports.completed("examples.py", "".join(f"{name}\n" for name in sorted(names)), None, paths, read)[1]
    there = {line.rpartition(" ")[2] for line in lines}
    calls = [f"_tried({one.call!r}, {one.call}, {one.value})" for one in examples if one.function in there]
    if not calls:
        return None
    code = _PROGRAM.format(imports="\n    ".join(lines), calls="\n".join(calls))
    return Command(LABEL, (), "python", code, timeout_s)


def found(prompt: str, paths: Sequence[str], read: Read) -> tuple[Example, ...]:
    """The first examples that a prompt states, each once, of the files as they are before it is done: none of a call that is
    said to give two things.
    """
    if len(prompt) > _LONGEST_PROMPT:
        return ()
    said: dict[str, dict[Example, bool]] = {}
    for example, shall in _stated(prompt):
        said.setdefault(example.call, {})[example] = shall
    plain = [next(iter(stated.items())) for stated in said.values() if len(stated) == 1][:_MOST]
    there = _defined(paths, read) if plain and not guards.complains(prompt) else None
    return tuple(one for one, shall in plain if shall or (there is not None and one.function not in there))


def _defined(paths: Sequence[str], read: Read) -> set[str]:
    """The functions that the files define; a file more than can be looked through defines none."""
    python = [path for path in paths if path.endswith(".py")][: imports.MOST_FILES]
    return {name for path in python for name in _FUNCTION.findall(read(path) or "")}


def _stated(prompt: str) -> Iterator[tuple[Example, bool]]:
    """Each example, and whether it says what there should come."""
    for sentence in _SENTENCE.split(prompt):
        if not _OTHERWISE.search(sentence):
            yield from _in_sentence(sentence)


def _in_sentence(sentence: str) -> Iterator[tuple[Example, bool]]:
    spoken_of, at = set[str](), 0
    while at < len(sentence):
        call, value = _CALL.search(sentence, at), _VALUE.search(sentence, at)
        begins = min((match.start() for match in (call, value) if match), default=len(sentence))
        called = call if call and call.start() == begins else None
        if not (end := _closed(sentence, called.end() - 1 if called else begins)):
            # nothing that opens after it is surely outside of it
            return
        text, before, at = sentence[begins:end], sentence[:begins], end
        if called:
            function, gives = called[1], _GIVES.match(sentence, end)
            plain = not _PART_OF.search(before)
            spoken_of |= {function} if _takes_one(text) else set()
        else:
            function, gives = next(iter(spoken_of), ""), _GIVES_BACK.match(sentence, end)
            text, plain = f"{function}({text})", len(spoken_of) == 1 and bool(_SAID_OF.search(before))
        if plain and gives and (tried := _call(text)) and _has_values(tried):
            stop = _literal_end(sentence, gives.end())
            if stop and _ENDS.match(sentence, stop) and (shown := _literal(sentence[gives.end() : stop])):
                yield Example(function, ast.unparse(tried), shown), bool(gives["shall"])
                at = stop


def _closed(text: str, at: int) -> int:
    """Where what opens at `at`, a bracket or a quote, ends; 0 where it does not."""
    depth, quote, number = 0, "", at
    while number < min(len(text), at + _LONGEST):
        sign = text[number]
        if quote:
            number += sign == "\\"
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        else:
            depth += (sign in _OPENING) - (sign in _CLOSING)
        number += 1
        if not depth and not quote:
            return number
    return 0


def _literal_end(text: str, at: int) -> int:
    if found := _NUMBER.match(text, at):
        return found.end()
    return _closed(text, at) if text[at : at + 1] and text[at] in "\"'[({" else 0


def _literal(text: str) -> str:
    """A value as Python writes it; "" where the text is none."""
    tree = parsed(text)
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr) or not _is_value(tree.body[0].value):
        return ""
    return ast.unparse(tree.body[0].value)


def _is_value(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=value):
            return value is not ...
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return True
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return all(map(_is_value, parts))
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and _is_value(key) for key in keys) and all(map(_is_value, values))
    return False


def _call(text: str) -> ast.Call | None:
    tree = parsed(text)
    only = tree.body[0] if tree is not None and len(tree.body) == 1 else None
    return only.value if isinstance(only, ast.Expr) and isinstance(only.value, ast.Call) else None


def _has_values(call: ast.Call) -> bool:
    return all(map(_is_value, [*call.args, *(keyword.value for keyword in call.keywords)]))


def _takes_one(text: str) -> bool:
    """Whether it is a function spoken of with one parameter: `parse(text)`."""
    call = _call(text)
    return call is not None and not call.keywords and [type(argument) for argument in call.args] == [ast.Name]
