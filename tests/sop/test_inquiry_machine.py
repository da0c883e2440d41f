"""Random inquiries: steps that are allowed and steps that are not, leaps of time, late workers.

Each case is compared with the plain model of `model_steps`. Whatever the sequence of events: no
rung fires early, twice or never; a closed case lacks no clause; nothing outlives it; a refused
step changes nothing; a case that was carried over as JSON goes on as if it had not been.
"""

from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sop import messages as m
from sop.errors import NotAllowedError, SopError
from sop.handoff.messages import HandoffReport
from sop.inquiry import Inquiry
from sop.models import (
    Actor,
    Entry,
    FollowUpOutcome,
    Priority,
    Role,
    TaskRecord,
    VerificationOutcome,
)
from sop.policy import CasePolicy
from sop.policy_rules import FollowUpRule, VerificationRule
from sop.stages import TRANSITIONS
from sop.state import InquiryState
from tests.sop.builders import (
    ANNA,
    ANSWERED,
    ATTESTED,
    CONFIRMED,
    DORA,
    DUPLICATE,
    GENERAL_ANSWER,
    LENA,
    MONDAY,
    NOT_REACHED,
    NOTED,
    QUINN,
    RECEPTION,
    REPLIED,
    REPORTED_AGAIN,
    RESOLVED,
    RESUMED,
    VERIFIED,
    WAITING,
    WITHDRAWN,
    adopted,
    assigned,
    categorised,
    corrected,
    escalated,
    opened,
    policy_with,
    promised,
    rung,
    shipped_policy,
)
from tests.sop.handoff.builders import (
    APPROVED,
    ATTESTED_ONLY,
    EXHAUSTED,
    IDENTIFIED,
    MISMATCHED,
    NOTICED,
    UNFIT,
    handing_over,
)
from tests.sop.model_clocks import DAY, HOUR, NEEDED
from tests.sop.model_steps import Model

LEAPS = st.sampled_from([0, 1, 30, 3_600, 10_800, 21_600, 43_200, 86_400, 108_000])
INSTANTS = st.sampled_from([timedelta(microseconds=n) for n in (-1, 0, 1)])
FORMS = shipped_policy().verification.forms
PAUSING = policy_with(rung("unattended", pause_while_waiting=True))
SOONER = policy_with(
    rung("complaint", after=6 * HOUR),
    rung("unattended", after=30 * HOUR, pause_while_waiting=True),
    rung("follow_up_overdue", after=6 * HOUR),
    follow_up=FollowUpRule(after=2 * HOUR, every=DAY, attempts=2),
    verification=VerificationRule(forms=FORMS, general_information_exempt=False),
)
BARE = policy_with(
    rung("technical", after=3 * DAY),
    follow_up=FollowUpRule(after=DAY, every=DAY, attempts=2),
)
GONE = {"complaint", "unattended", "follow_up_overdue"}
POLICIES: dict[str, CasePolicy] = {
    "2026.1": PAUSING.model_copy(update={"version": "2026.1"}),
    "sooner": SOONER.model_copy(update={"version": "sooner"}),
    "bare": BARE.model_copy(
        update={
            "version": "bare",
            "escalation": tuple(row for row in BARE.escalation if row.rung not in GONE),
        }
    ),
}
CHECKS = (IDENTIFIED, IDENTIFIED, MISMATCHED, NOTICED, EXHAUSTED, UNFIT, ATTESTED_ONLY)
WORK = (ANSWERED, GENERAL_ANSWER, NOTED, assigned("ben"), assigned("lena"))
RUNGS = st.sampled_from([*(row.rung for row in shipped_policy().escalation), "gossip"])


Refusal = type[SopError]


def answer_to(case: Inquiry, step: m.Command, now: datetime, cause: str) -> m.Receipt | Refusal:
    try:
        return case.apply(step, now, cause=cause)
    except SopError as error:
        return type(error)


def refusal_by_check(case: Inquiry, step: m.Command, now: datetime) -> Refusal | None:
    try:
        case.check(step, now)
    except SopError as error:
        return type(error)
    return None


class InquiryMachine(RuleBasedStateMachine):
    """One inquiry and its model, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.now = MONDAY
        self.model = Model(received=MONDAY)
        bare = opened(policy=POLICIES["2026.1"], category=None, reception=None, assignee=None)
        self.case = bare.case
        self.journal: list[Entry] = []
        self.tasks: dict[str, TaskRecord] = {}
        self.ended: set[str] = set()
        self.begun: set[str] = set()
        self.said: dict[str, tuple[int, str | None]] = {}
        self.steps = 0
        self.flush()

    # What happens

    @initialize(
        received=st.booleans(),
        category=st.sampled_from([None, "billing", "complaint", "technical"]),
        priority=st.sampled_from(list(Priority)),
        general=st.booleans(),
    )
    def take_in(
        self, received: bool, category: str | None, priority: Priority, general: bool
    ) -> None:
        if received:
            self.report(m.RecordReception(actor=ANNA, reception=RECEPTION))
        if category is not None:
            self.report(categorised(category, priority, general_information=general))

    @rule(lacks=st.sampled_from(["", "", "listened", "key_points_confirmed", "courteous"]))
    def attest(self, lacks: str) -> None:
        reception = RECEPTION.model_copy(update={lacks: False} if lacks else {})
        self.report(m.RecordReception(actor=ANNA, reception=reception))

    @rule(far=st.integers(2, 5))
    def work_it_off(self, far: int) -> None:
        """Do what an inquiry ordinarily needs, one step after the other, as far as it goes."""
        for step in (ATTESTED, corrected("billing"), VERIFIED, RESOLVED, CONFIRMED)[:far]:
            self.report(step)

    @rule(
        category=st.sampled_from(["billing", "complaint", "technical", "complaint", "gossip"]),
        priority=st.sampled_from(list(Priority)),
        complex_=st.booleans(),
        general=st.booleans(),
        reason=st.sampled_from([None, "Looked into it.", "Looked again."]),
    )
    def categorise(
        self, category: str, priority: Priority, complex_: bool, general: bool, reason: str | None
    ) -> None:
        facts = {"complex": complex_, "general_information": general}
        self.report(categorised(category, priority, reason=reason, **facts))

    @rule(outcome=st.sampled_from([VerificationOutcome.VERIFIED, *VerificationOutcome]))
    def verify(self, outcome: VerificationOutcome) -> None:
        self.report(VERIFIED.model_copy(update={"outcome": outcome}))

    @rule(check=st.sampled_from(CHECKS), by=st.sampled_from([ANNA, ANNA, LENA]))
    def identify(self, check: m.Identify, by: Actor) -> None:
        self.report(check.model_copy(update={"actor": by}))

    @rule(by=st.sampled_from([LENA, DORA, QUINN, ANNA]), approve=st.booleans())
    def decide(self, by: Actor, approve: bool) -> None:
        self.report(APPROVED.model_copy(update={"actor": by, "approve": approve}))

    @rule(number=st.integers(1, 2), waits=st.booleans())
    def hand_over(self, number: int, waits: bool) -> None:
        self.report(handing_over(waits=waits, case_id=f"handoff-0000000{number}"))

    @rule(number=st.integers(1, 2), ended=st.booleans())
    def a_handoff_reports(self, number: int, ended: bool) -> None:
        said = HandoffReport(
            handoff_id=f"handoff-0000000{number}",
            stage="closed" if ended else "offered",
            custody="rita" if ended else "anna",
            closed_as="accepted" if ended else None,
        )
        self.case.hear_handoff(said, self.now)
        if ended:
            self.model.hear(said.handoff_id, self.now)
        self.flush()

    @rule(step=st.sampled_from(WORK))
    def work(self, step: m.Command) -> None:
        self.report(step)

    @rule(step=st.sampled_from([REPLIED, REPORTED_AGAIN, WAITING, RESUMED]))
    def hear_from_the_customer(self, step: m.Command) -> None:
        self.report(step)

    @rule(hours=st.sampled_from([-1, 0, 1, 4, 40, 240, 241]))
    def promise(self, hours: int) -> None:
        self.report(promised(self.now + hours * HOUR))

    @rule(name=RUNGS)
    def escalate(self, name: str) -> None:
        self.report(escalated(name))

    @rule(confirmed=st.booleans())
    def resolve(self, confirmed: bool) -> None:
        self.report(m.Resolve(actor=ANNA, resolution="Paid back.", customer_confirmed=confirmed))

    @rule(outcome=st.sampled_from(list(FollowUpOutcome)), mute=st.booleans())
    def follow_up(self, outcome: FollowUpOutcome, mute: bool) -> None:
        said = {"feedback": None, "satisfaction": None} if mute else {}
        self.report(CONFIRMED.model_copy(update={"outcome": outcome, **said}))

    @rule(step=st.sampled_from([WITHDRAWN, DUPLICATE]), really=st.integers(0, 9))
    def give_up(self, step: m.Command, really: int) -> None:
        if really == 0:
            self.report(step)

    @rule(version=st.sampled_from(list(POLICIES)))
    def adopt(self, version: str) -> None:
        self.report(adopted(POLICIES[version]))

    @rule(role=st.sampled_from([Role.AUDITOR, Role.SERVICE, Role.SYSTEM]))
    def somebody_resolves_who_may_not(self, role: Role) -> None:
        stranger = Actor(principal="nobody", role=role)
        before = self.case.state
        step = m.Resolve(actor=stranger, resolution="Paid back.", customer_confirmed=True)
        assert answer_to(self.case, step, self.now, "never") is NotAllowedError
        assert self.case.state == before

    # Time

    @rule(seconds=LEAPS)
    def the_worker_is_away(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(beside=INSTANTS)
    def the_worker_is_away_until_about_the_next_deadline(self, beside: timedelta) -> None:
        due = self.model.next_due
        if due is not None:
            self.now = max(self.now, due + beside)

    @rule(reached=st.booleans())
    def the_contact_falls_due(self, reached: bool) -> None:
        """Come to the contact that is planned; it stays open, or reaches nobody."""
        due = self.model.contact_due
        if due is not None:
            self.now = max(self.now, due)
            self.run_a_workflow_task()
            if not reached:
                self.report(NOT_REACHED)

    @rule(seconds=LEAPS)
    def time_passes(self, seconds: int) -> None:
        until = self.now + timedelta(seconds=seconds)
        while (due := self.case.next_deadline()) is not None and due.at <= until:
            self.now = max(self.now, due.at)
            self.run_a_workflow_task()
        self.now = until

    @rule()
    def run_a_workflow_task(self) -> None:
        before = self.case.stage
        self.case.tick(self.now)
        self.model.tick(self.now)
        assert self.case.stage in TRANSITIONS[before]
        self.begun |= {held.key for held in self.case.take_new_escalations()}
        self.begun -= {held.key for held in self.case.take_needless_escalations()}
        self.model.live = dict.fromkeys(self.model.live, True)
        assert {key.rpartition("-")[0] for key in self.begun} == self.model.live.keys()
        self.flush()

    @rule(
        level=st.integers(1, 2),
        by=st.sampled_from([None, "lena", "dora"]),
        which=st.integers(0, 5),
    )
    def an_escalation_reports(self, level: int, by: str | None, which: int) -> None:
        if not self.begun:
            return
        name, _, number = sorted(self.begun)[which % len(self.begun)].rpartition("-")
        status = "acknowledged" if by else "paging"
        said = {
            "rung": name,
            "occasion": int(number),
            "level": level,
            "status": status,
            "role": "team_leader",
            "acknowledged_by": by,
        }
        self.case.hear(m.EscalationReport.model_validate(said))
        self.said[f"{name}-{number}"] = (level, by)
        self.flush()

    # Both sides

    def report(self, step: m.Command) -> None:
        """Report a step to the case, its model, and a copy of the case that went through JSON."""
        before, stage, policy = self.case.state, self.case.stage, self.case.policy
        twin = Inquiry(policy, InquiryState.model_validate_json(before.model_dump_json()))
        accepted = self.model.take(step, self.now)
        checked = refusal_by_check(self.case, step, self.now)
        assert (self.case.state, self.case.policy) == (before, policy)
        self.steps += 1
        cause = f"step-{self.steps}"
        answer = answer_to(self.case, step, self.now, cause)
        assert isinstance(answer, m.Receipt) == accepted, f"{step.step} was answered {answer}"
        if not isinstance(answer, m.Receipt):
            assert checked is answer
            assert (self.case.state, self.case.policy) == (before, policy)
            return
        assert checked is None
        assert answer_to(twin, step, self.now, cause) == answer == self.case.answered(cause)
        assert twin.state == self.case.state
        assert self.case.stage in TRANSITIONS[stage]
        self.flush()

    def flush(self) -> None:
        """Take what the CRM would be given, as the flush does."""
        out = self.case.take_pending()
        self.journal += out.entries
        self.tasks |= {task.task_id: task for task in out.tasks}
        self.ended |= {f"{r.rung}-{r.occasion}" for r in out.escalations if r.ended_at is not None}

    # What always holds

    @invariant()
    def what_always_holds(self) -> None:
        self.the_case_is_where_the_model_is()
        self.who_took_the_highest_escalation_holds_the_case()
        self.the_next_deadline_is_the_models()
        self.no_rung_fires_early_twice_or_never()
        self.every_warning_comes_once_and_before_what_it_warns_of()
        self.the_journal_has_no_gap_and_no_entry_twice()
        self.nothing_outlives_a_closed_case()
        self.a_case_closed_as_resolved_lacks_nothing()
        self.an_open_task_is_the_present_contacts()
        self.the_state_survives_as_json()

    def the_case_is_where_the_model_is(self) -> None:
        assert self.case.stage == self.model.stage
        assert set(self.case.missing) == self.model.missing
        live = {held.rung: held.status is not None for held in self.case.state.rungs if held.live}
        assert live == self.model.live

    def who_took_the_highest_escalation_holds_the_case(self) -> None:
        live = [held.key for held in self.case.state.rungs if held.live]
        said = [self.said.get(key, (1, None)) for key in live]
        assert self.case.level == max((level for level, _ in said), default=0)
        taken = [(level, by) for level, by in said if by is not None]
        highest = {by for level, by in taken if level == max(taken)[0]}
        expected: set[str | None] = {*highest} or {self.case.state.assignee}
        assert self.case.holder in expected

    def the_next_deadline_is_the_models(self) -> None:
        said = self.case.row().next_deadline
        assert said == self.model.next_due

    def no_rung_fires_early_twice_or_never(self) -> None:
        fired = [entry for entry in self.journal if entry.kind == "rung.fired"]
        keys = [str(entry.detail["rung"]) for entry in fired]
        assert len(keys) == len(set(keys))
        said = [
            (
                key.rpartition("-")[0],
                datetime.fromisoformat(str(entry.detail["due_at"])),
                datetime.fromisoformat(str(entry.detail["fired_at"])),
            )
            for key, entry in zip(keys, fired, strict=True)
        ]
        assert sorted(said) == sorted(self.model.fired)
        for entry, (_, due, at) in zip(fired, said, strict=True):
            late = entry.detail["lateness_ms"]
            assert isinstance(late, int)
            assert entry.at == at >= due
            assert timedelta(0) <= timedelta(milliseconds=late) <= at - due + HOUR / 3_600_000

    def every_warning_comes_once_and_before_what_it_warns_of(self) -> None:
        warned = [entry for entry in self.journal if entry.kind.endswith(".warned")]
        assert len({entry.entry_id for entry in warned}) == len(warned)
        for held in self.case.state.rungs:
            if held.warned_at is not None and held.fired_at is not None:
                assert held.warned_at <= held.fired_at

    def the_journal_has_no_gap_and_no_entry_twice(self) -> None:
        assert [entry.seq for entry in self.journal] == list(range(1, self.case.state.seq + 1))
        assert len({entry.entry_id for entry in self.journal}) == len(self.journal)
        moments = [entry.at for entry in self.journal]
        assert moments == sorted(moments)

    def nothing_outlives_a_closed_case(self) -> None:
        state = self.case.state
        if state.closed_as is None:
            return
        assert state.closed_as == self.model.closed
        assert (state.promise, state.waiting_since, state.follow_up) == (None, None, None)
        assert not any(held.armed or held.live for held in state.rungs)
        assert all(pause.end is not None for pause in state.pauses)
        assert all(task.done_at is not None for task in self.tasks.values())
        assert self.case.next_deadline() is None
        assert (self.case.level, self.case.holder) == (0, state.assignee)
        assert self.journal[-1].kind in {"inquiry.closed"}

    def a_case_closed_as_resolved_lacks_nothing(self) -> None:
        state = self.case.state
        if state.closed_as != "resolved":
            return
        told = {"INQ-4.4.2"} if "INQ-4.4.3" in state.proofs else set()
        assert NEEDED - told <= state.proofs.keys()
        assert all((state.resolution, state.responsible, state.follow_up_outcome))
        clauses = {seq: clause for clause, seq in state.proofs.items()}
        assert all(clauses[s] in self.journal[s - 1].clauses for s in clauses)

    def an_open_task_is_the_present_contacts(self) -> None:
        still_open = [task.task_id for task in self.tasks.values() if task.done_at is None]
        contact = self.case.state.follow_up
        present = [contact.task_id] if contact and contact.opened_at else []
        if self.model.identity.stopped:
            present.append(
                f"{self.case.state.case_id}/discrepancy/{self.model.identity.discrepancies}"
            )
        assert sorted(still_open) == sorted(present)

    def the_state_survives_as_json(self) -> None:
        state = self.case.state
        assert InquiryState.model_validate_json(state.model_dump_json()) == state

    def teardown(self) -> None:
        """See that what was paged is taken back, whichever way a closed case ended."""
        if self.case.closed:
            self.run_a_workflow_task()
            assert self.begun == set()
        super().teardown()


TestInquiryMachine = InquiryMachine.TestCase
TestInquiryMachine.settings = settings(
    max_examples=150,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,  # the same cases every time; without it, others
    suppress_health_check=[HealthCheck.too_slow],
)
