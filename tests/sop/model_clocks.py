"""The inquiry procedure said a second time, as plainly as it goes, to compare `sop` with.

It knows neither the journal nor the state, and nothing of it is taken from `sop` but the words:
the matrices, the gates and the clauses are written out here. All times are around the clock.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.sop.model_identity import Awaited, Known

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Matrix:
    """What a version of the policy says: hours from receipt, and the rules of the follow-up."""

    after: dict[str, timedelta]
    overdue_after: timedelta | None
    follow_up_after: timedelta
    attempts: int
    exempt: bool


MATRICES = {
    "2026.1": Matrix(
        {"urgent": 0 * HOUR, "complaint": 12 * HOUR, "technical": DAY, "unattended": 2 * DAY},
        overdue_after=DAY,
        follow_up_after=DAY,
        attempts=3,
        exempt=True,
    ),
    "sooner": Matrix(
        {"urgent": 0 * HOUR, "complaint": 6 * HOUR, "technical": DAY, "unattended": 30 * HOUR},
        overdue_after=6 * HOUR,
        follow_up_after=2 * HOUR,
        attempts=2,
        exempt=False,
    ),
    "bare": Matrix(
        {"urgent": 0 * HOUR, "technical": 3 * DAY},
        overdue_after=None,
        follow_up_after=DAY,
        attempts=2,
        exempt=True,
    ),
}
NEEDED = {
    *("INQ-4.1.1", "INQ-4.1.2", "INQ-4.1.3", "INQ-5.3"),
    *("INQ-4.2.1", "INQ-4.2.2", "INQ-4.2.3", "INQ-4.3.1", "INQ-4.3.2"),
    *("INQ-4.4.1", "INQ-4.4.2", "INQ-4.5.2", "INQ-4.6.1", "INQ-4.6.2"),
}
OF_A_RESOLUTION = {
    *("INQ-4.4.1", "INQ-4.4.2", "INQ-4.4.3", "INQ-4.5.2", "INQ-4.6.1", "INQ-4.6.2"),
}


@dataclass
class Clocks:
    """One inquiry. `live` holds the rungs that escalate now, and whether they have begun."""

    received: datetime
    version: str = "2026.1"
    category: str | None = None
    priority: str | None = None
    complex: bool = False
    general: bool = False
    verification: str | None = None
    identity: Known = field(default_factory=lambda: Known(handlers={"anna"}))
    handoffs: Awaited = field(default_factory=Awaited)
    assignee: str | None = None
    proofs: set[str] = field(default_factory=set)
    promise: datetime | None = None
    waits: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    resolutions: int = 0
    resolved: bool = False
    reopened: datetime | None = None
    attempt: int | None = None
    attempt_from: datetime | None = None
    opened: datetime | None = None
    outcome: str | None = None
    lacking: datetime | None = None
    closed: str | None = None
    fired: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    live: dict[str, bool] = field(default_factory=dict)

    @property
    def matrix(self) -> Matrix:
        return MATRICES[self.version]

    @property
    def waiting(self) -> bool:
        return bool(self.waits) and self.waits[-1][1] is None

    @property
    def cleared(self) -> bool:
        return self.verification == "verified" or (self.general and self.matrix.exempt)

    @property
    def missing(self) -> set[str]:
        if self.closed:
            return set()
        told = {"INQ-4.4.2"} if "INQ-4.4.3" in self.proofs else set()
        needed = NEEDED | ({"HOF-4.1.4"} if self.identity.discrepancies else set())
        waits = {"HOF-4.2.5"} if self.handoffs.open else set()
        return (needed - self.proofs - self.identity.proofs - told) | waits

    @property
    def stage(self) -> str:
        if self.closed:
            return "closed"
        if self.resolved:
            return "follow_up"
        if self.waiting:
            return "waiting_for_customer"
        if self.promise:
            return "promised"
        if self.category is None:
            return "received"
        return "in_progress" if self.cleared else "categorised"

    # Clocks

    def applies(self, name: str) -> bool:
        return {
            "urgent": self.priority == "urgent",
            "complaint": self.category == "complaint",
            "technical": self.category == "technical" or self.complex,
            "unattended": True,
        }[name]

    def due(self, name: str) -> datetime | None:
        """Return when a rung is due, however long ago; None while the customer owes an answer."""
        due = self.received + self.matrix.after[name]
        for start, end in self.waits if name == "unattended" else ():
            if start >= due:
                break
            if end is None:
                return None
            due += end - start
        return max(due, self.reopened) if self.reopened else due

    @property
    def rungs(self) -> dict[str, datetime | None]:
        """The rungs from receipt that wait for their time."""
        if self.closed or self.resolved:
            return {}
        over = {name for name, _, _ in self.fired}
        return {n: self.due(n) for n in self.matrix.after if n not in over and self.applies(n)}

    @property
    def contact_due(self) -> datetime | None:
        if self.attempt is None or self.attempt_from is None:
            return None
        return self.attempt_from + (self.matrix.follow_up_after if self.attempt == 1 else DAY)

    @property
    def overdue_at(self) -> datetime | None:
        since = self.opened or self.lacking
        if since is None or self.matrix.overdue_after is None:
            return None
        return None if "follow_up_overdue" in self.live else since + self.matrix.overdue_after

    @property
    def next_due(self) -> datetime | None:
        contact = None if self.opened else self.contact_due
        approval = self.identity.approved_until
        moments = [self.promise, contact, self.overdue_at, approval, *self.rungs.values()]
        return min(filter(None, moments), default=None) if not self.closed else None

    def tick(self, now: datetime) -> None:
        if self.closed:
            return
        if self.promise is not None and self.promise <= now:
            self.break_promise(now)
        if self.identity.runs_out(now):
            self.fire("discrepancy", now, now)
        for name, due in self.rungs.items():
            if due is not None and due <= now:
                self.fire(name, due, now)
        contact, overdue = self.contact_due, self.overdue_at
        if contact is not None and self.opened is None and contact <= now:
            self.opened = now
        elif overdue is not None and overdue <= now:
            self.fire("follow_up_overdue", overdue, now)

    def fire(self, name: str, due: datetime, now: datetime) -> None:
        self.fired.append((name, due, now))
        self.live[name] = False

    def break_promise(self, now: datetime) -> None:
        since, self.promise = self.promise, None
        self.unresolved(since or now, now)

    def unresolved(self, since: datetime, now: datetime) -> None:
        if self.resolved:
            self.end_contact()
            self.resolved, self.outcome, self.reopened = False, None, now
            self.lacking = None
            self.proofs -= OF_A_RESOLUTION
        if "unresolved" not in self.live:
            self.fire("unresolved", since, now)

    def end_contact(self) -> None:
        self.attempt = self.attempt_from = self.opened = None
        self.live.pop("follow_up_overdue", None)

    def end_wait(self, now: datetime) -> None:
        if self.waiting:
            self.waits[-1] = (self.waits[-1][0], now)

    def close(self, how: str, now: datetime) -> None:
        self.end_wait(now)
        self.end_contact()
        self.live.clear()
        self.identity.stopped, self.identity.approved_until = False, None
        self.promise, self.closed = None, how
