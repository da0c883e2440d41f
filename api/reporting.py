"""Reporting a step to a case: what all the routes of the Updates have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Response, params

from api import presenting, presenting_handoffs, presenting_incidents, presenting_privacy
from api.dependencies import (
    CaseId,
    HandoffId,
    IncidentId,
    OptionalKey,
    PrivacyId,
    fingerprint,
)
from api.parts import Parts, WithParts
from api.schemas.steps import HandoffReceipt, IncidentReceipt, PrivacyReceipt, Receipt
from api.schemas.values import Request
from api.sight import on_case
from sop import messages
from sop.models import Actor

C = TypeVar("C", bound=messages.Command)
R = TypeVar("R")


@dataclass(frozen=True)
class StepReport(Generic[C, R]):
    """A step of one kind that the caller may report to the case at hand.

    Attributes:
        present: Returns a receipt as the case's kind shows it.
    """

    command: type[C]
    present: Callable[[Parts, messages.Receipt], R]
    parts: Parts
    response: Response
    case_id: str
    actor: Actor
    key: str | None

    async def take(self, body: Request, **more: object) -> R:
        """Report the step, and answer with its receipt: 202 where the CRM follows later.

        Args:
            body: What the caller said.
            more: What the API adds to it.
        """
        receipt = await self.parts.cases.step(self.case_id, self.step(body, **more), key=self.key)
        return self.show(receipt)

    def step(self, body: Request, **more: object) -> C:
        """Return the step with its actor and fingerprint."""
        said = {
            **body.model_dump(),
            "actor": self.actor,
            "digest": fingerprint(self.command.step, body),
            **more,
        }
        return self.command.model_validate(said)

    def show(self, receipt: messages.Receipt) -> R:
        """Return the receipt as the answer."""
        if not receipt.recorded:
            self.response.status_code = 202
        return self.present(self.parts, receipt)


class Report(StepReport[C, Receipt]):
    """A step in an inquiry."""


class HandoffReport(StepReport[C, HandoffReceipt]):
    """A step in a handoff."""


class IncidentStep(StepReport[C, IncidentReceipt]):
    """A step in an incident."""


class PrivacyStep(StepReport[C, PrivacyReceipt]):
    """A step in a privacy request."""


def reports(command: type[C]) -> params.Depends:
    """Return the dependency that lets through who may report a step of this inquiry."""

    async def report(
        case_id: CaseId,
        parts: WithParts,
        response: Response,
        actor: Annotated[Actor, Depends(on_case(command.step))],
        key: OptionalKey = None,
    ) -> Report[C]:
        return Report(command, presenting.receipt, parts, response, case_id, actor, key)

    return params.Depends(report)


def handoff_reports(command: type[C]) -> params.Depends:
    """Return the dependency that lets through who may report a step of this handoff."""

    async def report(
        case_id: HandoffId,
        parts: WithParts,
        response: Response,
        actor: Annotated[Actor, Depends(on_case(command.step))],
        key: OptionalKey = None,
    ) -> HandoffReport[C]:
        show = presenting_handoffs.receipt
        return HandoffReport(command, show, parts, response, case_id, actor, key)

    return params.Depends(report)


def incident_steps(command: type[C]) -> params.Depends:
    """Return the dependency that lets through who may report a step of this incident."""

    async def report(
        case_id: IncidentId,
        parts: WithParts,
        response: Response,
        actor: Annotated[Actor, Depends(on_case(command.step))],
        key: OptionalKey = None,
    ) -> IncidentStep[C]:
        show = presenting_incidents.receipt
        return IncidentStep(command, show, parts, response, case_id, actor, key)

    return params.Depends(report)


def privacy_steps(command: type[C]) -> params.Depends:
    """Return the dependency that lets through who may report a step of a privacy request."""

    async def report(
        case_id: PrivacyId,
        parts: WithParts,
        response: Response,
        actor: Annotated[Actor, Depends(on_case(command.step))],
        key: OptionalKey = None,
    ) -> PrivacyStep[C]:
        show = presenting_privacy.receipt
        return PrivacyStep(command, show, parts, response, case_id, actor, key)

    return params.Depends(report)
