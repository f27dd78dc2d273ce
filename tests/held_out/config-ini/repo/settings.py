"""Reads settings.ini."""

import configparser


def load(file="settings.ini"):
    """The settings: a dict for each section."""
    parser = configparser.ConfigParser()
    with open(file) as opened:
        parser.read_file(opened)
    return {name: dict(parser[name]) for name in parser.sections()}
