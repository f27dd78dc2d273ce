"""How commands of the model's are approved in the app: the mode, and the question to the person."""

from __future__ import annotations

from oci_tui.core.approval import MEANING, MODES, named
from oci_tui.core.ports import Answer, Command
from oci_tui.ui.attentive import AttentiveApp


class ApprovingApp(AttentiveApp):
    """A `core.ports.Approver`: puts a screen of its own above the others, and takes it away when nobody waits any more."""

    async def ask(self, command: Command, pattern: str) -> Answer:
        from oci_tui.ui.screens.approval import ApprovalScreen

        screen = ApprovalScreen(command, pattern)
        await self.push_screen(screen)
        self.tell_person("a command waits for your answer")
        try:
            return await screen.answer
        finally:
            while self.is_running and screen in self.screen_stack:
                await self.pop_screen()

    def action_approval(self, mode: str = "") -> None:
        """Approve in this mode from now on; without one in the one that follows the present one."""
        wanted = named(mode)
        if mode and wanted is None:
            self.workbench.say(f"there is no approval {mode!r}; there are {', '.join(MODES)}")
        elif chosen := self.workbench.conversation.approve(wanted):
            self.workbench.say(f"approval is {chosen}: {MEANING[chosen]}")
        else:
            self.workbench.say("the session is still starting")
