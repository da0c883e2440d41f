"""What a certificate asks of each kind of case, and what it says of clauses without an entry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sop.clauses import CLAUSES
from sop.closing import ALTERNATIVES, DISCREPANCY, GATING, HANDOFF_OPEN
from sop.handoff.stages import GATING as HANDOFF_GATING
from sop.standing import CaseKind


@dataclass(frozen=True)
class Rules:
    """What one kind of case has to prove.

    Attributes:
        concerns: The clauses that are listed, whether an entry bears them or not.
        gating: Clauses without whose proof the case does not close.
        alternatives: A gating clause to the one that stands in for it.
        asked_after: A kind of entry to the gating clause that it makes one.
        until: A clause that entries bear from the beginning, to the kind that settles it.
        while_handed_off: The clause that is missing while the case waits for a handoff's end.
        released_by: Ways to close that ask for no proof.
    """

    concerns: tuple[str, ...]
    gating: tuple[str, ...]
    alternatives: Mapping[str, str] = field(default_factory=dict)
    asked_after: Mapping[str, str] = field(default_factory=dict)
    until: Mapping[str, str] = field(default_factory=dict)
    while_handed_off: str | None = None
    released_by: frozenset[str] = frozenset()


def _of(procedure: str) -> tuple[str, ...]:
    return tuple(clause for clause in CLAUSES if clause.startswith(procedure))


INQUIRY = Rules(
    concerns=_of("INQ"),
    gating=GATING,
    alternatives=MappingProxyType(ALTERNATIVES),
    asked_after=MappingProxyType({"discrepancy.opened": DISCREPANCY}),
    while_handed_off=HANDOFF_OPEN,
    released_by=frozenset({"withdrawn", "duplicate"}),
)
HANDOFF = Rules(
    concerns=_of("HOF"),
    gating=HANDOFF_GATING,
    asked_after=MappingProxyType({"discrepancy.opened": DISCREPANCY}),
    released_by=frozenset({"withdrawn"}),
)
INCIDENT = Rules(
    concerns=("HOF-3.2", "HOF-4.3.2", "HOF-6.3", "HOF-7.3", "HOF-8"),
    gating=(),
    until=MappingProxyType({"HOF-6.3": "incident.closed"}),
)
PRIVACY = Rules(
    concerns=("HOF-3.2", "HOF-5.1", "HOF-8"),
    gating=(),
    until=MappingProxyType({"HOF-5.1": "privacy.closed"}),
)

RULES: Mapping[CaseKind, Rules] = MappingProxyType(
    {
        CaseKind.INQUIRY: INQUIRY,
        CaseKind.HANDOFF: HANDOFF,
        CaseKind.INCIDENT: INCIDENT,
        CaseKind.PRIVACY: PRIVACY,
    }
)

_ROLES = "Who may do what is one table; the route and the workflow both ask it."
_PLAIN = "The messages of policy {version} passed the check for plain language before it was used."
_TRAINED = "A step by somebody without the training that the policy asks for is refused."

BY_CONSTRUCTION: Mapping[str, str] = MappingProxyType(
    {
        "INQ-3.2": _ROLES,
        "INQ-5.1": _PLAIN,
        "INQ-5.2": _PLAIN,
        "INQ-7.1": "A policy that keeps inquiries for less than 12 months is refused.",
        "INQ-8.2": _TRAINED,
        "HOF-3.1": _ROLES,
        "HOF-3.2": _ROLES,
        "HOF-3.3": _ROLES,
        "HOF-6.1": _TRAINED,
        "HOF-8": "The case follows policy {version}, and its row and its journal say so.",
    }
)
"""Clauses that a check of the software meets in every case."""

NEVER_DUE: Mapping[str, str] = MappingProxyType(
    {
        "INQ-4.4.3": "No later answer was promised.",
        "INQ-4.4.4": "No rung was due, and nobody escalated.",
        "INQ-6.1": "No rung was due.",
        "INQ-6.2": "No rung was due.",
        "INQ-6.3": "No rung was due.",
        "HOF-4.1.4": "No discrepancy was found.",
        "HOF-6.3": "The journal tells of no breach.",
    }
)
"""Clauses that ask for nothing until something happens."""

_OPENING = "The entry that opens the case proves it."
_CLOSING = "The entry that closes the case proves it."

STILL_OPEN: Mapping[str, str] = MappingProxyType(
    {
        "INQ-2": _OPENING,
        "INQ-3.1": _OPENING,
        "HOF-2": _OPENING,
        "INQ-4.5.1": _CLOSING,
        "HOF-4.3.2": _CLOSING,
    }
)
UNSETTLED = "The entry that closes the case settles it."
OF_THE_DESK = "It concerns the desk and its staff; one case cannot prove it."
