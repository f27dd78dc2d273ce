"""Help that is a manual: every command has examples that can be typed, and its exit codes; README's commands are there too."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from oci_tui import __version__
from oci_tui.cli import _group
from oci_tui.cli.manual import PAGES
from oci_tui.resources import state_folder
from tests.cli.test_commands import oci, one_line

ROOT = Path(__file__).parents[2]
RECORDING = ROOT / "tests" / "ui" / "recordings" / "lexer.jsonl"


def commands(group: click.Group = _group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        below = f"{path} {name}".strip()
        yield below, command
        if isinstance(command, click.Group):
            yield from commands(command, below)


EVERY = dict(commands())


def typed(line: str) -> None:
    """Raises what is wrong with the last call of oci-tui in a line."""
    words = shlex.split(re.sub(r'"?\$\(|\)"?$', " ", line), comments=True)
    here = max(number for number, word in enumerate(words) if word.endswith("oci-tui"))
    stops = [number for number, word in enumerate(words) if number > here and re.match(r"[|&;]|\d?>", word)]
    arguments = words[here + 1 : stops[0] if stops else None]
    command: click.Command = _group
    context = click.Context(_group, info_name="oci-tui")
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        _, found, arguments = command.resolve_command(context, arguments)
        assert found is not None
        command = found
        if command.name == "evaluate" and arguments[0] not in EVERY["evaluate"].commands:  # type: ignore[attr-defined]
            arguments = ["problems", *arguments]
    with command.make_context(command.name or "oci-tui", arguments, parent=context):
        pass


@pytest.mark.parametrize("path", EVERY)
def test_every_command_has_a_page(path: str) -> None:
    command = EVERY[path]
    text = command.get_help(click.Context(command, info_name=f"oci-tui {path}"))
    assert "Exit codes:\n" in text
    assert "  130  interrupted" in text
    assert "Examples:\n" in text, "it has none in cli/manual.py"
    assert command.help
    for line, about in PAGES[path].examples:
        assert line in text
        assert about in text


def test_no_page_without_a_command() -> None:
    assert set(PAGES) - {""} == set(EVERY)


def test_every_example_can_be_typed() -> None:
    for page in PAGES.values():
        for line, _ in page.examples:
            if "COMMAND" not in line:
                typed(line)


def test_the_control_finds_what_cannot_be_typed() -> None:
    for line in ("oci-tui run x --no-such-option", "oci-tui no-such-command", "oci-tui sessions nothing"):
        with pytest.raises(click.UsageError):
            typed(line)


def test_the_commands_that_readme_shows_can_be_typed() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:sh|yaml)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("      - run: ").removeprefix("- run: ") for block in blocks for line in block.splitlines()]
    shown = [line for line in lines if re.search(r"(^|/|&& |\| )oci-tui( |$)", line) and "ln -s" not in line]
    assert len(shown) > 10
    for line in shown:
        typed(line)


def test_version_and_whole_help() -> None:
    assert oci("--version", cwd=ROOT).stdout == f"oci-tui, version {__version__}\n"
    text = oci("--help", cwd=ROOT).stdout
    for words in ("Files:", "Environment:", "Exit codes:", "  70   a fault of oci-tui"):
        assert words in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell(shell: str) -> None:
    done = oci("completion", shell, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_OCI_TUI_COMPLETE" in done.stdout
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=done.stdout, text=True, check=True)


def test_commands_options_and_sessions_are_completed(tmp_path: Path) -> None:
    folder = state_folder() / "sessions"
    folder.mkdir()
    (folder / "20260921-101500-a1b2.jsonl").write_bytes(RECORDING.read_bytes())

    def completed(words: str) -> str:
        count = str(len(words.split()) - (0 if words.endswith(" ") else 1))
        return oci(cwd=tmp_path, COMP_WORDS=words, COMP_CWORD=count, _OCI_TUI_COMPLETE="bash_complete").stdout

    assert completed("oci-tui ses") == "plain,sessions\n"
    assert "plain,--candidates\n" in completed("oci-tui run --ca")
    assert completed("oci-tui resume 2026") == "plain,20260921-101500-a1b2\n"
    assert completed("oci-tui sessions export --format h") == "plain,html\n"


def test_config_shows_each_key_with_its_origin(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('[check]\ncommand = "tox"\n')
    shown = oci("config", "show", cwd=tmp_path, OCI_CONFIG=str(tmp_path / "c.toml"), OCI_AGENT_ROUNDS="7").stdout
    assert f"command = tox  · {tmp_path}/c.toml, your settings file" in shown
    assert "rounds = 7  · OCI_AGENT_ROUNDS, the environment" in shown
    assert "linear = false  · default" in shown
    only = oci("config", "show", "agent", "--set", cwd=tmp_path, OCI_AGENT_ROUNDS="7").stdout
    assert only.startswith("[agent]\nrounds = 7")
    assert "approval" not in only
    assert oci("config", "path", cwd=tmp_path, OCI_CONFIG="/x/y.toml").stdout == "/x/y.toml\n"


def test_what_is_edited_is_kept_only_when_it_is_right(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"

    def edited(program: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "editor.py").write_text(f"import pathlib, sys\nfile = pathlib.Path(sys.argv[1])\n{program}\n")
        environment = {"OCI_CONFIG": str(file), "VISUAL": f"{sys.executable} {tmp_path}/editor.py"}
        return oci("config", "edit", cwd=tmp_path, **environment)

    done = edited("assert '# rounds: ' in file.read_text()\nfile.write_text('[agent]\\nrounds = 5\\n')")
    assert (done.returncode, done.stderr) == (0, f"{file}: kept\n")
    assert file.read_text() == "[agent]\nrounds = 5\n"
    file.chmod(0o640)
    for wrong, words in (
        ("[agent]\\nrounds = 0\\n", "agent.rounds"),
        ("[agent\\n", "cannot be read"),
        ("[no]\\nx = 1\\n", "no"),
    ):
        done = edited(f"file.write_text('{wrong}')")
        assert done.returncode == 2
        assert words in done.stderr
        assert "is as it was" in done.stderr.splitlines()[-1]
        assert str(tmp_path / "new") in done.stderr
        assert file.read_text() == "[agent]\nrounds = 5\n"
    assert edited("").stderr == f"{file}: unchanged\n"
    assert edited("file.write_text('[agent]\\nrounds = 6\\n')").returncode == 0
    assert file.stat().st_mode & 0o777 == 0o640
    done = oci("config", "edit", cwd=tmp_path, OCI_CONFIG=str(file), VISUAL="/no/such/editor")
    assert done.returncode == 2
    assert "set VISUAL or EDITOR" in one_line(done.stderr)
