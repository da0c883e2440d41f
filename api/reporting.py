"""Reporting a step to a case: what all the routes of the Updates have in common."""

from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Response, params

from api import presenting
from api.dependencies import CaseId, OptionalKey, fingerprint, permitted
from api.parts import Parts, WithParts, is_recorded
from api.schemas.steps import Receipt
from api.schemas.values import Request
from runtime.case_errors import CaseEndedError, UnknownCaseError
from sop import messages
from sop.models import Actor

C = TypeVar("C", bound=messages.Command)


@dataclass(frozen=True, slots=True)
class Report(Generic[C]):
    """A step of one kind that the caller may report to the case at hand."""

    command: type[C]
    parts: Parts
    response: Response
    case_id: str
    actor: Actor
    key: str | None

    async def take(self, body: Request, **more: object) -> Receipt:
        """Report the step, and answer with its receipt: 202 where the CRM follows later.

        Args:
            body: What the caller said.
            more: What the API adds to it.
        """
        try:
            receipt = await self.parts.cases.step(
                self.case_id, self.step(body, **more), key=self.key
            )
        except UnknownCaseError:
            # Temporal forgets a closed case after its retention; the CRM knows it for longer.
            if not await is_recorded(self.parts, self.case_id):
                raise
            raise CaseEndedError from None
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

    def show(self, receipt: messages.Receipt) -> Receipt:
        """Return the receipt as the answer."""
        if not receipt.recorded:
            self.response.status_code = 202
        return presenting.receipt(self.parts, receipt)


def reports(command: type[C]) -> params.Depends:
    """Return the dependency that lets through who may report a step."""

    async def report(
        case_id: CaseId,
        parts: WithParts,
        response: Response,
        actor: Annotated[Actor, Depends(permitted(command.step))],
        key: OptionalKey = None,
    ) -> Report[C]:
        return Report(command, parts, response, case_id, actor, key)

    return params.Depends(report)
