"""What doctor says about the sandbox and what setup does for it."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from oci_tui.core.errors import SandboxError
from oci_tui.resources import config_folder
from oci_tui.sandbox import membership
from oci_tui.sandbox.installation import EngineSetup, ImageSetup, examine, setups
from oci_tui.settings import SandboxSettings

NOWHERE = SandboxSettings(docker_host="unix:///nowhere/docker.sock")


@pytest.mark.docker
def test_all_is_well() -> None:
    engine, image = examine(SandboxSettings())
    assert (engine.part, engine.state, image.part, image.state) == ("Docker engine", "ok", "sandbox image python", "ok")
    assert [setup.needed() for setup in setups(SandboxSettings())] == [False, False]
    assert list(EngineSetup(SandboxSettings()).run()) == []


@pytest.mark.docker
def test_an_image_of_another_state_is_missing() -> None:
    folder = config_folder() / "sandboxes" / "mine"
    folder.mkdir(parents=True)
    (folder / "profile.toml").write_text('name = "mine"\npackages = []\nlanguages = {}\n', encoding="utf-8")
    (folder / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    settings = SandboxSettings(profile="mine")
    image = examine(settings)[1]
    assert (image.state, image.fix, image.needed) == ("missing", "oci-tui setup", True)
    setup = ImageSetup(settings)
    assert setup.needed()
    assert str(folder) in setup.command


@pytest.mark.docker
def test_a_profile_that_is_none_is_a_finding() -> None:
    image = examine(SandboxSettings(profile="nope"))[1]
    assert image.state == "missing"
    assert "no profile 'nope'" in image.detail


def test_an_engine_named_by_the_person_is_not_installed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither asked for nor done: what is named wrongly is to be corrected."""
    (engine,) = examine(NOWHERE)
    assert (engine.state, engine.fix, engine.needed) == ("missing", "correct [sandbox] docker_host in your settings", True)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    assert examine(SandboxSettings())[0].fix == "unset DOCKER_HOST"
    for settings in (NOWHERE, SandboxSettings()):
        engine_setup, image_setup = setups(settings)
        assert image_setup.needed()
        for act in (engine_setup.needed, lambda step=engine_setup: list(step.run())):
            with pytest.raises(SandboxError, match=r"is unix:///nowhere/docker\.sock, but there is no such socket"):
                act()


START = """
import json, os, sys
from pathlib import Path
from oci_tui.core.errors import SandboxError
from oci_tui.sandbox import membership
from oci_tui.sandbox.installation import EngineSetup
from oci_tui.settings import SandboxSettings
setup = EngineSetup(SandboxSettings())
before = setup.needed()
try:
    doing = [progress.doing for progress in setup.run()]
except SandboxError as error:
    doing = [str(error)]
print(json.dumps([before, doing, setup.needed()]))
pid = Path("/run/docker.pid")
if pid.exists():
    os.kill(int(pid.read_text()), 15)
"""


@pytest.mark.docker
@pytest.mark.parametrize(("options", "works"), [("", True), ("-o ro", False)])
def test_an_installed_engine_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, works: bool) -> None:
    """With a /run and a /var/lib/docker of the test's own, so that the machine's daemon is not in sight."""
    if os.geteuid() != 0 or not shutil.which("dockerd") or Path("/run/systemd/system").is_dir():
        pytest.skip("starts a second dockerd: needs root, dockerd, and no systemd that would start the first")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    mounts = f"mount -t tmpfs none /run && mount -t tmpfs {options} none /var/lib/docker && exec {sys.executable} -c '{START}'"
    done = subprocess.run(
        ["unshare", "--mount", "--net", "/bin/sh", "-c", mounts],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).resolve().parents[2],
        check=True,
    )
    before, doing, after = json.loads(done.stdout.splitlines()[-1])
    assert before is True
    assert after is not works
    if works:
        assert doing[0] == "starting the Docker daemon"
    else:
        assert "did not start: " in doing[-1]
        assert "dockerd.log" in doing[-1]


def test_root_needs_no_group() -> None:
    if os.geteuid():
        pytest.skip("needs root")
    assert not membership.waits()


@pytest.mark.docker
def test_a_person_who_may_not_use_docker_joins_the_group(tmp_path: Path) -> None:
    """As a user made for this test: before, the set-up is needed and shows the command; after it, the process only waits."""
    if os.geteuid() or not Path("/usr/sbin/useradd").exists():
        pytest.skip("needs root and useradd")
    name = f"oci-test-{os.getpid()}"
    subprocess.run(["useradd", "-M", name], check=True)
    try:
        before = as_user(name, tmp_path)
        assert before == {"needed": True, "waits": False, "command": f"sudo usermod -aG docker {name}"}
        subprocess.run(["usermod", "-aG", "docker", name], check=True)
        after = as_user(name, tmp_path)
        assert after["waits"] is True
        assert after["needed"] is False
    finally:
        subprocess.run(["userdel", name], check=True)


def as_user(name: str, folder: Path) -> dict[str, object]:
    """What the set-up finds in a process of that user without any group but its own."""
    entry = pwd.getpwnam(name)
    folder.chmod(0o755)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
        os.environ.update(HOME=str(folder), USER=name, LOGNAME=name)
        os.environ.pop("DOCKER_HOST", None)
        setup = EngineSetup(SandboxSettings())
        facts = {"needed": setup.needed(), "waits": membership.waits(), "command": setup.command}
        os.write(write, json.dumps(facts).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    found: dict[str, object] = json.loads(said)
    return found
