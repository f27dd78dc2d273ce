"""Blocks in the languages that a profile names: the node profile, made from Debian's packages."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
import pytest_asyncio

from oci_tui.core import events
from oci_tui.core.context import system_message
from oci_tui.core.policy import Policy
from oci_tui.core.ports import Command
from oci_tui.core.verdict import Verdict
from oci_tui.sandbox import images, profile
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.settings import SandboxSettings
from tests.calculator import MakeRepository
from tests.sandbox.running import Ran, client, finished, started, tar_of
from tests.test_session import session_on, turn, verdict

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="module")]

NODE = SandboxSettings(profile="node", memory_mb=512, workspace_mb=64)
FILES = {
    b"lib.js": b"module.exports.add = (a, b) => a + b;\nif (require.main === module) console.log('not the main one');\n",
    b"two.mjs": b"export const two = 2;\n",
    b"typed.ts": b"export function shown(n: number): string { return `<${n}>` }\n",
    b"node_modules/pkg/package.json": b'{"name": "pkg", "main": "index.js"}',
    b"node_modules/pkg/index.js": b"module.exports = 'a package';\n",
}


@pytest.fixture(scope="module")
def _node_image() -> None:
    """The image takes half a minute or more to make, so it is not made for the tests."""
    api = client()
    there = images.find(api, profile.load("node"))
    api.close()
    if there is None:
        pytest.skip("the image of the profile node is not here: `oci-tui sandbox build node` makes it")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(_node_image: None) -> AsyncGenerator[DockerSandbox]:
    async with started(NODE) as running:
        await running.unpack([tar_of(FILES)])
        yield running


async def block(sandbox: DockerSandbox, language: str, code: str) -> Ran:
    return await finished(sandbox, Command("block", language=language, code=code, timeout_s=30))


@pytest.mark.parametrize(
    ("language", "code", "printed"),
    [
        ("js", "console.log(1 + 1)", "2\n"),
        ("javascript", "const { add } = require('./lib');\nconsole.log(add(1, 2));", "3\n"),
        ("js", "import { two } from './two.mjs';\nconsole.log(await Promise.resolve(two));", "2\n"),
        ("js", "import pkg from 'pkg';\nconsole.log(pkg, require('fs').existsSync('lib.js'));", "a package true\n"),
        ("js", "function main() { console.log('main') }\nif (require.main === module) { main() }", "main\n"),
        (
            "ts",
            "import { shown } from './typed';\ninterface A { n: number }\nconst a: A = { n: 4 };\nconsole.log(shown(a.n));",
            "<4>\n",
        ),
        ("typescript", "enum E { X = 5 }\nfunction id<T>(x: T): T { return x }\nconsole.log(id(E.X), <any>6);", "5 6\n"),
        ("bash", "node --version | cut -c1-2", "v1\n"),
    ],
)
async def test_blocks_run_as_if_they_stood_in_the_workspace(
    node: DockerSandbox, language: str, code: str, printed: str
) -> None:
    ran = await block(node, language, code)
    assert (ran.stdout, ran.stderr, ran.exit.passed) == (printed, "", True)


async def test_errors_name_the_blocks_own_lines(node: DockerSandbox) -> None:
    ran = await block(node, "ts", "const a: number = 3;\n\nthrow new Error('boom ' + a);")
    assert "Error: boom 3" in ran.stderr
    assert "block.ts:3:7" in ran.stderr
    assert ran.exit.code == 1
    ran = await block(node, "ts", "const a: number = ;")
    assert "block.ts:1:18" in ran.stderr
    assert ran.exit.code == 1
    assert (await block(node, "js", "process.exit(3)")).exit.code == 3


@pytest.mark.usefixtures("_node_image")
async def test_a_reply_runs_what_the_profile_names_and_nothing_else(make_repository: MakeRepository) -> None:
    """The model is told the languages; Python, which this profile does not name, is not run."""
    root = make_repository({"lib.js": "module.exports = 20;\n"})
    replies = ["```js\nconsole.log(require('./lib') + 1)\n```", "It is 21.\n```python\nprint(42)\n```"]
    async with session_on(root, replies, Policy(timeout_s=30), sandbox=NODE) as session:
        happened = await turn(session, "count")
        assert verdict(happened) is Verdict.PASSED
        assert [event.text for event in happened if isinstance(event, events.OutputArrived)] == ["21\n"]
        assert "write a ```javascript, ```typescript or ```bash code block" in session.conversation.messages[0].content


async def test_the_plain_profile_runs_no_javascript(make_repository: MakeRepository) -> None:
    """The control: the same reply is prose there."""
    root = make_repository({"a.txt": ""})
    async with session_on(root, ["```js\nconsole.log(1)\n```"], Policy(timeout_s=30)) as session:
        happened = await turn(session, "count")
        assert verdict(happened) is Verdict.ANSWERED
        assert not [event for event in happened if isinstance(event, events.CommandStarted)]
        assert session.conversation.messages[0] == system_message()


async def test_what_a_sandbox_runs_is_described(node: DockerSandbox) -> None:
    info = await node.describe()
    assert info.languages == ("javascript", "typescript", "bash")
    assert {"js", "ts", "sh", "console"} <= set(info.tags)
    async with aclosing(node.run(Command("x", language="python", code="1"))) as items:
        with pytest.raises(Exception, match="cannot run 'python' blocks"):
            await anext(items)


@pytest.mark.usefixtures("_node_image")
async def test_where_no_python_runs_the_examples_of_a_prompt_are_not_tried(make_repository: MakeRepository) -> None:
    double = "calc.py\n```python\ndef double(a):\n    return 3 * a\n```"
    policy = Policy(timeout_s=20, check_command="node -e 0")
    async with session_on(make_repository({"calc.py": "x = 1\n"}), [double], policy, sandbox=NODE) as session:
        assert verdict(await turn(session, "Add double(a): double(3) must be 6.")) is Verdict.PASSED
