"""The terminal lent to another program: an editor, a picture. What the app does goes on meanwhile, unseen."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from textual.app import App, SuspendNotSupported


class LendingApp(App[None]):
    """`lent` while another program has the terminal."""

    lent = False

    @contextmanager
    def lend(self) -> Iterator[None]:
        """Leave the terminal to another program, and take it back also after an error; nothing is painted between.

        Raises SuspendNotSupported where there is no terminal to lend.
        """
        if self.lent:
            raise SuspendNotSupported("it is lent already")
        problem: Exception | None = None
        # What the app's own code prints goes where it went before: Textual would let it through to the terminal.
        out, err = sys.stdout, sys.stderr
        with self.suspend(), self.batch_update(), redirect_stdout(out), redirect_stderr(err):
            self.lent = True
            try:
                yield
            except Exception as error:  # noqa: BLE001 - it is raised when the terminal is the app's again
                problem = error
            finally:
                self.lent = False
        if problem is not None:
            raise problem
