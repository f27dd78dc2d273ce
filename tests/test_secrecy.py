"""What a whole turn may not do: touch the user's files, take secrets into the container, lose the work with the container."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
from contextlib import aclosing
from pathlib import Path

import pytest

from oci_tui.core import events
from oci_tui.core.policy import Policy
from oci_tui.core.verdict import Verdict
from oci_tui.resources import state_folder
from oci_tui.sandbox import reaper
from oci_tui.settings import WorkspaceSettings
from tests.calculator import FILES, RIGHT, WRONG, MakeRepository
from tests.sandbox.running import client, of_session
from tests.test_session import only, session_on, turn, verdict

pytestmark = pytest.mark.docker

PERSON = {f"GIT_{who}_{what}": "x@y" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


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


async def test_no_secret_reaches_container_model_or_logs(
    make_repository: MakeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T19. The control stands in an ordinary file beside them, and is found by the same searches, the shadow's included."""
    monkeypatch.setenv("SECRET_API_KEY", "canary-environment")
    token = "ghp_" + "a1B2" * 9
    root = make_repository(
        {
            "seen.py": "x = 'canary-control'\n",
            ".env": "TOKEN=canary-dotenv\n",
            "deploy/id_rsa": "canary-key\n",
            "settings.py": f"KEY = '{token}'  # canary-token\n",
            ".gitignore": "data/\n",
            "data/.npmrc": "canary-npmrc\n",
        }
    )
    (root / "untracked.pem").write_text("canary-pem\n")
    (root / "data" / ".npmrc").write_text("canary-npmrc\n")
    git = ["git", "-C", str(root)]
    subprocess.run([*git, "remote", "add", "origin", "https://me:canary-remote@example.org/x.git"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "canary-history"], check=True, env=os.environ | PERSON)
    search = "```bash\ncat seen.py; grep -rhao 'canary-[a-z]*' /workspace | sort -u; export -p\n```"
    async with session_on(root, [search, "Done."], workspace=WorkspaceSettings(ignored=("data",))) as session:
        happened = await turn(session, "look at @seen.py @.env @settings.py @deploy/id_rsa")
        inside = await asyncio.to_thread(everywhere, only_container(root))
        read = "".join(message.content for message in session.conversation.messages if message.role == "user")
        journal = (root.parent / "journal.jsonl").read_text()
    kept = b"".join(path.read_bytes() for path in state_folder().rglob("*") if path.is_file()).decode("utf-8", "replace")
    (shadow,) = state_folder().glob("*/shadow.git")
    dump = ["git", "--git-dir", str(shadow), "cat-file", "--batch-all-objects", "--batch"]
    stored = subprocess.run(dump, check=True, capture_output=True).stdout.decode("utf-8", "replace")
    for place in (inside, read, journal, stored):
        assert "canary-control" in place
    for secret in "environment dotenv key token pem remote npmrc history".split():  # noqa: SIM905
        for place in (inside, read, journal, stored, kept):
            assert f"canary-{secret}" not in place
            assert token not in place
    ready = next(event for event in happened if isinstance(event, events.WorkspaceReady))
    left_out = {path for path, _ in ready.info.left_out}
    assert left_out == {".env", "data/.npmrc", "deploy/id_rsa", "settings.py", "untracked.pem"}


def only_container(root: Path) -> str:
    """The container of the session on this repository."""
    api = client()
    try:
        label = hashlib.sha256(str(root).encode()).hexdigest()[:16]
        (found,) = api.containers(filters={"label": f"oci.repo={label}"})
        return str(found["Id"])
    finally:
        api.close()


def everywhere(container: str) -> str:
    """Every canary in the container: all its files, and what its processes have as environment and arguments."""
    files = "grep -rhaoE --exclude-dir=proc --exclude-dir=sys 'canary-[a-z]+|ghp_[a-zA-Z0-9]+' /"
    processes = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\\0' '\\n' | grep -ao 'canary-[a-z]*'"
    api = client()
    try:
        made = api.exec_create(container, ["/bin/sh", "-c", f"{files}; {processes}"], user="0")
        return str(api.exec_start(made["Id"]).decode("utf-8", "replace"))
    finally:
        api.close()


async def test_a_container_that_is_lost_comes_back_with_the_work(make_repository: MakeRepository) -> None:
    """F3: the next turn makes another and fills it from the mirror."""
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
