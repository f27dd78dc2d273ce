"""The repository tasks are what they say: untouched they fail their hidden check, solved they pass it, in the real sandbox."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

from oci_tui.core.errors import SettingsError
from oci_tui.evaluate.hidden_check import judge
from oci_tui.evaluate.task_folders import RepositoryTask, digest, load
from oci_tui.sandbox import images, profile
from oci_tui.settings import SandboxSettings
from tests.sandbox.running import client, started

TASKS = load(Path(__file__).parents[1] / "tasks")
# Written by who did not know the agent, and not looked at as it is worked on.
HELD_OUT = load(Path(__file__).parents[1] / "held_out")
PROFILES = sorted({task.profile for task in TASKS})


def test_there_are_enough_of_every_kind() -> None:
    kinds = Counter(task.kind for task in TASKS)
    assert len(TASKS) >= 24
    assert set(kinds) == {"fix", "feature", "refactor", "rename", "new file", "configuration", "no change"}
    assert Counter(task.language for task in TASKS).keys() >= {"python", "javascript", "bash"}
    assert all(task.solution or task.unchanged for task in TASKS)
    assert len(digest(TASKS)) == 64
    assert digest(TASKS) != digest(TASKS[1:])
    assert len(HELD_OUT) == 26
    assert all(task.solution for task in HELD_OUT)
    assert not {task.name for task in HELD_OUT} & {task.name for task in TASKS}


def there(name: str) -> bool:
    api = client()
    try:
        return images.find(api, profile.load(name)) is not None
    finally:
        api.close()


@pytest.mark.docker
@pytest.mark.parametrize("name", PROFILES)
async def test_untouched_they_fail_and_solved_they_pass(name: str) -> None:
    """A task that must change nothing passes untouched, and fails once a file is another or a new one is there."""
    if not there(name):
        pytest.skip(f"the image of the profile {name} is not here: `oci-tui sandbox build {name}` makes it")
    wrong: list[str] = []
    async with started(SandboxSettings(profile=name)) as sandbox:
        for task in (task for task in (*TASKS, *HELD_OUT) if task.profile == name):
            untouched = await judge(sandbox, task, task.repo, f"{task.name}-untouched")
            other = task.solved if not task.unchanged else {**task.repo, "new.txt": b"new\n"}
            changed = await judge(sandbox, task, other, f"{task.name}-changed")
            if (untouched.passed, changed.passed) != (task.unchanged, not task.unchanged):
                wrong.append(f"{task.name}: untouched {untouched}, changed {changed}")
    assert not wrong, "\n".join(wrong)


def task(folder: Path, toml: str) -> tuple[RepositoryTask, ...]:
    (folder / "one" / "repo").mkdir(parents=True)
    (folder / "one" / "repo" / "a.py").write_text("")
    (folder / "one" / "task.toml").write_text(toml)
    return load(folder)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("prompt = 'x'", "missing required field"),
        ("prompt = ", "one/task.toml"),
        ("prompt = 'x'\nkind = 'fix'\nlanguage = 'python'\nhidden = 'true'\nhiden = ''", "unknown field `hiden`"),
        ("prompt = 'x'\nkind = 'fix'\nlanguage = 'python'\nhidden = 'true'\ntimeout_s = 0", "timeout_s"),
    ],
)
def test_a_bad_task_is_told_by_its_file(tmp_path: Path, toml: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as error:
        task(tmp_path, toml)
    assert "task.toml" in str(error.value)


def test_a_folder_without_tasks_or_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no task is in it"):
        load(tmp_path)
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "task.toml").write_text("prompt = 'x'\nkind = 'fix'\nlanguage = 'python'\nhidden = 'true'\n")
    with pytest.raises(SettingsError, match="no file is in it"):
        load(tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    toml = "prompt = 'x'\nkind = 'fix'\nlanguage = 'python'\nhidden = 'true'\n"
    (tmp_path / "one" / "hidden").mkdir(parents=True)
    (tmp_path / "one" / "hidden" / "a.bin").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="can't decode"):
        task(tmp_path, toml)


def test_tests_that_were_changed_do_not_decide() -> None:
    one = replace(TASKS[0], repo={"test_a.py": b"was", "a.py": b"a"}, hidden_files={"test_hidden.py": b"hidden"})
    judged = one.judged({"test_a.py": b"weaker", "a.py": b"b"})
    assert judged == {"test_a.py": b"was", "a.py": b"b", "test_hidden.py": b"hidden"}
