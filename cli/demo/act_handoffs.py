"""Handoffs: accepted, stopped by a discrepancy, over a forbidden channel, never acknowledged."""

import asyncio
from datetime import timedelta
from http import HTTPStatus

from cli.demo.act_work import reception
from cli.demo.cast import Cast, anybody
from cli.demo.door import HANDOFFS, IDENTIFY, DemoError, as_forms
from cli.demo.people import RECEIVING_PARTY, REPRESENTATIVES, TEAM_LEADER, WEB_GATEWAY
from cli.demo.play import Play, seen
from sop.durations import format_duration
from sop.handoff.records import HandoffDetail
from sop.models import Actor
from workflows.escalating import escalation_id

_MOMENT = timedelta(milliseconds=100)
_ITEMS = [
    {"item": "statement", "description": "The statement that the customer asked for"},
    {"item": "new_card", "description": "The new card"},
]
_TRACKING = {"carrier": "ups", "tracking_number": "1Z999AA10123456784"}
_RIGHT = {"passport": "C01X00T47", "account_number": "DE02120300000000202051"}
_WRONG = {**_RIGHT, "account_number": "DE02500105170137075030"}


async def hand_over_accepted(play: Play, cast: Cast) -> None:
    """Hand over from an inquiry: identified, prepared, transferred, accepted (HOF-4)."""
    who, inquiry_id = REPRESENTATIVES[0], await cast.take(anybody)
    case = await play.read_case(inquiry_id)
    await play.report(who, inquiry_id, "record_reception", reception=reception(who))
    handoff_id = await _open(play, who, case.customer_id, inquiry_id=inquiry_id)
    play.screen.say(f"{inquiry_id} opens {handoff_id}, and does not close before that has ended")
    problem = await play.house.door.expect_refusal(
        play.request(who, handoff_id, "transfer", channel="crm")
    )
    play.screen.say(f"a transfer before the identification: {problem.status}, {problem.clause}")
    verified = await _identify(play, who, handoff_id, case.customer_id, _RIGHT)
    play.screen.say(f"passport and account number are compared with hashes on record: {verified}")
    await _prepare(play, who, handoff_id)
    await play.report(who, handoff_id, "transfer", channel="crm", notice={"introduced": True})
    play.screen.say("items confirmed, brief completed, customer told; transferred in the CRM")
    await play.report(RECEIVING_PARTY, handoff_id, "answer_offer", answer="accept")
    row = await _ended(play, handoff_id)
    play.screen.say(f"accepted: custody is with {row.custody}, and the customer knows whom to ask")


async def decide_a_discrepancy(play: Play) -> None:
    """Stop after three attempts; another person approves, and the handoff goes on (HOF-4.1.4)."""
    who, customer = REPRESENTATIVES[1], f"demo-{play.run}-2"
    handoff_id = await _open(play, who, customer)
    answers = [await _identify(play, who, handoff_id, customer, _WRONG) for _ in range(3)]
    play.screen.say(f"{handoff_id}: an account number that is another's: {', '.join(answers)}")
    await play.escalation(handoff_id, "discrepancy")
    await play.report(TEAM_LEADER, handoff_id, "acknowledge", under="discrepancy/1", level=1)
    await play.report(
        TEAM_LEADER, handoff_id, "decide_discrepancy",
        approve=True, reason="The account was renumbered last week.",
    )  # fmt: skip
    play.screen.say("the team leader, who was paged at once, approves; it counts for ten minutes")
    await _prepare(play, who, handoff_id)
    await play.report(
        who, handoff_id, "transfer", channel="courier", **_TRACKING, notice={"introduced": True}
    )
    await play.report(
        RECEIVING_PARTY, handoff_id, "answer_offer",
        answer="accept_in_part", missing=["new_card"], reason="Not in the parcel.",
    )  # fmt: skip
    row = await _ended(play, handoff_id)
    play.screen.say(f"by courier, accepted in part: {', '.join(row.missing_items)} stays with us")


async def try_a_forbidden_channel(play: Play) -> None:
    """Refuse a channel that is not approved, and report the attempt (HOF-4.2.4)."""
    who, customer = REPRESENTATIVES[2], f"demo-{play.run}-3"
    handoff_id = await _open(play, who, customer)
    await _identify(play, who, handoff_id, customer, _RIGHT)
    await _prepare(play, who, handoff_id)
    problem = await play.house.door.expect_refusal(
        play.request(who, handoff_id, "transfer", channel="chat_app", notice={"introduced": True})
    )
    if (problem.status, problem.clause) != (HTTPStatus.CONFLICT, "HOF-4.2.4"):
        raise DemoError(f"a forbidden channel: {problem.status} {problem.clause}")
    play.screen.say(f"{handoff_id}, over a chat app: {problem.status}, {problem.detail}")
    await play.report(who, handoff_id, "withdraw", reason="The customer comes in person.")


async def leave_unacknowledged(play: Play) -> None:
    """Let nobody acknowledge: at 12 h a page, at 24 h custody is the sender's again (HOF-4.2.5)."""
    who, customer = REPRESENTATIVES[0], f"demo-{play.run}-4"
    handoff_id = await _open(play, who, customer)
    await _identify(play, who, handoff_id, customer, _RIGHT)
    await _prepare(play, who, handoff_id)
    await play.report(who, handoff_id, "transfer", channel="crm", notice={"introduced": True})
    policy = play.house.policy.handoff
    rung = policy.rung("acknowledgement") if policy else None
    if policy is None or rung is None:
        raise DemoError("the policy has no handoffs")
    play.screen.say(f"{handoff_id}: nobody acknowledges (time is skipped)")
    await play.skip(handoff_id, rung.after, beyond=_MOMENT)
    fired = await play.escalation(handoff_id, "acknowledgement")
    play.screen.say(f"after {format_duration(rung.after)} the {_words(fired.role)} is paged")
    # A workflow with a running child skips no time: an operator ends the page.
    page = escalation_id(handoff_id, fired.rung, fired.occasion)
    await play.house.client.get_workflow_handle(page).cancel()
    await play.escalation(handoff_id, "acknowledgement", lambda r: r.ended_at is not None)
    # What lies beyond the return would pass in earnest: it pages, by another child.
    await play.skip(handoff_id, policy.handoff.return_after - rung.after, beyond=_MOMENT)
    returned = await play.escalation(handoff_id, "returned")
    row = await asyncio.to_thread(play.house.handoffs.handoff, handoff_id)
    if row is None or row.custody != who.principal or row.stage != "returned":
        raise DemoError(f"{handoff_id}: custody did not come back")
    play.screen.say(
        f"after {format_duration(policy.handoff.return_after)} custody is with {row.custody} "
        f"again, the customer is told, the {_words(returned.role)} is paged"
    )
    await play.report(who, handoff_id, "conclude", reason="We deliver it ourselves.")
    await _ended(play, handoff_id)


async def _open(play: Play, who: Actor, customer: str, *, inquiry_id: str | None = None) -> str:
    await play.house.door.keep_identity(WEB_GATEWAY, customer, _RIGHT)
    opened = await play.house.door.open(
        who,
        {
            "customer": {"customer_id": customer},
            "subject": "A statement and a new card",
            "text": "Please send me my statement, and a card that works.",
            "items": _ITEMS,
            "receiving": {
                "party": RECEIVING_PARTY.principal,
                "name": "Branch North",
                "contact": "the branch, extension 12",
            },
            "assignee": who.principal,
            **({"inquiry_id": inquiry_id} if inquiry_id else {}),
        },
        key=f"{play.run}-handoff-{len(play.tally.handoffs)}",
        place=HANDOFFS,
    )
    play.tally.handoffs.append(opened.case_id)
    return opened.case_id


async def _identify(
    play: Play, who: Actor, case_id: str, customer: str, forms: dict[str, str]
) -> str:
    body = {
        "case_id": case_id,
        "forms": as_forms(forms),
        "need_explained": True,
        "confidentiality_assured": True,
    }
    receipt = await play.send(who, case_id, IDENTIFY, body, under=customer)
    return (receipt.verification or "nothing").replace("_", " ")


async def _prepare(play: Play, who: Actor, handoff_id: str) -> None:
    checks = [{"item": item["item"], "correct": True, "complete": True} for item in _ITEMS]
    brief = "Both are ready; the customer was told to ask for them at the branch."
    await play.report(who, handoff_id, "confirm_items", checks=checks, brief=brief)


async def _ended(play: Play, handoff_id: str) -> HandoffDetail:
    def find() -> HandoffDetail | None:
        row = play.house.handoffs.handoff(handoff_id)
        return row if row is not None and row.closed_at is not None else None

    return await seen(find, f"the end of {handoff_id}")


def _words(name: str | None) -> str:
    return (name or "nobody").replace("_", " ")
