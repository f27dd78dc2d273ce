"""What every room's tests share: what a test needs is set up, or it is skipped with the command that gets it (CI: fails)."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from oci_tui.core.errors import OciError
from oci_tui.settings import EngineSettings, SandboxSettings

pytest_plugins = ["tests.sandbox.private_daemon"]

collect_ignore_glob = ["tasks/*/*", "held_out/*/*"]

IN_CI = bool(os.environ.get("CI"))


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """State and settings go to a folder of the test's own; models stay where they are, since they are large."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    (home / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "run"))
    for name in [name for name in os.environ if name.startswith("OCI_")]:
        monkeypatch.delenv(name)


def pytest_configure() -> None:
    """Programs that the tests start hear Ctrl+C and hang-ups, also when the suite runs in the background or under nohup.

    In CI pytest would print every compared text whole, megabytes of it, and bury which test failed and why.
    """
    os.environ.pop("CI", None)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("docker"):
        _need(_docker_missing())
    if item.get_closest_marker("model"):
        _need(_model_missing())
    if item.get_closest_marker("exl2"):
        _need(_exl2_missing())
    if item.get_closest_marker("ray"):
        _need("" if find_spec("ray") else "ray missing; `pip install 'oci-tui[ray]'` installs it")
    if item.get_closest_marker("screen"):
        _need("" if shutil.which("screen") else "GNU screen missing; `apt install screen` installs it")
    if item.get_closest_marker("tmux"):
        _need("" if shutil.which("tmux") else "tmux missing; `apt install tmux` installs it")


def _need(missing: str) -> None:
    if missing and IN_CI:
        pytest.fail(f"CI may not skip this: {missing}", pytrace=False)
    if missing:
        pytest.skip(missing)


@functools.cache
def _docker_missing() -> str:
    """Why tests in a container cannot run; the image is built when only that is missing."""
    from oci_tui.sandbox.installation import setups

    try:
        for setup in setups(SandboxSettings()):
            if setup.needed():
                if setup.touches_system:
                    return f"{setup.title} is missing; `oci-tui setup` puts it in place"
                list(setup.run())
    except OciError as error:
        return str(error)
    return ""


@functools.cache
def _model_missing() -> str:
    """Why tests with the small model cannot run; it is fetched when it is missing (93 MB)."""
    from oci_tui.engine.installation import setups

    try:
        for setup in setups(EngineSettings(model="smollm2")):
            if setup.needed():
                list(setup.run())
    except OciError as error:
        return f"{error}; `oci-tui models pull smollm2` fetches it"
    return ""


@functools.cache
def _exl2_missing() -> str:
    """Why exllamav2 cannot be driven on the CPU."""
    missing = [name for name in ("torch", "exllamav2", "tokenizers") if find_spec(name) is None]
    return f"{', '.join(missing)} missing; `pip install 'oci-tui[exl2]'` installs it" if missing else ""


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """The small model's GGUF file; use with the `model` marker."""
    from oci_tui.engine.models import resolve

    return Path(resolve(EngineSettings(model="smollm2")).path)


@pytest.fixture
def make_repository(tmp_path: Path) -> Callable[..., Path]:
    """`make_repository({"a.py": "x = 1\\n"})`: a git repository with one commit of these files."""

    def make(files: dict[str, str], name: str = "repository") -> Path:
        root = tmp_path / name
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        root.mkdir(exist_ok=True)
        identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
        for arguments in (
            ["init", "-q", "-b", "main"],
            ["add", "-A"],
            [*identity, "commit", "-q", "--allow-empty", "-m", "start"],
        ):
            subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)
        return root

    return make


@pytest.fixture(scope="session")
def smollm2_exl2(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small model as an EXL2 folder of 8 bits, written here; use with the markers `exl2` and `model`."""
    from tests.exl2.folder import write_folder

    folder = tmp_path_factory.mktemp("exl2") / "smollm2"
    write_folder(smollm2, folder, bits=8)
    return folder
