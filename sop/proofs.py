"""Which entry of a journal proves which clause, and which proofs have fallen since.

Read from the journal alone, it says what the case's own state says in `proofs`: of each clause the
last entry that bears it. An entry names in its detail `withdraws` the proofs that fell just before
it. Version 0.1.0 did not write that; there the kind of the entry tells.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sop.closing import LEAVES_OPEN
from sop.records import TimelineEntry

RECEPTION = frozenset({"INQ-4.1.1", "INQ-4.1.2", "INQ-4.1.3", "INQ-5.3"})
ASKED, VERIFIED = "INQ-4.3.1", "INQ-4.3.2"

_CLASSIFIED = frozenset({"inquiry.categorised", "inquiry.recategorised"})
_CHECKED = frozenset({"verification.recorded", "identity.checked", "approval.used"})


@dataclass(frozen=True)
class Fallen:
    """A proof that no longer holds, and the entry that says so."""

    proof: TimelineEntry
    by: TimelineEntry


@dataclass
class Proofs:
    """What a case's own entries prove, once all were taken in their order.

    Attributes:
        holding: Clause to the last entry that bears it, where nothing withdrew it.
        fallen: Clause to the proof that fell last, where none has taken its place.
        kinds: What has happened in the case.
        awaited: Handoffs that were opened from the case, and whose end it waits for.
    """

    holding: dict[str, TimelineEntry] = field(default_factory=dict)
    fallen: dict[str, Fallen] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    awaited: set[str] = field(default_factory=set)
    _verified: bool = False
    _exempt: bool = False

    def take(self, entry: TimelineEntry) -> None:
        """Take the next entry: what it withdraws falls first, then it proves its clauses."""
        self._learn(entry)
        for clause in self._withdrawn_by(entry):
            proof = self.holding.pop(clause, None)
            if proof is not None:
                self.fallen[clause] = Fallen(proof, by=entry)
        for clause in entry.clauses:
            self.holding[clause] = entry
            self.fallen.pop(clause, None)
        self.kinds.add(entry.kind)

    def _learn(self, entry: TimelineEntry) -> None:
        """Keep what later entries have to be read with."""
        if entry.kind in _CHECKED:
            self._verified = VERIFIED in entry.clauses
        elif entry.kind in _CLASSIFIED or entry.kind == "policy.adopted":
            # A verified case does not say whether it would be exempt: take it that it is not.
            self._exempt = VERIFIED in entry.clauses
        elif entry.kind == "handoff.opened" and entry.detail.get("waits"):
            self.awaited.add(str(entry.detail.get("handoff_id")))
        elif entry.kind == "handoff.reported" and entry.detail.get("closed_as"):
            self.awaited.discard(str(entry.detail.get("handoff_id")))

    def _withdrawn_by(self, entry: TimelineEntry) -> Collection[str]:
        said = entry.detail.get("withdraws")
        if isinstance(said, list):
            return said
        kept = self._verified or self._exempt
        match entry.kind:
            case "inquiry.reopened":
                return LEAVES_OPEN
            case "reception.attested":
                return RECEPTION - set(entry.clauses)
            case "verification.recorded":
                exempt = bool(entry.detail.get("exempt_from_verification", self._exempt))
                return () if self._verified or exempt else (VERIFIED,)
            case "inquiry.recategorised" | "policy.adopted" if not kept:
                return (VERIFIED,) if self.kinds & _CHECKED else (ASKED, VERIFIED)
            case _:
                return ()


def proofs_of(case_id: str, timeline: Iterable[TimelineEntry]) -> Proofs:
    """Return what a case's own entries prove; what its escalations write proves nothing in it."""
    proofs = Proofs()
    own = (entry for entry in timeline if entry.stream == case_id)
    for entry in sorted(own, key=lambda entry: entry.seq):
        proofs.take(entry)
    return proofs
