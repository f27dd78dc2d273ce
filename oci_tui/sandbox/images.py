"""Makes a profile's image: by its Dockerfile, or from Debian packages alone where no registry answers.

Either way the image has the same name, labels and users, so the rest of the room cannot tell them apart.
"""

from __future__ import annotations

import contextlib
import io
import os
import platform
import re
import shlex
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Generator, Iterator, Sequence
from typing import IO, Any

from oci_tui.core.errors import SandboxError
from oci_tui.core.ports import Progress
from oci_tui.core.terminal import visible_line
from oci_tui.sandbox.daemon import connect, told
from oci_tui.sandbox.profile import Profile

_REGISTRY_PATIENCE_S = 20.0
_BUILD_PATIENCE_S = 600.0


def labels(profile: Profile) -> dict[str, str]:
    """What marks an image as made from this state of the profile."""
    return {"oci.app": "1", "oci.profile": profile.name, "oci.profile.hash": profile.hash}


def find(api: Any, profile: Profile) -> str | None:
    """The id (`sha256:…`) of the profile's image; None when there is none with our name and our labels. Raises SandboxError."""
    import docker

    try:
        with told("looking for the sandbox image"):
            image = api.inspect_image(profile.image)
    except SandboxError as error:
        if isinstance(error.__cause__, docker.errors.ImageNotFound):
            return None
        raise
    have = (image.get("Config") or {}).get("Labels") or {}
    return str(image["Id"]) if labels(profile).items() <= have.items() else None


def make(address: str, profile: Profile) -> Iterator[Progress]:
    """Build the image, telling how far it has come; without a registry, bootstrap it. Raises SandboxError."""
    base = base_image(profile)
    api = connect(address, _BUILD_PATIENCE_S)
    try:
        yield Progress(f"looking for {base}")
        if _present(api, base) or (yield from _pulled(address, base)):
            yield from _build(api, profile)
        else:
            yield Progress("no registry answers: making the image from Debian packages")
            yield from bootstrap(api, profile)
        if find(api, profile) is None:
            raise SandboxError(f"{profile.image} was made but is not there; run `oci-tui setup` again")
        with told("removing the image's last state"):
            _remove_untagged(api, profile)
    finally:
        api.close()


def _remove_untagged(api: Any, profile: Profile) -> None:
    """Remove what was under the same name before, unless a container still uses it."""
    import docker

    for image in api.images(filters={"dangling": True, "label": ["oci.app=1", f"oci.profile={profile.name}"]}):
        with contextlib.suppress(docker.errors.APIError):
            api.remove_image(image["Id"])


def base_image(profile: Profile) -> str:
    """The image that the profile's Dockerfile begins with. Raises SandboxError."""
    file = profile.file("Dockerfile")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SandboxError(f"{file}: cannot be read: {error}") from error
    match = re.search(r"^FROM\s+(\S+)", text, re.MULTILINE)
    if not match:
        raise SandboxError(f"{file}: there is no FROM line; write one, for example FROM debian:bookworm-slim")
    return match[1]


def _present(api: Any, name: str) -> bool:
    with told(f"looking for {name}"):
        return bool(api.images(name=name))


def _pulled(address: str, base: str) -> Generator[Progress, None, bool]:
    """Pull `base`; returns False when no registry answers. Raises SandboxError for a daemon in trouble."""
    import docker
    import requests

    repository, _, tag = base.partition(":")
    api = connect(address, _REGISTRY_PATIENCE_S)
    try:
        failed = False
        yield Progress(f"pulling {base}")
        for line in api.pull(repository, tag=tag or "latest", stream=True, decode=True):
            failed = failed or "error" in line
            yield Progress(f"pulling {base}: {visible_line(str(line.get('status', '')))}", _fraction(line))
    except (docker.errors.APIError, requests.RequestException):
        return False
    finally:
        api.close()
    return not failed


def _fraction(line: dict[str, Any]) -> float | None:
    detail = line.get("progressDetail") or {}
    return detail["current"] / detail["total"] if detail.get("current") and detail.get("total") else None


def _build(api: Any, profile: Profile) -> Iterator[Progress]:
    with told(f"building {profile.image}"):
        stream = api.build(
            fileobj=_context(profile),
            custom_context=True,
            tag=profile.image,
            labels=labels(profile),
            buildargs={"PACKAGES": " ".join(profile.packages)},
            rm=True,
            forcerm=True,
            decode=True,
            use_config_proxy=False,
        )
        said = failed = ""
        for line in stream:
            failed = failed or visible_line(str(line.get("error", "")).strip())[:200]
            text = visible_line(str(line.get("stream") or line.get("status") or "").strip())
            if text and not text.startswith(("--->", "Removing intermediate")):
                said = text
                yield Progress(f"building {profile.image}: {text[:80]}")
        if failed:
            raise SandboxError(f"building {profile.image}: {failed}: {said[:200]}")


def _context(profile: Profile) -> IO[bytes]:
    """What the Dockerfile may copy: the profile's files as a tar."""
    names = {
        "Dockerfile",
        "prepare.sh",
        *(str(file.relative_to(profile.folder)) for file in profile.folder.rglob("*") if file.is_file()),
    }
    data = io.BytesIO()
    try:
        with tarfile.open(fileobj=data, mode="w") as tar:
            for name in sorted(names):
                tar.add(profile.file(name), name, recursive=False)
    except OSError as error:
        raise SandboxError(f"{profile.folder}: cannot be read: {error.strerror}") from error
    data.seek(0)
    return data


def bootstrap_command(profile: Profile) -> tuple[str, ...]:
    """The command whose standard output is the image's file system. Raises SandboxError on a system without Debian packages."""
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        system = {}
    suite = system.get("VERSION_CODENAME", "")
    if system.get("ID") not in ("debian", "ubuntu") or not suite:
        raise SandboxError(
            f"no registry answers, and only Debian and Ubuntu can make {profile.image} without one: "
            f"bring {base_image(profile)} here with `docker save` and `docker load`"
        )
    prepare = profile.file("prepare.sh")
    components = ("--components=main,universe",) if system["ID"] == "ubuntu" else ()
    return (
        "mmdebstrap",
        "--variant=minbase",
        *components,
        f"--include={','.join(profile.packages)}",
        f'--customize-hook=chroot "$1" sh -s < {shlex.quote(str(prepare))}',
        suite,
        "-",
    )


def bootstrap(api: Any, profile: Profile) -> Iterator[Progress]:
    """Make the image from Debian packages. Nothing is left under its name unless all of it arrived. Raises SandboxError."""
    command = bootstrap_command(profile)
    if not shutil.which(command[0]):
        yield from install_packages(("mmdebstrap",))
    with tempfile.TemporaryFile() as root, tempfile.TemporaryFile() as log:
        yield from _bootstrapped(command, root, log)
        yield Progress("importing the image", 0.9)
        root.seek(0)
        changes = [
            "USER agent",
            "WORKDIR /workspace",
            "ENV LANG=C.UTF-8",
            *(f'LABEL {key}="{value}"' for key, value in labels(profile).items()),
        ]
        repository, _, tag = profile.image.partition(":")
        with told(f"importing {profile.image}"):
            chunks = iter(lambda: root.read(1 << 20), b"")
            api.import_image_from_stream(chunks, repository=repository, tag=tag, changes=changes)


def _bootstrapped(command: Sequence[str], root: IO[bytes], log: IO[bytes]) -> Iterator[Progress]:
    """Run mmdebstrap with its tar going to `root`. Abandoning the iterator ends it."""
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=root, stderr=log, env=environment)
    try:
        while process.poll() is None:
            yield Progress(f"making the image from Debian packages ({os.fstat(root.fileno()).st_size >> 20} MB)")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    if process.returncode:
        raise SandboxError(f"mmdebstrap: {last_line(log)} (is Debian's package mirror reachable?)")


def install_packages(packages: Sequence[str]) -> Iterator[Progress]:
    """Install these Debian packages on this machine, as root or through sudo. Raises SandboxError."""
    for doing, command in (
        ("reading the package lists", ("apt-get", "update", "-q")),
        (f"installing {' '.join(packages)}", ("apt-get", "install", "-y", "-q", "--no-install-recommends", *packages)),
    ):
        yield Progress(doing)
        with tempfile.TemporaryFile() as log:
            result = subprocess.run(
                as_root(*command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
                check=False,
            )
            if result.returncode:
                raise SandboxError(_apt_trouble(last_line(log, wanted="E: "), " ".join(command)))


def _apt_trouble(line: str, command: str) -> str:
    if "lock" in line:
        return f"apt is busy with another installation ({line}): wait for it to end, then run `oci-tui setup` again"
    if any(word in line for word in ("resolve", "connect", "fetch", "Unable to locate")):
        return f"`{command}` cannot reach the package mirror ({line}): connect this machine, or set a mirror in /etc/apt"
    return f"`{command}` failed: {line}"


def as_root(*command: str) -> tuple[str, ...]:
    """`command` as root runs it: itself for root, with sudo for others. Raises SandboxError when there is no way."""
    if os.geteuid() == 0:
        return command
    if shutil.which("sudo"):
        return ("sudo", "-n", "--", *command) if not os.isatty(0) else ("sudo", "--", *command)
    raise SandboxError(f"this needs root, and there is no sudo: run as root: {' '.join(command)}")


def last_line(log: IO[bytes], wanted: str = "") -> str:
    """The last line of a log, made harmless; of those that begin with `wanted` where there is one."""
    log.seek(0, os.SEEK_END)
    log.seek(max(0, log.tell() - 8192))
    lines = [line.strip() for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
    chosen = [line for line in lines if line.startswith(wanted)] or lines or ["no message"]
    return visible_line(chosen[-1])[:300]
