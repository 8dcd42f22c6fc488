"""Nights on a real Prefect server: `standings up` as a process, its workers, a tiny model. One server for them all."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows.cli.status import print_status
from flows.serverstatus import Status
from tasks.store import FolderStore
from tests.chat import listening
from tests.server import Api, until
from tests.tiny import tiny_model
from tests.workplaces import MODEL, make_registry

ROOT = Path(__file__).parents[2]
SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "very-secret-key-of-a-bucket",
    "HF_TOKEN": "hf_very_secret_token_of_a_hub",
}
ADDRESS = "/very-secret-address"
COUNTED = ("deployments", "automations", "work_pools", "work_queues", "flows", "block_documents")


@dataclass
class Place:
    """A server with its workers, and the environment in which a shell asks it."""

    root: Path
    environment: dict[str, str]
    api: Api
    alarms: list[str]  # what the server has told

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of standings against the server."""
        command = [sys.executable, "-m", "flows.cli", *words]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)

    def counts(self) -> dict[str, int]:
        """Count the server's objects."""
        return {name: len(self.api.post(f"/{name}/filter")) for name in COUNTED}


@pytest.fixture(scope="module")
def alarms() -> Iterator[tuple[str, list[str]]]:
    """Take alarms as a chat would: give the address, and the texts that came."""
    with listening(ADDRESS) as chat:
        yield chat


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, alarms: tuple[str, list[str]]) -> Iterator[Place]:
    """Bring a server up on a registry with one tiny model, and its workers."""
    root = tmp_path_factory.mktemp("nights")
    registry = make_registry(root / "registry", tiny_model(root / "model"))
    given = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    given |= {"STANDINGS_HOME": str(root / "home"), "STANDINGS_REGISTRY": str(registry), "STANDINGS_THREADS": "1"}
    given |= SECRETS | {"STANDINGS_ALARM_WEBHOOK": alarms[0]}
    words = [sys.executable, "-m", "flows.cli", "up", "--limit", "2"]
    with (root / "up.log").open("w") as log:
        command = subprocess.Popen(words, cwd=ROOT, env=given, stdout=subprocess.PIPE, stderr=log, text=True)
    begun = ""
    try:
        assert command.stdout is not None
        lines = [command.stdout.readline() for _ in range(2)]
        assert all(line.startswith("export PREFECT_API_") for line in lines), (root / "up.log").read_text()
        given["PREFECT_API_URL"] = lines[0].strip().partition("=")[2]
        given["PREFECT_API_AUTH_STRING"] = (root / "home" / "prefect-server" / "auth").read_text()
        made = Place(root, given, Api(given), alarms[1])
        yield made
        begun = made.api.start("refresh/refresh", "RUNNING")
    finally:
        command.send_signal(signal.SIGINT)
        code = command.wait(120)
    assert code == 0, (root / "up.log").read_text()
    with contextlib.closing(sqlite3.connect(root / "home" / "prefect-server" / "prefect.db")) as database:
        [(state,)] = database.execute("SELECT state_type FROM flow_run WHERE id = ?", [begun])
    assert state == "CRASHED"  # or the next night would wait until the heartbeat's automation found it


@pytest.fixture(scope="module")
def begun(place: Place) -> dict[str, str]:
    """Begin a night, and beside it a release that nobody accepted; return the ids of their runs."""
    night = place.api.start("nightly/nightly", suites=["tiny"], unattended=False)
    return {"night": night, "release": place.api.start("release/release", model_id="nobody/model", revision="a" * 40)}


@pytest.fixture(scope="module")
def night(place: Place, begun: dict[str, str]) -> dict[str, Any]:
    """Live through one night, and return its flow run."""
    return place.api.ended(begun["night"])


def assignments(place: Place) -> list[dict[str, Any]]:
    """List the flow runs that evaluated."""
    return place.api.runs(flow_runs={"tags": {"all_": ["assignment"]}})


def test_a_night_evaluates_in_its_pool_and_says_what_came_of_it(place: Place, night: dict[str, Any]) -> None:
    assert (night["state_type"], night["state"]["name"]) == ("COMPLETED", "Completed"), night["state"]["message"]
    assert night["state"]["message"].startswith("3 stored, 0 failed, 0 unfinished; board "), night["state"]["message"]
    assert night["name"].startswith("night of 20")
    stored = [item.key for item in FolderStore(place.root / "home" / "lake").list("inbox/") if "/run." in item.key]
    assert len(stored) == 3


def test_an_assignment_is_one_run_with_a_name_its_progress_and_the_harness_log(place: Place, night: Any) -> None:
    [run] = assignments(place)
    assert run["name"] == f"{MODEL} main: addition, follow, pattern"
    assert (run["work_pool_name"], run["work_queue_name"]) == ("here", "nightly")
    [bar] = place.api.post("/artifacts/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})
    assert (bar["type"], bar["data"]) == ("progress", 100.0)
    told = place.api.post("/logs/filter", {"logs": {"flow_run_id": {"any_": [run["id"]]}}, "limit": 200})
    text = "\n".join(line["message"] for line in told)
    assert "addition (1 of 3)" in text
    assert "harness:" in text


def test_a_night_leaves_its_plan_and_its_results_as_tables(place: Place, night: dict[str, Any]) -> None:
    made = place.api.post("/artifacts/filter", {"flow_runs": {"id": {"any_": [night["id"]]}}})
    tables = {item["key"]: json.loads(item["data"]) for item in made if item["type"] == "table"}
    assert [(row["model"], row["jobs"]) for row in tables["plan"]] == [(MODEL, 3)]
    assert [(row["model"], row["stored"], row["unfinished"]) for row in tables["results"]] == [(MODEL, 3, 0)]
    assert tables["failures"] == []


def test_a_second_night_beside_one_is_cancelled(place: Place, night: dict[str, Any]) -> None:
    both = [place.api.start("nightly/nightly", suites=["tiny"], unattended=False) for _ in range(2)]
    ended = [place.api.ended(run)["state"] for run in both]
    assert sorted(state["type"] for state in ended) == ["CANCELLED", "COMPLETED"], ended
    assert len(assignments(place)) == 1  # and the one that went on found nothing missing


def test_a_night_that_is_scheduled_by_cron_stands_in_the_calendar(place: Place) -> None:
    scheduled = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}, "flows": {"name": {"any_": ["nightly"]}}}
    assert until(lambda: place.api.runs(**scheduled) or None, 120, "a scheduled night")


def test_to_bring_it_up_again_changes_nothing(place: Place) -> None:
    before = place.counts()
    again = place.ask("up")
    assert again.returncode == 0, again.stderr
    assert again.stderr.startswith("0 changes; ")
    assert place.counts() == before
    assert before["automations"] >= 4
    assert before["work_queues"] == 6  # of two pools: release, nightly and Prefect's default


def test_the_status_names_workers_nights_and_queues(
    place: Place, night: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    found = place.ask("status", "--json")
    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout)
    workers = {pool["name"]: pool["workers"] for pool in told["pools"]}
    assert workers == {"control": ["control on this machine"], "here": ["here on this machine"]}
    assert [queue["name"] for queue in told["pools"][1]["queues"]] == ["release", "nightly"]
    assert night["name"] in [run["name"] for run in told["nights"]]
    print_status(Status.model_validate_json(found.stdout))
    assert "control on this machine" in capsys.readouterr().out


def test_the_server_keeps_its_leases_on_disk_and_deletes_old_runs(place: Place) -> None:
    server = place.api.get("/admin/settings")["server"]
    assert server["concurrency"]["lease_storage"].endswith(".filesystem")
    assert {"flow_runs", "events"} <= set(server["services"]["db_vacuum"]["enabled"])
    assert server["api"]["csrf_protection_enabled"]
    assert not server["analytics_enabled"]


def test_no_secret_reaches_the_server_its_logs_or_the_terminal(place: Place, night: dict[str, Any]) -> None:
    folder = place.root / "home" / "prefect-server"
    written = {path: path.read_bytes() for path in [*folder.rglob("*"), place.root / "up.log"] if path.is_file()}
    auth = (folder / "auth").read_text()
    for secret in [*SECRETS.values(), ADDRESS, auth]:
        assert [path for path, body in written.items() if secret.encode() in body and path.name != "auth"] == []


def test_a_model_that_nobody_accepted_is_not_evaluated_and_a_person_is_told(place: Place, begun: dict) -> None:
    run = place.api.ended(begun["release"])
    assert run["state_type"] == "FAILED"
    assert "nobody/model: not accepted" in run["state"]["message"]
    told = until(lambda: place.alarms or None, 120, "an alarm")
    assert told[0].startswith(f"Standings: release ended Failed ({run['name']}): ")
    assert "nobody/model: not accepted" in told[0]
