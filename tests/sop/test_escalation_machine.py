"""Random escalations: taken, worked on, left alone, with a worker that comes late.

Whatever happens: an escalation is never silent while nobody holds it, its pages never stop, it
never leaves its chain, an acknowledgement holds as long as its lease and not longer, and one that
is stale is refused.
"""

from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sop.errors import SopError
from sop.escalation import Escalation, EscalationStart
from sop.messages import Acknowledge
from sop.models import Actor, Entry, Role
from tests.sop.builders import MONDAY, shipped_policy

PAGING = shipped_policy().paging
CHAINS = {
    "urgent": (Role.TEAM_LEADER, Role.DUTY_MANAGER),
    "technical": (Role.SUBJECT_MATTER_EXPERT, Role.TEAM_LEADER, Role.DUTY_MANAGER),
    "complaint": (Role.QUALITY_MANAGER,),
}
PEOPLE = [
    Actor(principal="lena", role=Role.TEAM_LEADER),
    Actor(principal="leon", role=Role.TEAM_LEADER),
    Actor(principal="emil", role=Role.SUBJECT_MATTER_EXPERT),
    Actor(principal="quinn", role=Role.QUALITY_MANAGER),
    Actor(principal="dora", role=Role.DUTY_MANAGER),
    Actor(principal="anna", role=Role.CSR),
    Actor(principal="otto", role=Role.OPERATOR),
]
MINUTES = st.sampled_from([0, 1, 14, 15, 29, 30, 60, 239, 240, 600])
BESIDE = st.sampled_from([timedelta(microseconds=n) for n in (-1, 0, 1)])


class EscalationMachine(RuleBasedStateMachine):
    """One escalation, and what a person at the desk would expect of it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = MONDAY
        self.escalation = self.start("urgent")
        self.journal: list[Entry] = []
        self.holder: str | None = None
        self.lease_until: datetime | None = None
        self.silent_since = MONDAY
        self.ended = False
        self.steps = 0

    def start(self, rung: str) -> Escalation:
        return Escalation(
            EscalationStart(
                escalation_id=f"escalation-inquiry-4f1c2a77-{rung}-1",
                case_id="inquiry-4f1c2a77",
                rung=rung,
                occasion=1,
                clause="INQ-6.1",
                roles=CHAINS[rung],
                paging=PAGING,
                desk=shipped_policy().desk,
                fired_at=MONDAY,
            )
        )

    @initialize(rung=st.sampled_from(sorted(CHAINS)))
    def begin(self, rung: str) -> None:
        self.escalation = self.start(rung)
        self.worker_returns()

    # What happens

    @rule()
    def worker_returns(self) -> None:
        """Run a workflow task: it pages where a page is due."""
        if self.lease_until is not None and self.lease_until <= self.now and not self.ended:
            self.holder, self.lease_until, self.silent_since = None, None, self.now
        if self.escalation.tick(self.now):
            assert not self.ended
            assert self.holder is None
            self.escalation.paged(self.now)
            self.silent_since = self.now
        self.flush()

    @rule(minutes=MINUTES)
    def time_passes(self, minutes: int) -> None:
        until = self.now + timedelta(minutes=minutes)
        while (due := self.escalation.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.worker_returns()
        self.now = until

    @rule(minutes=MINUTES)
    def the_worker_is_away(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(beside=BESIDE)
    def the_worker_is_away_until_about_the_next_deadline(self, beside: timedelta) -> None:
        due = self.escalation.next_deadline()
        if due is not None:
            self.now = max(self.now, due + beside)

    @rule(actor=st.sampled_from(PEOPLE), level=st.integers(1, 4))
    def somebody_takes_it(self, actor: Actor, level: int) -> None:
        self.take(Acknowledge(actor=actor, level=level))

    @rule(actor=st.sampled_from(PEOPLE))
    def somebody_takes_it_where_it_stands(self, actor: Actor) -> None:
        self.take(Acknowledge(actor=actor, level=self.escalation.state.level))

    @rule()
    def there_is_work_on_the_case(self) -> None:
        self.escalation.worked(self.now)
        if self.holder is not None and not self.ended:
            self.lease_until = self.now + PAGING.acknowledged_for

    @rule(really=st.integers(0, 9))
    def the_case_no_longer_needs_it(self, really: int) -> None:
        if really == 0:
            self.escalation.end(self.now, "the case no longer needs it")
            self.ended = True
            self.flush()

    @rule()
    def it_continues_as_new(self) -> None:
        start = self.escalation.start.model_copy(update={"state": self.escalation.state})
        again = Escalation(EscalationStart.model_validate_json(start.model_dump_json()))
        assert again.state == self.escalation.state
        self.escalation = again

    def take(self, step: Acknowledge) -> None:
        before = self.escalation.state
        fits = (
            not self.ended
            and step.actor.role in self.escalation.start.roles
            and self.holder in {None, step.actor.principal}
            and step.level == before.level
        )
        self.steps += 1
        refusals: list[type | None] = []
        for attempt in (
            lambda: self.escalation.check(step),
            lambda: self.escalation.acknowledge(step, self.now, cause=f"update-{self.steps}"),
        ):
            try:
                attempt()
            except SopError as error:
                refusals.append(type(error))
            else:
                refusals.append(None)
        assert refusals[0] == refusals[1]
        assert (refusals[0] is None) == fits
        if fits:
            self.holder, self.lease_until = (
                step.actor.principal,
                self.now + PAGING.acknowledged_for,
            )
        else:
            assert self.escalation.state == before
        self.flush()

    def flush(self) -> None:
        self.journal += self.escalation.take_pending().entries

    # What always holds

    @invariant()
    def it_is_never_silent_while_nobody_holds_it(self) -> None:
        due = self.escalation.next_deadline()
        if self.ended:
            assert due is None
        elif self.holder is not None:
            assert due == self.lease_until
        else:
            assert due is not None
            assert due <= self.silent_since + PAGING.repeat_every

    @invariant()
    def it_knows_who_holds_it_and_reports_it(self) -> None:
        report = self.escalation.report()
        if self.ended:
            assert report.status == "ended"
            return
        assert report.acknowledged_by == self.holder
        assert report.status == ("acknowledged" if self.holder else "paging")

    @invariant()
    def it_stays_within_its_chain_and_only_goes_up(self) -> None:
        roles = self.escalation.start.roles
        assert 1 <= self.escalation.state.level <= len(roles)
        assert self.escalation.role == roles[self.escalation.state.level - 1]
        levels = [e.detail["level"] for e in self.journal if e.kind == "escalation.climbed"]
        assert levels == list(range(2, 2 + len(levels)))

    @invariant()
    def its_journal_has_no_gap_and_no_entry_twice(self) -> None:
        assert [e.seq for e in self.journal] == list(range(1, self.escalation.state.seq + 1))
        assert len({e.entry_id for e in self.journal}) == len(self.journal)
        pages = [e.detail["number"] for e in self.journal if e.kind == "page.sent"]
        assert pages == list(range(1, self.escalation.state.pages + 1))
        kinds = [e.kind for e in self.journal]
        assert kinds.count("escalation.ended") == (1 if self.ended else 0)


TestEscalationMachine = EscalationMachine.TestCase
TestEscalationMachine.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,  # the same cases every time; without it, others
    suppress_health_check=[HealthCheck.too_slow],
)
