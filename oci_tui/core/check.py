"""Which command decides whether a round passed, and where that is known from."""

from __future__ import annotations

import json
import re
import shlex
import sys
import tomllib
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import PurePosixPath

import msgspec

from oci_tui.core import failure
from oci_tui.core.ports import Command

Read = Callable[[str], str | None]

INSTRUCTIONS = "AGENTS.md"
PROGRAMS = ("python3", "pytest", "node", "npm", "make", "cargo", "go", "tox")

_SAID = re.compile(r"^[-*\s]*check:\s*`([^`\n]+)`\s*$", re.IGNORECASE | re.MULTILINE)
_IN_SRC = re.compile(r"src/(\w+)(?:/__init__)?\.py")
_TARGET = re.compile(r"^test[ \t]*:(?!=)", re.MULTILINE)
_COLLECTED = re.compile(r"(?:test_.*|[^.]*_test(?:\..*)?)\.py")
_NO_TESTS = "no test specified"
_NPM = re.compile(r"\b(?:npm|npx|yarn|pnpm)\b")
_MODULES = 'export PATH="$PWD/node_modules/.bin:/node_modules/.bin:$PATH"\n'


class Check(msgspec.Struct, frozen=True):
    """A command, which file says so in a phrase, and the program that a sandbox must have for it ("": none is known)."""

    command: Command
    why: str
    needs: str = ""


def stated(configured: str, read: Read, timeout_s: float) -> Check | None:
    """The check that the settings name, else AGENTS.md in a line of its own: `check:` and the command in backticks."""
    if configured:
        return _shell(configured, "your settings name it", timeout_s)
    if said := _SAID.search(read(INSTRUCTIONS) or ""):
        return _shell(said[1].strip(), f"{INSTRUCTIONS} names it", timeout_s)
    return None


def candidates(paths: Sequence[str], read: Read, timeout_s: float) -> Iterator[Check]:
    """The checks that the repository's files speak of, the most telling first."""
    there = frozenset(paths)
    tests = [path for path in paths if _COLLECTED.fullmatch(PurePosixPath(path).name)]
    if why := _pytest(there, tests, read):
        yield Check(Command("pytest -q", ("python3", "-m", "pytest", "-q"), timeout_s=timeout_s), why, "pytest")
    if script := _script(read):
        why = "package.json has a test script"
        yield Check(Command("npm test", ("npm", "test"), timeout_s=timeout_s), why, "npm")
        if not _NPM.search(script):
            code = f"{_MODULES}{script}\n"
            yield Check(Command(script, language="bash", code=code, timeout_s=timeout_s), f"{why}, and there is no npm", "node")
    if "Cargo.toml" in there:
        argv: tuple[str, ...] = ("cargo", "test", "--offline")
        yield Check(Command(shlex.join(argv), argv, timeout_s=timeout_s), "there is a Cargo.toml", "cargo")
    if "go.mod" in there:
        argv = ("go", "test", "./...")
        yield Check(Command(shlex.join(argv), argv, timeout_s=timeout_s), "there is a go.mod", "go")
    for name in ("GNUmakefile", "makefile", "Makefile"):
        if name in there and _TARGET.search(read(name) or ""):
            yield Check(Command("make test", ("make", "test"), timeout_s=timeout_s), f"{name} has a target test", "make")
            break
    if "[testenv" in (read("tox.ini") or ""):
        yield Check(Command("tox", ("tox",), timeout_s=timeout_s), "there is a tox.ini", "tox")
    if found := next((path for path in tests if "unittest" in (read(path) or "")), ""):
        argv = ("python3", "-m", "unittest", "discover", *_where(tests, there))
        yield Check(Command(shlex.join(argv), argv, timeout_s=timeout_s), f"{found} is a test", "python3")


def chosen(found: Sequence[Check], programs: Collection[str]) -> Check | None:
    """The first of these whose program is there."""
    return next((check for check in found if check.needs in programs), None)


def compile_check(paths: Sequence[str], timeout_s: float) -> Command | None:
    """The least check of edited Python files where there is no other: that they compile. None without Python files."""
    names = [path for path in paths if path.endswith(".py")]
    if not names:
        return None
    argv = ("python3", "-m", "py_compile", *names)
    return Command(label=shlex.join(argv), argv=argv, timeout_s=timeout_s)


def imports(paths: Sequence[str]) -> tuple[str, ...]:
    """The folder of a repository's own modules where that is not the root: `src`, if it holds some and is no package itself.

    Not where a name there would hide one of Python's own.
    """
    names = {match[1] for path in paths if (match := _IN_SRC.fullmatch(path))}
    return ("src",) if names and "__init__" not in names and not names & sys.stdlib_module_names else ()


def outcome(output: str, code: int, reason: str) -> str:
    """One phrase for people: the counts of a test run, else how the command ended."""
    if reason != "exited":
        return reason
    if (counts := failure.counts(output)) and (phrase := counts.phrase()):
        return phrase
    return "passed" if code == 0 else f"exit code {code}"


def _shell(text: str, why: str, timeout_s: float) -> Check:
    return Check(Command(label=text, language="bash", code=text + "\n", timeout_s=timeout_s), why)


def _pytest(there: Collection[str], tests: Sequence[str], read: Read) -> str:
    """Why pytest is the check; "" where nothing says so."""
    for name in ("pytest.ini", ".pytest.ini"):
        if name in there:
            return f"there is a {name}"
    for name, section in (("setup.cfg", "[tool:pytest]"), ("tox.ini", "[pytest]")):
        if section in (read(name) or ""):
            return f"{name} configures pytest"
    try:
        tools = tomllib.loads(read("pyproject.toml") or "").get("tool", {})
    except tomllib.TOMLDecodeError:
        tools = {}
    if isinstance(tools, dict) and "pytest" in tools:
        return "pyproject.toml configures pytest"
    return f"{tests[0]} is a test" if tests else ""


def _script(read: Read) -> str:
    """The test script of package.json; "" where there is none, or only what npm writes for none."""
    try:
        package = json.loads(read("package.json") or "{}")
    except ValueError:
        return ""
    scripts = package.get("scripts") if isinstance(package, dict) else None
    script = scripts.get("test") if isinstance(scripts, dict) else None
    return script.strip() if isinstance(script, str) and _NO_TESTS not in script and script.isprintable() else ""


def _where(tests: Sequence[str], there: Collection[str]) -> tuple[str, ...]:
    """Where unittest looks: what it finds by itself are tests in the root and in packages."""
    folders = {PurePosixPath(path).parts[0] for path in tests if "/" in path}
    if len(folders) == 1 and all("/" in path for path in tests) and f"{(folder := folders.pop())}/__init__.py" not in there:
        return ("-s", folder)
    return ()
