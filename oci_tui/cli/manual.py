"""What a command's help says beyond its options: examples, exit codes, and for the whole program files and environment."""

from __future__ import annotations

from typing import NamedTuple

import click

MEANING = {
    0: "done; of a turn: passed or answered",
    1: "not passed",
    2: "wrong usage: an option, an argument, a setting",
    3: "the environment: Docker, model, repository, disk; the message says what to do",
    4: "your own edits are in the same lines; nothing was written",
    70: "a fault of oci-tui; the message names the log",
    130: "interrupted",
}
_OF_ALL = (0, 2, 3, 130)


class Page(NamedTuple):
    """Examples, each with a word about it, and the exit codes there are beside those of every command."""

    examples: tuple[tuple[str, str], ...]
    codes: tuple[int, ...] = ()


PAGES: dict[str, Page] = {
    "": Page(
        (
            ("oci-tui", "the app on the repository you are in"),
            ('oci-tui run "make the tests pass"', "one turn without the app"),
            ("oci-tui COMMAND --help", "what a command does, with examples"),
        ),
        (1, 4, 70),
    ),
    "run": Page(
        (
            ('oci-tui run "make the tests pass" > fix.patch', "the change as a patch; `git apply` takes it"),
            ('oci-tui run "add a --json flag" --accept', "written into your tree if the check passed"),
            ('git diff | oci-tui run - --check "pytest -q" --rounds 5', "the prompt from a pipe, a check of your own"),
            ('oci-tui run "fix it" --json > events.jsonl', "every event as a line of JSON"),
            ('oci-tui run "fix it" --candidates 4 --patch fix.patch', "of four replies a round the best"),
        ),
        (1, 4),
    ),
    "attach": Page((("oci-tui attach", "the session here, or the only one"), ("oci-tui attach --role observer", "only look"))),
    "host": Page((("oci-tui host --background", "returns once the session is there; then `oci-tui attach`"),)),
    "host stop": Page((("oci-tui host stop ID", "what runs is stopped; journals stay"),)),
    "host invite": Page((("oci-tui host invite", "a token for one guest, once"),)),
    "hosts": Page((("oci-tui hosts", "what is kept, and who is there"),)),
    "chat": Page((("oci-tui chat", "line by line"), ("TERM=dumb oci-tui chat", "without drawing anything"))),
    "demo": Page(
        (
            ("oci-tui demo", "asks before it changes the system or fetches a model"),
            ("oci-tui demo --yes --headless", "without asking, as lines"),
        ),
        (1,),
    ),
    "resume": Page(
        (
            ("oci-tui resume", "the last session about the repository you are in"),
            ("oci-tui resume 20260921-10 --chat", "one by the beginning of its name, line by line"),
        )
    ),
    "fork": Page(
        (
            ("oci-tui fork 20260921-10 --round 2", "another way on from round 2"),
            ('oci-tui resume "$(oci-tui fork 20260921-10)"', "from where it ended, at once"),
        )
    ),
    "replay": Page(
        (
            ("oci-tui replay 20260921-10 --speed 4", "a session of yours, four times as fast"),
            ("oci-tui replay events.jsonl", "a journal, or what `run --json` or `sessions export` wrote"),
        )
    ),
    "sessions": Page((("oci-tui sessions list --here", "those about the repository you are in"),)),
    "sessions list": Page((("oci-tui sessions list --here", "those about the repository you are in"),)),
    "sessions show": Page((("oci-tui sessions show", "the last one here, with the numbers of its rounds"),)),
    "sessions export": Page(
        (
            ("oci-tui sessions export --format html -o session.html", "the last one here, as one file to read"),
            ("oci-tui sessions export --all --format code-feedback > mine.jsonl", "your own fine-tuning data"),
        )
    ),
    "sessions rename": Page((('oci-tui sessions rename 20260921-10 "The lexer"', "its title in lists"),)),
    "sessions rm": Page((("oci-tui sessions rm 20260921-10 --yes", "without asking"),)),
    "log": Page((("oci-tui log", "the numbers are those that `oci-tui restore` takes"),)),
    "undo": Page((("oci-tui undo", "the change accepted last, whichever session it was"),), (4,)),
    "redo": Page((("oci-tui redo", "what was undone last"),), (4,)),
    "restore": Page((("oci-tui restore 2", "the next session begins at the end of round 2"),)),
    "setup": Page((("oci-tui setup --yes", "without asking"),)),
    "doctor": Page((("oci-tui doctor", "each line that is not ✓ says the command that mends it"),), (1,)),
    "sandbox": Page((("oci-tui sandbox list", "profiles, their images and what they hold"),)),
    "sandbox list": Page((("oci-tui sandbox list", "profiles, their images and what they hold"),)),
    "sandbox build": Page((("oci-tui sandbox build node", "the image of a profile"),)),
    "sandbox shell": Page((("oci-tui sandbox shell", "as closed as a session's; its exit code is the shell's"),)),
    "sandbox prepare": Page(
        (
            ('oci-tui sandbox prepare "pip install -r requirements.txt"', "once, with a network"),
            ("oci-tui sandbox prepare --drop", "back to the profile's image"),
        )
    ),
    "sandbox prune": Page((("oci-tui sandbox prune", "shows what is left behind, and asks"),)),
    "models": Page((("oci-tui models list", "known by name, and what is here"),)),
    "models list": Page((("oci-tui models list", "known by name, and what is here"),)),
    "models info": Page((("oci-tui models info qwen2.5-coder-1.5b", "before it is loaded"),)),
    "models pull": Page((("oci-tui models pull recommended", "what suits this machine"),)),
    "models rm": Page((("oci-tui models rm qwen2.5-coder-1.5b", "frees the disk"),)),
    "evaluate": Page(
        (
            ("oci-tui evaluate humaneval+ --protocol visible --rounds 2", "as a user would have it"),
            ("oci-tui evaluate report results.jsonl", "the table again"),
        )
    ),
    "evaluate problems": Page(
        (
            ("oci-tui evaluate humaneval --limit 10", "the first ten problems"),
            ("oci-tui evaluate mbpp+ --protocol oracle --data-version v0.1.0", "a cell of the paper's table"),
            ("oci-tui evaluate mbpp+ --samples 10 --temperature 0.2 --top-p 0.95", "pass@k"),
            ("oci-tui evaluate mbpp+ --url http://localhost:8000/v1 --workers 16 --resume", "go on, 16 tasks at a time"),
        )
    ),
    "evaluate tasks": Page(
        (
            ("oci-tui evaluate tasks tests/tasks", "one reply a round, then the best of four"),
            ("oci-tui evaluate tasks tests/tasks --only 'fix-*' --candidates 1", "only the bugs, only one reply"),
            ("oci-tui evaluate tasks tests/tasks --url http://localhost:8000/v1 --peer aider --resume", "beside a peer; go on"),
        )
    ),
    "evaluate report": Page(
        (
            ("oci-tui evaluate report results.jsonl", "beside what was published"),
            ("oci-tui evaluate report single.jsonl visible.jsonl --format markdown", "two runs, as a table to paste"),
        )
    ),
    "bench": Page((("oci-tui bench start sandbox", "two of the parts"),), (1,)),
    "config": Page((("oci-tui config show", "every key, its value, and where that comes from"),)),
    "config show": Page(
        (
            ("oci-tui config show", "every key, its value, and where that comes from"),
            ("oci-tui config show ui --set", "of a section what is not as it ships"),
        )
    ),
    "config edit": Page((("oci-tui config edit", "in $VISUAL or $EDITOR"),)),
    "config path": Page((("cat $(oci-tui config path)", "the file itself"),)),
    "completion": Page(
        (
            ('eval "$(oci-tui completion bash)"', "in ~/.bashrc; zsh: the same in ~/.zshrc"),
            ("oci-tui completion fish > ~/.config/fish/completions/oci-tui.fish", "once"),
        )
    ),
}

_WHOLE = """\b
Files:
  ~/.config/oci-tui/config.toml   settings (`oci-tui config`); themes/ and sandboxes/ beside it are your own
  ~/.local/state/oci-tui/         sessions/ (journals, logs, figures), oci-tui.log, engine.log
  ~/.local/share/oci-tui/models/  fetched models

\b
Environment:
  OCI_SECTION_KEY   a setting, such as OCI_ENGINE_MODEL; OCI_CONFIG another settings file
  OCI_API_KEY       the key of an OpenAI-compatible server
  NO_COLOR, VISUAL, EDITOR, TERM, XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_DATA_HOME, DOCKER_HOST"""


def describe(command: click.Command, path: str) -> None:
    """Give a command, and those below it, the end of its help."""
    page = PAGES.get(path, Page(()))
    wide = max((len(line) for line, _ in page.examples), default=0)
    examples = [f"  {line:{wide}}  {about}" if wide < 52 else f"  {line}\n      {about}" for line, about in page.examples]
    codes = [f"  {code:<3}  {MEANING[code]}" for code in sorted({*_OF_ALL, *page.codes})]
    blocks = [["Examples:", *examples]] if examples else []
    blocks.append(["Exit codes:", *codes])
    parts = ["\b\n" + "\n".join(block) for block in blocks]
    command.epilog = "\n\n".join([*parts, *([_WHOLE] if path == "" else [])])
    for name, below in command.commands.items() if path and isinstance(command, click.Group) else ():
        describe(below, f"{path} {name}")
