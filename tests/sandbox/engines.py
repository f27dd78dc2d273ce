"""Other engines than the machine's Docker: where CONTRACT_DOCKER_HOST and CONTRACT_RUNTIME say, the contract runs on those."""

from __future__ import annotations

import os
from typing import Any

from oci_tui.resources import config_folder
from oci_tui.sandbox import daemon, images, profile
from oci_tui.settings import SandboxSettings
from tests.sandbox.running import client

RUNTIME = os.environ.get("CONTRACT_RUNTIME", "")


def under_test(**limits: Any) -> SandboxSettings:
    """The settings that lead to the engine that the environment names; without, to the machine's Docker."""
    return on_engine(os.environ.get("CONTRACT_DOCKER_HOST", ""), RUNTIME, **limits)


def on_engine(docker_host: str, runtime: str = "", **limits: Any) -> SandboxSettings:
    """The settings for this engine and runtime; the image is brought there from the machine's Docker."""
    name = profile_with(runtime) if runtime else "python"
    if docker_host:
        bring(docker_host, name)
    return SandboxSettings(docker_host=docker_host, profile=name, **limits)


def profile_with(runtime: str) -> str:
    """A profile of the test's own: the one of python, but for the runtime; its name."""
    name = f"python-{runtime}"
    folder = config_folder() / "sandboxes" / name
    folder.mkdir(parents=True, exist_ok=True)
    text = (profile.load("python").folder / "profile.toml").read_text()
    (folder / "profile.toml").write_text(text.replace('name = "python"', f'name = "{name}"\nruntime = "{runtime}"'))
    return name


def bring(docker_host: str, name: str) -> None:
    """Have the image of the profile `name` on this engine: that of `python` under another name."""
    python, mine = profile.load("python"), profile.load(name)
    here, there = client(), daemon.connect(docker_host, 120)
    try:
        if images.find(there, python) is None:
            there.load_image(here.get_image(python.image))
        if images.find(there, mine) is None:
            repository, _, tag = mine.image.partition(":")
            made = there.create_container(python.image, ["cat"])["Id"]
            marks = [f'LABEL {key}="{value}"' for key, value in images.labels(mine).items()]
            there.commit(made, repository=repository, tag=tag, changes=marks)
            there.remove_container(made)
    finally:
        here.close()
        there.close()
