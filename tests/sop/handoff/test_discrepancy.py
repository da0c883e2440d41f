"""A discrepancy stops the case until another person has decided (HOF-3.2, HOF-4.1.4, HOF-7.3)."""

from datetime import timedelta

import pytest

from sop.errors import BehindGateError, NotAllowedError, WrongStageError
from sop.handoff.handoff import Handoff
from sop.messages import Command
from sop.models import Actor, Role, TaskKind
from tests.sop.builders import ANNA, BEN, DORA, HOUR, INSTANT, LENA, MONDAY, QUINN
from tests.sop.handoff.builders import (
    ACCEPTED,
    APPROVED,
    BRIEFED,
    CONCLUDED,
    CONFIRMED,
    EXHAUSTED,
    FAXED,
    IDENTIFIED,
    MINUTE,
    MISMATCHED,
    NOTED,
    NOTICED,
    PREPARED,
    REFUSED,
    REJECTED,
    RITA,
    SENT,
    TOLD,
    WITHDRAWN,
    HandedOver,
    adopted,
    approved,
    assigned,
    handed,
    handoff_order,
    handoff_policy,
    offered,
    prepared,
    start_of,
    stopped,
)

UNTIL = MONDAY + 10 * MINUTE
TASK = "handoff-4f1c2a77/discrepancy/1"


def decide(case: HandedOver, by: Actor, *, approve: bool = True) -> None:
    case.do(APPROVED.model_copy(update={"actor": by, "approve": approve}))


# The stop


@pytest.mark.clause("HOF-4.1.4")
@pytest.mark.parametrize("step", [IDENTIFIED, *PREPARED, SENT])
def test_a_discrepancy_stops_every_step_that_stands_behind_it(step: Command) -> None:
    case = prepared()
    case.do(NOTICED)
    before = case.state
    with pytest.raises(BehindGateError, match="supervisor") as refused:
        case.do(step)
    assert (refused.value.clause, case.state) == ("HOF-4.1.4", before)


@pytest.mark.clause("HOF-4.1.4")
def test_a_discrepancy_opens_a_task_and_pages_the_team_leader_at_once() -> None:
    case = stopped()
    (task,) = case.tasks
    assert (task.task_id, task.kind) == (TASK, TaskKind.DISCREPANCY_DECISION)
    assert (task.opened_at, task.done_at) == (MONDAY, None)
    assert case.fired_rungs == {"discrepancy-1": MONDAY}
    fired = case.entry("rung.fired")
    assert (fired.detail["role"], fired.detail["lateness_ms"]) == (Role.TEAM_LEADER, 0)
    assert fired.clauses == ()
    (register,) = case.state.pending.escalations
    assert (register.rung, register.role, register.clause, register.level) == (
        "discrepancy",
        "team_leader",
        "HOF-4.1.4",
        1,
    )
    row = case.case.policy.rung("discrepancy")
    assert row is not None
    assert row.roles == (Role.TEAM_LEADER, Role.DUTY_MANAGER)


@pytest.mark.clause("HOF-4.1.4")
def test_that_a_supervisor_was_paged_does_not_prove_that_one_decided() -> None:
    case = stopped()
    assert "HOF-4.1.4" in case.case.missing
    case.do(APPROVED)
    assert "HOF-4.1.4" not in case.case.missing
    case.do(NOTICED)
    assert "HOF-4.1.4" in case.case.missing


@pytest.mark.clause("HOF-4.1.4")
def test_a_stopped_handoff_still_takes_notes_and_can_be_given_up() -> None:
    case = stopped()
    case.do(NOTED)
    assert case.do(WITHDRAWN).stage == "closed"
    assert case.tasks[-1].task_id == TASK
    assert (case.tasks[-1].done_at, case.tasks[-1].outcome) == (MONDAY, "not needed")
    assert not any(held.live for held in case.state.rungs)


# Who decides


@pytest.mark.clause("HOF-3.2", "HOF-4.1.4")
@pytest.mark.parametrize("supervisor", [LENA, DORA, QUINN])
def test_a_supervisor_who_has_not_worked_on_it_decides(supervisor: Actor) -> None:
    case = stopped()
    decide(case, supervisor)
    entry = case.entry("discrepancy.decided")
    assert entry.clauses == ("HOF-3.2", "HOF-4.1.4")
    assert (entry.actor, entry.detail["reason"]) == (supervisor, "Known in person.")


LEADER_WHO = {
    "opened it": handed(NOTICED, actor=LENA),
    "has it": handed(NOTICED, assignee="lena"),
    "was given it": handed(NOTICED, assigned("lena")),
    "identified": handed(NOTICED.model_copy(update={"actor": LENA})),
    "confirmed the items": handed(
        IDENTIFIED, CONFIRMED.model_copy(update={"actor": LENA}), NOTICED
    ),
    "tried a forbidden channel": handed(FAXED.model_copy(update={"actor": LENA}), NOTICED),
    "receives it": handed(
        NOTICED, receiving={"party": "lena", "name": "The leader", "contact": "extension 1"}
    ),
}


@pytest.mark.clause("HOF-3.2", "HOF-4.1.4")
@pytest.mark.parametrize("who", LEADER_WHO)
@pytest.mark.parametrize("approve", [True, False])
def test_nobody_decides_about_their_own_case(who: str, approve: bool) -> None:
    case = LEADER_WHO[who]
    before = case.state
    with pytest.raises(NotAllowedError, match="own case") as refused:
        decide(case, LENA, approve=approve)
    assert (refused.value.clause, case.state) == ("HOF-3.2", before)
    case.case.check(APPROVED.model_copy(update={"actor": DORA}), case.now)


@pytest.mark.clause("HOF-3.2")
@pytest.mark.parametrize(
    "step", [NOTED.model_copy(update={"actor": LENA}), assigned("ben"), adopted(handoff_policy())]
)
def test_a_supervisor_who_only_helped_may_decide(step: Command) -> None:
    case = stopped()
    case.do(step)
    decide(case, LENA)


@pytest.mark.clause("HOF-3.2")
def test_one_supervisor_may_decide_a_second_discrepancy() -> None:
    case = handed(NOTICED, REJECTED, NOTICED)
    assert case.do(APPROVED).verification == "needs_supervisor"
    assert [x.detail["number"] for x in case.entries("discrepancy.decided")] == [1, 2]


@pytest.mark.clause("HOF-3.2")
@pytest.mark.parametrize("actor", [BEN, RITA, Actor(principal="otto", role=Role.OPERATOR)])
def test_who_is_no_supervisor_does_not_decide(actor: Actor) -> None:
    with pytest.raises(NotAllowedError):
        decide(stopped(), actor)


def test_there_must_be_something_to_decide() -> None:
    for case in (handed(), approved(), handed(NOTICED, REJECTED)):
        before = case.state
        with pytest.raises(WrongStageError, match="No discrepancy"):
            decide(case, DORA)
        assert case.state == before


# Approved


@pytest.mark.clause("HOF-4.1.4", "HOF-7.3")
def test_an_approval_ends_task_and_escalation_and_is_reported_as_an_override() -> None:
    case = stopped()
    case.case.take_new_escalations()
    receipt = case.do(APPROVED)
    assert (receipt.stage, receipt.next_deadline) == ("stopped", UNTIL)
    assert receipt.next_deadline_what == "approval runs out"
    assert (case.tasks[-1].outcome, case.tasks[-1].done_at) == ("approved", MONDAY)
    assert [held.key for held in case.case.take_needless_escalations()] == ["discrepancy-1"]
    (report,) = case.reports
    assert (report.kind, report.clause, report.manager) == (
        "override",
        "HOF-4.1.4",
        Role.DUTY_MANAGER,
    )
    assert (report.reported_by, report.reason) == ("lena", "Known in person.")
    assert case.case.reports_to_file() == (report,)


@pytest.mark.clause("HOF-4.1.4")
def test_the_next_step_behind_the_gate_uses_the_approval_and_the_identity_has_an_end() -> None:
    case = approved()
    case.turn_to(UNTIL - INSTANT)
    receipt = case.do(CONFIRMED)
    assert (receipt.verification, receipt.stage) == ("verified", "preparing")
    assert "HOF-4.1.2" in receipt.proved
    assert case.kinds[-2:] == ["approval.used", "items.confirmed"]
    used = case.entry("approval.used")
    assert (used.actor, used.detail["approved_by"]) == (ANNA, "lena")
    identity = case.state.identification.identity
    assert identity is not None
    assert identity.expires_at == case.now + HOUR
    case.do(BRIEFED, TOLD, SENT)
    assert case.entries("approval.used") == [used]


@pytest.mark.clause("HOF-4.1.4")
def test_an_approval_stands_in_for_a_check_that_nobody_could_make() -> None:
    case = handed(EXHAUSTED, APPROVED)
    case.do(*PREPARED, SENT)
    assert case.stage == "offered"
    assert "HOF-4.1.3" in case.entry("approval.used").clauses


@pytest.mark.clause("HOF-4.1.4")
def test_a_refused_step_does_not_use_the_approval_up() -> None:
    case = approved()
    before = case.state
    with pytest.raises(BehindGateError) as refused:
        case.do(SENT)
    assert (refused.value.clause, case.state) == ("HOF-4.2.1", before)
    case.do(CONFIRMED)


@pytest.mark.clause("HOF-4.1.4")
@pytest.mark.parametrize("late", [timedelta(0), MINUTE])
def test_at_the_moment_at_which_an_approval_ends_it_is_not_used_any_more(late: timedelta) -> None:
    case = approved()
    case.pass_time_without_worker(10 * MINUTE + late)
    before = case.state
    with pytest.raises(BehindGateError, match="has expired") as refused:
        case.do(CONFIRMED)
    assert (refused.value.clause, case.state) == ("HOF-4.1.2", before)


@pytest.mark.clause("HOF-4.1.4")
def test_an_approval_that_nobody_used_runs_out_and_is_asked_for_again() -> None:
    case = approved()
    case.turn_to(UNTIL - INSTANT)
    assert case.entries("approval.expired") == []
    case.turn_to(UNTIL)
    assert case.entry("approval.expired").at == UNTIL
    second = case.entry("discrepancy.opened", number=2)
    assert second.detail["cause"] == "approval_expired"
    assert case.fired_rungs["discrepancy-2"] == UNTIL
    assert case.tasks[-1].task_id == "handoff-4f1c2a77/discrepancy/2"
    with pytest.raises(BehindGateError) as refused:
        case.do(CONFIRMED)
    assert refused.value.clause == "HOF-4.1.4"
    case.pass_time(HOUR)
    assert len(case.entries("approval.expired")) == 1
    assert case.log[-1].reason == "approval_expired"
    case.do(APPROVED, CONFIRMED)


@pytest.mark.clause("HOF-4.1.4")
def test_the_entries_of_an_expiry_bear_one_name_whichever_task_notices_it() -> None:
    by_clock, by_step = approved(), approved()
    by_clock.turn_to(UNTIL)
    by_step.pass_time_without_worker(10 * MINUTE)
    by_step.do(NOTED)
    names = {"approval.expired", "discrepancy.opened", "rung.fired"}
    found = [
        [(x.kind, x.entry_id) for x in case.journal if x.kind in names]
        for case in (by_clock, by_step)
    ]
    assert found[0] == found[1]


@pytest.mark.clause("HOF-4.1.4")
def test_the_policy_says_how_long_an_approval_holds() -> None:
    policy = handoff_policy(identification={"approval_valid_for": 2 * MINUTE})
    case = approved(policy=policy)
    assert case.case.next_deadline() is not None
    case.pass_time(2 * MINUTE)
    case.entry("approval.expired")


@pytest.mark.clause("HOF-4.1.4")
def test_another_check_takes_the_place_of_an_approval() -> None:
    case = handed(NOTICED, APPROVED, IDENTIFIED)
    assert case.stage == "preparing"
    case.pass_time(HOUR)
    assert case.entries("approval.expired") == []
    failed = handed(NOTICED, APPROVED, MISMATCHED)
    with pytest.raises(BehindGateError, match="is missing"):
        failed.do(CONFIRMED)


# Rejected


@pytest.mark.clause("HOF-4.1.4", "HOF-7.3")
def test_a_rejection_ends_the_stop_and_verifies_nobody_and_is_reported() -> None:
    case = stopped()
    receipt = case.do(REJECTED)
    assert (receipt.verification, receipt.stage) == ("not_verified", "identifying")
    assert receipt.next_deadline is None
    (report,) = case.reports
    assert (report.kind, report.reason) == ("identity_rejected", "It is somebody else.")
    assert case.tasks[-1].outcome == "rejected"
    with pytest.raises(BehindGateError) as refused:
        case.do(CONFIRMED)
    assert refused.value.clause == "HOF-4.1.2"
    assert case.do(IDENTIFIED).verification == "verified"


@pytest.mark.clause("HOF-7.3")
def test_each_decision_has_its_report_and_none_holds_a_name() -> None:
    case = handed(NOTICED, REJECTED, NOTICED, APPROVED)
    assert [r.report_id.removeprefix("handoff-4f1c2a77/") for r in case.reports] == [
        "identity_rejected/1",
        "override/2",
    ]
    assert "Carla" not in str(case.reports)


# While it is offered


@pytest.mark.clause("HOF-3.3", "HOF-4.1.4")
def test_what_the_receiving_party_notices_stops_its_acceptance_until_it_is_decided() -> None:
    case = offered()
    case.do(NOTICED.model_copy(update={"actor": RITA}))
    assert case.stage == "stopped"
    before = case.state
    with pytest.raises(BehindGateError) as refused:
        case.do(ACCEPTED)
    assert (refused.value.clause, case.state) == ("HOF-4.1.4", before)
    case.do(APPROVED)
    assert case.do(ACCEPTED).stage == "closed"
    used = case.kinds.index("approval.used")
    assert case.kinds[used + 1] == "handoff.acknowledged"


@pytest.mark.clause("HOF-3.3", "HOF-4.1.2")
@pytest.mark.parametrize("how", [(MISMATCHED,), (NOTICED, REJECTED)])
def test_nothing_is_accepted_for_a_customer_whom_a_later_check_did_not_find(
    how: tuple[Command, ...],
) -> None:
    case = offered()
    case.do(*how)
    with pytest.raises(BehindGateError) as refused:
        case.do(ACCEPTED)
    assert refused.value.clause == "HOF-4.1.2"
    assert case.do(REFUSED).stage == "returned"


@pytest.mark.clause("HOF-4.2.5")
def test_an_identity_that_ran_out_after_the_transfer_keeps_nobody_from_accepting() -> None:
    case = offered()
    case.pass_time(20 * HOUR)
    assert case.do(ACCEPTED).stage == "closed"


@pytest.mark.clause("HOF-4.2.5")
def test_custody_returns_although_a_discrepancy_waits() -> None:
    case = offered()
    case.do(NOTICED.model_copy(update={"actor": RITA}))
    case.pass_time(24 * HOUR)
    case.entry("custody.returned")
    assert case.stage == "stopped"
    assert case.do(CONCLUDED).stage == "closed"


@pytest.mark.clause("HOF-4.1.4")
def test_a_check_can_be_stopped_by_any_of_the_policys_rungs_or_by_none() -> None:
    case = stopped(policy=handoff_policy(without="discrepancy"))
    assert (case.fired_rungs, case.stage) == ({}, "stopped")
    decide(case, LENA)


@pytest.mark.clause("HOF-3.2")
def test_who_approved_a_discrepancy_does_not_go_on_with_the_case_themselves() -> None:
    case = handed(IDENTIFIED.model_copy(update={"noticed": True}), APPROVED)
    own = CONFIRMED.model_copy(update={"actor": APPROVED.actor})
    before = case.state
    with pytest.raises(NotAllowedError) as refused:
        case.do(own)
    assert (refused.value.clause, case.state) == ("HOF-3.2", before)
    case.do(CONFIRMED)
    with pytest.raises(NotAllowedError):
        case.do(own)


@pytest.mark.clause("HOF-3.2")
def test_who_had_the_handoff_before_does_not_decide_about_it() -> None:
    case = handed(assigned("quinn"), assigned("ben"), NOTICED)
    with pytest.raises(NotAllowedError) as refused:
        decide(case, QUINN)
    assert refused.value.clause == "HOF-3.2"
    decide(case, DORA)


@pytest.mark.clause("HOF-3.2")
def test_who_worked_on_the_inquiry_does_not_decide_about_its_handoff() -> None:
    order = handoff_order().model_copy(update={"handled_by": ("lena",)})
    case = HandedOver(Handoff.begin(start_of(order), MONDAY), MONDAY)
    case.do(NOTICED)
    with pytest.raises(NotAllowedError) as refused:
        decide(case, LENA)
    assert refused.value.clause == "HOF-3.2"
    decide(case, DORA)
