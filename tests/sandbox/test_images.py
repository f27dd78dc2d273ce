"""Images: what the profile's holds, the build, the bootstrap, and that a failed one leaves nothing under our name."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oci_tui.core.errors import SandboxError
from oci_tui.resources import config_folder
from oci_tui.sandbox import daemon, images, profile, reaper
from oci_tui.sandbox.profile import Profile
from tests.sandbox.running import client

NAME = "test-images"


@pytest.fixture
def api() -> Iterator[Any]:
    """A client; whatever the test made under its profile's name is removed afterwards."""
    api = client()
    yield api
    for image in api.images(filters={"label": f"oci.profile={NAME}"}):
        api.remove_image(image["Id"], force=True)
    api.close()


def own(dockerfile: str) -> Profile:
    folder = config_folder() / "sandboxes" / NAME
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    (folder / "profile.toml").write_text(
        f'name = "{NAME}"\npackages = ["python3"]\n[languages.python]\ntags = ["python"]\nargv = ["python3"]\n',
        encoding="utf-8",
    )
    return profile.load(NAME)


def program(folder: Path, name: str, script: str) -> None:
    """An executable that stands where `name` is looked for."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


@pytest.mark.docker
def test_the_image_that_ships(api: Any) -> None:
    python = profile.load("python")
    found = images.find(api, python)
    assert found is not None
    assert found.startswith("sha256:")
    assert api.inspect_image(found)["Config"]["User"] == "agent"
    script = (
        "getent passwd 10000 10001; stat -c '%U %a' /workspace; git --version; python -m pytest --version; python -c 'print(1)'"
    )
    made = api.create_container(found, ["/bin/sh", "-c", script])["Id"]
    try:
        api.start(made)
        api.wait(made, timeout=20)
        said = api.logs(made).decode()
    finally:
        reaper.remove(api, made)
    for expected in (
        "agent-supervisor:x:10000:10000",
        "agent:x:10001:10001",
        "agent 755",
        "pytest 7",
        "git version 2",
        "\n1\n",
    ):
        assert expected in said


@pytest.mark.docker
def test_another_state_of_the_profile_is_another_image(api: Any) -> None:
    """Neither a name without our labels nor labels of another state count."""
    python, mine = profile.load("python"), own("FROM scratch\n")
    assert images.find(api, mine) is None
    api.tag(python.image, *mine.image.split(":"))
    assert images.find(api, mine) is None
    api.remove_image(mine.image)
    assert images.find(api, python) is not None


@pytest.mark.docker
def test_a_build_from_an_image_that_is_here(api: Any) -> None:
    mine = own(f"FROM {profile.load('python').image}\nARG PACKAGES\nRUN echo we have ${{PACKAGES}}\n")
    doing = [progress.doing for progress in images.make(daemon.find(), mine)]
    assert any("we have python3" in line for line in doing)
    assert images.find(api, mine) is not None


@pytest.mark.docker
def test_a_build_that_fails_says_where(api: Any) -> None:
    mine = own(f"FROM {profile.load('python').image}\nRUN echo the last words; exit 3\n")
    with pytest.raises(SandboxError, match=r"code: 3.*the last words") as caught:
        list(images.make(daemon.find(), mine))
    assert "\n" not in str(caught.value)
    assert images.find(api, mine) is None


@pytest.mark.docker
def test_a_bootstrap_arrives_whole_or_not_at_all(api: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = own("FROM debian:bookworm-slim\n")
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        entry = tarfile.TarInfo("file")
        entry.size = 1 << 20
        tar.addfile(entry, io.BytesIO(bytes(entry.size)))
    (tmp_path / "root.tar").write_bytes(data.getvalue())
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for script, said in (
        (f"head -c 500000 {tmp_path}/root.tar; echo 'E: no mirror' >&2; exit 1", "no mirror"),
        (f"head -c 500000 {tmp_path}/root.tar", "importing"),
    ):
        program(tmp_path, "mmdebstrap", script)
        with pytest.raises(SandboxError, match=said):
            list(images.bootstrap(api, mine))
        assert images.find(api, mine) is None
    program(tmp_path, "mmdebstrap", f"cat {tmp_path}/root.tar")
    list(images.bootstrap(api, mine))
    found = images.find(api, mine)
    assert found is not None
    assert api.inspect_image(found)["Config"]["User"] == "agent"


def test_the_bootstrap_command_is_one_of_debian_packages() -> None:
    python = profile.load("python")
    command = images.bootstrap_command(python)
    assert command[:2] == ("mmdebstrap", "--variant=minbase")
    assert f"--include={','.join(python.packages)}" in command
    assert command[-1] == "-"
    assert any("prepare.sh" in part for part in command)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1' >&2; exit 100", "apt is busy"),
        (
            "echo 'E: Failed to fetch http://mirror/x  Could not resolve' >&2; echo 'E: Some index files' >&2; exit 100",
            "failed: E: Some",
        ),
        ("echo 'E: Failed to fetch http://mirror/x' >&2; exit 100", "cannot reach the package mirror"),
        ("echo 'E: Unable to locate package x' >&2; exit 100", "cannot reach the package mirror"),
    ],
)
def test_what_is_said_when_packages_cannot_be_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    program(tmp_path, "apt-get", script)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(SandboxError, match=said if os.geteuid() == 0 else "needs root|sudo|password") as caught:
        list(images.install_packages(("mmdebstrap",)))
    assert "\n" not in str(caught.value)
    if os.geteuid() == 0:
        program(tmp_path, "apt-get", "exit 0")
        assert [progress.doing for progress in images.install_packages(("mmdebstrap",))] == [
            "reading the package lists",
            "installing mmdebstrap",
        ]
