"""Random desks: an inquiry and its handoffs, steps allowed and not, leaps of time, late workers.

Each case is compared with its plain model. Whatever the sequence of events: nothing is
transferred before the customer is verified; nothing ends as accepted without an acknowledgement,
nor as returned without a return; custody is always exactly one party's; nobody approves their own
case; no rung fires early or twice; a refused step changes nothing.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sop import messages as m
from sop.errors import SopError
from sop.handoff import messages as h
from sop.handoff.couriers import CourierStatus
from sop.handoff.handoff import Handoff
from sop.handoff.state import HandoffState
from sop.models import Actor, Entry, TaskRecord
from sop.outgoing import Outgoing
from sop.procedure import Procedure
from sop.registers import HandoffConfirmation, IncidentReport
from tests.sop.builders import (
    ANNA,
    ANSWERED,
    BEN,
    DORA,
    INSTANT,
    LENA,
    MONDAY,
    NOT_VERIFIED,
    QUINN,
    REPORTED_AGAIN,
    RESOLVED,
    VERIFIED,
    opened,
)
from tests.sop.builders import CONFIRMED as CLOSING
from tests.sop.handoff.builders import (
    ACCEPTED,
    APPROVED,
    ARCHIVE,
    ATTESTED_ONLY,
    BRIEFED,
    CHANGED,
    CONCLUDED,
    CONFIRMED,
    EXHAUSTED,
    FAXED,
    IDENTIFIED,
    IN_PART,
    MAILED,
    MISMATCHED,
    NOTED,
    NOTICED,
    POSTED,
    REFUSED,
    REJECTED,
    RITA,
    RON,
    SENT,
    TOLD,
    UNFIT,
    WITHDRAWN,
    WORKSHOP,
    adopted,
    assigned,
    checked,
    handing_over,
    handoff_order,
    handoff_policy,
    start_of,
)
from tests.sop.handoff.invariants import check_journal
from tests.sop.handoff.model import VERSIONS, HandoffModel
from tests.sop.model_identity import Known
from tests.sop.model_steps import Model

INSTANTS = st.sampled_from([-INSTANT, timedelta(0), INSTANT])
LEAPS = st.sampled_from([0, 1, 60, 660, 3_600, 14_400, 43_200, 86_400])
BRISK = VERSIONS["brisk"]
POLICIES = {
    "2026.1": handoff_policy().model_copy(update={"version": "2026.1"}),
    "brisk": handoff_policy(
        without="acknowledgement",
        identification={"approval_valid_for": BRISK.approval},
        remind_every=BRISK.remind,
        return_after=BRISK.back,
        channels=BRISK.channels,
    ).model_copy(update={"version": "brisk"}),
}
CHECKS = (IDENTIFIED, IDENTIFIED, MISMATCHED, NOTICED, EXHAUSTED, UNFIT, ATTESTED_ONLY)
CHECKERS = (ANNA, ANNA, LENA, RITA, RON)
WITH_NOTICE = SENT.model_copy(update={"notice": h.CustomerNotice(introduced=True)})
WORK: tuple[m.Command, ...] = (
    CONFIRMED,
    checked(card=False),
    checked(file=True),
    checked(key=True),
    BRIEFED,
    TOLD,
    h.TellCustomer(actor=BEN, notice=h.CustomerNotice(introduced=False)),
    CHANGED,
    CHANGED.model_copy(update={"receiving": WORKSHOP}),
    CHANGED.model_copy(update={"receiving": ARCHIVE.model_copy(update={"party": "lena"})}),
    assigned("ben"),
    assigned("lena"),
    assigned("rita"),
    NOTED,
)
MOVES: tuple[m.Command, ...] = (
    SENT,
    WITH_NOTICE,
    POSTED,
    MAILED,
    MAILED.model_copy(update={"recipient_has_key": False}),
    FAXED,
    FAXED.model_copy(update={"actor": LENA}),
    h.ReportCourier(actor=ANNA, status=CourierStatus.EXCEPTION),
    CONCLUDED,
)
ANSWERS = (ACCEPTED, IN_PART, ACCEPTED, REFUSED)
BEGUN: tuple[tuple[m.Command, ...], ...] = (
    (),
    (IDENTIFIED,),
    (NOTICED, APPROVED),
    (MISMATCHED, MISMATCHED, MISMATCHED, APPROVED),
    (EXHAUSTED, REJECTED, IDENTIFIED),
)
RARELY = (*(False,) * 8, True)
WAYS = (SENT, SENT, POSTED, MAILED)
AHEAD: tuple[m.Command, ...] = (IDENTIFIED, CONFIRMED, BRIEFED, TOLD)
OF_THE_INQUIRY: tuple[m.Command, ...] = (
    *(VERIFIED, NOT_VERIFIED, ANSWERED, RESOLVED, CLOSING, REPORTED_AGAIN),
    *(IDENTIFIED, MISMATCHED, NOTICED, APPROVED, IDENTIFIED, RESOLVED),
)


AnyCase = Procedure[Any, Any, Any]


def answer_to(case: AnyCase, step: m.Command, now: datetime, cause: str) -> m.Receipt | str:
    """Return a case's answer to a step, or why it is refused."""
    try:
        case.check(step, now)
        return case.apply(step, now, cause=cause)
    except SopError as error:
        return error.message


@dataclass
class Side:
    """One handoff, its model, and what the CRM was given of it."""

    case: Handoff
    model: HandoffModel
    journal: list[Entry] = field(default_factory=list)
    tasks: dict[str, TaskRecord] = field(default_factory=dict)
    confirmations: list[HandoffConfirmation] = field(default_factory=list)
    reports: list[IncidentReport] = field(default_factory=list)
    told: h.HandoffReport | None = None
    steps: int = 0

    def report(self, step: m.Command, now: datetime) -> None:
        """Report a step to the handoff, its model, and a copy that went through JSON."""
        before, policy = self.case.state, self.case.policy
        twin = Handoff(policy, HandoffState.model_validate_json(before.model_dump_json()))
        accepted = self.model.take(step, now)
        self.steps += 1
        cause = f"step-{self.steps}"
        answer = answer_to(self.case, step, now, cause)
        assert isinstance(answer, m.Receipt) == accepted, f"{step.step} was answered {answer}"
        if not isinstance(answer, m.Receipt):
            assert (self.case.state, self.case.policy) == (before, policy)
            return
        assert answer_to(twin, step, now, cause) == answer
        assert twin.state == self.case.state
        self.flush()

    def task(self, now: datetime) -> None:
        """Do as a workflow task does: what is due, then escalations."""
        self.case.tick(now)
        self.model.tick(now)
        self.case.take_new_escalations()
        self.case.take_needless_escalations()
        self.model.live = dict.fromkeys(self.model.live, True)
        self.flush()

    def flush(self) -> None:
        """Take what the CRM would be given, as the flush does."""
        out = self.case.take_pending()
        self.journal += out.entries
        self.tasks |= {task.task_id: task for task in out.tasks}
        self.confirmations += out.confirmations
        self.reports += out.reports
        assert self.case.state.pending == Outgoing()


class DeskMachine(RuleBasedStateMachine):
    """One inquiry, its handoffs, and the models of all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = MONDAY
        self.inquiry = opened(assignee=None).case
        self.model = Model(received=MONDAY, category="billing", priority="standard")
        self.model.proofs |= {"INQ-4.1.1", "INQ-4.1.2", "INQ-4.1.3", "INQ-5.3"}
        self.model.proofs |= {"INQ-4.2.1", "INQ-4.2.2", "INQ-4.2.3"}
        self.sides: list[Side] = []
        self.steps = 0
        self.inquiry_journal: list[Entry] = []
        self.flush_inquiry()

    def side(self, which: int) -> Side:
        return self.sides[which % len(self.sides)]

    # What happens

    @initialize(
        known=st.booleans(),
        from_inquiry=st.booleans(),
        begun=st.sampled_from(BEGUN),
        far=st.integers(0, 5),
        way=st.sampled_from(WAYS),
    )
    def begin_the_day(
        self,
        known: bool,
        from_inquiry: bool,
        begun: tuple[m.Command, ...],
        far: int,
        way: m.Command,
    ) -> None:
        """Open one handoff, and take it some of its way."""
        if known:
            self.report(IDENTIFIED)
        self.open_a_handoff(from_inquiry=from_inquiry, waits=True)
        for step in (*begun, CONFIRMED, BRIEFED, TOLD, way, ACCEPTED)[: len(begun) + far]:
            self.side(0).report(step, self.now)

    @precondition(lambda self: len(self.sides) < 3)
    @rule(from_inquiry=st.booleans(), waits=st.booleans(), doubt=st.sampled_from(RARELY))
    def open_a_handoff(self, from_inquiry: bool, waits: bool, doubt: bool = False) -> None:
        if doubt:
            self.report(NOTICED)
        name = f"handoff-0000000{len(self.sides)}"
        if not from_inquiry:
            self.begin(handoff_order(case_id=name, policy=POLICIES["2026.1"], received_at=self.now))
            return
        order = handing_over(waits=waits, case_id=name).order
        order = order.model_copy(update={"received_at": self.now, "policy": POLICIES["2026.1"]})
        self.report(h.OpenHandoff(actor=ANNA, order=order))
        for started in self.inquiry.state.handoffs_to_start:
            self.inquiry.handoff_begun(started, self.now, started=True)
            self.begin(started)

    def begin(self, order: h.HandoffOrder) -> None:
        known, inquiry = Known(handlers={"anna"}), self.model.identity
        if order.opening.inquiry_id:
            known.handlers |= inquiry.handlers
        holds = inquiry.until is not None and inquiry.until > self.now
        if order.opening.inquiry_id and holds:
            known.until, known.holds, known.outcome = inquiry.until, True, "verified"
            known.proofs, known.approver = set(inquiry.proofs), inquiry.approver
        model = HandoffModel(self.now, identity=known)
        side = Side(Handoff.begin(start_of(order), self.now), model)
        side.flush()
        self.sides.append(side)

    @rule(step=st.sampled_from(OF_THE_INQUIRY))
    def work_on_the_inquiry(self, step: m.Command) -> None:
        self.report(step)

    @precondition(lambda self: self.sides)
    @rule(which=st.integers(0, 2), far=st.integers(2, 5), move=st.sampled_from(WAYS))
    def work_it_off(self, which: int, far: int, move: m.Command) -> None:
        """Do what a handoff ordinarily needs, one step after the other, as far as it goes."""
        for step in (*AHEAD, move)[:far]:
            self.side(which).report(step, self.now)

    @precondition(lambda self: self.sides)
    @rule(which=st.integers(0, 2), check=st.sampled_from(CHECKS), by=st.sampled_from(CHECKERS))
    def identify(self, which: int, check: m.Identify, by: Actor) -> None:
        self.side(which).report(check.model_copy(update={"actor": by}), self.now)

    @precondition(lambda self: self.sides)
    @rule(which=st.integers(0, 2), step=st.sampled_from(WORK))
    def prepare(self, which: int, step: m.Command) -> None:
        self.side(which).report(step, self.now)

    @precondition(lambda self: self.sides)
    @rule(which=st.integers(0, 2), step=st.sampled_from(MOVES))
    def move(self, which: int, step: m.Command) -> None:
        self.side(which).report(step, self.now)

    @precondition(lambda self: self.sides)
    @rule(
        which=st.integers(0, 2),
        by=st.sampled_from([LENA, DORA, DORA, QUINN, BEN]),
        approve=st.sampled_from([True, True, True, False]),
        beside=st.sampled_from([None, None, -INSTANT, timedelta(0), INSTANT]),
        notice=st.booleans(),
        given=st.sampled_from(RARELY),
        step=st.sampled_from([CONFIRMED, CONFIRMED, CONFIRMED, ACCEPTED, IDENTIFIED]),
    )
    def decide(
        self,
        which: int,
        by: Actor,
        approve: bool,
        beside: timedelta | None,
        notice: bool,
        given: bool,
        step: m.Command,
    ) -> None:
        """Decide, and do a step: at once, or about the moment at which an approval ends."""
        side = self.side(which)
        if notice:
            side.report(NOTICED, self.now)
        if given:
            side.report(assigned(by.principal), self.now)
        side.report(APPROVED.model_copy(update={"actor": by, "approve": approve}), self.now)
        until = side.model.identity.approved_until
        if beside is not None and until is not None:
            self.now = max(self.now, until + beside)
        side.report(step, self.now)

    @precondition(lambda self: self.sides)
    @rule(
        which=st.integers(0, 2),
        answer=st.sampled_from(ANSWERS),
        by=st.sampled_from([None, None, RON, ANNA]),
        beside=st.sampled_from([None, None, -INSTANT, timedelta(0), INSTANT]),
        hurry=st.booleans(),
        doubt=st.sampled_from([None, None, None, None, MISMATCHED, NOTICED]),
    )
    def answer(
        self,
        which: int,
        answer: h.AnswerOffer,
        by: Actor | None,
        beside: timedelta | None,
        hurry: bool,
        doubt: m.Identify | None,
    ) -> None:
        """Answer an offer, at once or about the moment at which custody returns."""
        side = self.side(which)
        if side.model.offer is None and hurry:
            for step in (*AHEAD, SENT):
                side.report(step, self.now)
        offer = side.model.offer
        if beside is not None and offer is not None and offer.back is not None:
            self.now = max(self.now, offer.back + beside)
        party = RITA.model_copy(update={"principal": side.model.receiver})
        if doubt is not None:
            side.report(doubt.model_copy(update={"actor": party}), self.now)
        side.report(answer.model_copy(update={"actor": by or party}), self.now)

    @precondition(lambda self: any(side.model.sending for side in self.sides))
    @rule(left=st.booleans(), check=st.sampled_from([None, MISMATCHED, ATTESTED_ONLY]))
    def a_mail_has_left_or_could_not(self, left: bool, check: m.Identify | None) -> None:
        for side in self.sides:
            if check is not None and side.model.sending:
                side.report(check, self.now)
            if left:
                side.case.mail_sent("key-1", self.now)
                side.model.send(self.now)
            else:
                side.case.mail_not_sent("no-recipient-key", self.now)
                side.model.not_sent()
            side.flush()

    @precondition(lambda self: self.sides)
    @rule(which=st.integers(0, 2), beside=INSTANTS, step=st.sampled_from([CONFIRMED, TOLD, SENT]))
    def work_about_the_end_of_an_identity(
        self, which: int, beside: timedelta, step: m.Command
    ) -> None:
        side = self.side(which)
        until = side.model.identity.until
        if until is not None:
            self.now = max(self.now, until + beside)
            side.report(step, self.now)

    @precondition(lambda self: self.sides)
    @rule(which=st.integers(0, 2), version=st.sampled_from(list(POLICIES)))
    def adopt(self, which: int, version: str) -> None:
        self.side(which).report(adopted(POLICIES[version]), self.now)

    @precondition(lambda self: self.sides)
    @rule(which=st.integers(0, 2), cancelled=st.booleans(), really=st.sampled_from(RARELY))
    def give_up(self, which: int, cancelled: bool, really: bool) -> None:
        side = self.side(which)
        if not really:
            return
        if not cancelled:
            side.report(WITHDRAWN, self.now)
            return
        side.case.cancel(self.now)
        side.model.cancel(self.now)
        side.flush()

    @rule()
    def the_inquiry_hears_of_its_handoffs(self) -> None:
        for side in self.sides:
            said = side.case.report()
            if said == side.told:
                continue
            side.told = said
            self.inquiry.hear_handoff(said, self.now)
            if said.closed_as:
                self.model.hear(said.handoff_id, self.now)
            self.flush_inquiry()

    # Time

    @rule(seconds=LEAPS)
    def the_worker_is_away(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(seconds=LEAPS)
    def time_passes(self, seconds: int) -> None:
        until = self.now + timedelta(seconds=seconds)
        while True:
            cases: list[AnyCase] = [self.inquiry, *(side.case for side in self.sides)]
            due = min((d.at for c in cases if (d := c.next_deadline())), default=None)
            if due is None or due > until:
                break
            self.now = max(self.now, due)
            self.run_the_workflow_tasks()
        self.now = until

    @rule()
    def run_the_workflow_tasks(self) -> None:
        self.inquiry.tick(self.now)
        self.model.tick(self.now)
        self.inquiry.take_new_escalations()
        self.inquiry.take_needless_escalations()
        self.model.live = dict.fromkeys(self.model.live, True)
        self.flush_inquiry()
        for side in self.sides:
            side.task(self.now)

    # The inquiry

    def report(self, step: m.Command) -> None:
        before = self.inquiry.state
        accepted = self.model.take(step, self.now)
        self.steps += 1
        answer = answer_to(self.inquiry, step, self.now, f"step-{self.steps}")
        assert isinstance(answer, m.Receipt) == accepted, f"{step.step} was answered {answer}"
        if not accepted:
            assert self.inquiry.state == before
        self.flush_inquiry()

    def flush_inquiry(self) -> None:
        self.inquiry_journal += self.inquiry.take_pending().entries
        assert not self.inquiry.has_pending

    # What always holds

    @invariant()
    def the_inquiry_is_where_its_model_is(self) -> None:
        assert self.inquiry.stage == self.model.stage
        assert set(self.inquiry.missing) == self.model.missing
        assert self.inquiry.row().next_deadline == self.model.next_due
        seqs = [entry.seq for entry in self.inquiry_journal]
        assert seqs == list(range(1, self.inquiry.state.seq + 1))

    @invariant()
    def each_handoff_is_where_its_model_is(self) -> None:
        for side in self.sides:
            state, model = side.case.state, side.model
            assert side.case.stage == model.stage
            assert set(side.case.missing) == model.missing
            assert side.case.row().next_deadline == model.next_due
            assert (state.custody, state.custody_since) == model.held[-1]
            assert state.closed_as == model.closed
            live = {r.rung: r.status is not None for r in state.rungs if r.live}
            assert live == model.live
            assert [said.outcome for said in side.confirmations] == model.outcomes
            assert [said.kind for said in side.reports] == model.incidents
            still_open = {t.task_id for t in side.tasks.values() if t.done_at is None}
            assert still_open == self.awaited(side)

    @invariant()
    def each_journal_tells_a_lawful_story(self) -> None:
        for side in self.sides:
            check_journal(side.journal, side.case.state)
            fired = [(e, e.detail) for e in side.journal if e.kind == "rung.fired"]
            assert sorted(
                (
                    str(said["rung"]).rpartition("-")[0],
                    datetime.fromisoformat(str(said["due_at"])),
                    entry.at,
                )
                for entry, said in fired
            ) == sorted(side.model.fired)
            reminded = [e.at for e in side.journal if e.kind == "handoff.reminded"]
            assert reminded == side.model.reminded

    @invariant()
    def nothing_outlives_a_closed_handoff(self) -> None:
        for side in self.sides:
            if side.case.closed:
                assert not any(r.armed or r.live for r in side.case.state.rungs)
                assert side.case.next_deadline() is None
                assert side.journal[-1].kind == "handoff.closed"

    @staticmethod
    def awaited(side: Side) -> set[str]:
        """Return the tasks that must be open."""
        name, model = side.case.state.case_id, side.model
        tasks = set()
        if model.identity.stopped:
            tasks.add(f"{name}/discrepancy/{model.identity.discrepancies}")
        if model.offer is not None and model.offer.sent is not None:
            tasks.add(f"{name}/acknowledgement/{model.offers}")
        return tasks


TestDeskMachine = DeskMachine.TestCase
TestDeskMachine.settings = settings(
    max_examples=120,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,  # the same cases every time; without it, others
    suppress_health_check=[HealthCheck.too_slow],
)
