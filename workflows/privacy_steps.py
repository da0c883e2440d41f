"""The Updates of a privacy request, and the work that it has done (HOF-5.1).

A base class in a file of its own: the sandbox runs the workflow's file anew for every request,
and this one is passed through.
"""

import asyncio

from sop import messages as m
from sop.models import Payload
from sop.privacy import messages as p
from sop.privacy.models import PrivacyStage
from sop.privacy.request import PrivacyRequest
from sop.privacy.state import PrivacyState
from temporalio import workflow
from temporalio.exceptions import FailureError

from workflows.casework import Casework
from workflows.privacy_work import do_work


class PrivacyView(Payload):
    """The whole state of a request, and what follows from it."""

    stage: PrivacyStage
    holder: str | None
    level: int
    missing: tuple[str, ...]
    next_deadline: str | None
    state: PrivacyState


class PrivacySteps(Casework):
    """The steps of a privacy request."""

    case: PrivacyRequest
    _working: asyncio.Task[None] | None = None

    async def act(self) -> None:
        """Begin the work that is due, beside everything else."""
        if self._working is not None and self._working.done():
            self._working.result()  # a defect: let the task fail where it is seen
            self._working = None
        if self._working is None and self.case.state.work is not None:
            self._working = asyncio.create_task(self._work())

    def is_quiet(self) -> bool:
        """Return whether no work is under way."""
        return self._working is None or self._working.done()

    async def end(self) -> None:
        """End in order, when the work that is under way has ended."""
        await self.until_quiet()
        await super().end()

    async def _work(self) -> None:
        try:
            while (work := self.case.state.work) is not None:
                try:
                    await self.journal.drained()  # who asked for it is on record before it is done
                    found = await do_work(work, self.case)
                except FailureError:  # an operator has failed the activity: it is not done by that
                    workflow.logger.warning("privacy.repeated", extra={"work": str(work)})
                else:
                    self.case.done(found, workflow.now())
        finally:
            self.changed = True

    @workflow.query(description="The whole state of the privacy request")
    def state(self) -> PrivacyView:
        """Return everything the request knows."""
        deadline = self.case.next_deadline()
        return PrivacyView(
            stage=self.case.stage,
            holder=self.case.holder,
            level=self.case.level,
            missing=self.case.missing,
            next_deadline=f"{deadline.what} {deadline.at.isoformat()}" if deadline else None,
            state=self.case.state,
        )

    @workflow.update(description="Record how the requester was verified")
    async def verify_requester(self, step: p.VerifyRequester) -> m.Receipt:
        """Record how the requester was verified."""
        return await self.take(step)

    @verify_requester.validator
    def _check_verify_requester(self, step: p.VerifyRequester) -> None:
        self.check(step)

    @workflow.update(description="Approve it, as the first of two people")
    async def approve_privacy_request(self, step: p.ApprovePrivacyRequest) -> m.Receipt:
        """Approve it, as the first of two people."""
        return await self.take(step)

    @approve_privacy_request.validator
    def _check_approve_privacy_request(self, step: p.ApprovePrivacyRequest) -> None:
        self.check(step)

    @workflow.update(description="Release it, as the second of two people")
    async def release_privacy_request(self, step: p.ReleasePrivacyRequest) -> m.Receipt:
        """Release it, as the second of two people."""
        return await self.take(step)

    @release_privacy_request.validator
    def _check_release_privacy_request(self, step: p.ReleasePrivacyRequest) -> None:
        self.check(step)

    @workflow.update(description="Refuse the request")
    async def reject_privacy_request(self, step: p.RejectPrivacyRequest) -> m.Receipt:
        """Refuse the request."""
        return await self.take(step)

    @reject_privacy_request.validator
    def _check_reject_privacy_request(self, step: p.RejectPrivacyRequest) -> None:
        self.check(step)

    @workflow.update(description="Extend the clock, once")
    async def extend_privacy_request(self, step: p.ExtendPrivacyRequest) -> m.Receipt:
        """Extend the clock, once."""
        return await self.take(step)

    @extend_privacy_request.validator
    def _check_extend_privacy_request(self, step: p.ExtendPrivacyRequest) -> None:
        self.check(step)

    @workflow.update(description="Say that the requester was told")
    async def complete_privacy_request(self, step: p.CompletePrivacyRequest) -> m.Receipt:
        """Say that the requester was told."""
        return await self.take(step)

    @complete_privacy_request.validator
    def _check_complete_privacy_request(self, step: p.CompletePrivacyRequest) -> None:
        self.check(step)

    @workflow.update(description="Say that the hold is still needed")
    async def review_hold(self, step: p.ReviewHold) -> m.Receipt:
        """Say that the hold is still needed."""
        return await self.take(step)

    @review_hold.validator
    def _check_review_hold(self, step: p.ReviewHold) -> None:
        self.check(step)
