"""Disposing in batches: the run of retention, and erasure with the end of its histories."""

from activities.disposing import Behind, CaseIds, DisposalActivities
from sop.disposal import (
    AccessLogOrder,
    Cursor,
    Disposal,
    DisposalOrder,
    DueQuestion,
    EntryCursor,
    ErasureOrder,
    RetentionRun,
)
from sop.models import Payload
from sop.policy import Policy
from sop.retention import rules_of
from temporalio import workflow

from workflows.options import ASK_WHAT_IS_DUE, DISPOSE, UNTIL_FORGOTTEN

BATCHES_TO_A_RUN = 100
"""So many batches, then the workflow continues as new: histories stay short."""

BATCH = 50
"""Classes of cases that are disposed of at once, in one transaction."""


class RetentionStart(Payload):
    """The input: the policy in force, which the schedule carries, and how far the run has come."""

    policy: Policy
    run: RetentionRun | None = None


async def dispose_of_what_is_due(start: RetentionStart) -> RetentionRun:
    """Dispose of all that is due, in batches; what is held, or fails, stops nothing else."""
    run = start.run or _begin(start.policy)
    while True:
        cursor, run = await _batch(start.policy, run)
        if cursor is None:
            return run
        if run.tried % BATCHES_TO_A_RUN == 0:
            workflow.continue_as_new(start.model_copy(update={"run": run}))


async def dispose_of_entries(policy: Policy, run: RetentionRun) -> RetentionRun:
    """Dispose of the entries of the access log whose time is over, in batches."""
    if not workflow.patched("access-log"):
        return run
    now, rules, number = workflow.now(), rules_of(policy), 0
    behind: EntryCursor | None = None
    while behind is not None or not number:
        number += 1
        batch = await workflow.execute_activity_method(
            DisposalActivities.dispose_of_entries,
            AccessLogOrder(
                certificate_id=f"{run.certificate_id}.access-log.{number}",
                at=now,
                rules=rules,
                after=behind,
            ),
            summary="Delete old entries of the access log",
            **DISPOSE,
        )
        run, behind = run.after_entries(batch), batch.behind
    return run


async def certify(run: RetentionRun) -> RetentionRun:
    """Let go of the customers whose last case has gone, and file the run's certificate."""
    gone = 0
    behind: str | None = ""
    while behind is not None:
        customers = await workflow.execute_activity_method(
            DisposalActivities.dispose_of_customers,
            Behind(customer_id=behind),
            summary="Delete the own records of customers whose last case has gone",
            **DISPOSE,
        )
        gone, behind = gone + customers.gone, customers.behind
    run = run.model_copy(
        update={"customers_gone": run.customers_gone + gone, "ended_at": workflow.now()}
    )
    await workflow.execute_activity_method(
        DisposalActivities.file_run, run, summary="File the certificate of the run", **DISPOSE
    )
    facts = {"certificate_id": run.certificate_id, "gone": run.gone, "held": sum(run.held.values())}
    if run.failures:
        workflow.logger.error("retention.failed", extra={**facts, "failures": run.failures})
    else:
        workflow.logger.info("retention.done", extra=facts)
    return run


async def erase(order: ErasureOrder) -> Disposal:
    """Erase what the law does not keep of a customer, and wait until Temporal shows no more of it.

    Call it in a workflow that the erasure belongs to. Returns when nothing of what went is left.
    """
    disposal = await workflow.execute_activity_method(
        DisposalActivities.erase,
        order,
        summary="Destroy keys, delete histories and records",
        **DISPOSE,
    )
    ids = sorted({each.case_id for each in disposal.gone if each.record_class == "history"})
    if ids:
        # Tried again by the server until nothing is shown: that adds no event to this history.
        await workflow.execute_activity_method(
            DisposalActivities.forget_histories,
            CaseIds(case_ids=tuple(ids)),
            summary="See whether Temporal has deleted the histories",
            **UNTIL_FORGOTTEN,
        )
    return disposal


def _begin(policy: Policy) -> RetentionRun:
    now, run_id = workflow.now(), workflow.info().first_execution_run_id
    return RetentionRun(
        certificate_id=f"retention-{now:%Y%m%d}-{run_id.replace('-', '')[:12]}",
        policy_version=policy.version,
        began_at=now,
    )


async def _batch(policy: Policy, run: RetentionRun) -> tuple[Cursor | None, RetentionRun]:
    """Dispose of the next batch; None: it was the last one."""
    now, rules = workflow.now(), rules_of(policy)
    due = await workflow.execute_activity_method(
        DisposalActivities.due,
        DueQuestion(rules=rules, at=now, after=run.cursor, limit=BATCH),
        summary="Ask what is due",
        **ASK_WHAT_IS_DUE,
    )
    if not due.items:
        return None, run
    order = DisposalOrder(
        certificate_id=f"{run.certificate_id}.{run.tried + 1}",
        at=now,
        policy_version=run.policy_version,
        items=due.items,
    )
    disposal = await workflow.execute_activity_method(
        DisposalActivities.dispose,
        order,
        summary="Destroy keys, delete histories and records",
        **DISPOSE,
    )
    return due.behind, run.after(disposal, due.behind)
