"""What is proved: a night by cron, a release told twice, deaths at random, a night dead in its boots, and alarms."""

import contextlib
import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.nights.stage import NIGHT, SECRET, Stage, children, counted, say
from tasks import materialise
from tasks.snapshots import open_latest
from tests.hub import Hub
from tests.hub.payloads import payload
from tests.hub.releases import release
from tests.server import until
from tests.tiny import tiny_model

SHORT = 30  # seconds, in place of 26 hours
JOBS = 3  # of a model in the suite `tiny`


def by_cron(stage: Stage) -> None:
    """Let the scheduler itself create and start a night: its schedule is set to the next minute."""
    api = stage.api
    deployment = api.get(f"/deployments/name/{NIGHT}")
    [schedule] = deployment["schedules"]
    soon = datetime.now(UTC) + timedelta(seconds=150)
    changed = {"schedule": {"cron": f"{soon.minute} {soon.hour} * * *", "timezone": "UTC"}}
    path = f"/deployments/{deployment['id']}/schedules/{schedule['id']}"
    api.client.patch(path, json=changed).raise_for_status()

    def scheduled() -> Any:
        runs = api.runs(deployments={"id": {"any_": [deployment["id"]]}})
        due = [
            run for run in runs if run["auto_scheduled"] and run["expected_start_time"][:16] == f"{soon:%Y-%m-%dT%H:%M}"
        ]
        return due[0] if due else None

    run = until(scheduled, 140, "a run created by the schedule")
    ended = api.ended(run["id"], 240)
    say(
        scenario="cron",
        run=ended["name"],
        state=ended["state"]["name"],
        said=ended["state"]["message"],
        jobs=len(counted(stage.lake)),
    )
    assert ended["state_type"] == "COMPLETED", ended["state"]
    assert set(counted(stage.lake).values()) == {1}


def publish(hub: Hub, model: str, folder: Path, **fields: Any) -> str:
    """Release a model with real, tiny weights on the hub; return its commit."""
    release(hub, model, weights=(folder / "model.safetensors").read_bytes(), parameters=500_000, **fields)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return hub.repository(model).commit(files, day=f"{datetime.now(UTC):%Y-%m-%d}")


def by_release(stage: Stage) -> None:
    """Announce a release by webhook and again by the poller: one evaluation, one new snapshot; measure the way."""
    api, model = stage.api, "acme/fresh-base"
    stage.start_receiver()
    publish(stage.hub, model, tiny_model(stage.root / "models" / "fresh", seed=77, chat_template=False))
    before = stage.snapshot()
    began = time.monotonic()
    answer = httpx.post(
        f"http://127.0.0.1:{stage.port}/webhooks/hub",
        json=payload(model),
        headers={"X-Webhook-Secret": SECRET},
        timeout=60,
    )
    told = time.monotonic() - began
    say(scenario="release", webhook=answer.status_code, said=answer.json(), seconds=round(told, 2))
    assert answer.json()["announced"], answer.text

    def row() -> bool | None:
        if stage.snapshot() == before:
            return None
        board = open_latest(stage.lake.store, stage.root / "boards")
        sql = f"SELECT count(*) AS n FROM leaderboard.results WHERE model = '{model}' AND score IS NOT NULL"
        return True if materialise.query(board, sql)["n"][0].as_py() == JOBS else None

    until(row, 300, f"a row of {model} on the board")
    say(scenario="release", post_to_published_row_seconds=round(time.monotonic() - began, 1))
    runs_before = len(api.runs(flow_runs={"tags": {"all_": ["assignment"]}}))
    shown = stage.snapshot()
    for _ in range(2):  # a duplicate of the hub's, and the poller
        httpx.post(
            f"http://127.0.0.1:{stage.port}/webhooks/hub",
            json=payload(model),
            headers={"X-Webhook-Secret": SECRET},
            timeout=60,
        ).raise_for_status()
        polled = api.ended(api.start("watch_releases/watch_releases"))
        assert polled["state_type"] == "COMPLETED", polled["state"]
    quiet(stage)
    runs = len(api.runs(flow_runs={"tags": {"all_": ["assignment"]}}))
    say(
        scenario="release",
        again="twice by webhook and by poll",
        new_assignments=runs - runs_before,
        snapshot_same=stage.snapshot() == shown,
    )
    assert runs == runs_before
    assert stage.snapshot() == shown
    assert set(counted(stage.lake).values()) == {1}


def quiet(stage: Stage, within: float = 240) -> None:
    """Wait until no run is waiting or at work, those of the schedules' future left aside."""

    def idle() -> bool | None:
        alive = stage.api.runs(flow_runs={"state": {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING"]}}})
        late = stage.api.runs(
            flow_runs={
                "state": {"type": {"any_": ["SCHEDULED"]}},
                "expected_start_time": {"before_": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"},
            }
        )
        return True if not alive and not late else None

    time.sleep(1)
    until(idle, within, "quiet")


def killed(stage: Stage, kills: int, seed: int) -> None:
    """Kill nights at random points; after each, the following plan completes exactly what is missing."""
    chance = random.Random(seed)
    begun = ("child", "engine", "night")  # processes that are there for a while
    targets: dict[str, Callable[[], None]] = {
        "child": lambda: None,
        "engine": lambda: None,
        "night": lambda: None,
        "worker-0": lambda: stage.start_worker("worker-0"),
        "server": stage.start_server,
        "s3": stage.start_objects,
        "control": lambda: stage.start_worker("control"),
    }
    assert stage.api.ended(stage.api.start(NIGHT), 300)["state_type"] == "COMPLETED"  # of the model that is there
    for number in range(kills):
        what = list(targets)[number % len(targets)] if number < len(targets) else chance.choice(list(targets))
        asked = [stage.add_model(100 + 2 * number), stage.add_model(101 + 2 * number)]
        before, api = counted(stage.lake), stage.api
        run = api.start(NIGHT)
        if what in begun:
            until(lambda what=what: stage.processes(what) or None, 90, f"a {what}")
        time.sleep(chance.uniform(0, 6 if what in ("child", "engine") else 25))
        found = stage.processes(what)
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        time.sleep(chance.uniform(0, 3))
        targets[what]()
        api = stage.api
        first = api.ended(run, 400)
        stored = counted(stage.lake)
        began = time.monotonic()
        quiet(stage, 300)
        following = api.ended(api.start(NIGHT), 300)
        after = counted(stage.lake)
        say(
            scenario="kill", number=number, target=what, processes=len(found), night=first["state"]["name"],
            stored_before=len(stored) - len(before), following=following["state"]["name"],
            completed=len(after) - len(stored), seconds=round(time.monotonic() - began),
        )  # fmt: skip
        assert following["state_type"] == "COMPLETED", following["state"]
        assert len(after) - len(before) == JOBS * len(asked), (len(before), len(after))
        assert max(after.values()) == 1, "a job was evaluated twice"
    plan = json.loads(stage.ask("plan", "--json"))
    assert plan["assignments"] == [], plan["assignments"]


def pending(stage: Stage) -> None:
    """Kill the control worker with its night pending, then the server: the nights must not end."""
    api = stage.api
    stage.add_model(90)
    worker = psutil.Process(stage.workers["control"].pid)
    run = api.start(NIGHT)
    until(lambda: True if api.run(run)["state_type"] in ("PENDING", "RUNNING") else None, 60, "a night taken up")
    for process in [*worker.children(recursive=True), worker]:
        process.kill()
    at_death = api.run(run)["state_type"]
    stage.server.process.kill()
    stage.server.process.wait()
    stage.start_server()
    stage.start_worker("control")
    api, began = stage.api, time.monotonic()
    tries = []
    while time.monotonic() - began < 900:
        ended = api.ended(api.start(NIGHT), 300)
        tries.append(ended["state"]["name"])
        if ended["state_type"] == "COMPLETED":
            break
        time.sleep(20)
    say(scenario="pending", at_death=at_death, tries=tries, seconds=round(time.monotonic() - began))
    assert tries[-1] in ("Completed", "Degraded"), tries
    assert set(counted(stage.lake).values()) == {1}


def alarms(stage: Stage) -> None:
    """Kill a worker with its run at work, and let no night finish: the server must find out both, and tell a person."""
    api = stage.api
    assert api.ended(api.start(NIGHT), 300)["state_type"] == "COMPLETED"  # of the model that is there
    stage.add_model(80)
    night = api.start(NIGHT)
    until(lambda: stage.processes("child") or None, 120, "a child")
    [run] = api.runs(flow_runs={"tags": {"all_": ["assignment"]}, "state": {"type": {"any_": ["RUNNING"]}}})
    [name] = [name for name in stage.workers if name != "control" and children(stage.workers[name].pid)]
    for process in [psutil.Process(stage.workers[name].pid), *children(stage.workers[name].pid)]:
        process.kill()
    began = time.monotonic()
    crashed = api.ended(run["id"], 300)
    say(scenario="alarms", killed="a worker with its run", run=crashed["state"]["name"],
        said=crashed["state"]["message"], seconds=round(time.monotonic() - began))  # fmt: skip
    assert crashed["state_type"] == "CRASHED", crashed["state"]
    stage.start_worker(name)
    api.ended(night, 300)
    fired = "no night has finished"
    [watched] = [one for one in api.post("/automations/filter") if one["name"] == fired]
    before, within = len(stage.alarms), watched["trigger"]["within"]
    changed = {key: watched[key] for key in ("name", "description", "enabled", "actions")}
    changed["trigger"] = {**watched["trigger"], "within": SHORT}
    api.client.put(f"/automations/{watched['id']}", json=changed).raise_for_status()
    began = time.monotonic()
    [told, *_] = until(lambda: [it for it in stage.alarms[before:] if fired in it] or None, 8 * SHORT, "the alarm")
    say(scenario="alarms", no_night_within=SHORT, instead_of=within, told=told, seconds=round(time.monotonic() - began))
