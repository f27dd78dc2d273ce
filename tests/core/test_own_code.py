"""Which code of a reply is run beside its edits."""

from __future__ import annotations

import pytest

from oci_tui.core.approval import CHECK_DECIDES
from oci_tui.core.own_code import changes_files, left_to_check
from oci_tui.core.reply import Code


def shell(code: str) -> Code:
    return Code("bash", code)


@pytest.mark.parametrize(
    "code",
    [
        "rm old.py\n",
        "git rm -q old.py",
        "git mv old.py new.py\npytest -q\n",
        "mkdir -p src && touch src/__init__.py",
        "cd src; mv a.py b.py",
        "sed -i 's/a/b/' calc.py",
        "sed -e 's/a/b/' -i.bak calc.py",
        "perl -pi -e 's/a/b/' calc.py",
        "cat > config.py <<'EOF'\nIt's = 1\nEOF",
        'echo "x" >> "notes.txt"',
        "grep -rl old . | xargs -0 rm",
        "find . -name '*.pyc' -delete",
        "for f in *.txt; do cp $f $f.old; done",
        "if true; then\n  chmod +x run.sh\nfi",
    ],
)
def test_a_script_that_changes_files_is_run(code: str) -> None:
    assert changes_files(shell(code))


@pytest.mark.parametrize(
    "code",
    [
        "pytest -q",
        "python3 calc.py 2> /dev/null",
        "python -m pytest -q > /dev/null 2>&1",
        "pip install rm",
        "npm run mv",
        "# rm old.py\nls -l",
        "echo 'rm old.py > new.py'",
        'python3 -c "print(1 > 0)"',
        "sed -n 's/-i/x/p' calc.py",
        "grep -i rm calc.py",
        "cargo test -- --nocapture",
    ],
)
def test_one_that_runs_or_looks_is_not(code: str) -> None:
    assert not changes_files(shell(code))
    assert not changes_files(Code("python", f"{code}\nrm x\n"))


def test_the_person_is_told_the_first_line() -> None:
    told = left_to_check(Code("python", "print(1)\nprint(2)\n"))
    assert (told.command.code, told.why) == ("print(1) …", CHECK_DECIDES)
    assert left_to_check(shell("pytest -q\n")).command.code == "pytest -q"
