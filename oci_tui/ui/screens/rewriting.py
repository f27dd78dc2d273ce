"""The person changes what the model wrote, in the code pane or in their own editor; it goes on from there, or it is run."""

from __future__ import annotations

from textual import getters, on, work

from oci_tui.core.generation import Begun
from oci_tui.settings import PromptKeys
from oci_tui.ui.editor import changed
from oci_tui.ui.keys import hint, keymap_of
from oci_tui.ui.lending import LendingApp
from oci_tui.ui.panes.code import CodePane
from oci_tui.ui.panes.code_editor import CodeEditor
from oci_tui.ui.panes.keyed_area import Edits
from oci_tui.ui.remembered import RememberedFile
from oci_tui.ui.screens.looking_back import LookingBackScreen


class RewritingScreen(LookingBackScreen):
    """`prompt_keys` are those of every box to write in."""

    app = getters.app(LendingApp)

    def __init__(self, remembered: RememberedFile, prompt_keys: PromptKeys) -> None:
        super().__init__(remembered)
        self._prompt_keys = prompt_keys

    def new_edits(self) -> Edits | None:
        """What keys make of the text of a box, None for the box's own."""
        if self._prompt_keys == "default":
            return None
        from oci_tui.ui.line_editing import LineEditing

        return LineEditing(self._prompt_keys)

    @on(CodePane.Edit)
    @work
    async def _edit_reply(self, message: CodePane.Edit) -> None:
        if self._is_written():
            return
        text, problem = await changed(self.app, message.text)
        if problem:
            self.say(problem)
        else:
            self._begin_with(text, go_on=message.go_on)

    @on(CodePane.EditHere)
    def _edit_here(self, message: CodePane.EditHere) -> None:
        if message.excerpt is None:
            self.say("this code has characters that cannot be shown as they are; r edits it in $EDITOR")
        elif not self._is_written():
            editor = CodeEditor(message.excerpt)
            editor.edits = self.new_edits()
            self._frames["code"].cover(editor)
            self.code.detail = "edited"
            editor.begin_with_commands()
            editor.focus()

    def _is_written(self) -> bool:
        """Whether the reply may still change; then that is said."""
        if self.conversation.running:
            self.say("a turn is running; stop it with Esc, then edit what it wrote")
        return self.conversation.running

    def _begin_with(self, reply: str, *, go_on: bool) -> None:
        said = "Go on from your reply as I changed it." if go_on else "I changed your reply; take it as yours."
        self.conversation.begin(said, Begun(reply, go_on=go_on))

    @on(CodeEditor.Done)
    def _edited(self, message: CodeEditor.Done) -> None:
        if not self._is_written():
            self._leave_editor()
            self._begin_with(message.reply, go_on=message.go_on)

    @on(CodeEditor.Left)
    def _left(self, message: CodeEditor.Left) -> None:
        if message.changed:
            names = ("code-edited.leave", "code-edited.go_on", "code-edited.run")
            leave, go_on, run = (hint(name, keymap_of(self.app)) for name in names)
            self.say(f"drops what you wrote; {go_on} has the model go on from it, {run} runs it", again=leave)
        else:
            self._leave_editor()

    def _leave_editor(self) -> None:
        self._frames["code"].uncover()
        self.code.detail = self.code.named
        self.focus_pane("code")
