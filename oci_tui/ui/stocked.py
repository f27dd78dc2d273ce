"""What an app fetches and makes while the person goes on: models and the sandbox's image; and another model in place of one."""

from __future__ import annotations

import asyncio

from oci_tui.core.errors import OciError
from oci_tui.ui import keys
from oci_tui.ui.background import Background
from oci_tui.ui.desk import Desk
from oci_tui.ui.equipped import EquippedApp
from oci_tui.ui.screens.models import ModelsScreen


class StockedApp(EquippedApp):
    """One fetch and one build at a time; they go on when a screen is closed, and end with the app."""

    _fetch: Background | None = None
    _build: Background | None = None

    def action_models(self) -> None:
        if self._desk is None:
            self.say("this is a recording: there are no models to choose from")
        elif self.screen is self.workbench:
            self.push_screen(ModelsScreen(self._desk, self.workbench.facts, self.workbench.work))

    def on_models_screen_fetch(self, message: ModelsScreen.Fetch) -> None:
        desk, name = self._desk, message.name
        if self._fetch is not None:
            self.say(f"{self._fetch.name} is under way; x stops it", bad=True)
        elif desk is not None:
            self._fetch = Background(f"fetch {name}", lambda: desk.shelf.pull(name, desk.settings.now))
            self.run_worker(self._run_fetch(self._fetch, name), name="fetch")

    def on_models_screen_stop(self) -> None:
        if self._fetch is None:
            self.say("nothing is being fetched")
        else:
            self._fetch.stop()

    async def _run_fetch(self, fetch: Background, name: str) -> None:
        try:
            done = await self._run_shown(fetch)
            self._tell(f"{name} is here; F10 switches to it" if done else f"{name}: stopped; what came is kept")
        except OciError as error:
            self._tell(str(error), bad=True)
        finally:
            self._fetch = None
            self._look_again()

    async def action_build(self) -> None:
        """Make the image of the sandbox's profile, then the sandbox."""
        desk = self._desk
        if desk is None:
            self.say("this is a recording: nothing is run in a sandbox")
        elif self._build is not None:
            self.say(f"{self._build.name} is under way")
        else:
            try:
                setup = desk.build(desk.settings.now)
            except OciError as error:
                self.say(str(error), bad=True)
                return
            if setup.touches_system:
                self._tell("this would change your system: run `oci-tui setup` in a terminal, it asks first", bad=True)
                return
            self._build = Background(setup.title, setup.run)
            self.run_worker(self._run_build(self._build), name="build")

    async def _run_build(self, build: Background) -> None:
        try:
            await self._run_shown(build)
            self._tell(self.workbench.conversation.make_ready() or f"{build.name} is made")
        except OciError as error:
            self._tell(str(error), bad=True)
        finally:
            self._build = None

    async def _run_shown(self, work: Background) -> bool:
        shown = self.workbench.work
        shown.at(work.name, "starting")
        try:
            return await work.run(lambda step: shown.at(work.name, step.doing, step.fraction))
        finally:
            shown.over(work.name)

    def on_models_screen_remove(self, message: ModelsScreen.Remove) -> None:
        desk = self._desk
        if desk is None:
            return
        if not self._again(f"remove {message.name}"):
            self.say(f"deletes {message.name} from this machine", again=keys.hint("models.delete", self.keymap))
            return
        try:
            desk.shelf.remove(message.name)
            self.say(f"{message.name} is removed")
        except OciError as error:
            self.say(str(error), bad=True)
        self._look_again()

    def on_models_screen_switch(self, message: ModelsScreen.Switch) -> None:
        if problem := self.workbench.conversation.keeps_model:
            self.say(problem, bad=True)
        elif self._desk is not None:
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
        """Said in passing, and in the story for who looks later; when the app has ended there is nobody to tell."""
        if self.screen_stack:
            self.say(text, bad=bad)
            self.workbench.transcript.note(text, "warn" if bad else "muted")

    def _look_again(self) -> None:
        if self.screen_stack and isinstance(self.screen, ModelsScreen):
            self.screen.look()

    def on_unmount(self) -> None:
        for work in (self._fetch, self._build):
            if work is not None:
                work.leave()
