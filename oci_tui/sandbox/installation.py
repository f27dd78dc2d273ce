"""What `oci-tui doctor` finds out about the sandbox, and what `oci-tui setup` can put in place: the engine and the image."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from oci_tui.core.errors import SandboxError
from oci_tui.core.ports import Finding, Progress, Setup
from oci_tui.resources import state_folder
from oci_tui.sandbox import daemon, images, membership, preparation
from oci_tui.sandbox.daemon import DaemonError
from oci_tui.sandbox.profile import Profile, load
from oci_tui.sandbox.verification import weaknesses
from oci_tui.settings import SandboxSettings

ENGINE_PACKAGES = ("docker.io", "iptables", "tini")
_START_PATIENCE_S = 30.0


def examine(settings: SandboxSettings, repository: str = "") -> list[Finding]:
    """The engine, the permission to use it, the image, and the one prepared for `repository` if there is one, a row each."""
    try:
        address = daemon.find(settings.docker_host)
        api = daemon.connect(address)
    except DaemonError as error:
        fix = _fix(error)
        return [Finding("Docker engine", "missing", str(error), fix, needed=True)]
    try:
        with daemon.told("asking the daemon for its version"):
            version = api.version()["Version"]
        lacking = weaknesses(api)
        engine = Finding("Docker engine", "warning" if lacking else "ok", "; ".join([f"{version} at {address}", *lacking]))
        return [engine, _examine_image(api, settings), *_examine_prepared(api, settings, repository)]
    except SandboxError as error:
        return [Finding("Docker engine", "missing", str(error), needed=True)]
    finally:
        api.close()


def setups(settings: SandboxSettings) -> list[Setup]:
    """In the order in which they must run. Raises SandboxError for a profile that cannot be read."""
    return [EngineSetup(settings), ImageSetup(settings)]


class EngineSetup:
    """Installs the Docker engine from the distribution's packages where it is missing, and starts it."""

    title = "Docker engine"
    touches_system = True
    fetches = 0

    def __init__(self, settings: SandboxSettings) -> None:
        self._docker_host = settings.docker_host
        install = [] if shutil.which("dockerd") else [_shown("apt-get", "update"), _shown(*_install())]
        start = [] if self._trouble() == "not permitted" else [*install, _shown(*_start())]
        join = [_shown(*membership.join_command())] if os.geteuid() else []
        self.command = " && ".join([*start, *join])

    def needed(self) -> bool:
        """Raises DaemonError where the person has named an engine that cannot be used: another one would not help."""
        trouble = self._trouble()
        if trouble and (self._docker_host or os.environ.get("DOCKER_HOST")):
            daemon.find(self._docker_host)
        return trouble != "" and not (trouble == "not permitted" and membership.waits())

    def _trouble(self) -> str:
        try:
            daemon.find(self._docker_host)
        except DaemonError as error:
            return error.trouble
        return ""

    def run(self) -> Iterator[Progress]:
        """Raises SandboxError: no way to root, apt busy or offline, another system, a daemon that does not start."""
        try:
            daemon.find(self._docker_host)
        except DaemonError as error:
            if error.origin or error.trouble not in ("absent", "not answering", "not permitted"):
                raise
            if error.trouble != "not permitted":
                yield from self._install()
        if self._trouble() == "not permitted" and not membership.waits():
            yield from membership.join()

    def _install(self) -> Iterator[Progress]:
        if not shutil.which("dockerd"):
            _require_debian()
            yield from images.install_packages(ENGINE_PACKAGES)
        yield from self._start()

    def _start(self) -> Iterator[Progress]:
        yield Progress("starting the Docker daemon")
        log = state_folder() / "dockerd.log"
        with log.open("ab") as output:
            begin = output.tell()
            result = subprocess.run(
                images.as_root(*_start()), stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", check=False
            )
        until = time.monotonic() + (_START_PATIENCE_S if result.returncode == 0 else 0)
        while True:
            try:
                daemon.find(self._docker_host)
            except DaemonError as error:
                if error.trouble == "not permitted":
                    return
                if error.trouble not in ("absent", "not answering"):
                    raise
            else:
                return
            said = _said(log, begin)
            # While it lives each line of its log begins with the time; what it dies of does not.
            if time.monotonic() >= until or not said.startswith(("time=", "no message")):
                raise SandboxError(f"the Docker daemon did not start: {said} (all of it is in {log})")
            yield Progress("waiting for the Docker daemon")
            time.sleep(0.3)


class ImageSetup:
    """Makes the image of the settings' profile."""

    fetches = 0

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        self._profile = load(settings.profile)
        self.title = f"sandbox image {self._profile.name}"
        bootstrap = bool(shutil.which("mmdebstrap"))
        self.touches_system = not bootstrap and bool(shutil.which("apt-get"))
        self.command = f"docker build -t {self._profile.image} {self._profile.folder}"
        if self.touches_system:
            self.command += f"   (without a registry: {_shown('apt-get', 'install', 'mmdebstrap')}, then mmdebstrap)"

    def needed(self) -> bool:
        try:
            api = daemon.connect(daemon.find(self._settings.docker_host))
        except DaemonError:
            return True
        try:
            return images.find(api, self._profile) is None
        finally:
            api.close()

    def run(self) -> Iterator[Progress]:
        """Raises SandboxError."""
        yield from images.make(daemon.find(self._settings.docker_host), self._profile)


def _examine_image(api: object, settings: SandboxSettings) -> Finding:
    try:
        profile: Profile = load(settings.profile)
    except SandboxError as error:
        return Finding(f"sandbox image {settings.profile}", "missing", str(error), needed=True)
    part = f"sandbox image {profile.name}"
    image = images.find(api, profile)
    if image is None:
        return Finding(part, "missing", f"{profile.image} is not there", "oci-tui setup", needed=True)
    return Finding(part, "ok", f"{profile.image} ({image.removeprefix('sha256:')[:12]})")


def _examine_prepared(api: object, settings: SandboxSettings, repository: str) -> list[Finding]:
    try:
        found = preparation.chosen(api, load(settings.profile), repository) if repository else None
    except SandboxError:
        return []  # the row before says what is wrong with the profile or its image
    if found is None or not found.note:
        return []
    return [Finding("prepared image", "warning" if found.stale else "ok", found.note)]


def _fix(error: DaemonError) -> str:
    if error.trouble == "another engine":
        return "unset DOCKER_HOST and [sandbox] docker_host"
    if error.origin:
        return "unset DOCKER_HOST" if error.origin == "DOCKER_HOST" else "correct [sandbox] docker_host in your settings"
    if error.trouble == "not permitted":
        return 'sudo usermod -aG docker "$USER"'
    return "oci-tui setup"


def _install() -> tuple[str, ...]:
    return ("apt-get", "install", "-y", "--no-install-recommends", *ENGINE_PACKAGES)


def _start() -> tuple[str, ...]:
    """How the daemon is started: by systemd where it runs, else detached from us."""
    if Path("/run/systemd/system").is_dir():
        return ("systemctl", "start", "docker")
    return ("setsid", "--fork", "dockerd")


def _shown(*command: str) -> str:
    return " ".join(command if os.geteuid() == 0 else ("sudo", *command))


def _require_debian() -> None:
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        system = {}
    if "debian" not in (system.get("ID", ""), *system.get("ID_LIKE", "").split()) or not shutil.which("apt-get"):
        name = system.get("PRETTY_NAME", "this system")
        raise SandboxError(f"{name}: install the Docker engine as its documentation says, then run `oci-tui setup` again")


def _said(log: Path, begin: int) -> str:
    """The last line that the daemon (or what starts it) has logged since `begin`."""
    with log.open("rb") as file, tempfile.TemporaryFile() as part:
        file.seek(begin)
        part.write(file.read())
        return images.last_line(part)
