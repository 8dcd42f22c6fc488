"""What a server watches by itself: runs whose process is gone, nights that do not come, and runs that failed."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import StateType
from prefect.events.actions import CallWebhook, ChangeFlowRunState, DoNothing, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from tasks.prefect_server import HEARTBEAT

NIGHTS_WITHIN = timedelta(hours=26)
ANNOUNCED = ("nightly", "release", "refresh", "watch_releases", "track_adoption", "canary")
# A run's events are named after its state, and `Degraded` and `Drifted` are states of ours.
FINISHED = {"prefect.flow-run.Completed", "prefect.flow-run.Degraded"}
UNDONE = {"prefect.flow-run.Degraded"}
BROKEN = {"prefect.flow-run.Failed", "prefect.flow-run.Crashed", "prefect.flow-run.Drifted"}
Alarm = tuple[str, UUID] | None  # the type of the block that tells a person, and which one


def automations(alarm: Alarm, nights_within: timedelta = NIGHTS_WITHIN) -> list[AutomationCore]:
    """Make all that is watched. Without an alarm a server still shows what fired, and tells nobody."""
    return [
        AutomationCore(
            name="runs whose process is gone",
            description="A worker that dies with its runs tells nobody: without a heartbeat they count as crashed.",
            trigger=EventTrigger(
                match={"prefect.resource.id": "prefect.flow-run.*"},
                after={"prefect.flow-run.heartbeat"},
                expect={"prefect.flow-run.*"},  # another heartbeat, or whatever end
                for_each={"prefect.resource.id"},
                posture=Posture.Proactive,
                threshold=1,
                within=timedelta(seconds=3 * HEARTBEAT),
            ),
            actions=[ChangeFlowRunState(state=StateType.CRASHED, message="no heartbeat: its process is gone")],
        ),
        AutomationCore(
            name="no night has finished",
            description="Nights can end in silence: a schedule that is paused, a server that cancels each new one.",
            trigger=EventTrigger(
                match={"prefect.resource.id": "prefect.flow-run.*"},
                match_related=_of("nightly"),
                expect=FINISHED,
                posture=Posture.Proactive,
                threshold=1,
                within=nights_within,
            ),
            actions=[tell(alarm, f"Standings: no night has finished for {nights_within}. See: standings status")],
        ),
        AutomationCore(
            name="a run failed",
            description="Of the flows that run by themselves; an assignment that crashed is the next plan's business.",
            trigger=EventTrigger(
                match={"prefect.resource.id": "prefect.flow-run.*"},
                match_related=_of(*ANNOUNCED),
                expect=BROKEN,
                posture=Posture.Reactive,
            ),
            actions=[
                tell(
                    alarm,
                    "Standings: {{ flow.name }} ended {{ flow_run.state.name }} ({{ flow_run.name }}): "
                    "{{ flow_run.state.message }}. See: standings status",
                )
            ],
        ),
        AutomationCore(
            name="a night left work undone",
            description="It counts as finished; but a pool without a worker would leave each night like this.",
            trigger=EventTrigger(
                match={"prefect.resource.id": "prefect.flow-run.*"},
                match_related=_of("nightly", "release"),
                expect=UNDONE,
                posture=Posture.Reactive,
            ),
            actions=[
                tell(
                    alarm,
                    "Standings: {{ flow_run.name }} left work undone: {{ flow_run.state.message }}. "
                    "See: standings status",
                )
            ],
        ),
    ]


def tell(alarm: Alarm, text: str) -> Any:
    """Make the action that tells a person: by the webhook or the notification block that the settings name."""
    if alarm is None:
        return DoNothing()
    kind, block = alarm
    if kind == "webhook":
        quoted = "{% set text %}" + text + "{% endset %}" + '{"text": {{ text|tojson }}}'
        return CallWebhook(block_document_id=block, payload=quoted)
    return SendNotification(block_document_id=block, subject="Standings", body=text)


def _of(*flows: str) -> dict[str, str | list[str]]:
    return {"prefect.resource.role": "flow", "prefect.resource.name": list(flows)}
