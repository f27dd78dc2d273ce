"""A corpus of replies as weak models write them (`replies/*.toml`): what each does to the files, what it runs, what is refused.

A case says which texts of which files change (every other byte stays), which files are new, which programs run, in order, and
words of each refusal and note. What it does not say must not happen.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci_tui.core.edits import Files, Settled, settle
from oci_tui.core.reply import Reply, ReplyReader, parse, placed
from oci_tui.parser.treesitter import TreeSitterParser

PARSER = TreeSitterParser()
CORPUS = Path(__file__).parent / "replies"
PROMPT = "Fix the calculator; the function area must go."


class Case(msgspec.Struct, frozen=True):
    name: str
    reply: str
    prompt: str = PROMPT
    run: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    wrote: dict[str, str] = {}
    changed: dict[str, list[tuple[str, str]]] = {}


@cache
def files() -> dict[str, str]:
    return tomllib.loads((CORPUS / "files.toml").read_text())


def cases() -> list[Any]:
    found = []
    for file in sorted(CORPUS.glob("*.toml")):
        for case in tomllib.loads(file.read_text()).get("case", ()):
            found.append(pytest.param(msgspec.convert(case, Case), id=f"{file.stem}: {case['name']}"))
    return found


def read(text: str, prompt: str = PROMPT) -> tuple[Reply, Settled]:
    reader = ReplyReader(files())
    reader.feed(text)
    reply = placed(reader.finish(), files(), prompt, PARSER)
    outside = "it is outside of the workspace"
    there = files()
    found = Files(tuple(there), there.get, lambda path: outside if path.startswith(("/", "..", ".git/")) else "", there, PARSER)
    return reply, settle(reply.edits, found, prompt)


def expected(case: Case) -> dict[str, str]:
    texts = dict(case.wrote)
    for path, pairs in case.changed.items():
        text = files()[path]
        for old, new in pairs:
            assert text.count(old) == 1
            text = text.replace(old, new)
        texts[path] = text
    return texts


def test_the_corpus_is_large_and_no_case_is_there_twice() -> None:
    names = [case.id for case in cases()]
    assert len(names) == len(set(names)) >= 150


@pytest.mark.parametrize("case", cases())
def test_a_reply_does_what_it_means_and_nothing_else(case: Case) -> None:
    reply, done = read(case.reply, case.prompt)
    assert done.written == expected(case)
    assert tuple(code.text for code in reply.code) == case.run
    for said, words in ((done.refused, case.refused), (done.notes, case.notes)):
        assert len(said) >= len(words)
        assert all(word in one for word, one in zip(words, said, strict=False))
    assert bool(done.refused) == bool(case.refused)


@pytest.mark.parametrize("case", cases())
def test_pieces_do_not_matter(case: Case) -> None:
    whole = parse(case.reply)
    assert whole.text == case.reply
    for size in (1, 2, 3, 7, 64):
        reader = ReplyReader()
        for start in range(0, len(case.reply), size):
            reader.feed(case.reply[start : start + size])
        assert reader.finish() == whole


_LINES = [line for case in cases() for line in case.values[0].reply.split("\n")]
_LINE = st.one_of(st.sampled_from(_LINES), st.text(max_size=30))


@given(st.lists(_LINE, max_size=25).map("\n".join), st.integers(1, 9))
def test_any_text_is_understood_and_none_raises(text: str, size: int) -> None:
    reader = ReplyReader()
    for start in range(0, len(text), size):
        reader.feed(text[start : start + size])
    assert reader.finish() == parse(text)
    read(text)
