"""Each knob of the container, turned the wrong way for real: the check names it, and nothing runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from oci_tui.core.errors import SandboxError
from oci_tui.sandbox import confinement, container, images, profile, reaper, verification
from oci_tui.sandbox.runner_process import RunnerProcess, exec_runner
from oci_tui.settings import SandboxSettings
from tests.sandbox.running import SESSION, client, of_session

SETTINGS = SandboxSettings(memory_mb=256, workspace_mb=64, pids=64)


@pytest.fixture
def api() -> Iterator[Any]:
    api = client()
    yield api
    for left in of_session(api, f"{SESSION}-knobs"):
        reaper.remove(api, left)
    api.close()


def asked(api: Any) -> dict[str, Any]:
    python = profile.load("python")
    found = images.find(api, python)
    assert found
    return container.wanted(api, found, python, SETTINGS, f"{SESSION}-knobs", "/repository")


def changed(body: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The request with knobs turned; a name with a capital letter that HostConfig has, or may have, is one of its."""
    other = {key: value for key, value in change.items() if key in body and key != "HostConfig"}
    host = {key: value for key, value in change.items() if key not in other}
    return {**body, **other, "HostConfig": {**body["HostConfig"], **host}}


KNOBS: list[tuple[dict[str, Any], str]] = [
    ({"ReadonlyRootfs": False}, r"a read-only root \(ReadonlyRootfs\)"),
    ({"CapDrop": ["SYS_ADMIN"]}, r"no capabilities \(CapDrop\)"),
    ({"CapAdd": ["NET_RAW"]}, r"no capabilities \(CapAdd\)"),
    ({"SecurityOpt": ["no-new-privileges:true"]}, r"system call filter \(SecurityOpt\)"),
    ({"SecurityOpt": ["no-new-privileges:true", 'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}']}, r"\(SecurityOpt\)"),
    ({"NetworkMode": "bridge"}, r"no network \(NetworkMode\)"),
    ({"NetworkDisabled": False}, r"no network \(NetworkDisabled\)"),
    ({"PortBindings": {"80/tcp": [{"HostPort": "0"}]}}, r"no network \(PortBindings\)"),
    ({"IpcMode": "shareable"}, r"\(IpcMode\)"),
    ({"CgroupnsMode": "host"}, r"\(CgroupnsMode\)"),
    ({"PidMode": "host"}, r"\(PidMode\)"),
    ({"UTSMode": "host", "Hostname": ""}, r"\(UTSMode\)"),
    ({"UsernsMode": "host"}, r"\(UsernsMode\)"),
    ({"CgroupParent": "/elsewhere"}, r"\(CgroupParent\)"),
    ({"Memory": 512 << 20, "MemorySwap": 512 << 20}, r"256 MB of memory, .* \(Memory\), no swap \(MemorySwap\)"),
    ({"MemorySwap": -1}, r"no swap \(MemorySwap\)"),
    ({"PidsLimit": 65}, r"64 processes \(PidsLimit\)"),
    ({"NanoCpus": 0}, r"1.5 CPUs \(NanoCpus\)"),
    ({"ShmSize": 1 << 30}, r"\(ShmSize\)"),
    ({"OomScoreAdj": 0}, r"\(OomScoreAdj\)"),
    ({"OomKillDisable": True}, r"\(OomKillDisable\)"),
    ({"Ulimits": []}, r"\(Ulimits\)"),
    ({"Tmpfs": {"/tmp": "rw"}}, r"\(Tmpfs\)"),
    ({"LogConfig": {"Type": "json-file"}}, r"\(LogConfig\)"),
    ({"AutoRemove": False}, r"removing itself \(AutoRemove\)"),
    ({"Init": False}, r"\(Init\)"),
    ({"Privileged": True}, r"no privileges \(Privileged\)"),
    ({"Binds": ["/var/empty:/x"]}, r"no mounts .* \(Binds\)"),
    ({"Mounts": [{"Type": "tmpfs", "Target": "/x"}]}, r"no mounts .* \(Mounts\)"),
    ({"Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x", "CgroupPermissions": "r"}]}, r"\(Devices\)"),
    ({"GroupAdd": ["0"]}, r"\(GroupAdd\)"),
    ({"Sysctls": {"net.ipv4.ip_forward": "1"}}, r"\(Sysctls\)"),
    ({"MaskedPaths": []}, r"\(MaskedPaths\)"),
    ({"ReadonlyPaths": []}, r"\(ReadonlyPaths\)"),
    ({"User": "0:0"}, r"its user \(User\)"),
    ({"StdinOnce": False}, r"ending with the app \(StdinOnce\)"),
    ({"Env": ["LANG=C.UTF-8", "HTTP_PROXY=http://user:password@proxy"]}, r"its own environment \(Env\)"),
    ({"Labels": {"oci.app": "1", "oci.session": f"{SESSION}-knobs"}}, r"its labels \(Labels\)"),
]


@pytest.mark.docker
def test_every_knob_is_compared_with_what_was_asked(api: Any) -> None:
    """The containers are made by the daemon with one knob turned; the first, as asked, is the control."""
    body = asked(api)
    made, warnings = container.create(api, body)
    assert verification.check(api, made, body, SETTINGS, warnings) == ()
    compared = {key for key in {**body, **body["HostConfig"]} if key in verification.WORDS}
    limited = {limit.field for limit in container.limits(SETTINGS)}
    turned = {key for change, _ in KNOBS for key in change}
    assert set(body["HostConfig"]) <= compared | limited, "a knob is asked for and not compared"
    assert compared | limited | set(verification.EMPTY) <= turned | {
        "Runtime",  # is compared where one is asked for
        "OpenStdin",  # without it there is no StdinOnce either
        "VolumesFrom",  # these need another container, a device driver, or a network
        "DeviceRequests",
        "DeviceCgroupRules",
        "PublishAllPorts",
        "Links",
    }
    for change, said in KNOBS:
        made, _ = container.create(api, changed(body, change))
        with pytest.raises(SandboxError, match=said) as caught:
            verification.check(api, made, body, SETTINGS, [])
        assert "\n" not in str(caught.value)
        reaper.remove(api, made)


@pytest.mark.docker
def test_only_a_limit_that_the_daemon_cannot_keep_is_excused(api: Any) -> None:
    body = asked(api)
    made, _ = container.create(api, changed(body, {"PidsLimit": 65}))
    with pytest.raises(SandboxError, match="64 processes"):
        verification.check(api, made, body, SETTINGS, ["the platform does not match"])
    excused = verification.check(api, made, body, SETTINGS, ["Your kernel does not support pids limit capabilities"])
    assert [limit.words for limit in excused] == ["64 processes"]


@pytest.mark.docker
def test_another_image_than_the_one_pinned_is_refused(api: Any) -> None:
    body = asked(api)
    other = api.import_image_from_data(b"", changes=["CMD x"])
    try:
        made, _ = container.create(api, {**body, "Image": json.loads(other)["status"]})
        with pytest.raises(SandboxError, match=r"the image \(Image\)"):
            verification.check(api, made, body, SETTINGS, [])
        reaper.remove(api, made)
    finally:
        api.remove_image(json.loads(other)["status"], force=True)


@pytest.mark.docker
@pytest.mark.usefixtures("api")
def test_no_proxy_of_the_persons_docker_settings_gets_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control is a container made in docker-py's usual way: it has the proxy, password and all."""
    (tmp_path / "config.json").write_text('{"proxies": {"default": {"httpProxy": "http://user:password@proxy"}}}')
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    own = client()
    assert "password" not in str(asked(own))
    usual = own.create_container(asked(own)["Image"], ["cat"], labels={"oci.session": f"{SESSION}-knobs"})["Id"]
    assert "password" in str(own.inspect_container(usual)["Config"]["Env"])
    own.close()


async def report_of(api: Any, body: dict[str, Any]) -> verification.Report:
    """What the runner finds inside a container made so."""
    made, _ = container.create(api, body)
    api.start(made)
    try:
        runner = await RunnerProcess.start(exec_runner(api, made))
        await runner.close()
    finally:
        reaper.remove(api, made)
    return runner.report


INSIDE: list[tuple[dict[str, Any], str]] = [
    ({"NetworkMode": "bridge", "NetworkDisabled": False}, "it has a network"),
    ({"ReadonlyRootfs": False}, "its root can be written"),
    ({"SecurityOpt": ["no-new-privileges:true", "seccomp=unconfined"]}, "system calls are not filtered"),
    ({"SecurityOpt": ["seccomp=unconfined"]}, "it may gain privileges"),
    ({"CapDrop": []}, "it has capabilities"),
    ({"GroupAdd": ["7"]}, "it runs as another user"),
    ({"CgroupnsMode": "host"}, "it sees the control groups of the machine"),
    ({"Memory": 512 << 20, "MemorySwap": 512 << 20}, "it has not 256 MB of memory"),
    ({"MemorySwap": 512 << 20}, "it has not no swap"),
    ({"PidsLimit": 65}, "it has not 64 processes"),
    ({"NanoCpus": 0}, "it has not 1.5 CPUs"),
    ({"ShmSize": 1 << 30}, "/dev/shm has no limit of 16 MB"),
    ({"OomScoreAdj": 0}, "it does not go first"),
    ({"Ulimits": []}, "the limit nofile is"),
    ({"Tmpfs": {"/tmp": "rw"}}, "/workspace has no limit of 64 MB, /tmp has no limit|/tmp has no limit"),
    ({"Binds": ["/var/empty:/mnt"]}, "/mnt of the machine is mounted"),
    ({"Env": ["LANG=C.UTF-8", "HTTP_PROXY=x"]}, "it has the variable HTTP_PROXY"),
    ({"Privileged": True}, "it has capabilities|can be written"),
]


@pytest.mark.docker
@pytest.mark.parametrize(("change", "said"), INSIDE, ids=[next(iter(change)) for change, _ in INSIDE])
async def test_the_kernels_word_is_checked_too(api: Any, change: dict[str, Any], said: str) -> None:
    """For a daemon that says it has set a knob, and has not."""
    body = asked(api)
    with pytest.raises(SandboxError, match=said) as caught:
        verification.check_inside(await report_of(api, changed(body, change)), body, SETTINGS, ())
    assert "\n" not in str(caught.value)


@pytest.mark.docker
async def test_the_kernels_word_on_the_container_as_asked(api: Any) -> None:
    body = asked(api)
    report = await report_of(api, body)
    verification.check_inside(report, body, SETTINGS, ())
    assert report.limits == {"memory": 256 << 20, "swap": 0, "pids": 64, "cpu": 1_500_000_000}
    (pids,) = (limit for limit in container.limits(SETTINGS) if limit.name == "pids")
    lifted = msgspec.structs.replace(report, limits={**report.limits, "pids": -1})
    verification.check_inside(lifted, body, SETTINGS, (pids,))
    with pytest.raises(SandboxError, match="64 processes"):
        verification.check_inside(lifted, body, SETTINGS, ())


def test_a_report_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(SandboxError, match="cannot be read"):
        verification.check_report(b"{}")


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (
            {
                "cgroup.controllers": "",
                "memory.max": "268435456",
                "memory.swap.max": "0",
                "pids.max": "64",
                "cpu.max": "150000 100000",
            },
            {"memory": 256 << 20, "swap": 0, "pids": 64, "cpu": 1_500_000_000},
        ),
        (
            {"cgroup.controllers": "", "memory.max": "max", "pids.max": "max", "cpu.max": "max 100000"},
            {"memory": -1, "pids": -1, "cpu": -1},
        ),
        (
            {
                "memory/memory.limit_in_bytes": "268435456",
                "memory/memory.memsw.limit_in_bytes": "268435457",
                "pids/pids.max": "64",
                "cpu/cpu.cfs_quota_us": "150000",
                "cpu/cpu.cfs_period_us": "100000",
            },
            {"memory": 256 << 20, "swap": 1, "pids": 64, "cpu": 1_500_000_000},
        ),
        (
            {"memory/memory.limit_in_bytes": str((1 << 63) - 4096), "cpu/cpu.cfs_quota_us": "-1"},
            {"memory": -1, "cpu": -1},
        ),
        ({}, {}),
    ],
    ids=["v2", "v2 without limits", "v1", "v1 without limits", "neither"],
)
def test_limits_of_both_kinds_of_control_groups(tmp_path: Path, files: dict[str, str], found: dict[str, int]) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert confinement.limits(tmp_path) == found
