"""The `oci-tui` command: without a subcommand it opens the app; subcommands are imported only when they are called.

Exit codes: 0 done or passed, 1 not passed, 2 usage, 3 environment, 4 conflict, 130 interrupted.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from pathlib import Path
from typing import Any

import click

from oci_tui import __version__
from oci_tui.cli.manual import describe
from oci_tui.core.errors import OciError

COMMANDS = {
    "run": "Do one turn without the app.",
    "attach": "Come to a session that a host keeps.",
    "host": "Keep a session alive without a terminal; end one; let a guest in.",
    "hosts": "List the hosts and their sessions.",
    "chat": "Converse line by line, without the app.",
    "demo": "Set up what is missing and try it on a small repository with failing tests.",
    "resume": "Go on with a recorded session.",
    "fork": "Go on after a round of a recorded session, in a new one.",
    "replay": "Play a recorded session in the app.",
    "sessions": "List, show, export, rename and remove recorded sessions.",
    "log": "List the rounds and accepts of the last session here.",
    "undo": "Take the last accepted change back out of your files.",
    "redo": "Write again what was undone last.",
    "restore": "Begin the next session where a round of the last one ended.",
    "setup": "Install what is missing: Docker engine, sandbox image, model.",
    "doctor": "Say what is there, what is missing, and the command that fixes it.",
    "sandbox": "List, build, enter and prune sandboxes.",
    "models": "List, look at, fetch and remove models.",
    "config": "Show and edit the settings.",
    "completion": "Let your shell complete commands and options.",
    "evaluate": "Measure a model on HumanEval(+), MBPP(+) and tasks in repositories, with and without feedback.",
    "bench": "Measure what the product costs beside what it stands on.",
}

_MODULES = {"redo": "undo", "fork": "resume", "hosts": "host"}


class _Lazy(click.Group):
    """A group whose commands live in a module each and are imported when called; `--help` needs only the table above."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"oci_tui.cli.{_MODULES.get(cmd_name, cmd_name)}")
        command: click.Command = getattr(module, cmd_name)
        describe(command, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def engine_options(function: Any) -> Any:
    """The flags that say which model speaks, and how; `flags(kwargs)` picks them out."""
    for option in (
        click.option(
            "--model",
            "engine_model",
            metavar="NAME|PATH",
            help="A model from `oci-tui models list`, a GGUF file, an EXL2 folder.",
        ),
        click.option("--engine", "engine_kind", metavar="KIND", help="auto, exllamav2, llamacpp, openai or scripted."),
        click.option("--url", "engine_url", metavar="URL", help="An OpenAI-compatible API: http://HOST:PORT/v1."),
        click.option("--replies", "engine_replies", metavar="FILE", help="Replies of the scripted engine."),
        click.option("--record", "engine_record", metavar="FILE", help="Append every reply, with its timing, for --replies."),
        click.option("--preset", "sampling_preset", metavar="NAME", help="How tokens are chosen: precise or creative."),
        click.option("--context", "engine_context", type=int, metavar="TOKENS", help="The model's window."),
    ):
        function = option(function)
    return function


def settings_options(function: Any) -> Any:
    """The flags that override settings; `flags(kwargs)` picks them out."""
    for option in (
        engine_options,
        click.option("--check", "check_command", metavar="COMMAND", help="What decides whether a round passed."),
        click.option("--rounds", "agent_rounds", type=int, metavar="N", help="At most so many rounds a turn."),
        click.option("--candidates", "agent_candidates", type=int, metavar="N", help="Try N replies a round, take the best."),
        click.option("--approval", "agent_approval", metavar="MODE", help="ask before each command, auto, or plan."),
        click.option("--include", "workspace_include", multiple=True, metavar="PATH", help="Copy in a file that stays out."),
        click.option("--ignored", "workspace_ignored", multiple=True, metavar="FOLDER", help="Copy in what git ignores."),
        click.option("--log-level", "log_level", metavar="LEVEL", help="What oci-tui.log holds: off, error, info or debug."),
        click.option("--timeout", "sandbox_timeout_s", type=float, metavar="SECONDS", help="Time a command may take."),
    ):
        function = option(function)
    return function


def flags(values: dict[str, Any]) -> dict[str, object]:
    """Option values as settings keys: engine_model → engine.model."""
    return {key.replace("_", ".", 1): None if value == () else value for key, value in values.items()}


@click.group(cls=_Lazy, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="oci-tui")
@click.option("--theme", "ui_theme", metavar="NAME", help="The app's theme.")
@click.option("--detachable", is_flag=True, help="The session goes on without the terminal; `oci-tui attach` comes back.")
@settings_options
@click.pass_context
def _group(ctx: click.Context, /, detachable: bool, **values: Any) -> None:
    """A coding agent for the terminal: a local model writes code, a Docker workspace runs it, and it refines until it passes.

    Without a command, opens the app on the git repository you are in.
    """
    given = [name for name, value in flags(values).items() if value is not None]
    if ctx.invoked_subcommand is not None and (given or detachable):
        raise click.UsageError(f"options go after the command: oci-tui {ctx.invoked_subcommand} --...", ctx)
    if ctx.invoked_subcommand is None:
        from oci_tui.cli.app import open_app

        ctx.exit(open_app(Path.cwd(), flags(values), detachable=detachable))


describe(_group, "")


def main() -> None:
    """The entry point: every error a person can cause is one line on stderr and an exit code."""
    _mend_streams()
    try:
        code = _group.main(prog_name="oci-tui", standalone_mode=False)
    except OciError as error:
        code = complain(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        code = 2
    except click.UsageError as error:
        hint = f" ({error.ctx.command_path} --help)" if error.ctx else ""
        code = complain(" ".join(error.format_message().split()) + hint, 2)
    except (click.Abort, KeyboardInterrupt):
        code = complain("interrupted", 130)
    except BrokenPipeError:
        # whoever read our output has gone: nothing more can be said, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 1
    except OSError as error:
        where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        gone = "" if where or _is_here() else "the folder that you are in was deleted: go to another one (cd), or make it again"
        code = complain(gone or f"{where}{error.strerror or error}; correct that and try again", 3)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug becomes one line and a log entry
        code = complain(f"internal error: {type(error).__name__}: {error}; details in {_logged(error)}", 70)
    sys.exit(code if isinstance(code, int) else 0)


def _is_here() -> bool:
    """Whether the working folder is still there."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _mend_streams() -> None:
    """A closed standard stream becomes an empty one; text that a stream cannot encode becomes a question mark."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def complain(message: str, code: int) -> int:
    """One harmless line on stderr; the exit code is handed through."""
    from oci_tui.core.terminal import visible_line

    click.echo(f"oci-tui: {visible_line(message)}", err=True)
    return code


def _logged(error: BaseException) -> str:
    import time
    import traceback

    from oci_tui.resources import state_folder

    try:
        file = state_folder() / "oci-tui.log"
        with file.open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(time.strftime("%Y-%m-%d %H:%M:%S ") + "".join(traceback.format_exception(error)))
    except (OSError, OciError):
        return "no log, since none can be written"
    return str(file)
