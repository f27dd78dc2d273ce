"""Profiles: the one that ships, the person's own, and what is said about a bad one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from oci_tui.core.errors import SandboxError
from oci_tui.resources import config_folder, data_folder
from oci_tui.sandbox import images, profile

GOOD = 'name = "mine"\npackages = ["python3"]\n[languages.python]\ntags = ["python"]\nargv = ["python3"]\n'


def own(text: str, name: str = "mine") -> Path:
    folder = config_folder() / "sandboxes" / name
    folder.mkdir(parents=True)
    (folder / "profile.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_profile_that_ships() -> None:
    python = profile.load("python")
    assert python.image == f"oci-tui-python:{python.hash}"
    assert python.language("PY").argv == ("/usr/bin/python3",)
    assert python.language("console") == python.language("sh")
    assert images.base_image(python) == "debian:bookworm-slim"


def test_an_own_profile_wins_and_borrows_the_filter() -> None:
    own(GOOD)
    assert profile.load("mine").seccomp == profile.load("python").seccomp
    shutil.copytree(data_folder("sandboxes") / "python", config_folder() / "sandboxes" / "python")
    assert profile.load("python").folder == config_folder() / "sandboxes" / "python"


def test_the_hash_follows_every_file() -> None:
    folder = own(GOOD)
    seen = {profile.load("mine").hash}
    for name in ("Dockerfile", "prepare.sh", "seccomp.json"):
        (folder / name).write_text("{}", encoding="utf-8")
        seen.add(profile.load("mine").hash)
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "profile.toml: "),
        (GOOD.replace('"mine"', '"other"'), "the folder's name"),
        (GOOD.replace('"python3"]\n[', '"python3; rm -rf /"]\n['), "no name of a Debian package"),
        (GOOD.replace('"python3"]\n[', '"--customize-hook=x"]\n['), "no name of a Debian package"),
        (GOOD + "colour = 1\n", "colour"),
        (GOOD.replace('argv = ["python3"]', "argv = []"), "languages.python"),
        (GOOD.replace('packages = ["python3"]\n', ""), "packages"),
    ],
)
def test_a_bad_profile_is_named_with_its_file(text: str, said: str) -> None:
    own(text)
    with pytest.raises(SandboxError) as caught:
        profile.load("mine")
    assert "mine" in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["nope", "../python", "", "a\x1b[31m"])
def test_a_name_that_is_no_profile(name: str) -> None:
    with pytest.raises(SandboxError, match=r"sandbox\.profile") as caught:
        profile.load(name)
    assert "\x1b" not in str(caught.value)


def test_the_filter_names_nothing_that_opens_the_kernel() -> None:
    rules = json.loads(profile.load("python").seccomp)["syscalls"]
    allowed = {name for rule in rules if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}
    closed = "io_uring_setup io_uring_enter keyctl add_key request_key bpf userfaultfd mount umount2 unshare setns ptrace "
    closed += "process_vm_writev perf_event_open open_by_handle_at pivot_root init_module kexec_load socketcall clone3 chroot"
    assert not allowed & set(closed.split())
    assert {"read", "socket", "execve"} <= allowed
