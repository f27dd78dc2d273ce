"""Runs the app from first paint to exit code: signals end it cleanly, the session is closed, a failure is one line."""

from __future__ import annotations

import asyncio
import signal
import sys

from oci_tui.core.errors import OciError
from oci_tui.core.terminal import visible_line
from oci_tui.ui.app import OciApp

CLOSE_S = 10.0


def serve(app: OciApp) -> int:
    """Run until the person quits; returns the exit code: 0, the error's own, 1 after a crash, 128 + n after signal n."""
    return asyncio.run(_serve(app))


async def _serve(app: OciApp) -> int:
    loop = asyncio.get_running_loop()
    signals: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        if number == signal.SIGINT and app.lent:
            return  # Ctrl+C is meant for the program that has the terminal, and both get it
        signals.append(number)
        app.exit(return_code=128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    await app.run_async()
    problems = [app.failure] if app.failure else []
    try:
        await asyncio.wait_for(app.close_session(), CLOSE_S)
    except TimeoutError:
        problems.append(f"the session did not close within {CLOSE_S:.0f} s; `oci-tui doctor` finds what stayed behind")
    except OciError as error:
        problems.append(str(error))
    for problem in problems:
        print(f"oci-tui: {visible_line(problem)}", file=sys.stderr)  # noqa: T201
    return 128 + signals[0] if signals else (app.return_code or 0)
