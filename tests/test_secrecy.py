"""What a whole turn may not do: touch the user's files, take secrets into the container, lose the work with the container."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
from contextlib import aclosing
from pathlib import Path

import pytest

from oci_tui.core import events
from oci_tui.core.refine import Policy
from oci_tui.core.verdict import Verdict
from oci_tui.sandbox import reaper
from tests.calculator import FILES, RIGHT, WRONG, MakeRepository
from tests.sandbox.running import client, of_session
from tests.test_session import only, session_on, turn, verdict

pytestmark = pytest.mark.docker


def fingerprint(root: Path) -> dict[str, tuple[int, int, str]]:
    """Mode, time and content of every file below `root`, those of git included."""
    return {
        str(path.relative_to(root)): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in sorted(root.rglob("*"))
    }


async def test_a_turn_leaves_the_users_tree_and_git_byte_for_byte(make_repository: MakeRepository) -> None:
    root = make_repository(FILES)
    attack = (
        f"```bash\necho x >> calc.py; rm -f test_calc.py; mkdir -p {root}/.git/hooks .git/hooks; "
        f"echo evil > {root}/.git/hooks/pre-commit; echo evil > .git/hooks/pre-commit; rm -rf {root}/*\n```"
    )
    before = fingerprint(root)
    async with session_on(root, [attack, WRONG, RIGHT, "Done."]) as session:
        await turn(session)
        await turn(session, "again")
        assert fingerprint(root) == before
        async with aclosing(session.settle.accept()) as accepting:
            async for _ in accepting:
                pass
    after = fingerprint(root)
    assert after != before, "the control: accepting is seen"
    assert {name for name in after if name.startswith(".git/")} == {name for name in before if name.startswith(".git/")}


async def test_no_secret_reaches_the_container_or_the_model(
    make_repository: MakeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control stands in an ordinary file beside them, and is found by the same search."""
    monkeypatch.setenv("SECRET_API_KEY", "canary-environment")
    root = make_repository(
        {
            "seen.py": "x = 'canary-control'\n",
            ".env": "TOKEN=canary-dotenv\n",
            "deploy/id_rsa": "canary-key\n",
            "settings.py": "KEY = 'ghp_" + "a1B2" * 9 + "'  # canary-token\n",
        }
    )
    (root / "untracked.pem").write_text("canary-pem\n")
    subprocess.run(
        ["git", "-C", str(root), "remote", "add", "origin", "https://me:canary-remote@example.org/x.git"], check=True
    )
    places = "/workspace /home /tmp /etc /dev/shm /proc/self/environ /proc/1/environ"
    search = f"```bash\ngrep -rhao 'canary-[a-z]*' {places} 2>/dev/null | grep -v block | sort -u\nexport -p\n```"
    async with session_on(root, [search, "Done."]) as session:
        happened = await turn(session, "look at @seen.py @.env @settings.py @deploy/id_rsa")
        printed = "".join(event.text for event in happened if isinstance(event, events.OutputArrived))
        read = "".join(message.content for message in session.conversation.messages if message.role == "user")
    assert "canary-control" in printed
    assert "canary-control" in read
    told = printed + read + (root.parent / "journal.jsonl").read_text()
    for secret in ("canary-environment", "canary-dotenv", "canary-key", "canary-token", "canary-pem", "canary-remote"):
        assert secret not in told
    ready = next(event for event in happened if isinstance(event, events.WorkspaceReady))
    assert {path for path, _ in ready.info.left_out} >= {".env", "deploy/id_rsa", "settings.py", "untracked.pem"}


async def test_a_container_that_is_lost_comes_back_with_the_work(make_repository: MakeRepository) -> None:
    root = make_repository(FILES)
    api = client()
    wait = "```bash\necho up; sleep 600\n```"
    async with session_on(root, [WRONG, wait, RIGHT], Policy(rounds=1, timeout_s=20)) as session:
        await turn(session, "first")
        async with asyncio.timeout(30), aclosing(session.ask("wait")) as waiting:
            async for event in waiting:
                if isinstance(event, events.OutputArrived) and event.text == "up\n":
                    for lost in of_session(api, "test"):
                        if root_label(api, lost) == reaper.owner():
                            await asyncio.to_thread(reaper.remove, api, lost)
        happened = await turn(session, "go on")
        assert verdict(happened) is Verdict.PASSED
        assert only(happened, events.SandboxReady)
    api.close()


def root_label(api: object, container: str) -> str:
    """Who owns a container: other tests may be running beside these."""
    found = api.inspect_container(container)  # type: ignore[attr-defined]
    return str(found["Config"]["Labels"]["oci.owner"])
