"""One inquiry as its steps and its clock see it.

`sop.inquiry` is the procedure as the workflow sees it; `sop.steps` holds what each reported
step does, `sop.clock` what each deadline does.
"""

from datetime import datetime

from sop.case_file import CaseFile
from sop.closing import missing_for_closing
from sop.ladder import rearm
from sop.models import Actor, Stage, VerificationOutcome
from sop.object_rules import ObjectKind
from sop.policy import CasePolicy
from sop.stages import cleared, stage_of
from sop.state import InquiryState


class Case(CaseFile[CasePolicy, InquiryState]):
    """The facts of one inquiry, and the only way to change them."""

    kind = ObjectKind.INQUIRY
    asked = ("INQ-4.3.1",)
    escalated = ("INQ-4.4.4",)
    verified = ("INQ-4.3.2",)

    def identity_found(self, outcome: VerificationOutcome) -> None:
        """Open or shut the verification gate (INQ-4.3.2)."""
        self.set(verification=outcome)
        if not cleared(self.policy, self.state):
            self.unprove(self.verified)

    def rearm(self, now: datetime, actor: Actor, cause: str) -> None:
        """Compute the ladder again after a fact changed, and journal each moved deadline."""
        before = {r.key: r.due_at for r in self.state.rungs if r.armed}
        self.set(rungs=rearm(self.policy, self.state, now, cause))
        after = {r.key: r.due_at for r in self.state.rungs if r.armed}
        if cause == "receipt":
            due = [f"{key} {_iso(at)}" for key, at in sorted(after.items())]
            self.record("ladder.armed", actor, now, rungs=due)
            return
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                self.record(
                    "rung.moved",
                    actor,
                    now,
                    rung=key,
                    from_due=_iso(before.get(key)),
                    to_due=_iso(after.get(key)),
                    cause=cause,
                )

    @property
    def stage(self) -> Stage:
        """Where the case stands."""
        return stage_of(self.policy, self.state)

    @property
    def missing(self) -> tuple[str, ...]:
        """The clauses that stand between the case and closing."""
        return missing_for_closing(self.state)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
