"""Open the app on a repository."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from oci_tui import assemble, settings
from oci_tui.cli.group import enter_docker_group
from oci_tui.core.errors import SettingsError


def open_app(folder: Path, flags: Mapping[str, object], prompt: str = "") -> int:
    """The app on the repository that `folder` is in, until the person leaves; the exit code."""
    loaded = settings.loaded(flags)
    chosen = loaded.settings
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise SettingsError('no terminal: the app needs one; use `oci-tui run "PROMPT"` in scripts')
    root = assemble.find_root(folder)
    enter_docker_group()
    if chosen.ui.linear:
        from oci_tui.cli.chat import converse

        return asyncio.run(converse(assemble.open_session(chosen, root)))
    from oci_tui.settings_edit import EditedSettings
    from oci_tui.ui.app import OciApp
    from oci_tui.ui.desk import Desk
    from oci_tui.ui.serve import serve

    desk = Desk(
        EditedSettings(loaded), partial(assemble.policy, must_run=False), assemble.machine, measured=assemble.measured()
    )
    ui = chosen.ui
    make = partial(assemble.open_session, chosen, root)
    return serve(OciApp(make, root, ui.theme, prompt, keymap=ui.keys, notify=ui.notify, prompt_keys=ui.prompt_keys, desk=desk))
