"""The command line: each command parses, calls `scones.project` and formats; no logic here."""

from scones.cli.app import main

__all__ = ["main"]
