"""One escalation (INQ-6): paged, repeated, up the chain, until a person takes it and works."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from sop.errors import NotAllowedError, StaleAcknowledgementError
from sop.escalation import Escalation, EscalationStart
from sop.messages import Acknowledge
from sop.models import CLOCK, Actor, Role
from sop.outgoing import Outgoing
from tests.sop.builders import (
    ANNA,
    DORA,
    EMIL,
    INSTANT,
    LENA,
    MONDAY,
    QUINN,
    shipped_policy,
)

MINUTES_15 = timedelta(minutes=15)
MINUTES_30 = timedelta(minutes=30)
LEASE = timedelta(hours=4)
LEON = Actor(principal="leon", role=Role.TEAM_LEADER)


def start_of(rung: str, occasion: int = 1) -> EscalationStart:
    policy = shipped_policy()
    row = policy.rung(rung)
    assert row is not None
    return EscalationStart(
        escalation_id=f"escalation-inquiry-4f1c2a77-{rung}-{occasion}",
        case_id="inquiry-4f1c2a77",
        rung=rung,
        occasion=occasion,
        clause=row.clause,
        roles=row.roles,
        paging=policy.paging,
        desk=policy.desk,
        fired_at=MONDAY,
    )


@dataclass
class Paged:
    """An escalation, the moment that it is, and the pages that went out."""

    escalation: Escalation
    now: datetime = MONDAY
    steps: int = 0

    @classmethod
    def of(cls, rung: str = "technical") -> "Paged":
        paged = cls(Escalation(start_of(rung)))
        paged.worker_returns()
        return paged

    def turn_to(self, moment: datetime) -> None:
        """Turn the clock as the workflow does: wait for the next deadline, page when asked."""
        while (due := self.escalation.next_deadline()) is not None and due <= moment:
            self.now = max(self.now, due)
            self.worker_returns()
        self.now = moment

    def worker_returns(self) -> None:
        if self.escalation.tick(self.now):
            self.escalation.paged(self.now)

    def takes(self, actor: Actor, level: int) -> None:
        self.steps += 1
        step = Acknowledge(actor=actor, level=level, digest="d-1")
        self.escalation.check(step)
        self.escalation.acknowledge(step, self.now, cause=f"update-{self.steps}")

    @property
    def pages(self) -> list[tuple[str, timedelta]]:
        """Each page's role, and how long after the rung fired it went out."""
        entries = self.escalation.state.pending.entries
        return [(str(e.detail["role"]), e.at - MONDAY) for e in entries if e.kind == "page.sent"]

    @property
    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.escalation.state.pending.entries]


def refused(paged: Paged, actor: Actor, level: int, words: str) -> None:
    """See that an acknowledgement is stale, and that asking for it changes nothing."""
    before = paged.escalation.state
    with pytest.raises(StaleAcknowledgementError, match=words):
        paged.takes(actor, level)
    assert paged.escalation.state == before
    with pytest.raises(StaleAcknowledgementError, match=words):
        paged.escalation.acknowledge(Acknowledge(actor=actor, level=level), paged.now, cause="late")
    assert paged.escalation.state == before


# Paging


@pytest.mark.clause("INQ-6.1", "INQ-6.2")
def test_the_first_page_goes_out_at_once_and_the_next_ones_up_the_chain_without_end() -> None:
    paged = Paged.of("technical")
    paged.turn_to(MONDAY + timedelta(minutes=90))
    assert paged.pages == [
        ("subject_matter_expert", 0 * MINUTES_15),
        ("subject_matter_expert", 1 * MINUTES_15),
        ("team_leader", 2 * MINUTES_15),
        ("team_leader", 3 * MINUTES_15),
        ("duty_manager", 4 * MINUTES_15),
        ("duty_manager", 5 * MINUTES_15),
        ("duty_manager", 6 * MINUTES_15),
    ]
    paged.turn_to(MONDAY + timedelta(days=2))
    assert len(paged.pages) == 2 * 24 * 4 + 1
    assert paged.escalation.role == Role.DUTY_MANAGER


def test_a_page_repeats_at_its_moment_and_not_before() -> None:
    paged = Paged.of()
    paged.turn_to(MONDAY + MINUTES_15 - INSTANT)
    assert len(paged.pages) == 1
    paged.turn_to(MONDAY + MINUTES_15)
    assert len(paged.pages) == 2


def test_the_chain_is_climbed_at_its_moment_and_not_before() -> None:
    paged = Paged.of()
    paged.turn_to(MONDAY + MINUTES_30 - INSTANT)
    assert paged.escalation.state.level == 1
    paged.turn_to(MONDAY + MINUTES_30)
    assert (paged.escalation.state.level, paged.pages[-1][0]) == (2, "team_leader")
    (climbed,) = (e for e in paged.escalation.state.pending.entries if "climbed" in e.kind)
    assert climbed.detail["because"] == "the page was not acknowledged"
    assert (climbed.actor, climbed.clauses) == (CLOCK, ("INQ-6.2",))
    assert climbed.detail["rung"] == "technical-1"


def test_a_worker_that_was_away_pages_at_once_and_climbs_one_step() -> None:
    paged = Paged.of()
    paged.now = MONDAY + timedelta(hours=5)
    paged.worker_returns()
    assert paged.pages[-1] == ("team_leader", timedelta(hours=5))
    assert paged.escalation.next_deadline() == paged.now + MINUTES_15


def test_a_chain_of_one_is_paged_without_end_too() -> None:
    alone = start_of("complaint").model_copy(update={"roles": (Role.QUALITY_MANAGER,)})
    paged = Paged(Escalation(alone))
    paged.worker_returns()
    paged.turn_to(MONDAY + timedelta(hours=2))
    assert [role for role, _ in paged.pages] == ["quality_manager"] * 9


def test_a_page_says_which_case_and_rung_since_when_and_what_to_do_and_nothing_personal() -> None:
    assert Paged.of("complaint").escalation.page_text() == (
        "inquiry-4f1c2a77: complaint (INQ-6.3), escalated Mon 2026-11-23 09:00 CET, level 1. "
        "Please acknowledge, then work on the case."
    )


# Taken


@pytest.mark.clause("INQ-6.2", "INQ-3.2")
def test_an_escalation_that_is_taken_pages_nobody_while_there_is_work_on_the_case() -> None:
    paged = Paged.of()
    paged.takes(EMIL, 1)
    assert paged.escalation.status == "acknowledged"
    for hour in range(1, 40):
        paged.turn_to(MONDAY + timedelta(hours=hour))
        paged.escalation.worked(paged.now)
    assert len(paged.pages) == 1
    assert paged.escalation.next_deadline() == paged.now + LEASE


def test_the_answer_to_an_acknowledgement_says_until_when_it_holds() -> None:
    paged = Paged.of()
    step = Acknowledge(actor=EMIL, level=1, digest="d-1")
    receipt = paged.escalation.acknowledge(step, paged.now, cause="update-1")
    assert (receipt.case_id, receipt.digest, receipt.stage) == ("inquiry-4f1c2a77", "d-1", None)
    assert receipt.next_deadline == MONDAY + LEASE
    assert paged.escalation.state.seen["update-1"] == receipt
    entry = paged.escalation.state.pending.entries[-1]
    assert (entry.kind, entry.actor, entry.entry_id) == (
        "escalation.acknowledged",
        EMIL,
        "update-1",
    )


@pytest.mark.clause("INQ-6.2")
def test_without_work_on_the_case_the_acknowledgement_runs_out_and_paging_goes_on() -> None:
    paged = Paged.of()
    paged.takes(EMIL, 1)
    paged.turn_to(MONDAY + LEASE - INSTANT)
    assert paged.escalation.status == "acknowledged"
    paged.turn_to(MONDAY + LEASE)
    assert (paged.escalation.status, len(paged.pages)) == ("paging", 2)
    assert paged.pages[-1] == ("subject_matter_expert", LEASE)
    paged.turn_to(MONDAY + LEASE + MINUTES_30)
    assert paged.pages[-1] == ("team_leader", LEASE + MINUTES_30)


def test_an_acknowledgement_that_ran_out_is_on_record_and_in_the_register() -> None:
    paged = Paged.of()
    paged.takes(EMIL, 1)
    paged.turn_to(MONDAY + LEASE)
    (expired,) = (e for e in paged.escalation.state.pending.entries if "expired" in e.kind)
    assert (expired.detail["held_by"], expired.actor) == ("emil", CLOCK)
    told = [record.acknowledged_by for record in paged.escalation.state.pending.escalations]
    assert told == [None, "emil", "", None]
    assert paged.escalation.report().acknowledged_by is None


def test_work_on_the_case_renews_only_what_somebody_holds() -> None:
    paged = Paged.of()
    paged.escalation.worked(paged.now)
    assert paged.escalation.state.lease_until is None
    paged.turn_to(MONDAY + MINUTES_15)
    assert len(paged.pages) == 2


def test_who_holds_an_escalation_may_take_it_again_and_renews_it() -> None:
    paged = Paged.of()
    paged.takes(EMIL, 1)
    paged.turn_to(MONDAY + timedelta(hours=3))
    paged.takes(EMIL, 1)
    assert paged.escalation.next_deadline() == MONDAY + timedelta(hours=7)


def test_a_role_further_up_the_chain_may_take_it_before_it_was_paged() -> None:
    paged = Paged.of()
    paged.takes(DORA, 1)
    assert paged.escalation.state.acknowledged_by == "dora"


# Stale


@pytest.mark.clause("INQ-6.2")
@pytest.mark.parametrize("level", [1, 3])
def test_an_acknowledgement_of_another_level_than_the_present_one_is_stale(level: int) -> None:
    paged = Paged.of()
    paged.turn_to(MONDAY + MINUTES_30)
    refused(paged, EMIL, level, "moved on to level 2")
    paged.takes(EMIL, 2)


def test_an_acknowledgement_of_what_somebody_holds_is_stale() -> None:
    paged = Paged.of("urgent")
    paged.takes(LENA, 1)
    refused(paged, LEON, 1, "lena has already taken")


def test_an_acknowledgement_of_what_is_over_is_stale() -> None:
    paged = Paged.of()
    paged.escalation.end(paged.now, "the case no longer needs it")
    refused(paged, EMIL, 1, "is over")


@pytest.mark.clause("INQ-3.2")
@pytest.mark.parametrize("actor", [ANNA, QUINN])
def test_who_is_not_in_the_chain_may_not_take_it(actor: Actor) -> None:
    paged = Paged.of("technical")
    with pytest.raises(NotAllowedError):
        paged.takes(actor, 1)
    assert paged.escalation.status == "paging"


# The end


def test_an_escalation_ends_once_and_then_does_nothing_any_more() -> None:
    paged = Paged.of()
    paged.takes(EMIL, 1)
    paged.escalation.end(paged.now, "the case no longer needs it")
    paged.escalation.end(paged.now, "again")
    assert paged.kinds.count("escalation.ended") == 1
    assert (paged.escalation.status, paged.escalation.next_deadline()) == ("ended", None)
    assert paged.escalation.tick(MONDAY + timedelta(days=9)) is False
    record = paged.escalation.state.pending.escalations[-1]
    assert (record.ended_at, record.ended_because) == (MONDAY, "the case no longer needs it")


def test_the_register_is_told_of_each_page_and_each_step_up_the_chain() -> None:
    paged = Paged.of()
    paged.turn_to(MONDAY + MINUTES_30)
    told = [(r.level, r.role, r.pages) for r in paged.escalation.state.pending.escalations]
    assert told == [
        (1, "subject_matter_expert", 1),
        (1, "subject_matter_expert", 2),
        (2, "team_leader", 2),
        (2, "team_leader", 3),
    ]


def test_an_escalation_reports_where_it_stands() -> None:
    paged = Paged.of("complaint")
    report = paged.escalation.report()
    assert (report.rung, report.occasion, report.level) == ("complaint", 1, 1)
    assert (report.status, report.role) == ("paging", "quality_manager")
    paged.takes(QUINN, 1)
    assert paged.escalation.report().acknowledged_by == "quinn"
    paged.escalation.end(paged.now, "the case no longer needs it")
    assert paged.escalation.report().status == "ended"


def test_the_card_says_what_to_do_until_when_and_who_holds_it() -> None:
    paged = Paged.of("complaint")
    card = paged.escalation.details()
    assert "**What to do now:** Acknowledge it as quality manager, level 1." in card
    assert "**Next deadline:** Mon 2026-11-23 09:15 CET" in card
    assert "page the quality manager again" in paged.escalation.waits_for
    paged.takes(QUINN, 1)
    card = paged.escalation.details()
    assert "**Held by:** quinn" in card
    assert "**Next deadline:** Mon 2026-11-23 13:00 CET" in card
    assert "runs out without work" in paged.escalation.waits_for
    paged.escalation.end(paged.now, "the case no longer needs it")
    assert "**Next deadline:** none" in paged.escalation.details()


def test_what_is_written_to_the_crm_is_handed_over_once() -> None:
    paged = Paged.of()
    assert (paged.escalation.has_pending, paged.escalation.unwritten_from) == (True, 1)
    assert len(paged.escalation.take_pending().entries) == 1
    assert (paged.escalation.take_pending(), paged.escalation.unwritten_from) == (Outgoing(), 2)


def test_an_escalation_that_continues_as_new_goes_on_as_if_it_had_not() -> None:
    paged = Paged.of()
    paged.turn_to(MONDAY + MINUTES_30)
    paged.takes(EMIL, 2)
    carried = paged.escalation.start.model_copy(update={"state": paged.escalation.state})
    again = EscalationStart.model_validate_json(carried.model_dump_json())
    new = Paged(Escalation(again), paged.now)
    for run in (paged, new):
        run.turn_to(MONDAY + timedelta(hours=6))
    assert new.escalation.state == paged.escalation.state


def test_a_fact_that_does_not_exist_is_a_mistake_and_not_a_new_fact() -> None:
    with pytest.raises(AttributeError, match="no such fact: levle"):
        Paged.of().escalation._set(levle=2)
