"""The models of an app: looked at, fetched while the person goes on, removed, and put in place of the one that runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import closing

from oci_tui.core.errors import OciError
from oci_tui.core.ports import Progress
from oci_tui.ui.desk import Desk
from oci_tui.ui.equipped import EquippedApp
from oci_tui.ui.screens.models import ModelsScreen

_LEAVE_S = 2.0


class Fetch:
    """One model on its way, in a thread of its own: a fetch that hangs must not keep the app from ending."""

    def __init__(self, name: str, desk: Desk) -> None:
        self.name = name
        self._desk = desk
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    async def run(self, tell: Callable[[Progress], None]) -> bool:
        """Whether it is here now, rather than stopped. Raises ModelError."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[bool] = loop.create_future()

        def go() -> None:
            try:
                with closing(self._desk.shelf.pull(self.name, self._desk.settings.now)) as steps:
                    for step in steps:
                        if self._stopped.is_set():
                            break
                        loop.call_soon_threadsafe(tell, step)
            except OciError as error:
                loop.call_soon_threadsafe(ended.set_exception, error)
            else:
                loop.call_soon_threadsafe(ended.set_result, not self._stopped.is_set())

        self._thread = threading.Thread(target=go, name="fetch", daemon=True)
        self._thread.start()
        return await ended

    def stop(self) -> None:
        """What has come stays, and the next fetch goes on from there."""
        self._stopped.set()

    def leave(self) -> None:
        """Stop, and give it a moment to end what it has started."""
        self.stop()
        if self._thread is not None:
            self._thread.join(_LEAVE_S)


class StockedApp(EquippedApp):
    """One fetch at a time; it goes on when the screen is closed, and ends with the app."""

    _fetch: Fetch | None = None

    def action_models(self) -> None:
        if self._desk is None:
            self.say("this is a recording: there are no models to choose from")
        elif self.screen is self.workbench:
            self.push_screen(ModelsScreen(self._desk, self.workbench.facts, self.workbench.work))

    def on_models_screen_fetch(self, message: ModelsScreen.Fetch) -> None:
        if self._fetch is not None:
            self.say(f"{self._fetch.name} is being fetched; x stops that", bad=True)
        elif self._desk is not None:
            self._fetch = Fetch(message.name, self._desk)
            self.run_worker(self._run_fetch(self._fetch), name="fetch")

    def on_models_screen_stop(self) -> None:
        if self._fetch is None:
            self.say("nothing is being fetched")
        else:
            self._fetch.stop()

    async def _run_fetch(self, fetch: Fetch) -> None:
        work, name = self.workbench.work, f"fetch {fetch.name}"
        work.at(name, "starting")
        try:
            whole = await fetch.run(lambda step: work.at(name, step.doing, step.fraction))
            self._tell(f"{fetch.name} is here; F10 switches to it" if whole else f"{fetch.name}: stopped; what came is kept")
        except OciError as error:
            self._tell(str(error), bad=True)
        finally:
            self._fetch = None
            work.over(name)
            self._look_again()

    def on_models_screen_remove(self, message: ModelsScreen.Remove) -> None:
        desk = self._desk
        if desk is None:
            return
        if not self._again(f"remove {message.name}"):
            self.say(f"D again deletes {message.name} from this machine", bad=True)
            return
        try:
            desk.shelf.remove(message.name)
            self.say(f"{message.name} is removed")
        except OciError as error:
            self.say(str(error), bad=True)
        self._look_again()

    def on_models_screen_switch(self, message: ModelsScreen.Switch) -> None:
        if self._desk is not None:
            self.run_worker(self._switch(message.name, self._desk), name="switch")

    async def _switch(self, name: str, desk: Desk) -> None:
        wanted = {"engine.model": name, "engine.kind": "auto", "engine.url": ""}
        try:
            settings = desk.settings.tried(wanted)
            problem = self.workbench.conversation.use(await asyncio.to_thread(desk.shelf.engine, settings))
        except OciError as error:
            problem = str(error)
        if problem:
            self.say(problem, bad=True)
            return
        desk.settings.change(wanted)
        self.adopt(desk.settings.now)
        self.say(f"{name} takes over; the conversation stays. F9 then s keeps it for later sessions")
        self._look_again()

    def _tell(self, text: str, *, bad: bool = False) -> None:
        """Said in passing, and in the story for who looks later."""
        self.say(text, bad=bad)
        self.workbench.transcript.note(text, "warn" if bad else "muted")

    def _look_again(self) -> None:
        if isinstance(self.screen, ModelsScreen):
            self.screen.look()

    def on_unmount(self) -> None:
        if self._fetch is not None:
            self._fetch.leave()
