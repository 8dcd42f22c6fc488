"""`standings check` as a person reads it: questions together, families side by side, nothing that floods."""

import json
from pathlib import Path

from flows.cli.check import QUESTIONS
from tests.flows.conftest import asking


def model(number: int, review: str) -> str:
    """Write an entry of acme's file."""
    known = "name: Asked, family: Asked, source: 'https://acme.example', access: weights, kind: base"
    return f"  - {{id: acme/asked-{number}, {known}, licence: {{license: mit}}, review: '{review}'}}\n"


def with_models(root: Path, *models: str) -> Path:
    """Add models to acme's file."""
    file = root / "registry" / "models" / "acme.yaml"
    file.write_text(file.read_text().rstrip() + "\n" + "".join(models))
    return root


def test_what_a_person_must_decide_is_asked_once_for_all_entries_that_say_it(mine: Path) -> None:
    ask = asking(with_models(mine, model(1, "which parent?"), model(2, "which parent?"), model(3, "which day?")))
    told = ask("check", COLUMNS="200").stdout
    assert "To decide: 2 questions of 3 entries\n" in told
    assert "  acme/asked-1, acme/asked-2: which parent?\n  acme/asked-3: which day?\n" in told


def test_many_questions_do_not_flood_the_terminal_and_all_shows_each(mine: Path) -> None:
    ask = asking(with_models(mine, *(model(number, f"question {number}, " + "x" * 300) for number in range(40))))
    told, every = ask("check", COLUMNS="200").stdout, ask("check", "--all", COLUMNS="200").stdout
    assert told.count("acme/asked-") == QUESTIONS + 4  # and four in the notice that none has a revision
    assert f"and {40 - QUESTIONS} more questions" in told
    assert all(len(line) < 250 for line in told.splitlines())
    assert every.count("notice: registry/models/acme.yaml: acme/asked-39: to decide: question 39, " + "x" * 300) == 1


def test_the_families_are_counted_for_a_reader_and_in_json(mine: Path) -> None:
    ask = asking(with_models(mine, model(1, "which?"), model(2, "which?")))
    told, read = ask("check", COLUMNS="200").stdout, json.loads(ask("check", "--json").stdout)["registry"]
    assert [line.split()[:3] for line in told.splitlines() if line.startswith("Asked ")] == [["Asked", "2", "2"]]
    family = read["families"]["Asked"]
    assert (family["open"], family["with_licence"], family["with_revision"], family["complete"]) == (2, 2, 0, 0)
    assert family["licence_class"] == {"osi_approved": 2}
    assert read["access"] == {"weights": read["models"] - 1, "api": 1}
