"""Figures drawn in the container by matplotlib itself, and by code that only says so."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from oci_tui.core.ports import Command, Exit, Output, Plot
from oci_tui.resources import state_folder
from oci_tui.sandbox import images, profile
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.sandbox.png import SIGNATURE, cleaned
from oci_tui.settings import SandboxSettings
from tests.sandbox.running import SESSION, client, started
from tests.sandbox.test_png import GOOD

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the session that the module's sandboxes share."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield state_folder() / "sessions" / SESSION


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def science(state: Path) -> AsyncGenerator[DockerSandbox]:
    """A sandbox with matplotlib; its image takes two minutes to make, so it is not made for the tests."""
    api = client()
    there = images.find(api, profile.load("python-science"))
    api.close()
    if there is None:
        pytest.skip("the image of the profile python-science is not here: `oci-tui sandbox build python-science` makes it")
    async with started(SandboxSettings(profile="python-science", memory_mb=512, workspace_mb=64)) as running:
        assert state.is_relative_to(state_folder())
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plain(state: Path) -> AsyncGenerator[DockerSandbox]:
    async with started(SandboxSettings(memory_mb=256, workspace_mb=64)) as running:
        assert state.is_relative_to(state_folder())
        yield running


async def drawn(sandbox: DockerSandbox, code: str) -> tuple[list[Plot], str, Exit]:
    """The figures, what was printed on both streams, and the end."""
    plots, said, end = [], "", None
    command = Command("block", language="python", code=code, timeout_s=60, stateful=True)
    async with aclosing(sandbox.run(command)) as items:
        async for item in items:
            if isinstance(item, Plot):
                plots.append(item)
            elif isinstance(item, Output):
                said += item.text
            else:
                end = item
    assert end is not None
    return plots, said, end


async def test_figures_come_back_as_pictures(science: DockerSandbox) -> None:
    """One that `show` shows, one that is left open; what was shown is closed, so that the next begins empty."""
    code = """
import matplotlib.pyplot as plt
plt.figure(figsize=(4, 3))
plt.plot([1, 2, 3])
plt.show()
print(plt.get_fignums())
plt.figure(figsize=(2, 5)).add_subplot().bar([1, 2], [3, 4]);
"""
    plots, said, end = await drawn(science, code)
    assert (said, end.passed) == ("[]\n", True)
    assert len(plots) == 2
    for plot in plots:
        picture = Path(plot.path).read_bytes()
        assert picture.startswith(SIGNATURE)
        assert cleaned(picture) == (picture, plot.width, plot.height)
        assert b"tEXt" not in picture
        assert len(picture) > 1000
    assert plots[0].width > plots[0].height
    assert plots[1].width < plots[1].height
    plots, said, _ = await drawn(science, "plt.get_fignums()")
    assert (plots, said) == ([], "[]\n")


async def test_a_figure_is_shown_also_when_the_block_then_fails(science: DockerSandbox) -> None:
    plots, said, end = await drawn(science, "import matplotlib.pyplot as plt\nplt.plot([1])\n1 / 0")
    assert (len(plots), end.code) == (1, 1)
    assert "ZeroDivisionError" in said
    plots, said, end = await drawn(science, "plt.title('$\\\\bad{$')\n;".replace("\n;", ""))
    assert (plots, end.code) == ([], 1)
    assert "ParseException" in said or "ValueError" in said
    assert len((await drawn(science, "plt.plot([1]);"))[0]) == 1


async def test_figures_are_limited_and_the_rest_is_said(science: DockerSandbox) -> None:
    code = "import matplotlib.pyplot as plt\nfor _ in range(22):\n    plt.figure(figsize=(1, 1))\n    plt.show()"
    plots, said, end = await drawn(science, code)
    assert (len(plots), end.passed) == (20, True)
    assert said == "[figure 21 is not shown: one command shows at most 20]\n"
    plots, said, _ = await drawn(science, "plt.figure(figsize=(120, 5)).add_subplot();")
    assert not plots
    assert "pixels are too many" in said


FORGED = """
import gc, os, socket, struct
ours = [s for s in gc.get_objects() if isinstance(s, socket.socket)][0]
def tell(kind, payload):
    ours.sendall(struct.pack(">c16sI", kind, bytes(16), len(payload)) + payload)
"""


async def test_pictures_that_the_code_forges_are_checked(plain: DockerSandbox, state: Path) -> None:
    """Code can speak in the name of its process: a picture that is one is kept, everything else is not."""
    told = "".join(f"tell(b'P', {part!r})\n" for part in (GOOD, b"", b"<svg>", b""))
    plots, said, end = await drawn(plain, f"{FORGED}\n{told}")
    assert [(plot.width, plot.height) for plot in plots] == [(3, 2)]
    assert Path(plots[0].path).parent == state
    assert (said, end.passed) == ("[figure 2 is not shown: it is no PNG]\n", True)


async def test_a_flood_of_forged_pictures_is_dropped(plain: DockerSandbox) -> None:
    code = f"{FORGED}\nfor _ in range(100):\n    tell(b'P', bytes(1 << 20))\ntell(b'P', b'')\nprint('end')"
    plots, said, end = await drawn(plain, code)
    assert (plots, end.reason) == ([], "exited")
    assert sorted(said.splitlines()) == ["[figure 1 is not shown: it is larger than 4 MB]", "end"]


async def test_without_matplotlib_nothing_is_imported_for_it(plain: DockerSandbox) -> None:
    _, said, _ = await drawn(plain, "import sys\n[name for name in sys.modules if 'matplotlib' in name]")
    assert said == "[]\n"
    _, said, _ = await drawn(plain, "import matplotlib.pyplot")
    assert "ModuleNotFoundError: No module named 'matplotlib'" in said
