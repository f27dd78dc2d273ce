"""`oci-tui sandbox`: what there is, building, a shell on a real terminal, and pruning only what is ours."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from oci_tui.resources import config_folder
from oci_tui.sandbox import daemon, images, profile
from tests.calculator import FILES, MakeRepository
from tests.cli.test_commands import oci, one_line
from tests.sandbox.running import client, image
from tests.ui.terminal import Terminal

NAME = f"test-cli-{os.getpid()}"


def own_profile(dockerfile: str = "", text: str = "") -> None:
    folder = config_folder() / "sandboxes" / NAME
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile or f"FROM {image()}\nRUN echo building\n")
    (folder / "profile.toml").write_text(
        text or f'name = "{NAME}"\npackages = ["python3"]\n[languages.python]\ntags = ["python"]\nargv = ["python3"]\n'
    )


@pytest.mark.docker
def test_an_own_profile_is_listed_and_built(tmp_path: Path) -> None:
    own_profile()
    before = oci("sandbox", "list", cwd=tmp_path).stdout
    assert f"not built: oci-tui sandbox build {NAME}" in before
    api = client()
    try:
        built = oci("sandbox", "build", NAME, "--yes", cwd=tmp_path)
        assert built.returncode == 0, built.stderr
        assert images.find(api, profile.load(NAME))
        row = next(line for line in oci("sandbox", "list", cwd=tmp_path).stdout.splitlines() if NAME in line)
        assert row.startswith("✓")
        assert " MB  built 20" in row
        assert "is there" in oci("sandbox", "build", NAME, cwd=tmp_path).stderr
        assert "✓ sandbox image" in oci("sandbox", "build", NAME, "--again", "--yes", cwd=tmp_path).stderr
    finally:
        for found in api.images(filters={"label": f"oci.profile={NAME}"}):
            api.remove_image(found["Id"], force=True)
        api.close()


@pytest.mark.docker
def test_a_broken_profile_is_said_and_hides_no_other(tmp_path: Path) -> None:
    own_profile(text="name = ")
    rows = oci("sandbox", "list", cwd=tmp_path).stdout
    assert f"✗ {NAME}" in rows
    assert "✓ python " in rows
    assert "profile.toml" in one_line(oci("sandbox", "build", NAME, cwd=tmp_path).stderr)


def test_a_profile_that_is_not_there(tmp_path: Path) -> None:
    for arguments in (("build", "nope"), ("shell", "--profile", "nope")):
        done = oci("sandbox", *arguments, cwd=tmp_path)
        assert done.returncode in (2, 3)
        one_line(done.stderr)


def opened(arguments: list[str], cwd: Path, home: Path) -> Terminal:
    code = (
        f"import os, sys\nos.chdir({str(cwd)!r})\nsys.argv = ['oci-tui', *{arguments!r}]\nfrom oci_tui.cli import main\nmain()"
    )
    environment = {
        name: os.environ[name] for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "DOCKER_HOST") if name in os.environ
    }
    return Terminal(code, home, environment)


@pytest.mark.docker
def test_a_shell_in_a_mirror_of_the_repository(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository({**FILES, ".env": "TOKEN=canary\n"})
    terminal = opened(["sandbox", "shell"], root, tmp_path)
    try:
        terminal.until(lambda: "sandbox:/workspace$" in terminal.text)
        terminal.press(b"ls -A; id -u; stty size; echo x > calc.py; printf '\\033]52;c;Y2FuYXJ5\\007'\r")
        terminal.until(lambda: terminal.text.count("sandbox:/workspace$") >= 2 and "10001" in terminal.text)
        assert "calc.py" in terminal.text
        assert ".env" not in terminal.text
        assert "40 120" in terminal.text
        terminal.press(b"clear; echo be''gun; sleep 1000\r")
        terminal.until(lambda: "begun" in terminal.text)
        terminal.press(b"\x03")
        terminal.until(lambda: "sandbox:/workspace$" in terminal.text)
        terminal.press(b"exit 7\r")
        code, _ = terminal.ended()
        assert code == 7
        assert b"52;c" not in terminal.raw.replace(b"\\033]52;c", b"")
        assert terminal.after == terminal.before
        assert (root / "calc.py").read_text() == FILES["calc.py"]
        status = subprocess.run(["git", "-C", str(root), "status", "--short"], capture_output=True, text=True, check=True)
        assert status.stdout == ""
    finally:
        terminal.close()
    assert oci("log", cwd=root).returncode == 3, "a shell is no session"


@pytest.mark.docker
def test_a_shell_outside_of_a_repository_is_empty(tmp_path: Path) -> None:
    terminal = opened(["sandbox", "shell"], tmp_path, tmp_path)
    try:
        terminal.until(lambda: "sandbox:/workspace$" in terminal.text)
        assert "no git repository here" in terminal.text
        terminal.press(b"echo $(ls -A | wc -l) files\r")
        terminal.until(lambda: "0 files" in terminal.text)
        terminal.press(b"\x04")
        assert terminal.ended()[0] == 0
    finally:
        terminal.close()


def test_a_shell_needs_a_terminal(tmp_path: Path) -> None:
    done = oci("sandbox", "shell", cwd=tmp_path)
    assert done.returncode == 2
    assert "no terminal" in one_line(done.stderr)


def test_only_what_is_ours_and_of_no_more_use_is_pruned(bare_daemon: tuple[Path, Any], tmp_path: Path) -> None:
    """On a daemon of the test's own: what others keep on the machine's is not ours to remove."""
    host = f"unix://{bare_daemon[0]}"
    api = daemon.connect(host)
    python = profile.load("python")

    def imported(name: str, labels: dict[str, str]) -> None:
        changes = [f'LABEL {key}="{value}"' for key, value in labels.items()] + [f"LABEL n={name}"]
        repository, _, tag = name.partition(":")
        api.import_image_from_data(b"", repository=repository, tag=tag, changes=[*changes, "CMD x"])

    imported(python.image, images.labels(python))
    imported("oci-tui-python:0123456789ab", {"oci.app": "1", "oci.profile": "python"})
    imported("oci-tui-gone:0123456789ab", {"oci.app": "1", "oci.profile": "gone"})
    imported("oci-tui-python:mine", {})
    base = images.find(api, python)
    imported("oci-tui-python-prepared:here", {"oci.app": "1", "oci.profile": "python", "oci.base": base or ""})
    imported("oci-tui-python-prepared:elsewhere", {"oci.app": "1", "oci.profile": "python", "oci.base": "sha256:older"})
    dead = {"oci.app": "1", "oci.owner": f"{os.uname().nodename}:4194304:1"}
    api.create_volume("left", labels=dead)
    api.create_volume("foreign")
    api.create_volume("elsewhere", labels={"oci.app": "1", "oci.owner": "elsewhere:1:1"})
    used = api.create_container("oci-tui-gone:0123456789ab", ["x"])["Id"]

    def there() -> set[str]:
        tags = {tag for found in api.images() for tag in found["RepoTags"] or ()}
        return tags | {found["Name"] for found in api.volumes()["Volumes"] or ()}

    everything = there()
    refused = oci("sandbox", "prune", cwd=tmp_path, DOCKER_HOST=host)
    assert refused.returncode == 2
    assert "an older state of profile python" in refused.stdout
    assert there() == everything, "nothing goes unasked"
    done = oci("sandbox", "prune", "--yes", cwd=tmp_path, DOCKER_HOST=host)
    assert done.returncode == 0, done.stderr
    assert "oci-tui-gone:0123456789ab stays" in done.stderr
    assert everything - there() == {"oci-tui-python:0123456789ab", "oci-tui-python-prepared:elsewhere", "left"}
    api.remove_container(used)
    assert oci("sandbox", "prune", "--yes", "--all", cwd=tmp_path, DOCKER_HOST=host).returncode == 0
    assert there() == {"oci-tui-python:mine", "foreign", "elsewhere"}
    assert "nothing to remove" in oci("sandbox", "prune", cwd=tmp_path, DOCKER_HOST=host).stdout
    api.close()
