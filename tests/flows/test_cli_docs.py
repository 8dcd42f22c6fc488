"""docs/cli.md is held against the commands: what they have is named there, and what it shows can be read by them."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from flows.cli.app import app
from tasks.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
ROOT: Any = typer.main.get_command(app)


def commands(group: Any = ROOT, path: tuple[str, ...] = ("standings",)) -> Iterator[tuple[str, Any]]:
    """Go through all commands by what a user types."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
            if command.invoke_without_command:
                yield " ".join((*path, name)), command
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands())


def section(name: str) -> str:
    """Return a command's part of the page."""
    found = re.search(rf"^## `{name}`\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"docs/cli.md has no section for `{name}`"
    return found[1]


def options(command: Any) -> set[str]:
    """Return a command's options, --help left out."""
    return {option for parameter in command.params for option in parameter.opts if option.startswith("--")} - {"--help"}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_of_a_command_is_in_its_section_and_no_other(name: str) -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", section(name)))
    assert named == options(COMMANDS[name])


def test_no_section_is_of_a_command_that_is_not_there() -> None:
    assert set(re.findall(r"^## `(.+)`", PAGE, re.MULTILINE)) == set(COMMANDS)


def examples() -> list[str]:
    """Return the page's command lines, and those of the helps."""
    shown = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    return shown + [command.epilog.removeprefix("Example: ") for command in COMMANDS.values()]


@pytest.mark.parametrize("line", sorted(set(examples())))
def test_an_example_can_be_read_by_its_command(line: str) -> None:
    words = shlex.split(line)
    name = next(name for name in COMMANDS if words[: len(name.split())] == name.split())
    COMMANDS[name].make_context(name, words[len(name.split()) :])


def test_each_command_says_what_it_does_in_one_line_and_shows_an_example() -> None:
    for name, command in COMMANDS.items():
        first = command.help.split("\n\n")[0]
        assert len(first) <= 80, (name, first)
        assert command.epilog.startswith(f"Example: {name}"), name


def test_each_setting_is_in_the_table_of_settings_and_no_other() -> None:
    named = set(re.findall(r"^\| `STANDINGS_(\w+)` \|", PAGE.partition("## Settings")[2], re.MULTILINE))
    assert named == {name.upper() for name in Settings.model_fields}
