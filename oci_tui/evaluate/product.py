"""How the product does a repository task: a session of its own on a repository of its own, without a terminal."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing
from pathlib import Path

from oci_tui.core import events
from oci_tui.core.errors import EngineError
from oci_tui.core.generation import Usage
from oci_tui.core.session import Session
from oci_tui.evaluate.task_folders import Files, RepositoryTask
from oci_tui.evaluate.tasks import Done, State

OpenSession = Callable[[RepositoryTask, Path], AbstractAsyncContextManager[Session]]
"""A session about the task's repository in this empty folder; all of it is gone afterwards."""


class Product:
    """`tasks.Way`: the prompt is asked, and the files are taken down at the end of each round."""

    def __init__(self, name: str, open_session: OpenSession) -> None:
        self.name, self._open = name, open_session

    async def do(self, task: RepositoryTask) -> Done:
        states: list[State] = []
        replies: list[str] = []
        usage, failed = Usage(), ""
        with tempfile.TemporaryDirectory(prefix="oci-tui-task-") as folder:
            async with self._open(task, Path(folder) / task.name) as session, aclosing(session.ask(task.prompt)) as happened:
                async for event in happened:
                    match event:
                        case events.ReplyFinished():
                            replies.append(event.text)
                            usage = _sum(usage, event.usage)
                        # what is taken back at the end of a round is so when the next one begins
                        case events.RoundStarted() if event.round > 1:
                            states.append(State(_files(session), "\n\n".join(replies), usage))
                            replies, usage = [], Usage()
                        case events.TurnFailed():
                            failed = event.message
                if failed and not states:
                    raise EngineError(failed)
                states.append(State(_files(session), "\n\n".join(replies), usage))
        return Done(tuple(states), failed)


def _files(session: Session) -> Files:
    texts = {path: session.workspace.read(path) for path in session.workspace.paths()}
    return {path: text.encode() for path, text in texts.items() if text is not None}


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        cached_tokens=one.cached_tokens + other.cached_tokens,
        reply_tokens=one.reply_tokens + other.reply_tokens,
        first_token_s=one.first_token_s or other.first_token_s,
        seconds=one.seconds + other.seconds,
    )
