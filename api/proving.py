"""Certificates and explanations of cases of every kind, made from what the CRM shows."""

from starlette.concurrency import run_in_threadpool

from api.parts import Parts
from api.schemas.proof import (
    CertificateLineView,
    CertificateView,
    ExplanationView,
    ToldEntryView,
)
from api.schemas.values import shown
from api.shown_to import shown_to
from runtime.case_errors import UnknownCaseError
from sop.certificate import Certificate, certify
from sop.certificate_rules import RULES
from sop.explain import explain
from sop.models import Actor
from sop.records import TimelineEntry
from sop.standing import Standing, kind_of


async def certificate(parts: Parts, actor: Actor, case_id: str) -> CertificateView:
    """Return what an inquiry, a handoff or an incident proves.

    Raises:
        UnknownCaseError: There is no such case.
    """
    standing, timeline = await _read(parts, case_id)
    return shown_to(actor, _shown(parts, certify(standing, timeline, RULES[standing.kind])))


async def explanation(parts: Parts, actor: Actor, case_id: str) -> ExplanationView:
    """Return an inquiry, a handoff or an incident in plain language.

    Raises:
        UnknownCaseError: There is no such case.
    """
    standing, timeline = await _read(parts, case_id)
    missing = certify(standing, timeline, RULES[standing.kind]).missing
    told = explain(standing, timeline, parts.desk, missing)
    entries = [ToldEntryView.model_validate(shown(entry, parts.desk)) for entry in told.entries]
    view = ExplanationView(case_id=told.case_id, entries=entries, standing=list(told.standing))
    return shown_to(actor, view)


async def _read(parts: Parts, case_id: str) -> tuple[Standing, tuple[TimelineEntry, ...]]:
    """Read how a case stands and its journal; one that the CRM does not have yet has none."""
    kind = kind_of(case_id)
    if kind is None:
        raise UnknownCaseError(case_id)
    timeline = await run_in_threadpool(parts.reads.timeline, case_id)
    standing = await run_in_threadpool(parts.reads.standing, case_id)
    if standing is None:
        if not await parts.cases.exists(case_id):
            raise UnknownCaseError(case_id)
        standing = Standing(case_id=case_id, kind=kind)
    return standing, timeline


def _shown(parts: Parts, made: Certificate) -> CertificateView:
    lines = [CertificateLineView.model_validate(shown(line, parts.desk)) for line in made.lines]
    return CertificateView.model_validate({**shown(made, parts.desk), "lines": lines})
