"""Open the app: on a repository, on a recorded session, or on a recording that is played."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from oci_tui import assemble, measuring, settings
from oci_tui.cli.group import enter_docker_group
from oci_tui.core.errors import SettingsError

if TYPE_CHECKING:
    from oci_tui.settings import Loaded
    from oci_tui.ui.conversation import Converses
    from oci_tui.ui.desk import Desk


def open_app(folder: Path, flags: Mapping[str, object], prompt: str = "", *, detachable: bool = False) -> int:
    """The app on the repository that `folder` is in, until the person leaves; the exit code."""
    loaded = settings.loaded(flags)
    need_terminal()
    root = assemble.find_root(folder)
    if detachable:
        from oci_tui.cli.attach import open_detachable

        return open_detachable(loaded, root, prompt)
    return opened(loaded, root, partial(assemble.open_session, loaded.settings, root), prompt)


def opened(loaded: Loaded, root: Path, make: Callable[[], Converses], prompt: str = "", *, linear: bool = False) -> int:
    """The app, or the chat where that is wished, on the session that `make` makes."""
    enter_docker_group()
    if linear or loaded.settings.ui.linear:
        from oci_tui.cli.chat import converse

        return asyncio.run(converse(make(), root, vi=loaded.settings.ui.prompt_keys == "vi"))
    return shown(loaded, root, make, prompt)


def shown(loaded: Loaded, root: Path, make: Callable[[], Converses], prompt: str = "") -> int:
    """The app on what `make` makes, then on each session that the person goes on with from there. Raises SettingsError."""
    if (term := os.environ.get("TERM", "")) in ("dumb", "unknown"):
        raise SettingsError(f"TERM={term}: the app cannot draw there; `oci-tui chat`, or --chat with resume and attach, can")
    from oci_tui.ui import gnu_screen

    if gnu_screen.around(os.environ):
        os.environ.pop("COLORTERM", None)  # the outer terminal's: screen takes such colours for other attributes
    from oci_tui.ui.app import OciApp
    from oci_tui.ui.serve import serve

    desk = desk_of(loaded)
    while True:
        ui = desk.settings.now.ui
        keymap, notify, prompt_keys = ui.keys, ui.notify, ui.prompt_keys
        app = OciApp(make, root, ui.theme, prompt, keymap=keymap, notify=notify, prompt_keys=prompt_keys, desk=desk)
        code = serve(app)
        if code or app.resumes is None:
            return code
        root, prompt = Path(app.resumes.root), ""
        make = partial(assemble.resume_session, desk.settings.now, app.resumes.name)


def need_terminal(instead: str = 'use `oci-tui run "PROMPT"` in scripts') -> None:
    """Raises SettingsError where there is none to show the app in; `instead` says what can be done without."""
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise SettingsError(f"no terminal: the app and the chat need one; {instead}")


def desk_of(loaded: Loaded) -> Desk:
    """What the app can do beside talking to its session."""
    from oci_tui.settings_edit import EditedSettings
    from oci_tui.ui.desk import Desk, Shelf

    shelf = Shelf(assemble.models, assemble.model_info_apart, assemble.pull_model, assemble.remove_model, assemble.engine)
    return Desk(
        EditedSettings(loaded),
        partial(assemble.policy, must_run=False),
        assemble.machine,
        shelf,
        assemble.sandbox_setup,
        assemble.archive,
        measuring.measured(),
        str(measuring.results_folder()),
    )
