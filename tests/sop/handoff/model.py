"""The handoff procedure said a second time, as plainly as it goes, to compare `sop.handoff` with.

It knows neither the journal nor the state, and nothing of it is taken from `sop` but the words.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sop.handoff import messages as h
from sop.messages import Command, DecideDiscrepancy, Identify
from tests.sop.model_identity import HOUR, Known

ITEMS = ("file", "card")
NEEDED = {
    *("HOF-4.1.1", "HOF-4.1.2", "HOF-4.1.3", "HOF-4.1.5", "HOF-4.2.1", "HOF-4.2.2"),
    *("HOF-4.2.3", "HOF-4.2.4", "HOF-4.2.5", "HOF-4.2.6", "HOF-4.3.1"),
}
OF_AN_OFFER = {"HOF-4.2.5", "HOF-4.2.6", "HOF-4.3.1"}


@dataclass(frozen=True)
class Times:
    """What a version of the policy says."""

    remind: timedelta
    back: timedelta
    page: timedelta | None
    approval: timedelta
    channels: tuple[str, ...]


VERSIONS = {
    "2026.1": Times(
        4 * HOUR, 24 * HOUR, 12 * HOUR, HOUR / 6, ("crm", "courier", "encrypted_email")
    ),
    "brisk": Times(HOUR, 3 * HOUR, None, HOUR / 30, ("crm", "encrypted_email")),
}


@dataclass
class Offered:
    """An offer. `sent` None: its mail is under way."""

    sent: datetime | None = None
    back: datetime | None = None
    remind: datetime | None = None
    page: datetime | None = None
    courier: bool = False


@dataclass
class HandoffModel:
    """One handoff. `held` says who had custody, and since when; the last of them has it.

    `live` holds the rungs that escalate now, and whether they have begun.
    """

    now: datetime
    version: str = "2026.1"
    sender: str = "anna"
    receiver: str = "rita"
    assigned: str | None = None
    identity: Known = field(default_factory=lambda: Known(handlers={"anna"}))
    confirmed: set[str] = field(default_factory=set)
    proofs: set[str] = field(default_factory=set)
    offer: Offered | None = None
    offers: int = 0
    returned: bool = False
    by_courier: bool = False
    closed: str | None = None
    held: list[tuple[str, datetime]] = field(default_factory=list)
    fired: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    live: dict[str, bool] = field(default_factory=dict)
    reminded: list[datetime] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.held.append((self.sender, self.now))

    @property
    def custody(self) -> str:
        return self.held[-1][0]

    @property
    def times(self) -> Times:
        return VERSIONS[self.version]

    @property
    def sending(self) -> bool:
        return self.offer is not None and self.offer.sent is None

    @property
    def missing(self) -> set[str]:
        if self.closed:
            return set()
        asked = NEEDED | ({"HOF-4.1.4"} if self.identity.discrepancies else set())
        holds = {"HOF-4.1.2"} if self.identity.holds else set()
        return asked - self.proofs - self.identity.proofs - holds

    @property
    def stage(self) -> str:
        if self.closed:
            return "closed"
        if self.identity.stopped or self.identity.approved_until:
            return "stopped"
        if self.offer is not None:
            return "sending" if self.sending else "offered"
        if self.returned:
            return "returned"
        if not self.missing - OF_AN_OFFER - {"HOF-4.2.4", "HOF-4.1.4"}:
            return "ready"
        return "preparing" if self.identity.until else "identifying"

    @property
    def next_due(self) -> datetime | None:
        offer = self.offer or Offered()
        page = offer.page if self.times.page else None
        moments = (self.identity.approved_until, page, offer.back)
        return None if self.closed else min(filter(None, moments), default=None)

    # What happens

    def take(self, step: Command, now: datetime) -> bool:
        """Do a step and what is due then; return False, and do nothing, where it is refused."""
        if self.closed or self.is_the_senders(step) or self.is_anothers(step):
            return False
        if getattr(self, f"_{step.step}")(step, now) is False:
            return False
        self.tick(now)
        self.identity.note(step)
        return True

    def is_the_senders(self, step: Command) -> bool:
        """Return whether the receiving party does what is not for it to do."""
        if step.actor.principal != self.receiver:
            return False
        if step.step == "identify":
            return self.offer is None or self.sending
        return step.step not in {"answer_offer", "add_note", "decide_discrepancy"}

    def is_anothers(self, step: Command) -> bool:
        """Return whether a representative works on what is assigned to somebody else."""
        who, everybodys = step.actor.principal, {"assign", "add_note", "report_courier"}
        if step.actor.role != "csr" or step.step in everybodys:
            return False
        return self.assigned is not None and who not in {self.assigned, self.receiver, "anna"}

    def tick(self, now: datetime) -> None:
        if self.closed:
            return
        if self.identity.runs_out(now):
            self.fire("discrepancy", now, now)
        offer = self.offer
        if offer is None or offer.back is None:
            return
        if self.times.page and offer.page is not None and offer.page <= now:
            self.fire("acknowledgement", offer.page, now)
            offer.page = None
        if offer.back <= now:
            self.give_back("unacknowledged", now)
        elif offer.remind is not None and offer.remind <= now:
            self.reminded.append(now)
            while offer.remind <= now:
                offer.remind += self.times.remind

    def fire(self, name: str, due: datetime, now: datetime) -> None:
        self.fired.append((name, due, now))
        self.live[name] = False

    def let_go(self, name: str) -> None:
        self.live.pop(name, None)

    def give_back(self, outcome: str, now: datetime) -> None:
        self.end_offer(outcome)
        self.returned = True
        self.proofs |= OF_AN_OFFER
        self.incidents.append("refused_by_receiver" if outcome == "refused" else "unacknowledged")
        self.fire("returned", now, now)

    def end_offer(self, outcome: str) -> None:
        self.by_courier = self.offer is not None and self.offer.courier
        self.offer = None
        self.outcomes.append(outcome)
        self.let_go("acknowledgement")

    def close(self, how: str) -> None:
        self.closed = how
        self.identity.stopped, self.identity.approved_until = False, None
        self.live.clear()

    def hold(self, who: str, now: datetime) -> None:
        self.held.append((who, now))

    def behind(self, gates: set[str], step: Command, now: datetime) -> bool:
        """Return whether all that stands before a step is done; an approval is used by it."""
        told = {"HOF-4.1.1", "HOF-4.1.5"} <= self.identity.proofs
        crossed = "HOF-4.1.3" in self.identity.proofs or self.identity.approved_until is not None
        return told and crossed and gates <= self.proofs and self.goes_on(step, now)

    def goes_on(self, step: Command, now: datetime) -> bool:
        return self.identity.use(now, step.actor.principal)

    def holds(self, step: Command, now: datetime) -> bool:
        """Return whether nothing since the transfer keeps somebody from accepting."""
        if self.identity.until is None:
            return self.goes_on(step, now)
        return not self.identity.stopped and self.identity.approver != step.actor.principal

    # The steps

    def _identify(self, step: Identify, now: datetime) -> bool:
        stranger = step.actor.role == "receiving_party" and step.actor.principal != self.receiver
        if stranger or self.sending:
            return False
        outcome = self.identity.identify(step, now)
        if outcome == "needs_supervisor":
            self.fire("discrepancy", now, now)
        return outcome is not None

    def _decide_discrepancy(self, step: DecideDiscrepancy, now: datetime) -> bool:
        if not self.identity.decide(step, now, {self.sender, self.receiver}):
            return False
        self.let_go("discrepancy")
        self.incidents.append("override" if step.approve else "identity_rejected")
        return True

    def _confirm_items(self, step: h.ConfirmItems, now: datetime) -> bool:
        names = {check.item for check in step.checks}
        if self.offer or not names <= set(ITEMS) or not self.behind(set(), step, now):
            return False
        self.confirmed -= names
        self.confirmed |= {c.item for c in step.checks if c.correct and c.complete}
        self.proofs -= {"HOF-4.2.1"}
        self.proofs |= {"HOF-4.2.1"} if self.confirmed == set(ITEMS) else set()
        return True

    def _complete_brief(self, step: h.CompleteBrief, now: datetime) -> bool:
        if self.offer or not self.behind({"HOF-4.2.1"}, step, now):
            return False
        self.proofs.add("HOF-4.2.2")
        return True

    def _tell_customer(self, step: h.TellCustomer, now: datetime) -> bool:
        before = {"HOF-4.2.1", "HOF-4.2.2"}
        if self.offer or not step.notice.introduced or not self.behind(before, step, now):
            return False
        self.proofs.add("HOF-4.2.3")
        return True

    def _transfer(self, step: h.Transfer, now: datetime) -> bool:
        if step.channel not in self.times.channels:
            self.incidents.append("channel_not_approved")
            return True
        if self.offer:
            return False
        if step.channel == "encrypted_email" and not step.recipient_has_key:
            return False
        told = step.notice is not None and step.notice.introduced
        before = {"HOF-4.2.1", "HOF-4.2.2"} | (set() if told else {"HOF-4.2.3"})
        if (step.notice and not told) or not self.behind(before, step, now):
            return False
        self.proofs.add("HOF-4.2.3")
        self.offers += 1
        self.offer = Offered(courier=step.channel == "courier")
        if step.channel != "encrypted_email":
            self.send(now)
        return True

    def send(self, now: datetime) -> None:
        if self.offer is None or self.offer.sent is not None:
            return
        times, page = self.times, self.times.page
        self.offer.sent, self.offer.back = now, now + times.back
        self.offer.remind, self.offer.page = now + times.remind, now + page if page else None
        self.returned = False
        self.let_go("returned")
        self.proofs -= OF_AN_OFFER
        self.proofs.add("HOF-4.2.4")

    def not_sent(self) -> None:
        if self.sending:
            self.offer = None

    def _report_courier(self, step: h.ReportCourier, now: datetime) -> bool:
        return self.offer.courier if self.offer is not None else self.by_courier

    def _answer_offer(self, step: h.AnswerOffer, now: datetime) -> bool:
        offer = self.offer
        if step.actor.principal != self.receiver or offer is None or offer.back is None:
            return False
        if now >= offer.back:
            return False
        if step.answer == "refuse":
            self.give_back("refused", now)
            return True
        if not self.holds(step, now):
            return False
        how = f"{step.answer}".replace("accept", "accepted")
        self.end_offer(how)
        self.hold(self.receiver, now)
        self.incidents += ["accepted_in_part"] if how == "accepted_in_part" else []
        self.close(how)
        return True

    def _change_receiver(self, step: h.ChangeReceiver, now: datetime) -> bool:
        if self.offer or step.receiving.party in {self.sender, "anna"}:
            return False
        self.receiver = step.receiving.party
        self.proofs.discard("HOF-4.2.3")
        return True

    def _assign(self, step: h.AssignHandoff, now: datetime) -> bool:
        if step.assignee == self.receiver:
            return False
        self.identity.handlers.add(self.sender)
        if step.assignee != self.sender:
            self.hold(step.assignee, now)
        self.sender = self.assigned = step.assignee
        return True

    def _add_note(self, step: h.AddHandoffNote, now: datetime) -> None:
        pass

    def _conclude(self, step: h.Conclude, now: datetime) -> bool:
        if not self.returned or self.offer:
            return False
        self.close("returned")
        return True

    def _withdraw(self, step: h.WithdrawHandoff, now: datetime) -> bool:
        if self.returned or self.offer:
            return False
        self.close("withdrawn")
        return True

    def _adopt_policy(self, step: h.AdoptHandoffPolicy, now: datetime) -> None:
        self.version = step.policy.version
        self.identity.approval = self.times.approval
        if self.times.page is None and self.live.get("acknowledgement") is False:
            self.let_go("acknowledgement")

    def cancel(self, now: datetime) -> None:
        if self.closed:
            return
        if self.offer is not None and self.offer.sent is not None:
            self.give_back("cancelled", now)
            self.fired.pop()  # nobody is paged for what has ended at once
        self.close("returned" if self.returned else "withdrawn")
