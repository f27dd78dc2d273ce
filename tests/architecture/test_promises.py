"""README's table of promises is true: every row names tests that are there, and that say which row they show."""

from __future__ import annotations

import ast
import re

from tests.architecture.test_rules import ROOT

THREATS = {f"T{number}" for number in range(1, 24)}
FAULTS = {f"F{number}" for number in range(1, 24)} - {"F5"}


def rows() -> list[tuple[str, list[str]]]:
    """The row's name ("" for none) and the test files that are to show it."""
    security = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Security\n")[2].partition("\n## ")[0]
    table = [line for line in security.splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return [(row, re.findall(r"`([^`]+)`", shown_by)) for row, _, shown_by in cells]


def shown(file: str) -> set[str]:
    """The rows that a test file names in its own docstring or in those of its tests."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    tests = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    assert tests, f"{file}: no test in it"
    return {row for node in (tree, *tests) for row in re.findall(r"\b[TF]\d+\b", ast.get_docstring(node) or "")}


def test_every_promise_names_tests_that_show_it() -> None:
    for row, files in rows():
        assert files, f"{row}: nothing shows it"
        for file in files:
            assert (ROOT / file).is_file(), f"{row or 'a promise'}: there is no {file}"
            assert not row or row in shown(file), f"{file} does not say that it shows {row}"


def test_no_threat_and_no_fault_is_left_out() -> None:
    named = [row for row, _ in rows() if row]
    assert len(named) == len(set(named))
    assert set(named) == THREATS | FAULTS


def test_a_file_shows_only_what_it_names() -> None:
    """The control: the files differ in what they show."""
    assert "T1" in shown("tests/sandbox/test_confinement.py")
    assert "T1" not in shown("tests/sandbox/test_soak.py")
