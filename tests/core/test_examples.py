"""Examples that a prompt states are checked where they can mean one thing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci_tui.core.examples import Example, command, found

DURATIONS = "def format_duration(seconds):\n    return f'{seconds}s'\n"


def stated(prompt: str, **files: str) -> list[tuple[str, str]]:
    named = {f"{name}.py": text for name, text in files.items()}
    return [(one.call, one.value) for one in found(prompt, sorted(named), named.get)]


@pytest.mark.parametrize(
    ("prompt", "calls"),
    [
        ("Make evaluate(\"2 * (3 + 4)\") return 14, nested ones too.", [("evaluate('2 * (3 + 4)')", "14")]),
        ("`mean([1, 3])` should return `2.0`.", [("mean([1, 3])", "2.0")]),
        ("add(1, b=-2) must be -1; add(0, 0) has to give 0", [("add(1, b=-2)", "-1"), ("add(0, 0)", "0")]),
        ("slug('A b') == 'a-b'", [("slug('A b')", "'a-b'")]),
        ("slug('A b') -> 'a-b' and slug('') -> ''", [("slug('A b')", "'a-b'"), ("slug('')", "''")]),
        ("fits({1: 'a'}, (2,)) returns True.", [("fits({1: 'a'}, (2,))", "True")]),
        (
            'Add parse(text) that returns seconds: "1h 2m" gives 3720, and any may be left out, so "45m" gives 2700.',
            [("parse('1h 2m')", "3720"), ("parse('45m')", "2700")],
        ),
        ('pack(text) returns tuples, so "aab" gives [("a", 2), ("b", 1)].', [("pack('aab')", "[('a', 2), ('b', 1)]")]),
    ],
)  # fmt: skip
def test_what_a_prompt_states(prompt: str, calls: list[tuple[str, str]]) -> None:
    assert stated(prompt) == calls


@pytest.mark.parametrize(
    "prompt",
    [
        "f(1) returns 2, but it should return 3.",
        "f(1) currently returns 2.",
        "Why does f(1) return 2?",
        "f(1) doesn't return 2",
        "f(1) should not return 2",
        "f(1) returns 2 items.",
        "f(1) returns 2024-01-02.",
        "f(1) returns 1:02:05.",
        "f(1) returns 2 * x.",
        "f(1) returns the value 2.",
        "f(x) returns 2.",
        "f(1) returns [x, 2].",
        "f(open('a').read()) returns 2.",
        "f(1) gives 2. f(1) gives 3.",
        "f(1) gives 2, it is a bug.",
        'encode(text) and decode(text): "a" gives "b".',
        '"a" gives "b".',
        'f(text): "a" is "b".',
        "obj.f(1) returns 2.",
        "f(1 returns 2.",
        "f(1) prints 'x'.",
        *(
            f"f(1) should return {value}."
            for value in (
                "1 or 2",
                "1, 2, or 3",
                "1,000",
                "1..6",
                "3.14...",
                '"abc".upper()',
                "[1, 2, ...]",
                "2 and above",
                "3, approximately",
                "[1, 2], in any order",
                "0.33 (rounded)",
                "3 as a string",
                "True if x > 2",
                "1 (2 for leap years)",
                "1, then 2",
            )
        ),
        "With an empty db, f(1) should return 0.",
        "If f(1) == 2: do x",
        "When f(1) is None: raise",
        "The length of f('abc') should be 3.",
        "1 + f(1) should be 2.",
        "Write main() -> None.",
        'def load() -> "Config"',
        "obj->f(1) returns 2.",
        "f(1) gives 2 (expected 3).",
        "f(1) is 2, should be 3.",
        "E       AssertionError: assert f(1) == 2",
        'Add greet(name) which prints; the config key "title" gives "Mr".',
        'Add load(path) and render. In render "a" becomes "A".',
        'draw(screen): "File" -> "Open" -> "Recent"',
    ],
)
def test_what_may_mean_something_else(prompt: str) -> None:
    assert stated(prompt) == []


def test_what_a_function_that_is_there_gives_may_be_what_is_wrong() -> None:
    here = "def split(a, n):\n    return [a // n] * n\n"
    assert stated("split(100, 3) gives [33, 33, 33], so a cent gets lost.", bill=here) == []
    assert stated("split(100, 3) gives [34, 33, 33].", other="x = 1\n") == [("split(100, 3)", "[34, 33, 33]")]
    assert stated("split(100, 3) gives [33, 33, 33], and split(9, 3) must give [3, 3, 3].", bill=here) == [
        ("split(9, 3)", "[3, 3, 3]")
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 60 * int(text[:-1])", ""),
        ("return float(60 * int(text[:-1]))", ""),
        ("return 45", "parse('45m') gives 45, and the prompt says 2700"),
        ("return 45\nimport no_such_module", ""),
        ("return 45 / 0", "ZeroDivisionError"),
        ("return", "gives None"),
    ],
)
def test_the_program_says_what_comes_out_otherwise(tmp_path: Path, body: str, said: str) -> None:
    files = {"lib.py": f"def parse(text):\n    {body}\n", "test_lib.py": "def parse(text): ...\n"}
    examples = found('Add parse(text): "45m" gives 2700.', (), files.get)
    program = command(examples, sorted(files), files.get, 5)
    assert program is not None
    for path, text in files.items():
        (tmp_path / path).write_text(text)
    done = subprocess.run([sys.executable, "-c", program.code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is (not said)
    assert said in done.stderr


@pytest.mark.parametrize(
    ("value", "returned", "passes"),
    [("[1, 2]", "(1, 2)", True), ("(1, 2)", "[1, 2]", True), ("[1, 2]", "[2, 1]", False), ("0.3", "0.1 + 0.2", True),
     ("'a'", "['a']", False), ("3", "True + 2", True), ("[]", "()", True), ("None", "None", True),
     ("[0.3]", "(0.1 + 0.2,)", True),
     ("3.14", "3.14159", True), ("3.14", "3.2", False), ("[('a', 1)]", "[['a', 1]]", True), ("[1, 2]", "range(1, 3)", True),
     ("'x'", "None", True), ("[1]", "None", True), ("[1]", "[1, 2]", False)],
)  # fmt: skip
def test_what_is_alike(tmp_path: Path, value: str, returned: str, passes: bool) -> None:
    files = {"lib.py": f"def f(a):\n    return {returned}\n"}
    program = command([Example("f", "f(1)", value)], ["lib.py"], files.get, 5)
    assert program is not None
    (tmp_path / "lib.py").write_text(files["lib.py"])
    assert (subprocess.run([sys.executable, "-c", program.code], cwd=tmp_path, check=False).returncode == 0) is passes


def test_of_what_no_file_or_two_define_there_is_no_program() -> None:
    example, define = [Example("f", "f(1)", "2")], "def f(a): ...\n"
    method = f"class A:\n    {define}"
    for files in (
        {},
        {"test_a.py": define},
        {"a.py": define, "b.py": define},
        {"a.js": define},
        {"a.py": method},
    ):
        assert command(example, sorted(files), files.get, 5) is None, files


@given(
    st.lists(
        st.sampled_from(["f(", "g(x)", '"a"', "'", "[", "]", ")", " gives ", " should return ", "1", ". ", "\\", "{", " "])
    ).map("".join)
)
def test_any_prompt_is_read(prompt: str) -> None:
    for one in found(prompt, (), str):
        compile(f"{one.call} == {one.value}", "", "eval")


def test_a_long_prompt_is_read_at_once() -> None:
    for piece in ("f(", "f((", "'", "[", "f(1) gives ", '"a" gives '):
        found(piece * (5_000 // len(piece)), (), str)
