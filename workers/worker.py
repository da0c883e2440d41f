"""The worker: which workflows and activities it runs, and how it stops."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker

from activities.crm import CrmActivities
from activities.disposing import DisposalActivities
from activities.duties import DutyActivities
from activities.incidents import IncidentActivities
from activities.paging import PagingActivities
from activities.ports import CrmPort, DutySource, IncidentPort, OnCallPort, SecureMailPort
from activities.privacy import PrivacyActivities
from activities.proving import ProofActivities
from activities.transferring import TransferActivities
from runtime.temporal import require_codec
from workers.sandbox import RememberingRunner
from workflows.duty import DutyWorkflow
from workflows.escalation import EscalationWorkflow
from workflows.handoff import HandoffWorkflow
from workflows.incident import IncidentWorkflow
from workflows.inquiry import InquiryWorkflow
from workflows.privacy import PrivacyRequestWorkflow
from workflows.proving import CheckpointJournal
from workflows.retention import RetentionWorkflow
from workflows.scheduled import OpenAudits, OpenReviews, OpenTrainingReminders

WORKFLOWS = (
    InquiryWorkflow,
    HandoffWorkflow,
    IncidentWorkflow,
    EscalationWorkflow,
    DutyWorkflow,
    PrivacyRequestWorkflow,
    OpenReviews,
    OpenTrainingReminders,
    OpenAudits,
    RetentionWorkflow,
    CheckpointJournal,
)


@dataclass(frozen=True)
class Outside:
    """What the activities act on.

    Attributes:
        crm: The system of record.
        on_call: Reaches the people on call.
        incidents: The incident management system.
        mail: Sends encrypted e-mail to receiving parties.
        duties: Says what the schedules are to open.
        privacy: Does what privacy requests ask for; None: another worker does.
        disposal: Destroys what is due, or to be erased; None: another worker does.
        proof: Signs checkpoints of the journal; None: another worker of the task queue does.
    """

    crm: CrmPort
    on_call: OnCallPort
    incidents: IncidentPort
    mail: SecureMailPort
    duties: DutySource
    privacy: PrivacyActivities | None = None
    disposal: DisposalActivities | None = None
    proof: ProofActivities | None = None


@dataclass(frozen=True)
class WorkerLimits:
    """How much a worker does at once.

    Attributes:
        workflow_task_slots: Workflow tasks at once.
        activity_slots: Activities at once; with the local ones no more than the database's pool.
        local_activity_slots: Journal flushes at once.
        graceful_shutdown: How long running activities may take to end when it is stopped.
        sticky_timeout: How long tasks wait for a worker that may be dead before another gets them.
    """

    workflow_task_slots: int
    activity_slots: int
    local_activity_slots: int
    graceful_shutdown: timedelta
    sticky_timeout: timedelta


def make_worker(
    client: Client,
    outside: Outside,
    *,
    task_queue: str,
    limits: WorkerLimits,
) -> Worker:
    """Return a worker that is not yet running.

    Args:
        client: Carries converter, codec and interceptors.
        outside: What its activities act on.
        task_queue: Where it listens.
        limits: How much at once, and how long it waits.

    Raises:
        CodecMissingError: The client seals nothing.
    """
    require_codec(client)
    crm, paging = CrmActivities(outside.crm), PagingActivities(outside.on_call)
    filing, transferring = IncidentActivities(outside.incidents), TransferActivities(outside.mail)
    due = DutyActivities(outside.duties)
    threads = limits.activity_slots + limits.local_activity_slots
    return Worker(
        client,
        task_queue=task_queue,
        workflows=WORKFLOWS,
        workflow_runner=RememberingRunner(),
        activities=[
            crm.flush,
            paging.page,
            paging.cancel_page,
            filing.file_report,
            transferring.send_encrypted,
            due.reviews_due,
            due.reminders_due,
            due.audits_due,
            due.is_renewed,
            *(_privacy(outside.privacy) if outside.privacy is not None else []),
            *(_disposing(outside.disposal) if outside.disposal is not None else []),
            *([outside.proof.checkpoint] if outside.proof is not None else []),
        ],
        activity_executor=ThreadPoolExecutor(threads, thread_name_prefix="activity"),
        max_concurrent_workflow_tasks=limits.workflow_task_slots,
        max_concurrent_activities=limits.activity_slots,
        max_concurrent_local_activities=limits.local_activity_slots,
        graceful_shutdown_timeout=limits.graceful_shutdown,
        sticky_queue_schedule_to_start_timeout=limits.sticky_timeout,
    )


def _privacy(privacy: PrivacyActivities) -> list[Callable[..., Any]]:
    return [
        privacy.place_hold,
        privacy.release_hold,
        privacy.holds_stand,
        privacy.make_export,
        privacy.destroy_export,
        privacy.end_open_cases,
        privacy.restrict,
    ]


def _disposing(disposal: DisposalActivities) -> list[Callable[..., Any]]:
    return [
        disposal.due,
        disposal.dispose,
        disposal.erase,
        disposal.dispose_of_customers,
        disposal.dispose_of_entries,
        disposal.file_run,
        disposal.forget_histories,
    ]
