"""The work of privacy requests: which activities do it, in which order (HOF-5.1)."""

from activities.privacy import PrivacyActivities
from activities.privacy_ports import PrivacyJob
from sop.privacy.models import Work, WorkDone
from sop.privacy.request import PrivacyRequest
from temporalio import workflow

from workflows.options import PRIVACY_WORK


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
    match work:
        case Work.EXPORT:
            return await workflow.execute_activity_method(
                PrivacyActivities.make_export,
                job,
                summary="Collect every record of the person",
                **PRIVACY_WORK,
            )
        case Work.ERASE:
            return await _erase(job, case)
        case Work.PLACE_HOLD:
            what, summary = PrivacyActivities.place_hold, "Place the hold"
        case Work.RELEASE_HOLD:
            what, summary = PrivacyActivities.release_hold, "Release the hold"
        case Work.DELETE_EXPORT:
            what, summary = PrivacyActivities.destroy_export, "Destroy the export's document"
    await workflow.execute_activity_method(what, job, summary=summary, **PRIVACY_WORK)
    return WorkDone(work=work)
