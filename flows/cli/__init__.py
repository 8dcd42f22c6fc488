"""Speak to people at a terminal: the `standings` command, one module a command."""

from flows.cli.app import main

__all__ = ["main"]
