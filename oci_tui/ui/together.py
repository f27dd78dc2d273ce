"""What the person says about who drives, and about what navigators suggest."""

from __future__ import annotations

from collections.abc import Callable

from oci_tui.core.company import CompanyChanged, Participant, Role
from oci_tui.core.errors import ShareError
from oci_tui.core.terminal import visible_line
from oci_tui.ui.bench_app import BenchApp
from oci_tui.ui.conversation import Companion


class TogetherApp(BenchApp):
    """Sends it to the session's host, which decides; what comes of it is told as events."""

    def action_take(self, number: str = "") -> None:
        """Ask what a navigator suggests: the oldest, or the one of this number."""
        self._settle(number, taken=True)

    def action_drop(self, number: str = "") -> None:
        self._settle(number, taken=False)

    def action_drive(self) -> None:
        self._appoint("", "driver")

    def action_navigate(self) -> None:
        self._appoint("", "navigator")

    def action_observe(self) -> None:
        self._appoint("", "observer")

    def action_hand(self, name: str) -> None:
        """Let another drive."""
        self._appoint(name, "driver")

    def _settle(self, number: str, *, taken: bool) -> None:
        company, now = self._company()
        if company is None or now is None:
            return
        made = next((made for made in now.suggestions if number in ("", str(made.number))), None)
        if made is None:
            self.workbench.say(f"there is no suggestion {visible_line(number)}" if number else "no suggestion waits")
        elif taken and company.me.role != "driver":
            self.workbench.say("only the driver takes suggestions")
        elif self._told(lambda: company.settle(made.number, taken=taken)) and taken:
            self.workbench.conversation.send(made.prompt)

    def _appoint(self, name: str, role: Role) -> None:
        company, now = self._company()
        if company is None or now is None:
            return
        meant = company.me if not name else _named(now, name)
        if meant is None:
            there = ", ".join(visible_line(there.name) for there in now.participants if there.number != company.me.number)
            self.workbench.say(f"{visible_line(name)} is not here; {f'there are {there}' if there else 'nobody else is'}")
        else:
            self._told(lambda: company.appoint(meant.number, role))

    def _told(self, say: Callable[[], None]) -> bool:
        """Whether it could be said to the host."""
        try:
            say()
        except ShareError as error:
            self.workbench.say(str(error), bad=True)
            return False
        return True

    def _company(self) -> tuple[Companion | None, CompanyChanged | None]:
        company, now = self.workbench.conversation.company, self.workbench.people
        if company is None or now is None:
            self.workbench.say("nobody else can be here: `oci-tui --detachable` begins a session that others can come to")
        return company, now


def _named(now: CompanyChanged, name: str) -> Participant | None:
    return next((there for there in now.participants if name in (there.name, str(there.number))), None)
