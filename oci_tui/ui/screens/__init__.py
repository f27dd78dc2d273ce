"""Screens: each lays panes out and hands them the event stream."""
