"""The certificate of a case: who, when and which entry proves each clause, or what is missing.

It is made from the journal alone, so that it can be checked against it line by line (INQ-4.5.1,
HOF-4.3.2).
"""

from collections.abc import Iterable
from enum import StrEnum

from pydantic import AwareDatetime

from sop.certificate_rules import (
    BY_CONSTRUCTION,
    NEVER_DUE,
    OF_THE_DESK,
    STILL_OPEN,
    UNSETTLED,
    Rules,
)
from sop.clauses import CLAUSES, MetAs
from sop.durations import format_milliseconds
from sop.models import Payload, Role
from sop.proofs import Proofs, proofs_of
from sop.records import TimelineEntry
from sop.standing import CaseKind, Standing


class LineStatus(StrEnum):
    """How a clause stands in one case."""

    PROVED = "proved"
    """An entry of the journal is the proof."""
    BY_CONSTRUCTION = "by_construction"
    """No entry bears it; a check of the software meets it in every case."""
    MISSING = "missing"
    """It stands between the case and closing."""
    WITHDRAWN = "withdrawn"
    """It was proved, and the proof has fallen."""
    NOT_APPLICABLE = "not_applicable"
    """The case gave no occasion for it."""
    OPEN = "open"
    """Neither proved nor asked for at closing."""


class CertificateLine(Payload):
    """One clause in one case.

    Attributes:
        by: Who did what proves it; of a fallen proof, who did what withdrew it.
        entry: The entry of which that is true, as `stream#seq`.
        note: Why there is no proof, or how late it was.
    """

    clause: str
    summary: str
    met_as: MetAs
    status: LineStatus
    by: str | None = None
    role: Role | None = None
    at: AwareDatetime | None = None
    entry: str | None = None
    note: str = ""


class Certificate(Payload):
    """What a case proves of its procedure.

    Attributes:
        as_of: The moment of the last entry that it is made from; None without any.
        complete: Nothing that closing asks for is missing.
        missing: The clauses that are, in their order.
    """

    case_id: str
    kind: CaseKind
    policy_version: str
    as_of: AwareDatetime | None
    complete: bool
    missing: tuple[str, ...]
    lines: tuple[CertificateLine, ...]


def certify(standing: Standing, timeline: Iterable[TimelineEntry], rules: Rules) -> Certificate:
    """Return the certificate of a case, its clauses in the catalogue's order.

    Args:
        standing: How the case stands.
        timeline: Its confirmed journal; entries of its escalations are passed over.
        rules: What its kind has to prove.
    """
    entries = tuple(timeline)
    proofs = proofs_of(standing.case_id, entries)
    missing = _missing(standing, proofs, rules)
    listed = {*rules.concerns, *proofs.holding, *proofs.fallen, *missing}
    return Certificate(
        case_id=standing.case_id,
        kind=standing.kind,
        policy_version=standing.policy_version,
        as_of=max((entry.at for entry in entries), default=None),
        complete=not missing,
        missing=missing,
        lines=tuple(
            _line(clause, standing, proofs, rules, missing=clause in missing)
            for clause in CLAUSES
            if clause in listed
        ),
    )


def _missing(standing: Standing, proofs: Proofs, rules: Rules) -> tuple[str, ...]:
    if standing.closed_as in rules.released_by:
        return ()
    asked = {*rules.gating, *(c for kind, c in rules.asked_after.items() if kind in proofs.kinds)}
    if proofs.awaited and rules.while_handed_off is not None:
        asked.add(rules.while_handed_off)
    held = proofs.holding.keys()
    lacking = {c for c in asked if held.isdisjoint({c, rules.alternatives.get(c, c)})}
    lacking |= {clause for clause, kind in rules.until.items() if kind not in proofs.kinds}
    return tuple(clause for clause in CLAUSES if clause in lacking)


def _line(
    clause: str, standing: Standing, proofs: Proofs, rules: Rules, *, missing: bool
) -> CertificateLine:
    proof, fallen = proofs.holding.get(clause), proofs.fallen.get(clause)
    if proof is not None and missing:
        return _line_of(clause, LineStatus.MISSING, UNSETTLED)
    if proof is not None:
        return _line_of(clause, LineStatus.PROVED, _lateness(proof), proof)
    if fallen is not None and standing.closed_as not in rules.released_by:
        note = f"Its proof {_name(fallen.proof)} fell with this entry: {_why(fallen.by)}."
        return _line_of(clause, LineStatus.WITHDRAWN, note, fallen.by)
    if missing:
        other = rules.alternatives.get(clause)
        return _line_of(clause, LineStatus.MISSING, f"Or {other}." if other else "")
    return _line_of(clause, *_unproved(clause, standing, proofs, rules))


def _unproved(
    clause: str, standing: Standing, proofs: Proofs, rules: Rules
) -> tuple[LineStatus, str]:
    """Return how a clause stands that nothing proves, and that closing does not ask for."""
    released = standing.closed_as in rules.released_by
    instead = {**rules.alternatives, **{b: a for a, b in rules.alternatives.items()}}.get(clause)
    if instead is not None and instead in proofs.holding:
        return LineStatus.NOT_APPLICABLE, f"{instead} holds instead."
    if released and (clause in rules.gating or clause in proofs.fallen):
        return LineStatus.NOT_APPLICABLE, f"The case was closed as {standing.closed_as}."
    if clause in NEVER_DUE:
        return LineStatus.NOT_APPLICABLE, NEVER_DUE[clause]
    if clause in BY_CONSTRUCTION:
        version = standing.policy_version or "in force"
        return LineStatus.BY_CONSTRUCTION, BY_CONSTRUCTION[clause].format(version=version)
    return LineStatus.OPEN, STILL_OPEN.get(clause, OF_THE_DESK)


def _line_of(
    clause: str, status: LineStatus, note: str, entry: TimelineEntry | None = None
) -> CertificateLine:
    known = CLAUSES[clause]
    return CertificateLine(
        clause=clause,
        summary=known.summary,
        met_as=known.met_as,
        status=status,
        by=entry.actor.principal if entry else None,
        role=entry.actor.role if entry else None,
        at=entry.at if entry else None,
        entry=_name(entry) if entry else None,
        note=note,
    )


def _name(entry: TimelineEntry) -> str:
    return f"{entry.stream}#{entry.seq}"


def _why(entry: TimelineEntry) -> str:
    return entry.kind.replace(".", " ").replace("_", " ")


def _lateness(proof: TimelineEntry) -> str:
    late = proof.detail.get("lateness_ms")
    if not isinstance(late, int):
        return ""
    said = format_milliseconds(late)
    return "On time." if said == format_milliseconds(0) else f"{said} late."
