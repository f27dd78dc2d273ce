"""Panes: each has `show(event)` and draws what it knows."""
