"""What of ours lies on the daemon: each profile's image, and what nobody needs any more. Known by our labels only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import msgspec

from oci_tui.core.errors import SandboxError
from oci_tui.core.terminal import visible_line
from oci_tui.sandbox import daemon, images, reaper
from oci_tui.sandbox.daemon import told
from oci_tui.sandbox.profile import load, names

_OURS = {"label": "oci.app=1"}


class ProfileImage(msgspec.Struct, frozen=True):
    """A profile and its image: `bytes` 0 and `built` "" when it is not built, `problem` when the profile cannot be read."""

    profile: str
    image: str = ""
    bytes: int = 0
    built: str = ""
    languages: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    problem: str = ""


class Leftover(msgspec.Struct, frozen=True):
    """Something of ours that can go: what it is, how the daemon names it, why it can go, and its bytes (0: not known)."""

    kind: Literal["container", "volume", "image"]
    id: str
    name: str
    why: str
    bytes: int = 0


@contextmanager
def connected(docker_host: str) -> Iterator[Any]:
    """A client of the daemon, for as long as it is needed. Raises DaemonError."""
    api = daemon.connect(daemon.find(docker_host))
    try:
        yield api
    finally:
        api.close()


def profiles(api: Any) -> list[ProfileImage]:
    """Every profile, the person's own included, and its image. Raises SandboxError."""
    found = []
    for name in names():
        try:
            profile = load(name)
        except SandboxError as error:
            found.append(ProfileImage(name, problem=str(error)))
            continue
        languages = tuple(sorted(profile.languages))
        row = ProfileImage(name, profile.image, languages=languages, packages=profile.packages)
        if image := images.find(api, profile):
            with told("looking at the sandbox image"):
                state = api.inspect_image(image)
            row = msgspec.structs.replace(row, bytes=state["Size"], built=state["Created"][:16].replace("T", " "))
        found.append(row)
    return found


def leftovers(api: Any, *, everything: bool = False) -> list[Leftover]:
    """What nobody needs any more; with `everything` the images in use too. Raises SandboxError."""
    with told("looking for what can go"):
        containers = api.containers(all=True, size=True, filters=_OURS)
        volumes = api.volumes(filters=_OURS)["Volumes"] or ()
        own_images = api.images(filters=_OURS)
    current = set() if everything else _current(api)
    found = [
        Leftover("container", container["Id"], container["Id"][:12], "its app is dead", container.get("SizeRw") or 0)
        for container in containers
        if reaper.is_left_behind(container.get("Labels"))
    ]
    found += [
        Leftover("volume", volume["Name"], volume["Name"][:12], "its app is dead")
        for volume in volumes
        if reaper.is_left_behind(volume.get("Labels"))
    ]
    for image in own_images:
        labels = image.get("Labels") or {}
        tags = [tag for tag in image.get("RepoTags") or () if tag != "<none>:<none>"]
        if not (tags and current & {image["Id"], labels.get("oci.base")}):
            why = "asked for" if everything else f"an older state of profile {visible_line(labels.get('oci.profile', ''))[:40]}"
            name = visible_line(tags[0]) if tags else image["Id"].removeprefix("sha256:")[:12]
            found.append(Leftover("image", image["Id"], name, why, image["Size"]))
    # What was prepared from an image must go before it.
    return sorted(found, key=lambda item: (item.kind, item.why, "-prepared:" not in item.name))


def _current(api: Any) -> set[str]:
    """The ids of the images that profiles need as they are now."""
    found = set()
    for name in names():
        with contextlib.suppress(SandboxError):  # of a profile that cannot be read; `sandbox list` says what is wrong with it
            found.add(images.find(api, load(name)) or "")
    return found - {""}


def discard(api: Any, leftover: Leftover) -> str:
    """Remove it; why it has to stay, or "". Raises SandboxError when the daemon is in trouble."""
    import docker

    try:
        match leftover.kind:
            case "container":
                reaper.remove(api, leftover.id)
            case "volume":
                return "" if reaper.remove_volume(api, leftover.id) else "a container uses it"
            case "image":
                with told("removing an image"):
                    for tag in api.inspect_image(leftover.id)["RepoTags"] or (leftover.id,):
                        api.remove_image(tag)
    except SandboxError as error:
        cause = error.__cause__
        if isinstance(cause, docker.errors.APIError) and cause.status_code in (404, 409):
            return "" if cause.status_code == 404 else "a container or another image uses it"
        raise
    return ""
