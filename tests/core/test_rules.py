"""Which commands a pattern is about."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oci_tui.core.ports import Command
from oci_tui.core.rules import Rules, pattern_for

PIECES = ("a ", "a", "\no ", ";o ", "&o ", "|o", "\n", ";", " ", "\t", "'", " '", "' ", '"', ' "', "#", " #")
PYTEST = Command("pytest -q", ("python3", "-m", "pytest", "-q"))


def bash(script: str) -> Command:
    return Command("bash", language="bash", code=script + "\n")


@pytest.mark.parametrize(
    "script",
    ["pytest", "pytest -q", "pytest  tests/a.py", "# all\npytest -q\npytest -x", "pytest -q; pytest -x", "pytest -k 'a; b'"],
)
def test_what_a_pattern_allows(script: str) -> None:
    assert Rules(allow=("pytest *",)).allowed(bash(script))


@pytest.mark.parametrize(
    "script",
    [
        "",
        "# only words",
        "pytester",
        "rm x",
        "pytest; rm x",
        "pytest & rm x",
        "pytest && rm x",
        "pytest | sh",
        "pytest\nrm x",
        "pytest a#b; rm x",
        "pytest '; rm x",
        "pytest a' '; rm x; pytest b' c'",
        "# it's\nrm x\n# it's\npytest",
        'pytest a"b;c"d; rm x',
        "pytest $(rm x)",
        "pytest `rm x`",
        "pytest > calc.py",
        "pytest \\\nrm",
        "(rm x)",
        "FOO=1 pytest",
        "if true; then rm x; fi",
    ],
)
def test_nothing_else_comes_along_with_it(script: str) -> None:
    assert not Rules(allow=("pytest *",)).allowed(bash(script))


@pytest.mark.parametrize(
    "script",
    [
        "rm -rf x",
        "ls; rm -rf /",
        "ls &&  rm   -rf /",
        "ls\nrm -rf x\n",
        "echo $(rm -rf x)",
        "{ rm -rf x; }",
        "rm -rf",
        "'rm' -r\"f\" x",
    ],
)
def test_what_a_pattern_denies(script: str) -> None:
    assert Rules(deny=("rm -rf *",)).denied(bash(script)) == "rm -rf *"
    assert not Rules(deny=("rm -rf *",)).denied(bash("rm x; echo harm -rf"))


def test_code_goes_by_its_tag_and_is_denied_by_its_lines() -> None:
    code = Command("python", language="python", code="import os\nos.remove('x')\n")
    assert Rules(allow=("python",)).allowed(code)
    assert not Rules(allow=("import *",)).allowed(code)
    assert Rules(deny=("os.remove*",)).denied(code) == "os.remove*"


def test_the_check_goes_by_its_label_or_by_what_is_run() -> None:
    assert Rules(allow=("pytest -q",)).allowed(PYTEST)
    assert Rules(allow=("python3 -m pytest *",)).allowed(PYTEST)
    assert not Rules(allow=("pytest -x",)).allowed(PYTEST)
    assert Rules(deny=("*pytest*",)).denied(PYTEST)


@pytest.mark.parametrize(
    ("command", "pattern"),
    [
        (PYTEST, "pytest -q"),
        (bash("ls"), "ls"),
        (bash("cat a.txt b.txt"), "cat *"),
        (bash("rm *.pyc"), "rm [*].pyc"),
        (bash("python3 x.py"), "python3 x.py"),
        (bash("A=1 pytest"), "A=1 pytest"),
        (bash("ls; rm x"), ""),
        (bash("ls > x"), ""),
        (Command("python", language="python", code="1"), "python"),
    ],
)
def test_what_always_stands_for(command: Command, pattern: str) -> None:
    assert pattern_for(command) == pattern
    if pattern:
        assert Rules(allow=(pattern,)).allowed(command)


@given(st.text(alphabet="ab r\"'#;&|$`\\\n()<>{}=*", max_size=30))
def test_any_script_is_judged_and_a_hidden_second_command_is_never_allowed(script: str) -> None:
    assert not Rules(allow=("ls *",)).allowed(bash(f"{script}\nrm x"))
    Rules(deny=("rm *",)).denied(bash(script))
    if pattern := pattern_for(bash(script)):
        assert not Rules(allow=(pattern,)).allowed(bash("rm x"))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join))
def test_bash_itself_runs_nothing_else_of_a_script_that_is_allowed(script: str) -> None:
    """`a` and `o` are functions; what is allowed is only `a`, so no `o` may run."""
    program = f"a() {{ echo allowed; }}\no() {{ echo other; }}\n{script}\nwait\n"
    done = subprocess.run(
        ["/bin/bash", "--norc", "-c", program], env={"PATH": "/none"}, capture_output=True, text=True, check=False
    )
    if "other" in done.stdout:
        assert not Rules(allow=("a *",)).allowed(bash(script))
