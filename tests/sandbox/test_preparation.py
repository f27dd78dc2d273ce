"""A set-up command of the person's: what it gets, what it leaves, when that is stale, and what sessions make of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from oci_tui.resources import config_folder
from oci_tui.sandbox import images, lockfiles, preparation, profile, reaper
from oci_tui.sandbox.container import repository_hash
from oci_tui.sandbox.installation import examine
from oci_tui.settings import SandboxSettings
from tests.calculator import MakeRepository
from tests.cli.test_commands import oci, one_line
from tests.sandbox.running import client, image, python, shell, started, until_removed

NAME = f"test-preparation-{os.getpid()}"
SETTINGS = SandboxSettings(profile=NAME, memory_mb=512, workspace_mb=64)
INSTALL = "pip install --no-index --no-build-isolation -r requirements.txt"
FILES = {
    "requirements.txt": "./pkg\n",
    "pkg/pyproject.toml": '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    '[project]\nname = "shout"\nversion = "1.0"\n',
    "pkg/shout/__init__.py": "def shout(text):\n    return text.upper()\n",
    ".env": "TOKEN=canary-in-a-file\n",
}


@pytest.fixture
def api() -> Iterator[Any]:
    """A client, with an image of a profile of the test's own; all that is made from it is removed afterwards."""
    api = client()
    folder = config_folder() / "sandboxes" / NAME
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text(f"FROM {image()}\n")
    text = (profile.load("python").folder / "profile.toml").read_text()
    (folder / "profile.toml").write_text(text.replace('name = "python"', f'name = "{NAME}"'))
    built(api)
    yield api
    for _ in range(2):  # what was prepared, then what it was prepared from
        for found in api.images(filters={"label": f"oci.profile={NAME}"}):
            for tag in found["RepoTags"] or (found["Id"],):
                if "-prepared" in tag or not api.images(filters={"label": f"oci.base={found['Id']}"}):
                    api.remove_image(tag)
    api.close()


def built(api: Any) -> None:
    mine = profile.load(NAME)
    repository, _, tag = mine.image.partition(":")
    changes = [f'LABEL {key}="{value}"' for key, value in images.labels(mine).items()]
    made = api.create_container(image(), ["cat"])["Id"]
    api.commit(made, repository=repository, tag=tag, changes=changes)
    api.remove_container(made)


def prepared(root: Path, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return oci("sandbox", "prepare", command, "--profile", NAME, "--yes", cwd=root, **environment)


@pytest.mark.docker
async def test_what_was_prepared_is_there_in_sessions_of_this_repository_only(
    api: Any, make_repository: MakeRepository
) -> None:
    root = make_repository(FILES)
    done = prepared(root, INSTALL)
    assert done.returncode == 0, done.stderr
    assert INSTALL in done.stderr
    assert "│ Successfully installed shout-1.0" in done.stderr
    use = "import shout\nprint(shout.shout('x'))"
    async with started(SETTINGS, str(root)) as sandbox:
        assert (await python(sandbox, use)).stdout == "X\n"
        inside = await shell(sandbox, "ls -A /workspace; tail -n +3 /proc/net/dev | cut -d: -f1; id -u; touch /x")
        assert inside.stdout.split() == ["lo", "10001"]
        assert "Read-only" in inside.stderr
        info = await sandbox.describe()
        assert info.notes == (f"prepared with `{INSTALL}`",)
        assert "-prepared:" in info.image
    async with started(SETTINGS, str(root / "elsewhere")) as sandbox:
        assert "ModuleNotFoundError" in (await python(sandbox, use)).stderr
        assert (await sandbox.describe()).notes == ()
    labels = api.inspect_image(preparation.image_name(profile.load(NAME), str(root)))["Config"]["Labels"]
    assert labels["oci.command"] == INSTALL
    assert labels["oci.repo"] == repository_hash(str(root))
    assert str(root) not in str(labels)


@pytest.mark.docker
def test_the_command_gets_a_network_and_no_secrets(api: Any, make_repository: MakeRepository, tmp_path: Path) -> None:
    """The controls: the package's own file is there, and so is an interface besides lo, which a session has not."""
    root = make_repository(FILES)
    command = "env; ls -A; cat /proc/net/dev; find / -xdev -name '*.sock'; ls -A /root; (sleep 0.1; echo last)"
    done = prepared(root, command, SECRET_TOKEN="canary-in-the-environment", SSH_AUTH_SOCK=str(tmp_path))
    assert done.returncode == 0, done.stderr
    said = done.stderr.partition("as before.")[2]
    for there in ("requirements.txt", "eth0:", "HOME=/root", "│ last"):
        assert there in said
    for absent in ("canary", ".env", "SSH_AUTH_SOCK", "docker.sock", str(tmp_path)):
        assert absent not in said
    name = preparation.image_name(profile.load(NAME), str(root))
    made = api.create_container(name, ["/bin/sh", "-c", "ls -A /workspace; grep -rl canary /root /home /etc"], user="0:0")["Id"]
    api.start(made)
    api.wait(made)
    reaper.reap(api)
    assert api.logs(made) == b"", "none of the repository's files is kept, and what others run of the image is theirs"
    api.remove_container(made)


@pytest.mark.docker
async def test_a_lock_file_that_changes_makes_it_stale_and_that_is_said(api: Any, make_repository: MakeRepository) -> None:
    root = make_repository(FILES)
    assert prepared(root, "touch /prepared").returncode == 0
    (root / "pkg" / "shout" / "__init__.py").write_text("changed = True\n")
    assert [row.state for row in examine(SETTINGS, str(root)) if row.part == "prepared image"] == ["ok"]
    (root / "requirements.txt").write_text("./pkg\nsix\n")
    (row,) = (row for row in examine(SETTINGS, str(root)) if row.part == "prepared image")
    assert row.state == "warning"
    assert "stale: requirements.txt changed since: run `oci-tui sandbox prepare 'touch /prepared'` again" in row.detail
    async with started(SETTINGS, str(root)) as sandbox:
        assert (await sandbox.describe()).notes == (row.detail,)
        assert (await shell(sandbox, "ls /prepared")).exit.passed
    (config_folder() / "sandboxes" / NAME / "prepare.sh").write_text("# another state of the profile\n")
    built(api)
    async with started(SETTINGS, str(root)) as sandbox:
        (note,) = (await sandbox.describe()).notes
        assert "is not used: the profile's image is another now" in note
        assert not (await shell(sandbox, "ls /prepared")).exit.passed
    assert prepared(root, "touch /prepared").returncode == 0
    assert [row.state for row in examine(SETTINGS, str(root)) if row.part == "prepared image"] == ["ok"]
    assert "removed" in oci("sandbox", "prepare", "--drop", "--profile", NAME, cwd=root).stdout
    assert "there was none" in oci("sandbox", "prepare", "--drop", "--profile", NAME, cwd=root).stdout


@pytest.mark.docker
@pytest.mark.usefixtures("api")
async def test_packages_of_node_are_found_from_the_workspace(make_repository: MakeRepository) -> None:
    root = make_repository({"package.json": "{}"})
    assert prepared(root, "mkdir -p node_modules/x; echo hi > node_modules/x/index.js").returncode == 0
    async with started(SETTINGS, str(root)) as sandbox:
        assert (await shell(sandbox, "cat /node_modules/x/index.js")).stdout == "hi\n"


@pytest.mark.docker
def test_a_command_that_fails_leaves_nothing(api: Any, make_repository: MakeRepository) -> None:
    root = make_repository(FILES)
    done = prepared(root, "echo the last words; exit 3")
    assert done.returncode == 3
    assert "the command failed (3): the last words; nothing was kept" in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert api.images(filters={"label": f"oci.repo={repository_hash(str(root))}"}) == []
    assert api.containers(all=True, filters={"label": f"oci.repo={repository_hash(str(root))}"}) == []


@pytest.mark.docker
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_command_that_is_stopped_leaves_nothing(api: Any, make_repository: MakeRepository, number: signal.Signals) -> None:
    root = make_repository(FILES)
    label = {"label": f"oci.repo={repository_hash(str(root))}"}
    arguments = ["sandbox", "prepare", "echo begun; sleep 4323", "--profile", NAME, "--yes"]
    with subprocess.Popen([sys.executable, "-m", "oci_tui", *arguments], cwd=root, stderr=subprocess.PIPE, text=True) as app:
        assert app.stderr is not None
        while "│ begun" not in app.stderr.readline():
            assert app.poll() is None
        (made,) = (found["Id"] for found in api.containers(filters=label))
        inside = [psutil.Process(int(row[1])) for row in api.top(made)["Processes"]]
        app.send_signal(number)
        until_removed(api, made)
        assert psutil.wait_procs(inside, timeout=10)[1] == []
        app.kill()
    assert api.images(filters=label) == []


def test_nothing_runs_that_was_not_approved(make_repository: MakeRepository) -> None:
    root = make_repository(FILES)
    done = oci("sandbox", "prepare", "pip install x\x1b[8m; evil", cwd=root)
    assert done.returncode == 2
    assert "pip install x␛[8m; evil" in done.stderr, "the exact command is shown, and no part of it can hide"
    assert "approve it with --yes" in done.stderr
    for arguments in (["prepare"], ["prepare", " "], ["prepare", "x", "--drop"]):
        wrong = oci("sandbox", *arguments, cwd=root)
        assert wrong.returncode == 2
        one_line(wrong.stderr)


def test_which_files_make_it_stale(tmp_path: Path) -> None:
    for name in ("requirements-dev.txt", "requirements/base.txt", "uv.lock", "package-lock.json", "readme.txt", "sub/uv.lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "poetry.lock").symlink_to("/etc/passwd")
    (tmp_path / "setup.py").mkdir()
    os.mkfifo(tmp_path / "setup.cfg")
    found = lockfiles.hashes(tmp_path)
    assert set(found) == {"requirements-dev.txt", "requirements/base.txt", "uv.lock", "package-lock.json"}
    (tmp_path / "uv.lock").write_text("other")
    assert {name for name in found if lockfiles.hashes(tmp_path)[name] != found[name]} == {"uv.lock"}
