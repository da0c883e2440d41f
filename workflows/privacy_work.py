"""The work of privacy requests: which activities do it, in which order (HOF-5.1)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from activities.privacy import PrivacyActivities
from activities.privacy_ports import PrivacyJob
from sop.disposal import Because, ErasureOrder, RetentionRules, closed_and_kept
from sop.errors import NotTheirCaseError
from sop.privacy.doing import MOST_NAMED
from sop.privacy.models import RefusalReason, Work, WorkDone
from sop.privacy.request import PrivacyRequest
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from workflows.disposing import erase
from workflows.options import END_CASES, PRIVACY_WORK

_PLAIN: Mapping[Work, tuple[Callable[[PrivacyActivities, PrivacyJob], None], str]]
_PLAIN = MappingProxyType(
    {
        Work.PLACE_HOLD: (PrivacyActivities.place_hold, "Place the hold"),
        Work.RELEASE_HOLD: (PrivacyActivities.release_hold, "Release the hold"),
        Work.DELETE_EXPORT: (PrivacyActivities.destroy_export, "Destroy the export's document"),
    }
)

_STANDS = frozenset({Because.HOLD, Because.LEGAL_BASIS})
"""Where nothing else keeps what remains, only the release of a hold changes anything."""


async def do_work(work: Work, case: PrivacyRequest) -> WorkDone:
    """Do a piece of work, for as long as it takes.

    Raises:
        FailureError: An operator has failed the activity.
    """
    state = case.state
    job = PrivacyJob(
        request_id=state.case_id,
        customer_id=state.customer_id,
        cases=state.cases,
        at=workflow.now(),
    )
    if work is Work.ERASE:
        return await _erase(job, case)
    if work is Work.EXPORT:
        return await workflow.execute_activity_method(
            PrivacyActivities.make_export,
            job,
            summary="Collect every record of the person",
            **PRIVACY_WORK,
        )
    what, summary = _PLAIN[work]
    try:
        await workflow.execute_activity_method(what, job, summary=summary, **PRIVACY_WORK)
    except ActivityError as error:
        if not _is_of_no_case(error):
            raise
        return WorkDone(work=work, refusal=RefusalReason.NOT_THEIR_DATA)
    return WorkDone(work=work)


def _is_of_no_case(error: ActivityError) -> bool:
    cause = error.cause
    return isinstance(cause, ApplicationError) and cause.type == NotTheirCaseError.code


async def _erase(job: PrivacyJob, case: PrivacyRequest) -> WorkDone:
    """End the open cases, and destroy what the law does not keep; a hold wins any race."""
    state, policy = case.state, case.policy
    held = {hold for part in state.remaining for hold in part.holds}
    all_named = len(state.remaining) < MOST_NAMED
    if held and all_named and all(part.because in _STANDS for part in state.remaining):
        stand = await workflow.execute_activity_method(
            PrivacyActivities.holds_stand,
            job.model_copy(update={"holds": tuple(sorted(held))}),
            summary="See whether the holds still stand",
            **PRIVACY_WORK,
        )
        if stand:
            return WorkDone(work=Work.ERASE, remaining=state.remaining)
    ended = await workflow.execute_activity_method(
        PrivacyActivities.end_open_cases, job, summary="End the open cases", **END_CASES
    )
    order = ErasureOrder(
        certificate_id=f"erasure-{state.case_id}-{state.attempts + 1}",
        customer_id=state.customer_id,
        at=workflow.now(),
        rules=RetentionRules(
            policy_version=policy.version,
            retention=policy.retention,
            time_zone=policy.desk.time_zone,
        ),
        ended=ended.terminated,
    )
    what = await erase(order)
    left = closed_and_kept(what.kept)
    if left:
        await workflow.execute_activity_method(
            PrivacyActivities.restrict,
            job.model_copy(update={"cases": left}),
            summary="Keep the desk from reading what is left",
            **PRIVACY_WORK,
        )
    return WorkDone(
        work=Work.ERASE,
        counts=what.counts,
        remaining=what.kept,
        certificates=(what.certificate_id,),
        ended=ended.in_order + len(ended.terminated),
    )
