"""The certificates of receiving parties: without one on file nothing is mailed (HOF-4.2.4)."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool

from api import limits
from api.dependencies import JSON_BODY, permitted
from api.openapi import problems
from api.parts import Parts, WithParts
from api.problems import ProblemError
from api.schemas.recipients import CertificateIn, CertificateList, CertificateView
from api.schemas.values import shown
from sop.handoff.recipients import RecipientKey
from sop.models import Actor, Principal

_NONE = "Nothing is on file for this receiving party. A party is named by its principal."
_PRINCIPAL: TypeAdapter[str] = TypeAdapter(Principal)

router = APIRouter(
    prefix="/v1/receiving-parties/{party}/certificate",
    tags=["recipients"],
    responses=problems(
        "unauthenticated", "not-allowed", "not-found", "internal-error", "crm-unavailable"
    ),
)


async def _party(
    party: Annotated[
        str, Path(description="The receiving party's principal.", examples=["archive"])
    ],
) -> str:
    """Return a party's principal; what cannot be one is nobody's.

    Raises:
        ProblemError: `not-found`.
    """
    try:
        return _PRINCIPAL.validate_python(party)
    except ValidationError:
        raise ProblemError("not-found", detail=_NONE) from None


Party = Annotated[str, Depends(_party)]
Reader = Annotated[Actor, Depends(permitted("read_recipients"))]
Manager = Annotated[Actor, Depends(permitted("manage_recipients"))]


@router.put(
    "",
    operation_id="put_certificate",
    summary="Put a receiving party's certificate on file",
    dependencies=[JSON_BODY],
    max_body_size=limits.BODY,
    responses=problems(
        "malformed-json", "body-too-large", "unsupported-media-type", "invalid-request",
        "invalid-value",
    ),
)  # fmt: skip
async def put_certificate(
    party: Party, body: CertificateIn, parts: WithParts, actor: Manager
) -> CertificateView:
    """Let mail for the party be encrypted to this certificate from now on.

    It must be valid now, with an RSA key of 2048 bits or more. One that was revoked stays so.
    """
    key = await run_in_threadpool(
        parts.recipients.add,
        party,
        body.certificate,
        address=body.address,
        added_by=actor.principal,
    )
    return _view(parts, key, in_use=True)


@router.get("", operation_id="list_certificates", summary="List a receiving party's certificates")
async def list_certificates(party: Party, parts: WithParts, _: Reader) -> CertificateList:
    """List what is on file for a party: fingerprint and end of each certificate."""
    now = datetime.now(UTC)
    found = await run_in_threadpool(parts.recipients.list, party)
    return CertificateList(
        certificates=[
            _view(parts, key, in_use=place == 0 and key.valid_at(now))
            for place, key in enumerate(found)
        ]
    )


@router.delete(
    "",
    operation_id="revoke_certificate",
    summary="Revoke a receiving party's certificates",
    status_code=204,
)
async def revoke_certificate(party: Party, parts: WithParts, _: Manager) -> None:
    """Let nothing more be encrypted to any certificate of the party, now or later."""
    if not await run_in_threadpool(parts.recipients.revoke, party):
        raise ProblemError("not-found", detail=_NONE)


def _view(parts: Parts, key: RecipientKey, *, in_use: bool) -> CertificateView:
    return CertificateView.model_validate({**shown(key, parts.desk), "in_use": in_use})
