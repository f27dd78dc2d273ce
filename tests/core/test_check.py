"""Which check a repository's files speak of, which of them a sandbox can run, and what a failed one lacked."""

from __future__ import annotations

import pytest

from oci_tui.core.check import PROGRAMS, candidates, chosen, imports, stated
from oci_tui.core.missing import Missing, found, offer, program

EVERYTHING = frozenset(PROGRAMS)
NODE = frozenset({"python3", "node"})
SCRIPT = '{"scripts": {"test": "node --test"}}'


def picked(files: dict[str, str], programs: frozenset[str] = EVERYTHING) -> tuple[str, str]:
    """Label and reason of the check; ("", "") without one."""
    check = chosen(list(candidates(sorted(files), files.get, 5)), programs)
    return (check.command.label, check.why) if check else ("", "")


@pytest.mark.parametrize(
    ("files", "label", "why"),
    [
        ({"a.py": "", "tests/test_a.py": ""}, "pytest -q", "tests/test_a.py is a test"),
        ({"a_test.py": ""}, "pytest -q", "a_test.py is a test"),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, "pytest -q", "pyproject.toml configures pytest"),
        ({"setup.cfg": "[tool:pytest]\n"}, "pytest -q", "setup.cfg configures pytest"),
        ({"pytest.ini": ""}, "pytest -q", "there is a pytest.ini"),
        ({"package.json": SCRIPT}, "npm test", "package.json has a test script"),
        ({"Cargo.toml": ""}, "cargo test --offline", "there is a Cargo.toml"),
        ({"go.mod": ""}, "go test ./...", "there is a go.mod"),
        ({"Makefile": "all:\n\ntest: all\n\tsh t.sh\n"}, "make test", "Makefile has a target test"),
        ({"tox.ini": "[testenv]\ncommands = true\n"}, "tox", "there is a tox.ini"),
        ({"tox.ini": "[pytest]\n[testenv]\n"}, "pytest -q", "tox.ini configures pytest"),
        ({"a.py": "", "latest.py": "", "contest.txt": "", "shop/tests.py": "", "conftest.py": ""}, "", ""),
        ({"Makefile": "test := 1\ntests:\n"}, "", ""),
        ({"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'}, "", ""),
        ({"package.json": "[1]", "pyproject.toml": "[tool", "README.md": ""}, "", ""),
        ({"package.json": '{"scripts": {"test": 3}}', "pyproject.toml": "tool = 1"}, "", ""),
    ],
)
def test_files_say_how_they_are_tested(files: dict[str, str], label: str, why: str) -> None:
    assert picked(files) == (label, why)


def test_only_what_the_sandbox_has_is_chosen() -> None:
    files = {"package.json": SCRIPT, "test_a.py": "import unittest\n"}
    assert picked(files)[0] == "pytest -q"
    assert picked(files, NODE) == ("node --test", "package.json has a test script, and there is no npm")
    assert picked(files, NODE | {"npm"})[0] == "npm test"
    assert picked({"package.json": '{"scripts": {"test": "npm run build && node --test"}}'}, NODE) == ("", "")
    assert picked({"tests/test_a.py": "import unittest\n"}, NODE)[0] == "python3 -m unittest discover -s tests"
    assert picked({"tests/test_a.py": "import unittest\n", "tests/__init__.py": ""}, NODE)[0] == "python3 -m unittest discover"
    assert picked({"tests/test_a.py": "import pytest\n"}, NODE) == ("", "")


@pytest.mark.parametrize("line", ["check: `sh t.sh`", "- Check: `sh t.sh`", "# Tests\n\ncheck: ` sh t.sh `\n\nMore."])
def test_agents_md_names_the_check(line: str) -> None:
    check = stated("", {"AGENTS.md": line}.get, 5)
    assert check is not None
    assert (check.command.code, check.why) == ("sh t.sh\n", "AGENTS.md names it")


def test_settings_win_and_prose_names_nothing() -> None:
    check = stated("make test", {"AGENTS.md": "check: `sh t.sh`"}.get, 5)
    assert check is not None
    assert (check.command.language, check.command.code, check.why) == ("bash", "make test\n", "your settings name it")
    for prose in ("check: sh t.sh", "Please check: `sh t.sh` runs", "check: `sh t.sh` first", "double check: `x`"):
        assert stated("", {"AGENTS.md": prose}.get, 5) is None


NO_REQUESTS = "E   ModuleNotFoundError: No module named 'requests'\n"
NO_YAML = "ModuleNotFoundError: No module named 'yaml.nodes'"


@pytest.mark.parametrize(
    ("output", "files", "command"),
    [
        (NO_REQUESTS, {"requirements.txt": "requests>=2\n"}, "pip install -r requirements.txt"),
        (NO_REQUESTS, {"requirements/dev.txt": "-r base.txt\nrequests # http\n"}, "pip install -r requirements/dev.txt"),
        (NO_YAML, {"requirements.txt": "PyYAML==6 ; python_version > '3'\n"}, "pip install -r requirements.txt"),
        (
            NO_REQUESTS,
            {"pyproject.toml": '[project]\ndependencies = ["requests[socks] >= 2, <3", "x @ file:///etc", "a"]\n'},
            "pip install 'requests[socks]>=2,<3' a",
        ),
        (NO_REQUESTS, {"pyproject.toml": '[dependency-groups]\ntest = ["requests"]\n'}, "pip install requests"),
        (
            NO_REQUESTS,
            {"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3"\nrequests = "*"\n'},
            "pip install requests",
        ),
        (NO_REQUESTS, {"requirements.txt": "requests-mock\n"}, None),
        (NO_REQUESTS, {"requirements.txt": "requests\n", "requests/__init__.py": ""}, None),
        (NO_REQUESTS, {"src/requests.py": "", "requirements.txt": "requests\n"}, None),
        (NO_REQUESTS, {}, None),
        ("Error: Cannot find module 'lodash/fp'\n", {"package.json": '{"dependencies": {"lodash": "4"}}'}, "npm install"),
        ("Cannot find package '@a/b' imported from x", {"package.json": '{"devDependencies": {"@a/b": "1"}}'}, "npm install"),
        ("Error: Cannot find module './lib'\n", {"package.json": '{"dependencies": {"lodash": "4"}}'}, None),
        ("Error: Cannot find module 'left'\n", {"package.json": '{"dependencies": {"lodash": "4"}}'}, None),
        ("/bin/sh: 1: npm: not found\n", {}, "apt-get install -y --no-install-recommends npm"),
        ("bash: line 1: make: command not found\n", {}, "apt-get install -y --no-install-recommends make"),
        ("bash: line 1: frobnicate: command not found\n", {}, None),
    ],
)
def test_what_a_failed_command_lacked_is_found_where_the_repository_asks_for_it(
    output: str, files: dict[str, str], command: str | None
) -> None:
    lacking = found(output, sorted(files), files.get)
    assert (lacking and lacking.command.split("&& ")[-1]) == command


def test_a_package_lock_is_kept_to() -> None:
    files = {"package.json": '{"dependencies": {"lodash": "4"}}', "package-lock.json": "{}"}
    lacking = found("Cannot find module 'lodash'", sorted(files), files.get)
    assert lacking is not None
    install = "apt-get update && apt-get install -y --no-install-recommends npm"
    assert lacking.command == f"command -v npm || ({install}) && npm ci"


def test_the_offered_command_is_one_word_for_a_shell() -> None:
    assert offer(Missing("a", "pip install -r requirements.txt"), "python") == (
        'oci-tui sandbox prepare "pip install -r requirements.txt"'
    )
    assert offer(program("make"), "node").startswith('oci-tui sandbox prepare --profile node "apt-get update && ')
    assert offer(Missing("a", "pip install '$(id)'"), "") == "oci-tui sandbox prepare 'pip install '\"'\"'$(id)'\"'\"''"


def test_hostile_requirements_offer_nothing_but_names() -> None:
    files = {"pyproject.toml": '[project]\ndependencies = ["requests", "a; $(id)", "b`id`", "--index-url=http://x", "../c"]\n'}
    lacking = found(NO_REQUESTS, sorted(files), files.get)
    assert lacking is not None
    assert lacking.command == "pip install requests a"
    odd = {"requirements\n.txt": "requests\n"}
    assert found(NO_REQUESTS, sorted(odd), odd.get) is None


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["src/shop/__init__.py", "src/shop/cart.py", "tests/test_cart.py"], ("src",)),
        (["src/shop.py"], ("src",)),
        (["src/__init__.py", "src/shop/__init__.py"], ()),
        (["src/shop/__init__.py", "src/types.py"], ()),
        (["src/index.js", "shop/__init__.py", "lib/src/shop/__init__.py", "src/deep/er/__init__.py"], ()),
    ],
)
def test_python_imports_from_src_where_the_modules_are_there(paths: list[str], found: tuple[str, ...]) -> None:
    assert imports(paths) == found
