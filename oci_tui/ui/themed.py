"""The themes an app can wear: chosen with a preview, remembered, shown anew when the person saves one of their own."""

from __future__ import annotations

from oci_tui.ui import themes
from oci_tui.ui.bench_app import BenchApp
from oci_tui.ui.remembered import Remembered


class ThemedApp(BenchApp):
    """`wear` comes first; `reload_themes` is called now and then."""

    def wear(self, wanted: str) -> list[str]:
        """Register every theme and put on the wanted one, else the remembered, else one that the terminal can show.

        Returns what is wrong with them, a line each.
        """
        self._own_themes = themes.own_files()
        loaded, problems = themes.load_all()
        problems += filter(None, [self._remembered.problem])
        self._shipped = {theme.name for theme in loaded}
        for theme in loaded:
            self.register_theme(theme)
        few = self.console.color_system == "standard"  # the driver would then round every colour to one of 16
        wanted = wanted or self._remembered.now.theme or ("sixteen" if few else "night")
        if wanted in self.available_themes:
            self.theme = wanted
        else:
            problems += themes.unknown(wanted, loaded)
            self.theme = loaded[0].name if not any(theme.name == "night" for theme in loaded) else "night"
        return problems

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.VARIABLES

    def reload_themes(self) -> None:
        """Show a theme of the person's own anew when its file was saved."""
        files = themes.own_files()
        if files == self._own_themes:
            return
        self._own_themes = files
        loaded, problems = themes.load_all()
        for theme in loaded:
            self.register_theme(theme)
        for problem in problems:
            self.workbench.say(problem, bad=True)
        self._shipped = {theme.name for theme in loaded}
        now = self.theme
        self.theme = "textual-dark"
        self.theme = now if now in self.available_themes else "night"

    def action_theme(self) -> None:
        from oci_tui.ui.screens.themes import ThemeScreen

        if isinstance(self.screen, ThemeScreen):
            self.screen.action_leave()
            return
        names = [name for name in self.available_themes if not name.startswith("textual") and name in self._shipped]
        self.push_screen(ThemeScreen(names, self.theme), self._keep_theme)

    def _keep_theme(self, name: str | None) -> None:
        if name and (problem := self._remembered.keep(Remembered(theme=name))):
            self.workbench.say(problem)
