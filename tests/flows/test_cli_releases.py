"""`standings models review` and `export`: a person decides, and what came in can be written down."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import yaml

from standings.discovery import Policy
from tasks.discovery import consider, decisions
from tasks.workplace import Workplace
from tests.flows.conftest import Ask, asking
from tests.nights import Nights
from tests.served import served
from tests.standings.hub_records import licensed, record, sha

BIG, GATED = "acme/big-Instruct", "acme/gated-8B"


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    """A registry with one model, and a hub's three others: one came in, one waits, one stays out."""
    made = Nights(tmp_path)
    made.models = {"one": "f"}
    made.write()
    workplace = Workplace.open(made.settings)
    records = [
        record(BIG, licence=licensed("other", license_name="modified-mit"), parents=(("finetune", "acme/one"),)),
        record(GATED, gated=True),
        record("acme/odd-AWQ"),
    ]
    ago = datetime.now(UTC) - timedelta(days=3, hours=1)
    consider(workplace.lake, workplace.registry, Policy(), records, ago, "poll")
    return made


@pytest.fixture
def ask(nights: Nights) -> Ask:
    """Ask in that home."""
    return asking(nights.settings.registry.parent)


@contextmanager
def listening() -> Iterator[tuple[str, list[list[dict[str, Any]]]]]:
    """Take events as a server without CSRF protection does; give its address, and what was posted."""
    posted: list[list[dict[str, Any]]] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(422)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    with served(Taking) as address:
        yield f"{address}/api", posted


def jobs(nights: Nights) -> Iterator[tuple[str, str, str]]:
    """Return what is planned: model, variant and job."""
    for assignment in Workplace.open(nights.settings).plan().assignments:
        yield from ((assignment.model, assignment.variant_id, job.job_id) for job in assignment.jobs)


def test_what_waits_is_listed_with_its_reasons_and_age(ask: Ask):
    told = ask("models", "review", COLUMNS="160").stdout
    assert [GATED, "a" * 12, "3", "d", "8"] in [line.split()[:5] for line in told.splitlines()]
    assert "It is gated: a person must accept its terms on the hub. Its name does not say how it can be asked" in told
    assert BIG not in told
    assert "odd" not in told
    assert "1 release waits for a person." in told
    [row] = json.loads(ask("models", "review", "--json").stdout)
    assert (row["model"], row["revision"], row["days"], row["total_b"], row["kind"]) == (GATED, sha("a"), 3, 8.0, None)


def test_what_a_person_accepts_is_planned_and_listed_as_in_no_file(ask: Ask, nights: Nights):
    said = ask("models", "review", "--accept", GATED, "--kind", "instruct", "--reason", "terms accepted")
    assert said.stdout.startswith(f"{GATED}@{'a' * 12}: accepted, asked as instruct\n")
    assert {model for model, _, _ in jobs(nights)} == {"acme/one", BIG, GATED}
    listed = ask("models", COLUMNS="160").stdout
    assert "gated 8B°" in listed
    assert "° In no file: it was accepted from a hub." in listed
    assert "one°" not in listed
    assert "0 releases wait for a person." in ask("models", "review").stdout
    [row] = [one for one in decisions(Workplace.open(nights.settings).lake).values() if one.model == GATED]
    assert (row.decision, row.reason, row.by_policy) == ("accept", "terms accepted", False)


def test_what_a_person_accepts_is_announced_and_holds_where_no_server_takes_it(
    ask: Ask, nights: Nights, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tasks.announcing.RETRIES", 0)
    words = ("models", "review", "--accept", GATED, "--kind", "instruct", "--reason", "its card")
    said = ask(*words, PREFECT_API_URL="http://127.0.0.1:9/api")
    assert (said.exit_code, "It holds from now on. See what follows: standings plan" in said.stdout) == (0, True)
    assert f"{GATED} at {sha('a')} was not announced" in " ".join(said.stderr.split())
    assert "the next night takes it" in " ".join(said.stderr.split())
    assert GATED in {model for model, _, _ in jobs(nights)}
    with listening() as (url, posted):
        ask("models", "review", "--reject", GATED, "--reason", "no", PREFECT_API_URL=url)
        assert posted == []
        told = ask(*words, PREFECT_API_URL=url)
    assert "the server was told: see standings status" in told.stdout
    [[event]] = posted
    assert event["payload"] == {"model_id": GATED, "revision": sha("a"), "source": "review"}


def test_a_rejected_model_leaves_the_plan_and_an_outvoted_policy_lets_one_in(ask: Ask, nights: Nights):
    assert ask("models", "review", "--reject", BIG, "--reason", "a test of theirs").exit_code == 0
    odd = f"acme/odd-AWQ@{'a' * 8}"
    assert ask("models", "review", "--accept", odd, "--kind", "base", "--reason", "asked for").exit_code == 0
    assert BIG not in {model for model, _, _ in jobs(nights)}
    assert "acme/odd-AWQ" in Workplace.open(nights.settings).registry.models


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--accept", GATED], 2, "a decision needs its reason. Give --reason TEXT."),
        (["--reason", "x"], 2, "nothing to decide. Give --accept or --reject."),
        (["--accept", GATED, "--reason", "x"], 1, "nothing says how it can be asked. Give --kind base, instruct"),
        (
            ["--accept", GATED, "--reason", "x", "--kind", "chat"],
            2,
            "'chat' is none. There are: base, instruct, reasoning",
        ),
        (["--accept", "acme/gated", "--reason", "x"], 1, f"was never considered. Did you mean '{GATED}'?"),
        (["--accept", BIG, "--reason", "x"], 1, "was accepted already, by policy: It meets the policy"),
        (["--reject", "acme/odd-AWQ", "--reason", "x"], 1, "was rejected already, by policy: It is a quantisation."),
        (["--accept", "acme/one", "--reason", "x"], 1, "says what is run, and a file wins. Change its revision there."),
        (["--reject", f"{GATED}@b", "--reason", "x"], 1, "0 of its commits begin like this"),
    ],
)
def test_a_decision_that_can_not_be_made_says_why_and_writes_nothing(ask: Ask, nights: Nights, words, code, said):
    before = decisions(Workplace.open(nights.settings).lake)
    found = ask("models", "review", *words)
    assert (found.exit_code, said in found.stderr) == (code, True), found.stderr
    assert decisions(Workplace.open(nights.settings).lake) == before


def test_an_exported_entry_asks_exactly_what_the_accepted_model_asked(ask: Ask, nights: Nights):
    before, accepted = sorted(jobs(nights)), Workplace.open(nights.settings).registry
    [entry] = yaml.safe_load(ask("models", "export", BIG).stdout)["models"]
    file = nights.settings.registry / "models" / "acme.yaml"
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "models": [*content["models"], entry]}))
    exported = Workplace.open(nights.settings).registry
    assert exported.places[f"models/{BIG}"].file == "registry/models/acme.yaml"
    assert exported.models == accepted.models
    assert sorted(jobs(nights)) == before
    assert len([job for job in before if job[0] == BIG]) == 2
    assert "models/acme.yaml has it, and no gap of it was filled" in ask("models", "export", BIG).stderr


def test_an_export_is_read_like_the_registry_s_own_files(ask: Ask):
    text = ask("models", "export", BIG).stdout
    source = f"https://huggingface.co/{BIG}/tree/{sha('a')}"
    assert text.splitlines() == [
        "organisation: acme",
        "models:",
        f"  - id: {BIG}",
        "    name: big Instruct",
        f"    source: {source}",
        "    access: weights",
        "    kind: instruct",
        f"    revision: {sha('a')}",
        "    licence: {license: other, license_name: modified-mit, source: its card}",
        "    parameters: {total_b: 8.0}",
        "    lineage:",
        "      - {parent: acme/one, relation: finetune, curated: false}",
    ]
    told = json.loads(ask("models", "export", BIG, "--json").stdout)
    assert told["came_from"]["kind"].endswith(f"at {'a' * 12}, accepted by policy")


def test_of_a_written_entry_the_gaps_are_exported_that_were_filled(ask: Ask, nights: Nights):
    file = nights.settings.registry / "models" / "acme.yaml"
    content = json.loads(file.read_text())
    known = {"id": BIG, "name": "Big", "access": "weights", "kind": "reasoning", "source": "https://acme.example"}
    file.write_text(json.dumps({**content, "models": [*content["models"], known | {"licence": {"license": "mit"}}]}))
    found = ask("models", "export", BIG)
    assert [line.split(":")[0].strip(" -") for line in found.stdout.splitlines()[2:6]] == [
        "id", "revision", "parameters", "lineage",
    ]  # fmt: skip
    assert "Add these fields to its entry in registry/models/acme.yaml." in found.stderr


def test_check_tells_of_an_accepted_model_and_faults_no_file_for_it(ask: Ask, nights: Nights):
    lake, known = Workplace.open(nights.settings).lake, Workplace.open(nights.settings).registry
    one = record("acme/new-Instruct", licence=licensed("homebrew"))
    consider(lake, known, Policy(), [one], datetime.now(UTC), "poll")
    found = ask("check", "--all", COLUMNS="200")
    assert found.exit_code == 0
    assert "acme/new-Instruct: licence 'homebrew' is not known" in found.stdout
    assert "1 release waits for a person: standings models review" in found.stdout
