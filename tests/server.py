"""Give tests a real Prefect server and real process workers: the same code that `standings up` runs.

    with serving(tmp_path / "prefect") as server, working(server.environment | {...}, "here", "one", 2, log):
        Api(server.environment).post("/flow_runs/filter", {})

A server takes 5 to 18 s and a core to start: one for a test file, and stopped by its process id.
"""

import base64
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx

from tasks.prefect_server import Server, serving, start_worker, working
from tasks.processes import stop

__all__ = ["Api", "Server", "serving", "start_worker", "stop", "until", "working"]
Got = TypeVar("Got")
Row = dict[str, Any]
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


class Api:
    """Ask a server in plain HTTP, as Prefect's own client keeps the settings that it found when it was imported."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        word = base64.b64encode(environment["PREFECT_API_AUTH_STRING"].encode()).decode()
        headers = {"Authorization": f"Basic {word}", "Prefect-Csrf-Client": "tests"}
        self.client = httpx.Client(base_url=environment["PREFECT_API_URL"], headers=headers, timeout=180)
        token = self.client.get("/csrf-token", params={"client": "tests"}).json()["token"]
        self.client.headers["Prefect-Csrf-Token"] = token

    def get(self, path: str) -> Any:
        """Read what is at a path."""
        return self.client.get(path).raise_for_status().json()

    def post(self, path: str, what: Any = None) -> Any:
        """Post JSON to a path."""

        def answered() -> httpx.Response | None:
            answer = self.client.post(path, json={} if what is None else what)
            return None if answer.status_code == 503 else answer  # SQLite was busy, and nothing was done

        return until(answered, 300, path).raise_for_status().json()

    def start(self, deployment: str, state: str = "SCHEDULED", /, **parameters: Any) -> str:
        """Create a flow run of a deployment, `flow/name`; return its id."""
        found, begins = self.get(f"/deployments/name/{deployment}"), {"type": state}
        made = self.post(f"/deployments/{found['id']}/create_flow_run", {"parameters": parameters, "state": begins})
        return str(made["id"])

    def run(self, run_id: str) -> Row:
        """Read a flow run."""
        return dict(self.get(f"/flow_runs/{run_id}"))

    def ended(self, run_id: str, within: float = 600) -> Row:
        """Wait for a flow run's end and return it."""
        return until(lambda: run if (run := self.run(run_id))["state_type"] in FINAL else None, within, run_id)

    def runs(self, **wanted: Any) -> list[Row]:
        """List flow runs, by filters of the API."""
        return list(self.post("/flow_runs/filter", {"sort": "EXPECTED_START_TIME_ASC", **wanted}))


def until(look: Callable[[], Got | None], within: float, what: str) -> Got:
    """Look again and again until there is something."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {within:.0f} s")
