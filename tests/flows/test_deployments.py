"""What infra/ asks of a Prefect server, held against Prefect's own records: it takes what is misspelt in silence."""

import asyncio
import json
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import yaml
from prefect import Flow
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.schedules import CronSchedule
from prefect.events.schemas.automations import Posture
from prefect.exceptions import ObjectNotFound
from pydantic import ByteSize, ValidationError

from flows.automations import automations
from flows.bootstrapping import CONTROL, QUEUES, Made, made_pool
from flows.deployments import Deployment, PrefectFile, in_pools, read_deployments
from standings.pools import Pool

INFRA = Path(__file__).parents[2] / "infra"
DEPLOYMENTS = read_deployments(INFRA / "prefect.yaml")
GPU = Pool(name="gpu-24", device="cuda", gpus=8, memory=ByteSize(24 * 1024**3), machines=2)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda item: item.flow)
def test_a_deployments_entrypoint_is_a_flow_that_takes_its_parameters(deployment: Deployment) -> None:
    module, _, name = deployment.entrypoint.rpartition(".")
    flow = getattr(import_module(module), name)
    assert isinstance(flow, Flow)
    assert flow.name == name
    given = {**deployment.parameters, **{key: "" for item in deployment.triggers for key in item.parameters}}
    assert set(given) <= set(flow.parameters.properties)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda item: item.flow)
def test_a_deployment_stands_in_a_queue_that_is_made_and_leaves_no_pipe_open(deployment: Deployment) -> None:
    assert deployment.work_pool.name in (CONTROL, "here")
    assert deployment.work_pool.work_queue_name in QUEUES
    assert deployment.work_pool.job_variables == {"stream_output": False}
    for schedule in deployment.schedules:
        assert CronSchedule(cron=schedule.cron, timezone=schedule.timezone)


def test_every_flow_is_deployed() -> None:
    modules = [import_module(f"flows.{path.stem}") for path in (INFRA.parent / "flows").glob("*.py")]
    flows = {item.name for module in modules for item in vars(module).values() if isinstance(item, Flow)}
    assert {item.flow for item in DEPLOYMENTS} == flows


def test_nights_do_not_overlap_and_begin_by_a_clock_with_a_zone() -> None:
    [night] = [item for item in DEPLOYMENTS if item.flow == "nightly"]
    assert night.concurrency_limit
    assert (night.concurrency_limit.limit, night.concurrency_limit.collision_strategy) == (1, "CANCEL_NEW")
    assert [schedule.timezone for schedule in night.schedules] == ["Etc/UTC"]


def test_releases_go_before_nights() -> None:
    assert QUEUES["release"] < QUEUES["nightly"]


@pytest.mark.parametrize(
    ("where", "wrong"),
    [
        ((), {"deployment": []}),
        (("deployments", 0), {"shedules": []}),
        (("deployments", 0, "schedules", 0), {"time_zone": "UTC"}),
        (("deployments", 2, "triggers", 0), {"expects": ["model.released"]}),
        (("deployments", 0, "concurrency_limit"), {"collision_strategy": "CANCEL"}),
        ((), {"pull": None}),
    ],
)
def test_a_key_that_prefect_would_pass_over_in_silence_is_refused(where: tuple[Any, ...], wrong: dict) -> None:
    content = yaml.safe_load((INFRA / "prefect.yaml").read_text())
    PrefectFile.model_validate(content)
    place = content
    for step in where:
        place = place[step]
    place.update(wrong)
    with pytest.raises(ValidationError):
        PrefectFile.model_validate(content)


def test_each_pool_gets_a_deployment_of_what_evaluates_and_no_other() -> None:
    made = in_pools(DEPLOYMENTS, [GPU, GPU.model_copy(update={"name": "gpu-80"})])
    assert [item.work_pool.name for item in made if item.flow == "evaluate_model"] == ["gpu-24", "gpu-80"]
    assert len(made) == len(DEPLOYMENTS) + 1


def test_the_process_template_names_its_command_so_that_no_supervisor_stands_beside_each_run() -> None:
    template = json.loads((INFRA / "templates" / "process.json").read_text())
    variables = template["variables"]["properties"]
    assert variables["command"]["default"] == "python -P -m prefect.engine"
    assert variables["stream_output"]["default"] is False


def test_a_pod_gets_the_gpus_of_its_assignment_shared_memory_and_its_secrets_from_a_secret() -> None:
    kubernetes = pytest.importorskip("prefect_kubernetes.worker", reason="needs the extra dev")
    template = json.loads((INFRA / "templates" / "kubernetes.json").read_text())
    given, nobody = {"gpus": 4, "image": "worker"}, PrefectClient("http://127.0.0.1:9/api")  # it has nothing to look up
    made = kubernetes.KubernetesWorkerJobConfiguration.from_template_and_values(template, given, client=nobody)
    pod = asyncio.run(made).job_manifest["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 4
    assert container["resources"]["requests"]["nvidia.com/gpu"] == 4
    assert container["envFrom"] == [{"secretRef": {"name": "standings-worker", "optional": True}}]
    assert container["volumeMounts"] == [{"name": "shared-memory", "mountPath": "/dev/shm"}]
    assert pod["volumes"] == [{"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}}]
    assert [item["key"] for item in pod["tolerations"]] == ["nvidia.com/gpu"]


def test_a_pool_of_kubernetes_begins_no_more_runs_than_it_has_gpus_as_pods_that_wait_look_like_lost_ones() -> None:
    pools: dict[str, SimpleNamespace] = {}

    class Served:
        def read_work_pool(self, name: str) -> SimpleNamespace:
            if name not in pools:
                raise ObjectNotFound(KeyError(name))
            return pools[name]

        def create_work_pool(self, pool: WorkPoolCreate) -> None:
            pools[pool.name] = SimpleNamespace(**pool.model_dump())

        def update_work_pool(self, name: str, update: WorkPoolUpdate) -> None:
            vars(pools[name]).update(update.model_dump(exclude_unset=True))

        def read_work_queues(self, work_pool_name: str) -> list[SimpleNamespace]:
            return [SimpleNamespace(name=name, priority=priority) for name, priority in QUEUES.items()]

    changes = []
    for most in (16, 16, 24):
        made = Made()
        made_pool(Served(), "gpu-24", "kubernetes", made, most)  # type: ignore[arg-type]
        changes.append(made.changes)
    assert changes == [["pool gpu-24"], [], ["limit of pool gpu-24"]]
    assert pools["gpu-24"].concurrency_limit == 24


def test_a_run_that_gives_no_sign_of_life_is_told_to_have_crashed_and_a_night_that_does_not_come_is_told() -> None:
    gone, absent, failed, undone = automations(("webhook", uuid4()))
    assert (gone.trigger.posture, gone.trigger.within) == (Posture.Proactive, timedelta(seconds=90))
    assert gone.actions[0].state == "CRASHED"
    assert (absent.trigger.posture, absent.trigger.within) == (Posture.Proactive, timedelta(hours=26))
    assert "prefect.flow-run.Degraded" in absent.trigger.expect  # events are named after a state, not its type
    assert failed.trigger.expect == {f"prefect.flow-run.{name}" for name in ("Failed", "Crashed", "Drifted")}
    assert undone.trigger.expect == {"prefect.flow-run.Degraded"}  # or a pool without a worker would be told to nobody
    assert "watch_releases" not in str(undone.trigger.match_related)  # whose Degraded is a hub that was away
    assert {item.actions[0].type for item in (absent, failed, undone)} == {"call-webhook"}


def test_a_notification_block_tells_in_place_of_a_webhook_and_none_tells_nobody() -> None:
    assert automations(("sendgrid-email", uuid4()))[1].actions[0].type == "send-notification"
    assert automations(None)[1].actions[0].type == "do-nothing"
