"""The worker: which workflows and activities it runs, and how it stops."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from activities.crm import CrmActivities
from activities.incidents import IncidentActivities
from activities.paging import PagingActivities
from activities.ports import CrmPort, IncidentPort, OnCallPort, SecureMailPort
from activities.transferring import TransferActivities
from workflows.escalation import EscalationWorkflow
from workflows.handoff import HandoffWorkflow
from workflows.incident import IncidentWorkflow
from workflows.inquiry import InquiryWorkflow

WORKFLOWS = (InquiryWorkflow, HandoffWorkflow, IncidentWorkflow, EscalationWorkflow)


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
    *,
    crm: CrmPort,
    on_call: OnCallPort,
    incidents: IncidentPort,
    mail: SecureMailPort,
    task_queue: str,
    limits: WorkerLimits,
) -> Worker:
    """Return a worker that is not yet running.

    Args:
        client: Carries converter, codec and interceptors.
        crm: The system of record.
        on_call: Reaches the people on call.
        incidents: The incident management system.
        mail: Sends encrypted e-mail to receiving parties.
        task_queue: Where it listens.
        limits: How much at once, and how long it waits.
    """
    crm_activities, paging = CrmActivities(crm), PagingActivities(on_call)
    filing, transferring = IncidentActivities(incidents), TransferActivities(mail)
    threads = limits.activity_slots + limits.local_activity_slots
    return Worker(
        client,
        task_queue=task_queue,
        workflows=WORKFLOWS,
        activities=[
            crm_activities.flush,
            paging.page,
            paging.cancel_page,
            filing.file_report,
            transferring.send_encrypted,
        ],
        activity_executor=ThreadPoolExecutor(threads, thread_name_prefix="activity"),
        max_concurrent_workflow_tasks=limits.workflow_task_slots,
        max_concurrent_activities=limits.activity_slots,
        max_concurrent_local_activities=limits.local_activity_slots,
        graceful_shutdown_timeout=limits.graceful_shutdown,
        sticky_queue_schedule_to_start_timeout=limits.sticky_timeout,
    )
