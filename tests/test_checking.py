"""The check command on real parts: found in real repositories, run in the real sandbox, shown before its first use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from oci_tui.core import events, feedback
from oci_tui.core.events import CheckFound, CommandStarted, Event, PreparationOffered, ReplyFinished, RoundFinished
from oci_tui.core.session import Session
from oci_tui.core.verdict import Verdict
from oci_tui.sandbox import images, profile
from oci_tui.settings import SandboxSettings
from tests.calculator import FILES, RIGHT, WRONG, MakeRepository
from tests.sandbox.running import client
from tests.test_session import only, session_on, turn, verdict

pytestmark = pytest.mark.docker

LIB = "exports.add = (a, b) => a - b;\n"
LIB_TEST = """const test = require('node:test');
const assert = require('node:assert');
const { add } = require('./lib');
test('add', () => assert.strictEqual(add(1, 2), 3));
"""
NODE = {"lib.js": LIB, "lib.test.js": LIB_TEST, "package.json": '{"scripts": {"test": "node --test"}}', **FILES}
LIB_RIGHT = f"lib.js\n```javascript\n{LIB.replace('-', '+')}```\n"


def checks(happened: list[Event]) -> list[tuple[str, str]]:
    return [(event.command.label, event.why) for event in happened if isinstance(event, CheckFound)]


def offers(happened: list[Event]) -> list[str]:
    return [event.command for event in happened if isinstance(event, PreparationOffered)]


@asynccontextmanager
async def node_session(root: Path, replies: list[str]) -> AsyncIterator[Session]:
    """A session in the profile node."""
    api = client()
    there = images.find(api, profile.load("node"))
    api.close()
    if there is None:
        pytest.skip("the image of the profile node is not here: `oci-tui sandbox build node` makes it")
    async with session_on(root, replies, sandbox=SandboxSettings(profile="node")) as session:
        yield session


async def test_pytest_is_found_shown_once_before_its_use_and_decides(make_repository: MakeRepository) -> None:
    async with session_on(make_repository(FILES), [WRONG, RIGHT, "Done."]) as session:
        happened = await turn(session)
        again = await turn(session)
    assert verdict(happened) is Verdict.PASSED
    assert checks(happened) == [("pytest -q", "test_calc.py is a test")]
    kinds = [type(event) for event in happened]
    assert kinds.index(CheckFound) < kinds.index(ReplyFinished) < kinds.index(CommandStarted)
    assert checks(again) == []


async def test_a_package_in_src_is_found_by_the_check_by_code_and_by_the_person(make_repository: MakeRepository) -> None:
    files = {"src/shop/__init__.py": FILES["calc.py"], "tests/test_shop.py": FILES["test_calc.py"].replace("calc", "shop")}
    right = RIGHT.replace("calc.py", "src/shop/__init__.py")
    look = "```python\nimport shop\nprint(shop.add(1, 2))\n```"
    async with session_on(make_repository(files), [look, right]) as session:
        happened = await turn(session)
        async with aclosing(session.run("python3 -c 'import shop'")) as running:
            ends = [event.exit.code async for event in running if isinstance(event, events.CommandFinished)]
    assert verdict(happened) is Verdict.PASSED
    assert next(event.text for event in happened if isinstance(event, events.OutputArrived)) == "-1\n"
    assert ends == [0]


async def test_in_the_profile_node_the_script_of_package_json_is_the_check(make_repository: MakeRepository) -> None:
    async with node_session(
        make_repository(NODE), ["lib.js\n```javascript\nexports.add = (a) => a;\n```\n", LIB_RIGHT]
    ) as session:
        happened = await turn(session, "make lib.js right")
    assert verdict(happened) is Verdict.PASSED
    assert checks(happened) == [("node --test", "package.json has a test script, and there is no npm")]
    assert [event.passed for event in happened if isinstance(event, RoundFinished)] == [False, True]


async def test_agents_md_names_the_check_and_the_model_cannot_change_it(make_repository: MakeRepository) -> None:
    files: Mapping[str, str] = {
        "AGENTS.md": "check: `sh check.sh`\n",
        "check.sh": "grep -q right answer.txt\n",
        "answer.txt": "?\n",
    }
    cheat = "AGENTS.md\n```\n<<<<<<< SEARCH\ncheck: `sh check.sh`\n=======\ncheck: `true`\n>>>>>>> REPLACE\n```\n"
    right = "answer.txt\n```\nright\n```\n"
    async with session_on(make_repository(files), [cheat, right]) as session:
        happened = await turn(session, "write the answer into answer.txt")
    assert checks(happened) == [("sh check.sh", "AGENTS.md names it")]
    assert [event.passed for event in happened if isinstance(event, RoundFinished)] == [False, True]


async def test_tests_that_the_model_wrote_are_the_check_of_its_round(make_repository: MakeRepository) -> None:
    reply = RIGHT + f"test_calc.py\n```python\n{FILES['test_calc.py']}```\n"
    async with session_on(make_repository({"calc.py": FILES["calc.py"]}), [reply]) as session:
        happened = await turn(session, "correct add and write a test")
    assert checks(happened) == [("pytest -q", "test_calc.py is a test")]
    assert verdict(happened) is Verdict.PASSED


async def test_a_check_whose_program_is_not_there_is_not_run_but_offered(make_repository: MakeRepository) -> None:
    files = {"Cargo.toml": "[package]\nname = 'a'\n", "src/lib.rs": "fn a() {}\n"}
    async with session_on(make_repository(files), ["src/lib.rs\n```rust\nfn b() {}\n```\n", "Done."]) as session:
        happened = await turn(session, "rename a to b")
    assert only(happened, CommandStarted) == []
    assert checks(happened) == []
    assert offers(happened) == ['oci-tui sandbox prepare "apt-get update && apt-get install -y --no-install-recommends cargo"']


async def test_a_missing_package_is_offered_and_the_model_is_told_to_leave_it(make_repository: MakeRepository) -> None:
    files = {"requirements.txt": "left_handed>=1\n", **FILES}
    files["calc.py"] = "import left_handed\n\n\n" + files["calc.py"]
    reply = RIGHT.replace("def add", "import left_handed\n\n\ndef add")
    async with session_on(make_repository(files), [reply, "It cannot be run here."]) as session:
        happened = await turn(session)
        told = session.conversation.messages[-2].content
    assert offers(happened) == ['oci-tui sandbox prepare "pip install -r requirements.txt"']
    assert feedback.not_installed("left_handed") in told
    assert feedback.SAME_ERROR not in told
    assert verdict(happened) is Verdict.FAILED
    assert only(happened, events.RoundFinished)


async def test_a_missing_package_of_node_and_a_missing_npm_are_offered_for_the_profile(make_repository: MakeRepository) -> None:
    package = '{"dependencies": {"left-hand": "1"}, "scripts": {"test": "node --test"}}'
    files = {**NODE, "package.json": package, "lib.js": f"const left = require('left-hand/fp');\n{LIB}"}
    async with node_session(make_repository(files), [f"lib.js\n```javascript\n{files['lib.js']}// a\n```\n", "No."]) as session:
        happened = await turn(session, "add a comment")
        assert feedback.not_installed("left-hand") in session.conversation.messages[-2].content
    assert [offer.partition(" && npm ")[2] for offer in offers(happened)] == ['install"']
    assert offers(happened)[0].startswith('oci-tui sandbox prepare --profile node "command -v npm || (apt-get update')

    root = make_repository({**NODE, "AGENTS.md": "check: `npm test`\n"}, "other")
    async with node_session(root, [LIB_RIGHT, "No."]) as session:
        happened = await turn(session, "correct lib.js")
    npm = "apt-get update && apt-get install -y --no-install-recommends npm"
    assert offers(happened) == [f'oci-tui sandbox prepare --profile node "{npm}"']
    assert verdict(happened) is Verdict.FAILED
    async with node_session(root, ["No."]) as session:
        assert verdict(await turn(session, "correct lib.js")) is Verdict.ANSWERED, "what is lacking is no fault of the code"
