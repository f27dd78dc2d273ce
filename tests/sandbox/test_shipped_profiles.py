"""What the images of the shipped profiles can do; one that is not built is skipped with the command that builds it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from oci_tui.core.errors import SandboxError
from oci_tui.core.ports import Command
from oci_tui.sandbox import images, profile
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.settings import SandboxSettings
from tests.sandbox.running import Ran, client, finished, shell, started

pytestmark = pytest.mark.docker


@asynccontextmanager
async def of_profile(name: str) -> AsyncGenerator[DockerSandbox]:
    api = client()
    there = images.find(api, profile.load(name))
    api.close()
    if there is None:
        pytest.skip(f"the image of the profile {name} is not here: `oci-tui sandbox build {name}` makes it")
    async with started(SandboxSettings(profile=name, memory_mb=768, workspace_mb=64)) as sandbox:
        yield sandbox


async def block(sandbox: DockerSandbox, language: str, code: str) -> Ran:
    return await finished(sandbox, Command("block", language=language, code=code, timeout_s=60))


async def test_python_has_what_a_project_needs() -> None:
    async with of_profile("python") as sandbox:
        assert (await block(sandbox, "py", "import sys\nprint(sys.version_info >= (3, 9))")).stdout == "True\n"
        tools = "for t in bash git patch diff grep find sed tar pip pytest python; do command -v $t >&2 || echo no $t; done"
        assert (await shell(sandbox, tools)).stdout == ""
        ran = await shell(sandbox, "echo 'def test(): assert 1 + 1 == 2' > test_x.py && pytest -q && ls -A")
        assert "1 passed" in ran.stdout
        assert ran.stdout.splitlines()[-1] == "test_x.py", "neither caches nor byte code are left in the workspace"


async def test_python_science_computes_and_draws() -> None:
    code = """
import numpy as np, pandas as pd, scipy.optimize
import matplotlib
import matplotlib.pyplot as plt
frame = pd.DataFrame({"x": np.arange(5), "y": np.arange(5) ** 2})
root = scipy.optimize.brentq(lambda x: x * x - 2, 0, 2)
print(frame.y.sum(), round(root, 4), np.linalg.norm([3, 4]), matplotlib.get_backend())
plt.plot(frame.x, frame.y)
plt.savefig("plot.png")
"""
    async with of_profile("python-science") as sandbox:
        ran = await block(sandbox, "python", code)
        assert ran.stdout == "30 1.4142 5.0 agg\n", ran.stderr
        drawn = await shell(sandbox, "head -c 8 plot.png | od -An -tx1")
        assert drawn.stdout.split() == ["89", "50", "4e", "47", "0d", "0a", "1a", "0a"]


async def test_node_runs_javascript_and_typescript() -> None:
    async with of_profile("node") as sandbox:
        await shell(sandbox, "mkdir lib && echo 'export const twice = (x) => 2 * x' > lib/twice.mjs")
        script = """
import { twice } from "/workspace/lib/twice.mjs"
import os from "node:os"
console.log(twice(21), os.userInfo().uid)
"""
        ran = await block(sandbox, "javascript", script)
        assert ran.stdout == "42 10001\n", ran.stderr
        typed = "type Point = { x: number }\nconst at = (p: Point): number => p.x\nconsole.log(at({ x: 7 }))"
        assert (await block(sandbox, "ts", typed)).stdout == "7\n"
        wrong = await block(sandbox, "js", "throw new Error('as it should')")
        assert wrong.exit.code == 1
        assert "as it should" in wrong.stderr
        refused = await block(
            sandbox, "js", "fetch('http://example.org').catch((e) => console.log(e.cause ? e.cause.code : e.message))"
        )
        assert refused.stdout.startswith(("ENOTFOUND", "EAI_AGAIN"))
        with pytest.raises(SandboxError, match="cannot run 'python' blocks: it runs bash, javascript, typescript"):
            await block(sandbox, "python", "print(1)")


def test_every_profile_that_ships_can_be_built_either_way() -> None:
    """By a Dockerfile or from Debian packages: the same packages, and a filter of system calls."""
    for name in ("python", "python-science", "node"):
        shipped = profile.load(name)
        assert images.base_image(shipped) == "debian:bookworm-slim"
        assert f"--include={','.join(shipped.packages)}" in images.bootstrap_command(shipped)
        assert shipped.seccomp == profile.load("python").seccomp
        assert {"git", "python3"} <= set(shipped.packages), "the runner and the baseline need them"
