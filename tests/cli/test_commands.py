"""The command line as a stranger meets it: real processes, exit codes, one clear line for every mistake."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from oci_tui.core import events
from oci_tui.resources import state_folder
from tests.calculator import FILES, FIXED, RIGHT, WRONG, MakeRepository, scripted
from tests.sandbox.running import client, until_removed


def oci(*arguments: str, cwd: Path, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "oci_tui", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


def one_line(text: str) -> str:
    lines = text.strip().splitlines()
    assert "Traceback" not in text
    assert len(lines) == 1, text
    assert lines[0].startswith("oci-tui: ")
    return lines[0]


def test_outside_a_repository(tmp_path: Path) -> None:
    done = oci("run", "hello", cwd=tmp_path)
    assert done.returncode == 3
    assert "git init" in one_line(done.stderr)


@pytest.mark.parametrize("prompt", ["", "  \n"])
def test_an_empty_prompt(make_repository: MakeRepository, prompt: str) -> None:
    done = oci("run", prompt, cwd=make_repository(FILES))
    assert done.returncode == 2
    assert "empty prompt" in one_line(done.stderr)
    assert oci("run", "-", cwd=make_repository(FILES, "other"), stdin=prompt).returncode == 2


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["run"], ["run", "x", "--rounds", "many"], ["run", "x", "--rounds", "0"], ["--nope"]]
)
def test_wrong_usage(make_repository: MakeRepository, arguments: list[str]) -> None:
    done = oci(*arguments, cwd=make_repository(FILES))
    assert done.returncode == 2
    one_line(done.stderr)


def test_the_app_needs_a_terminal(make_repository: MakeRepository) -> None:
    done = oci(cwd=make_repository(FILES))
    assert done.returncode == 2
    assert "oci-tui run" in one_line(done.stderr)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["resume", "--chat", "nope"], 3, "there is no session nope"),
        (["replay", "nope"], 3, "there is no session nope"),
        (["attach", "nope"], 3, "no session nope"),
        (["resume"], 2, "no terminal: the app and the chat need one; `oci-tui sessions export kept` writes the session out"),
        (["replay", "kept"], 2, "no terminal: the app and the chat need one; `oci-tui sessions export ID`"),
        (["config", "edit"], 2, "no terminal for an editor: write /"),
    ],
)
def test_without_a_terminal_what_was_named_is_looked_up_first(
    make_repository: MakeRepository, arguments: list[str], code: int, words: str
) -> None:
    root, folder = make_repository(FILES), state_folder() / "sessions"
    folder.mkdir()
    told: list[events.Event] = [events.SessionStarted("kept", str(root), "0.1.0"), events.TurnStarted(1, "go")]
    (folder / "kept.jsonl").write_bytes(b"".join(events.encode(event) + b"\n" for event in told))
    done = oci(*arguments, cwd=root, VISUAL="", EDITOR="")
    assert done.returncode == code
    assert words in one_line(done.stderr)


def test_a_working_folder_that_was_deleted_is_named_as_the_reason(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    program = "import os, sys; os.rmdir(os.getcwd()); sys.argv = ['oci-tui', 'log']; from oci_tui.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=tmp_path / "gone", capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 3
    assert "the folder that you are in was deleted" in one_line(done.stderr)


def test_a_usage_error_is_one_line_without_control_characters(tmp_path: Path) -> None:
    done = oci("completion", cwd=tmp_path)
    assert done.returncode == 2
    assert "Choose from: bash, zsh, fish (oci-tui completion --help)" in one_line(done.stderr)


def test_a_model_that_is_not_there(make_repository: MakeRepository) -> None:
    done = oci("run", "x", "--model", "no-such-model", cwd=make_repository(FILES))
    assert done.returncode == 3
    assert "no-such-model" in one_line(done.stderr)


def test_no_docker(make_repository: MakeRepository, tmp_path: Path) -> None:
    done = oci("run", "x", *scripted(tmp_path, RIGHT), cwd=make_repository(FILES), DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert done.returncode == 3
    assert "none.sock" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.docker
def test_a_server_that_is_not_there_is_the_last_word(make_repository: MakeRepository) -> None:
    done = oci("run", "x", "--url", "http://127.0.0.1:9/v1", cwd=make_repository(FILES))
    assert done.returncode == 3
    last = done.stderr.splitlines()[-1]
    assert last.startswith("✗ gave up after 0 rounds")
    assert "http://127.0.0.1:9/v1: " in last


def test_a_bad_settings_file(make_repository: MakeRepository, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[engine]\ncontext = 'x'\n")
    done = oci("run", "x", cwd=make_repository(FILES), OCI_CONFIG=str(tmp_path / "bad.toml"))
    assert done.returncode == 2
    assert "engine.context" in one_line(done.stderr)


def test_doctor_says_what_is_missing_and_how_to_get_it(tmp_path: Path) -> None:
    done = oci(
        "doctor", "--model", "smollm2", cwd=tmp_path, DOCKER_HOST=f"unix://{tmp_path}/none.sock", XDG_DATA_HOME=str(tmp_path)
    )
    assert done.returncode == 1
    assert "oci-tui models pull smollm2" in done.stdout
    assert "✗" in done.stdout


def test_doctor_reports_also_with_settings_that_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[agent]\nround = 5\n")
    done = oci("doctor", cwd=tmp_path, OCI_CONFIG=str(file))
    assert done.returncode == 1
    told = " ".join(done.stdout.split())
    assert "✗ settings /" in told
    assert "agent.round: no such key" in told
    assert "agent.rounds?" in told
    assert "oci-tui config edit" in told
    assert " git " in told
    wrong = oci("doctor", "--rounds", "0", cwd=tmp_path, OCI_CONFIG=str(file))
    assert (wrong.returncode, "agent.rounds" in one_line(wrong.stderr)) == (2, True)


def test_what_of_the_settings_names_nothing_is_remarked(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[ui]\ntheme = "nigth"\nkeys = { "no.such" = "f9" }\n')
    told = " ".join(oci("doctor", cwd=tmp_path, OCI_CONFIG=str(file)).stdout.split())
    shown = oci("config", "show", "ui", cwd=tmp_path, OCI_CONFIG=str(file))
    for words in ("ui.theme: no theme is named 'nigth'; there are ", "ui.keys.no.such: no such action; F1 names them all"):
        assert f"! settings {words}" in told
        assert f"! {words}" in shown.stderr
    file.write_text('[ui]\ntheme = "nord"\n')
    assert oci("config", "show", "ui", cwd=tmp_path, OCI_CONFIG=str(file)).stderr == ""


def test_setup_without_consent_changes_nothing(tmp_path: Path) -> None:
    done = oci("setup", cwd=tmp_path, DOCKER_HOST=f"unix://{tmp_path}/none.sock", XDG_DATA_HOME=str(tmp_path / "data"))
    assert done.returncode == 3
    assert "DOCKER_HOST is unix://" in one_line(done.stderr)
    assert not list(tmp_path.iterdir())


@pytest.mark.docker
@pytest.mark.parametrize("command", [["setup"], ["demo"], ["demo", "--headless"]])
def test_no_model_is_fetched_unasked(tmp_path: Path, command: list[str]) -> None:
    data = tmp_path / "data"
    done = oci(*command, cwd=tmp_path, XDG_DATA_HOME=str(data))
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert "GB" in last
    assert "it would run `oci-tui models pull" in last
    assert [path for path in data.rglob("*") if path.is_file()] == []


def test_options_before_the_command_are_not_passed_over(tmp_path: Path) -> None:
    done = oci("--rounds", "5", "doctor", cwd=tmp_path)
    assert done.returncode == 2
    assert "oci-tui doctor --" in one_line(done.stderr)


def shell(command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A shell line with `oci` as the command."""
    line = f"oci() {{ '{sys.executable}' -P -m oci_tui \"$@\"; }}; {command}"
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment}
    return subprocess.run(["bash", "-c", line], cwd=cwd, capture_output=True, text=True, timeout=60, env=variables)


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("oci run - 0<&-", 2, "empty prompt"),
        ("oci doctor >/dev/full", 3, "No space left"),
        ("mkdir gone; cd gone; rmdir ../gone; oci run x", 3, "the folder that you are in was deleted"),
        ("XDG_STATE_HOME=/proc/none oci run x --model smollm2", 3, "/proc/none"),
        ("oci run x --engine foo", 2, "--engine: engine.kind: invalid enum value 'foo'; expected one of auto, "),
        ("oci run x --timeout -1", 2, "--timeout: sandbox.timeout_s: expected `float` >= 1.0"),
        ("oci run x --url foo", 2, "--url: engine.url: 'foo' is no address of a server; expected http://HOST:PORT/v1"),
        ("oci run x --url http://h:x/v1", 2, "--url: engine.url: 'http://h:x/v1' is no address: "),
        ("oci run x --timeout nan", 2, "--timeout: sandbox.timeout_s: expected `float` >= 1.0"),
    ],
)
def test_what_goes_wrong_outside_is_one_line(make_repository: MakeRepository, command: str, code: int, words: str) -> None:
    done = shell(command, make_repository(FILES))
    assert words in one_line(done.stderr)
    assert done.returncode == code


def test_closed_and_narrow_streams(make_repository: MakeRepository) -> None:
    root = make_repository(FILES)
    assert "internal error" not in shell("oci models list >&-", root).stderr
    narrow = shell("oci doctor", root, PYTHONIOENCODING="ascii")
    assert narrow.returncode in (0, 1)
    assert narrow.stderr == ""
    assert "Usage: oci-tui models" in shell("oci models", root).stderr


@pytest.mark.docker
def test_a_reader_that_goes_away_ends_the_run_quietly(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    flags = " ".join(scripted(tmp_path, RIGHT))
    done = shell(f"oci run x --json {flags} | head -1", root)
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr
    wait_until_gone(root)


@pytest.mark.docker
def test_a_run_prints_the_change_as_a_patch(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    done = oci("run", "fix it", *scripted(tmp_path, WRONG, RIGHT), cwd=root)
    assert done.returncode == 0, done.stderr
    assert (root / "calc.py").read_text() == FILES["calc.py"]
    subprocess.run(["git", "apply"], cwd=root, input=done.stdout, text=True, check=True)
    assert (root / "calc.py").read_text() == FIXED
    assert "✗ round 1: 1 failed" in done.stderr
    assert "✓ round 2: 1 passed" in done.stderr


@pytest.mark.docker
def test_accept_writes_only_what_passed(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    failed = oci("run", "fix it", "--accept", "--rounds", "1", *scripted(tmp_path, WRONG), cwd=root)
    assert failed.returncode == 1
    assert (root / "calc.py").read_text() == FILES["calc.py"]
    passed = oci("run", "fix it", "--accept", *scripted(tmp_path, RIGHT), cwd=root)
    assert passed.returncode == 0
    assert (root / "calc.py").read_text() == FIXED


@pytest.mark.docker
def test_json_is_the_event_stream(make_repository: MakeRepository, tmp_path: Path) -> None:
    done = oci("run", "fix it", "--json", *scripted(tmp_path, RIGHT), cwd=make_repository(FILES))
    happened = [events.decode(line.encode()) for line in done.stdout.splitlines()]
    assert isinstance(happened[0], events.TurnStarted)
    assert isinstance(happened[-1], events.TurnFinished)
    assert "✓ passed after 1 round" in done.stderr


@pytest.mark.docker
def test_the_prompt_comes_through_a_pipe_and_the_patch_goes_out_through_one(
    make_repository: MakeRepository, tmp_path: Path
) -> None:
    """Without a terminal on any side, and nothing of the progress in the result."""
    root = make_repository(FILES)
    flags = " ".join(scripted(tmp_path, RIGHT))
    done = shell(f"echo fix it | setsid -w '{sys.executable}' -P -m oci_tui run - {flags} 2>progress.txt | git apply", root)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (root / "calc.py").read_text() == FIXED
    assert "✓ passed after 1 round" in (root / "progress.txt").read_text()


@pytest.mark.docker
@pytest.mark.model
def test_in_a_pipe_with_a_model_that_computes(make_repository: MakeRepository, smollm2: Path) -> None:
    """What the smallest model makes of it is its own affair; that it was asked, and that stdout is events, is not."""
    flags = ["--json", "--rounds", "1", "--engine", "llamacpp", "--model", str(smollm2)]
    done = oci("run", "-", *flags, cwd=make_repository(FILES), stdin="fix it", OCI_ENGINE_MAX_NEW_TOKENS="64")
    assert done.returncode in (0, 1)
    happened = [events.decode(line.encode()) for line in done.stdout.splitlines()]
    assert any(isinstance(event, events.ReplyFinished) and event.usage.reply_tokens > 0 for event in happened)
    assert isinstance(happened[-1], events.TurnFinished)


@pytest.mark.docker
def test_under_nohup_a_hang_up_does_not_end_it(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    flags = scripted(tmp_path, "```bash\necho marked-as-running; until test -e /tmp/go; do sleep 0.1; done\n```", RIGHT)
    command = ["nohup", sys.executable, "-m", "oci_tui", "run", "wait", *flags]
    with open(tmp_path / "out", "w+b") as out, open(tmp_path / "err", "w+b") as err, open(os.devnull) as nothing:
        running = subprocess.Popen(command, cwd=root, stdin=nothing, stdout=out, stderr=err)
        api = client()
        try:
            while b"marked-as-running" not in (tmp_path / "err").read_bytes():
                assert running.poll() is None
            running.send_signal(signal.SIGHUP)
            (container,) = containers_of(root)
            assert api.containers(filters={"id": container})
            api.exec_start(api.exec_create(container, ["touch", "/tmp/go"], user="10001")["Id"])
            assert running.wait(60) == 0
        finally:
            running.kill()
            api.close()
    assert "+    return a + b" in (tmp_path / "out").read_text()


@pytest.mark.docker
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGHUP, 130), (signal.SIGKILL, -9)]
)
def test_no_container_outlives_the_command(
    make_repository: MakeRepository, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    root = make_repository(FILES)
    flags = scripted(tmp_path, "```bash\necho marked-as-running; sleep 600\n```")
    running = subprocess.Popen(
        [sys.executable, "-m", "oci_tui", "run", "wait", *flags],
        cwd=root,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    for line in running.stderr:
        if "marked-as-running" in line:
            break
    assert containers_of(root)
    running.send_signal(number)
    running.communicate(timeout=30)
    assert running.returncode == code
    wait_until_gone(root)


def containers_of(root: Path) -> list[str]:
    """The running containers of sessions about this repository, by label."""
    import docker

    client = docker.APIClient(version="auto")
    try:
        return [
            found["Id"]
            for found in client.containers(all=True, filters={"label": "oci.app"})
            if _is_about(found["Labels"], root)
        ]
    finally:
        client.close()


def _is_about(labels: dict[str, str], root: Path) -> bool:
    return str(root) in labels.values() or any(value and value in _hashes(root) for value in labels.values())


def _hashes(root: Path) -> set[str]:
    import hashlib

    digest = hashlib.sha256(str(root).encode()).hexdigest()
    return {digest[:length] for length in (12, 16, 32, 64)}


def wait_until_gone(root: Path, seconds: float = 10) -> None:
    api = client()
    for found in containers_of(root):
        until_removed(api, found, seconds)
    api.close()
    assert not containers_of(root)


@pytest.mark.docker
def test_the_log_and_the_next_session_from_an_earlier_round(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    assert "no session here" in one_line(oci("log", cwd=root).stderr)
    done = oci("run", "make the tests pass", *scripted(tmp_path, WRONG, RIGHT), cwd=root)
    assert done.returncode == 0, done.stderr
    listed = oci("log", cwd=root).stdout.splitlines()
    assert [line.partition("  ")[2] for line in listed[1:]] == [
        "round       1  turn 1, round 1: 1 failed",
        "round       2  turn 1, round 2: 1 passed",
    ]
    assert oci("restore", "1", cwd=root).returncode == 0
    assert "no round 7" in one_line(oci("restore", "7", cwd=root).stderr)
    assert oci("restore", "first", cwd=root).returncode == 2
    assert (root / "calc.py").read_text() == FILES["calc.py"]
    done = oci("run", "explain", *scripted(tmp_path, "It subtracts."), cwd=root)
    assert "+    return b - a" in done.stdout


class Meanwhile:
    """A run during which the person edits a file, once the check has begun."""

    def __init__(self, root: Path, text: str, *arguments: str) -> None:
        command = [sys.executable, "-m", "oci_tui", "run", "make the tests pass", "--accept", *arguments]
        running = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert running.stderr
        self.said = ""
        for line in running.stderr:
            self.said += line
            if line.startswith("  $ ") and text:
                (root / "calc.py").write_text(text)
                text = ""
        self.printed = running.communicate(timeout=120)[0]
        self.code = running.returncode


MINE = "def add(a, b):\n    return a * b\n"
OTHER = "def sub(a, b):\n    return a - b\n"
TWO = f"{RIGHT}\nother.py\n```python\n{OTHER}```\n"


@pytest.mark.docker
@pytest.mark.parametrize(
    ("choice", "code", "calc", "other"),
    [("stop", 4, MINE, False), ("show", 4, MINE, False), ("clean", 4, MINE, True), ("model", 0, FIXED, True)],
)
def test_a_conflict_with_the_persons_edit(
    make_repository: MakeRepository, tmp_path: Path, choice: str, code: int, calc: str, other: bool
) -> None:
    root = make_repository(FILES)
    ran = Meanwhile(root, MINE, "--on-conflict", choice, *scripted(tmp_path, TWO, RIGHT))
    assert ran.code == code, ran.said
    assert (root / "calc.py").read_text() == calc
    assert (root / "other.py").exists() == other
    assert "+    return a + b" in ran.printed, "the patch is printed all the same"
    told = {
        "stop": "--on-conflict clean takes the files without conflict",
        "show": "<<<<<<< yours\n    return a * b\n||||||| before\n    return a - b\n=======\n    return a + b\n>>>>>>> the",
        "clean": "still pending, since your tree changed in the same lines: calc.py",
        "model": "● your version took the change's place in calc.py",
    }
    assert told[choice] in ran.said


@pytest.mark.docker
def test_only_a_part_is_accepted_and_the_patch_is_a_file(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    patch = tmp_path / "fix.patch"
    flags = ("--accept", "--patch", str(patch), *scripted(tmp_path, TWO))
    assert "--only says what to accept" in one_line(oci("run", "x", "--only", "calc.py", cwd=root).stderr)
    assert "is no folder" in one_line(oci("run", "x", "--patch", "no/where", cwd=root).stderr)
    done = oci("run", "x", "--only", "calc.py#9", *flags, cwd=root)
    assert done.returncode == 2
    assert "it has hunks 1 to 1" in done.stderr
    assert patch.read_bytes()
    done = oci("run", "x", "--accept", "--only", "nope.py", *scripted(tmp_path, TWO), cwd=root)
    assert done.returncode == 2
    assert "+    return a + b" in done.stdout
    assert "nope.py: no such file in the change" in (last := done.stderr.splitlines()[-1])
    assert "`oci-tui resume` still has the change" in last
    assert (root / "calc.py").read_text() == FILES["calc.py"]
    done = oci("run", "x", "--only", "other.py", *flags, cwd=root)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert ((root / "calc.py").read_text(), (root / "other.py").read_text()) == (FILES["calc.py"], OTHER)
    (root / "other.py").unlink()
    subprocess.run(["git", "apply", str(patch)], cwd=root, check=True)
    assert ((root / "calc.py").read_text(), (root / "other.py").read_text()) == (FIXED, OTHER)


@pytest.mark.docker
def test_undo_and_redo_without_a_session(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    assert "no accepted change to undo here" in one_line(oci("undo", cwd=root).stderr)
    assert oci("run", "fix it", "--accept", *scripted(tmp_path, RIGHT), cwd=root).returncode == 0
    session = oci("log", cwd=root).stdout.splitlines()[0].removeprefix("session ")
    for command, text in (("undo", FILES["calc.py"]), ("redo", FIXED), ("undo", FILES["calc.py"])):
        done = oci(command, session, cwd=root)
        assert done.stdout.endswith(f": calc.py (session {session})\n"), done.stderr
        assert (root / "calc.py").read_text() == text
    (root / "calc.py").write_text(MINE)
    done = oci("redo", cwd=root)
    assert done.returncode == 4
    assert "not done again: calc.py" in one_line(done.stderr)
    assert (root / "calc.py").read_text() == MINE


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=True, text=True).stdout


@pytest.mark.docker
def test_an_accepted_change_is_committed_only_when_asked(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    flags = scripted(tmp_path, RIGHT)
    assert "give --accept too" in one_line(oci("run", "x", "--commit", cwd=root).stderr)
    (root / "mine.txt").write_text("mine\n")
    git(root, "add", "mine.txt")
    done = oci("run", "fix it", "--accept", "--commit", *flags, cwd=root, GIT_AUTHOR_NAME="", GIT_COMMITTER_NAME="")
    assert done.returncode == 3
    assert "git commit: " in done.stderr
    assert (root / "calc.py").read_text() == FIXED, "it is accepted all the same"
    oci("undo", cwd=root)
    for setting in ("user.name", "user.email"):
        git(root, "config", setting, "person@example.org")
    assert oci("run", "fix it", "--accept", *flags, cwd=root).returncode == 0
    assert git(root, "rev-list", "--count", "HEAD") == "1\n"
    oci("undo", cwd=root)
    done = oci("run", "fix it", "--accept", *flags, cwd=root, OCI_WORKSPACE_COMMIT="always")
    assert done.returncode == 0
    assert ": Fix it" in done.stderr
    assert git(root, "log", "-1", "--format=%s", "--name-only") == "Fix it\n\ncalc.py\n"
    assert git(root, "status", "--porcelain") == "A  mine.txt\n"


@pytest.mark.docker
def test_what_a_reviewer_should_look_at_twice_is_said(make_repository: MakeRepository, tmp_path: Path) -> None:
    risky = f"{RIGHT}\nsetup.py\n```python\nprint(1)\n```\n\nplain.py\n```python\nx = '\u202e'\n```\n"
    done = oci("run", "x", *scripted(tmp_path, risky), cwd=make_repository(FILES))
    flagged = [line for line in done.stderr.splitlines() if "look twice" in line]
    assert flagged == ["  ! look twice at plain.py: hidden characters", "  ! look twice at setup.py: runs on install"]
