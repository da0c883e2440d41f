"""What a workflow's history tells: its events, its billable actions, its bytes, its rest."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory

OF_THE_CLOCK_TURNED = {
    "workflow_execution_options_updated",
    "workflow_execution_time_skipping_transitioned",
}
"""Events that come from skipping time, which no real case has: they are not counted."""

ACTIONS = {
    "workflow_execution_started": "workflow started",
    "start_child_workflow_execution_initiated": "child workflow asked for",
    "workflow_execution_update_accepted": "update accepted",
    "timer_started": "timer started",
    "upsert_workflow_search_attributes": "search attributes changed",
    "activity_task_scheduled": "activity attempt",
    "signal_external_workflow_execution_initiated": "signal sent to another workflow",
}
"""Events that are one billable action each, by Temporal Cloud's rules. A child workflow is two."""

LOCAL_ACTIVITIES = "workflow task with local activities"
"""One action, however many local activities ran in the task."""

_ENDS = {
    "workflow_task_scheduled": (
        "workflow_task_completed", "workflow_task_failed", "workflow_task_timed_out",
    ),
    "activity_task_scheduled": (
        "activity_task_completed", "activity_task_failed", "activity_task_timed_out",
        "activity_task_canceled",
    ),
    "signal_external_workflow_execution_initiated": (
        "external_workflow_execution_signaled", "signal_external_workflow_execution_failed",
    ),
    "start_child_workflow_execution_initiated": (
        "child_workflow_execution_started", "start_child_workflow_execution_failed",
    ),
}  # fmt: skip


def name_of(event: HistoryEvent) -> str:
    """Return the kind of an event, such as `timer_started`."""
    return (event.WhichOneof("attributes") or "").removesuffix("_event_attributes")


def kinds_of(history: WorkflowHistory) -> Counter[str]:
    """Return how many events of each kind a history holds, all of them."""
    return Counter(map(name_of, history.events))


def own_events(history: WorkflowHistory) -> list[HistoryEvent]:
    """Return the events that a real case has too."""
    return [event for event in history.events if name_of(event) not in OF_THE_CLOCK_TURNED]


def actions_in(history: WorkflowHistory) -> Counter[str]:
    """Return the billable actions that a history proves, by kind."""
    actions: Counter[str] = Counter()
    for event in history.events:
        if kind := ACTIONS.get(name_of(event)):
            actions[kind] += 1
        if name_of(event) == "activity_task_started":
            actions[ACTIONS["activity_task_scheduled"]] += (
                event.activity_task_started_event_attributes.attempt - 1
            )
    tasks = {
        event.marker_recorded_event_attributes.workflow_task_completed_event_id
        for event in history.events
        if event.marker_recorded_event_attributes.marker_name == "core_local_activity"
    }
    if tasks:
        actions[LOCAL_ACTIVITIES] = len(tasks)
    return actions


def payload_bytes(history: WorkflowHistory) -> int:
    """Return the bytes of all payloads that a history carries: inputs, results, summaries."""
    return sum(len(payload.data) for event in own_events(history) for payload in payloads_of(event))


def stored_bytes(history: WorkflowHistory) -> int:
    """Return the bytes of a history as the server keeps it."""
    return sum(event.ByteSize() for event in own_events(history))


def rests(history: WorkflowHistory) -> bool:
    """Return whether no task, activity, signal or child of a workflow is under way."""
    kinds = kinds_of(history)
    return all(kinds[begun] == sum(kinds[end] for end in ends) for begun, ends in _ENDS.items())


def children_of(history: WorkflowHistory) -> list[str]:
    """Return the ids of the children that a workflow started."""
    return [
        event.child_workflow_execution_started_event_attributes.workflow_execution.workflow_id
        for event in history.events
        if name_of(event) == "child_workflow_execution_started"
    ]


def payloads_of(message: Message) -> Iterator[Payload]:
    """Yield every payload in a message, as Temporal has it."""
    if isinstance(message, Payload):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in _parts(field, value):
            yield from payloads_of(part)


def _parts(field: Any, value: Any) -> list[Message]:
    """Return the messages in a field: one, a list of them, or the values of a map."""
    if field.message_type.GetOptions().map_entry:
        return [part for part in value.values() if isinstance(part, Message)]
    return [value] if isinstance(value, Message) else list(value)
