"""Make a Prefect server ready for nights: pools, queues, deployments, automations. The second time changes nothing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from uuid import UUID

from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import ConcurrencyOptions
from prefect.client.schemas.schedules import CronSchedule
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger
from prefect.exceptions import ObjectNotFound
from prefect.utilities.callables import parameter_schema

from flows.automations import Alarm, automations
from flows.deployments import Deployment, in_pools, read_deployments
from standings.identity import digest
from standings.paths import folder
from standings.pools import Pool
from tasks.prefect_server import NotServed
from tasks.settings import Settings

CONTROL = "control"  # the pool of the flows that decide and wait; always processes
QUEUES = {"release": 1, "nightly": 50}  # priorities: the lower goes first
ALARM = "standings-alarm"  # the block that holds the webhook's address


@dataclass
class Made:
    """What was made or changed on the server, by kind."""

    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def bootstrap(settings: Settings, pools: Sequence[Pool]) -> Made:
    """Bring the server that PREFECT_API_URL names to what infra/ says. Raises NotServed where it would lose nights."""
    made = Made()
    with get_client(sync_client=True) as client:
        check_server(client, made)
        made_pool(client, CONTROL, "process", made)
        for pool in pools:
            # A process worker begins no more than its own --limit. A Kubernetes worker would make a Job of each run at
            # once, and one whose pod waits for a GPU is not told from one that a dead worker had in hand.
            most = pool.slots if settings.workers == "kubernetes" else None
            made_pool(client, pool.name, settings.workers, made, most)
        for deployment in in_pools(read_deployments(folder("infra") / "prefect.yaml"), pools):
            made_deployment(client, deployment, made)
        for automation in automations(made_alarm(client, settings, made)):
            made_automation(client, automation, made)
    return made


def check_server(client: SyncPrefectClient, made: Made) -> None:
    """Refuse a server whose restart would end all nights; warn of one that grows without end."""
    server = client.request("GET", "/admin/settings").json()["server"]
    if server["concurrency"]["lease_storage"].endswith(".memory"):
        raise NotServed(
            "the server keeps its concurrency leases in memory, so that a restart can cancel every night that follows. "
            "Set PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE=prefect.server.concurrency.lease_storage.filesystem there"
        )
    if not {"flow_runs", "events"} <= set(_listed(server["services"]["db_vacuum"]["enabled"])):
        made.warnings.append(
            "the server never deletes old runs. Set PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED=events,flow_runs there"
        )
    if not server["api"]["auth_string"]:
        made.warnings.append("the server asks nobody for a password. Set PREFECT_SERVER_API_AUTH_STRING there")


def _listed(enabled: Any) -> list[str]:
    if enabled is True:
        return ["flow_runs", "events"]
    return list(enabled or ())


def made_pool(client: SyncPrefectClient, name: str, kind: str, made: Made, most: int | None = None) -> None:
    """Make a work pool from its committed template, with its queues; `most` runs begin at once, where it is given."""
    template = json.loads((folder("infra") / "templates" / f"{kind}.json").read_text())
    try:
        there = client.read_work_pool(name)
    except ObjectNotFound:
        client.create_work_pool(
            WorkPoolCreate(name=name, type=kind, base_job_template=template, concurrency_limit=most)
        )
        made.changes.append(f"pool {name}")
    else:
        if there.base_job_template != template:
            client.update_work_pool(name, WorkPoolUpdate(base_job_template=template))
            made.changes.append(f"template of pool {name}")
        if most is not None and there.concurrency_limit != most:
            client.update_work_pool(name, WorkPoolUpdate(concurrency_limit=most))
            made.changes.append(f"limit of pool {name}")
    queues = {queue.name: queue for queue in client.read_work_queues(work_pool_name=name)}
    for queue, priority in QUEUES.items():
        if queue not in queues:
            client.create_work_queue(name=queue, priority=priority, work_pool_name=name)
            made.changes.append(f"queue {name}/{queue}")
        elif queues[queue].priority != priority:
            client.update_work_queue(queues[queue].id, priority=priority)
            made.changes.append(f"priority of queue {name}/{queue}")


def made_deployment(client: SyncPrefectClient, wanted: Deployment, made: Made) -> None:
    """Deploy a flow where it is not yet as wanted: its version is the hash of all that it says."""
    flow = getattr(import_module(wanted.entrypoint.rpartition(".")[0]), wanted.flow)
    schema = parameter_schema(flow).model_dump_for_openapi()
    version = digest([wanted.model_dump(mode="json"), schema])[:16]
    try:
        there = client.read_deployment_by_name(f"{flow.name}/{wanted.name}")
    except ObjectNotFound:
        there = None
    if there is None or there.version != version:
        limit = wanted.concurrency_limit.limit if wanted.concurrency_limit else None
        options = wanted.concurrency_limit and wanted.concurrency_limit.model_dump(include={"collision_strategy"})
        client.create_deployment(
            client.create_flow(flow),
            wanted.name,
            version=version,
            entrypoint=wanted.entrypoint,
            description=wanted.description,
            tags=list(wanted.tags),
            parameters=wanted.parameters,
            schedules=[
                DeploymentScheduleCreate(schedule=CronSchedule(cron=item.cron, timezone=item.timezone), slug=item.slug)
                for item in wanted.schedules
            ],
            concurrency_limit=limit,
            concurrency_options=ConcurrencyOptions.model_validate(options) if options else None,
            work_pool_name=wanted.work_pool.name,
            work_queue_name=wanted.work_pool.work_queue_name,
            job_variables=wanted.work_pool.job_variables,
            parameter_openapi_schema=schema,
            enforce_parameter_schema=False,
            pull_steps=[],
        )
        made.changes.append(f"deployment {flow.name}/{wanted.name}")
    for trigger in wanted.triggers:
        deployed = client.read_deployment_by_name(f"{flow.name}/{wanted.name}")
        run = RunDeployment(source="selected", deployment_id=deployed.id, parameters=trigger.parameters)
        event = EventTrigger(expect=set(trigger.expect), match=trigger.match)
        owner = f"prefect.deployment.{deployed.id}"  # by which `prefect deploy` replaces it and makes no second one
        automation = AutomationCore(name=trigger.name, trigger=event, actions=[run], owner_resource=owner)
        made_automation(client, automation, made)


def made_automation(client: SyncPrefectClient, wanted: AutomationCore, made: Made) -> None:
    """Make an automation, or another in its place where one of its name says something else: its tag is its hash."""
    said = wanted.model_dump(mode="json", exclude={"tags"})
    tagged = wanted.model_copy(update={"tags": ["standings", digest(_sorted(said))[:16]]})
    there = client.read_automations_by_name(wanted.name)
    if [item.tags for item in there] == [tagged.tags]:
        return
    for item in there:
        client.delete_automation(item.id)
    client.create_automation(tagged)
    made.changes.append(f"automation {wanted.name}")


def _sorted(value: Any) -> Any:
    """Put lists in order, as those of a trigger are sets, which come in another order in each process."""
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((_sorted(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def made_alarm(client: SyncPrefectClient, settings: Settings, made: Made) -> Alarm:
    """Return the block that tells a person. A webhook's address is a secret, and kept as one."""
    if settings.alarm_block:
        kind, _, name = settings.alarm_block.partition("/")
        return kind, client.read_block_document_by_name(name, kind).id
    if settings.alarm_webhook is None:
        made.warnings.append("nobody is told when nights fail. Set STANDINGS_ALARM_WEBHOOK or STANDINGS_ALARM_BLOCK")
        return None
    url = settings.alarm_webhook.get_secret_value()
    try:
        there = client.read_block_document_by_name(ALARM, "webhook", include_secrets=True)
    except ObjectNotFound:
        there = None
    if there is not None and there.data.get("url") == url:
        return "webhook", there.id
    made.changes.append("webhook of the alarm")
    saved = Webhook(url=settings.alarm_webhook).save(ALARM, overwrite=True)
    assert isinstance(saved, UUID), saved  # outside of an event loop it is no promise of one
    return "webhook", saved
