"""The complaints arrive through the HTTP API (INQ-2, INQ-4.2)."""

import asyncio

from cli.demo.cast import Cast
from cli.demo.complaints import Complaint
from cli.demo.people import WEB_GATEWAY
from cli.demo.play import Play, each, seen


async def open_complaints(play: Play) -> Cast:
    """Send every complaint once; its number is the Idempotency-Key, so that twice opens one."""
    screen, sample = play.screen, play.sample
    screen.say(f"{len(sample)} real complaints, each with its number as Idempotency-Key")
    cases: dict[str, str] = {}
    with screen.progress("complaints sent", len(sample)) as bar:

        async def send(complaint: Complaint) -> None:
            opened = await play.house.door.open(
                WEB_GATEWAY, complaint.opening(), key=complaint.complaint_id
            )
            cases[complaint.complaint_id] = opened.case_id
            if opened.created:
                play.tally.opened.append(opened.case_id)
                play.at_hand.append(opened.case_id)
            else:
                play.tally.found += 1
            bar.step()

        await each(send, sample)
    screen.say(_what_came_of_it(play))
    await _recorded(play, len(set(cases.values())))
    cast = Cast(play)
    await asyncio.to_thread(cast.meet, cases)
    return cast


def _what_came_of_it(play: Play) -> str:
    opened, found = len(play.tally.opened), play.tally.found
    if not found:
        return f"{opened} cases opened"
    return f"{found} are still there from an earlier run and were not opened twice; {opened} opened"


async def _recorded(play: Play, cases: int) -> None:
    """Wait until the CRM has what the API accepted."""
    counts = await seen(
        lambda: c if (c := play.house.crm.counts()).cases >= cases else None,
        f"the last of {cases} cases in the CRM",
    )
    play.screen.say(f"the CRM holds {counts.cases} cases and {counts.entries} journal entries")
