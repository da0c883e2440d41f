"""What the clocks do when nobody acts, shown by skipping time (INQ-4.4.3, INQ-4.6, INQ-6)."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from cli.demo.act_work import reception, verify
from cli.demo.cast import Cast, of_category
from cli.demo.door import DemoError, Problem
from cli.demo.people import DUTY_MANAGER, QUALITY_MANAGER, REPRESENTATIVES, TEAM_LEADER
from cli.demo.play import Play
from cli.demo.table import words
from sop.durations import format_duration
from sop.models import EscalationRecord
from sop.policy import Rung
from workflows.escalating import escalation_id

_UNRESOLVED = "unresolved"


async def reach_the_quality_manager(play: Play, cast: Cast) -> None:
    """Leave a complaint alone for its 12 hours (INQ-6.3), and its page for half an hour."""
    case_id = await cast.take(of_category("complaint"))
    play.tally.showcase = case_id
    fired = await _leave_alone(play, case_id, "complaint")
    await _miss_the_page(play, case_id, fired)


async def reach_the_expert(play: Play, cast: Cast) -> None:
    """Leave a technical case alone for its 24 hours (INQ-6.2)."""
    await _leave_alone(play, await cast.take(of_category("technical")), "technical")


async def break_a_promise(play: Play, cast: Cast) -> None:
    """Let a promised time pass: unresolved, to the team leader at once (INQ-4.4.3, INQ-6.1)."""
    who, case_id = REPRESENTATIVES[1], await cast.take(of_category("billing"))
    answer_by = datetime.now(UTC) + timedelta(hours=2)
    await play.report(who, case_id, "assign", assignee=who.principal)
    await play.report(
        who, case_id, "promise",
        answer_by=answer_by.isoformat(), contact="the service desk",
    )  # fmt: skip
    play.screen.say(f"{case_id}: the customer is told to have an answer in two hours")
    await play.skip_to_escalation(case_id, answer_by)
    await _tell(play, await play.escalation(case_id, _UNRESOLVED))
    under = f"{_UNRESOLVED}/1"
    await play.report(TEAM_LEADER, case_id, "acknowledge", under=under, level=1)
    await play.escalation(case_id, _UNRESOLVED, lambda r: r.acknowledged_by is not None)
    await play.report(TEAM_LEADER, case_id, "add_note", text="Taken over by the team leader.")
    play.screen.say("the team leader acknowledges: the paging stops, and the case has a holder")
    problem = await play.house.door.expect_refusal(
        play.request(DUTY_MANAGER, case_id, "acknowledge", under=under, level=1)
    )
    _require_stale(play, problem)


async def disappoint_a_customer(play: Play, cast: Cast) -> None:
    """Find an unhappy customer at the follow-up: to the team leader at once (INQ-4.6, INQ-6.1)."""
    who, case_id = REPRESENTATIVES[2], await cast.take(of_category("complaint"))
    rule = play.house.policy.case.follow_up
    await play.report(who, case_id, "assign", assignee=who.principal)
    await play.report(who, case_id, "record_reception", reception=reception(who))
    await verify(play, case_id, who)
    await play.report(
        who, case_id, "resolve", resolution="A letter was sent.", customer_confirmed=True
    )
    await play.skip(case_id, rule.after)
    play.screen.say(
        f"{case_id}: resolved; {format_duration(rule.after)} later the follow-up call is due"
    )
    await play.report(
        who, case_id, "record_follow_up",
        outcome="dissatisfied", feedback="It happened again.", satisfaction=1,
    )  # fmt: skip
    play.screen.say("the customer is not satisfied: the case is open again")
    await _tell(play, await play.escalation(case_id, _UNRESOLVED))


async def _leave_alone(play: Play, case_id: str, name: str) -> EscalationRecord:
    rung = _rung(play, name)
    play.screen.say(
        f"{case_id}, {name}: nobody touches it for {format_duration(rung.after)} (time is skipped)"
    )
    case = await play.read_case(case_id)
    await play.skip_to_escalation(case_id, case.received_at + rung.after)
    fired = await play.escalation(case_id, name)
    await _tell(play, fired)
    if fired.role != rung.to:
        raise DemoError(f"{case_id}: {name} went to {fired.role} instead of {rung.to}")
    return fired


async def _miss_the_page(play: Play, case_id: str, fired: EscalationRecord) -> None:
    """Let nobody answer, so that it goes up the chain; an answer to the old page comes too late."""
    under = f"{fired.rung}/{fired.occasion}"
    paging = play.house.policy.case.paging
    await play.skip(escalation_id(case_id, fired.rung, fired.occasion), paging.climb_after)
    climbed = await play.escalation(case_id, fired.rung, lambda r: (r.level or 0) > 1)
    play.screen.say(
        f"{format_duration(paging.climb_after)} without an answer and {climbed.pages} pages later "
        f"it stands at level {climbed.level}, with the {words(climbed.role or 'nobody')}"
    )
    problem = await play.house.door.expect_refusal(
        play.request(QUALITY_MANAGER, case_id, "acknowledge", under=under, level=1)
    )
    _require_stale(play, problem)
    await play.report(QUALITY_MANAGER, case_id, "acknowledge", under=under, level=climbed.level)
    await play.report(QUALITY_MANAGER, case_id, "add_note", text="Taken by the quality manager.")
    play.screen.say("acknowledged at the level at which it stands: the quality manager has it")


async def _tell(play: Play, fired: EscalationRecord) -> None:
    if fired.due_at is None or fired.fired_at is None or fired.lateness is None:
        raise DemoError(f"{fired.case_id}: the register lacks the moments of {fired.rung}")
    if fired.fired_at < fired.due_at:
        raise DemoError(f"{fired.case_id}: {fired.rung} fired before it was due")
    play.screen.say(
        f"escalated to the {words(fired.role or 'nobody')} ({fired.clause}, {fired.cause}): due "
        f"{play.local(fired.due_at)}, {fired.lateness / timedelta(milliseconds=1):.0f} ms late"
    )


def _rung(play: Play, name: str) -> Rung:
    rung = play.house.policy.case.rung(name)
    if rung is None:
        raise DemoError(f"the policy has no rung {name}")
    return rung


def _require_stale(play: Play, problem: Problem) -> None:
    if problem.status != HTTPStatus.CONFLICT or not problem.type.endswith("stale-acknowledgement"):
        raise DemoError(f"a stale acknowledgement was answered with {problem.title}")
    play.screen.say(f"a stale acknowledgement: {problem.status}, {problem.detail}")
