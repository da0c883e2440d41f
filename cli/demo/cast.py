"""Which cases the acts play with: always ones that nobody has worked on."""

from collections import deque
from collections.abc import Callable, Mapping

from cli.demo.complaints import Complaint
from cli.demo.people import WEB_GATEWAY
from cli.demo.play import Play, seen
from sop.models import Priority, Stage
from sop.records import CaseSummary

Fits = Callable[[Complaint], bool]


class Cast:
    """Takes untouched cases of the sample, and opens a complaint anew where none is left."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._free: deque[tuple[Complaint, str]] = deque()

    def meet(self, cases: Mapping[str, str]) -> None:
        """Find out which cases are untouched.

        Args:
            cases: The case of each complaint id.
        """
        for complaint in self._play.sample:
            case_id = cases[complaint.complaint_id]
            case = self._play.house.crm.case(case_id)
            if case is not None and is_untouched(case):
                self._free.append((complaint, case_id))

    async def take(self, fits: Fits) -> str:
        """Return an untouched case of a complaint that fits."""
        for complaint, case_id in self._free:
            if fits(complaint):
                self._free.remove((complaint, case_id))
                return self._cast(case_id)
        play = self._play
        complaint = next(filter(fits, play.complaints))
        key = f"{complaint.complaint_id}-{play.run}-{play.tally.extra}"
        opened = await play.house.door.open(WEB_GATEWAY, complaint.opening(), key=key)
        play.tally.extra += 1
        play.tally.opened.append(opened.case_id)
        await seen(
            lambda: play.house.crm.find_case_digest(opened.case_id),
            f"{opened.case_id} in the CRM",
        )
        play.screen.say(f"no such case is left untouched: opened {opened.case_id} for this act")
        return self._cast(opened.case_id)

    def _cast(self, case_id: str) -> str:
        self._play.tally.worked.append(case_id)
        self._play.at_hand.append(case_id)
        return case_id


def is_untouched(case: CaseSummary) -> bool:
    """Return whether nobody has worked on a case, and no clock has rung for it."""
    return (
        case.stage == Stage.CATEGORISED
        and case.assignee is None
        and case.verification is None
        and case.escalation_level == 0
        and case.resolved_at is None
        and case.promise_due_at is None
    )


def plain(complaint: Complaint) -> bool:
    """Return whether only its category puts it on the ladder."""
    return complaint.priority != Priority.URGENT and not complaint.complex


def of_category(category: str) -> Fits:
    """Return the test for a plain complaint of a category."""
    return lambda complaint: plain(complaint) and complaint.category == category


def anybody(complaint: Complaint) -> bool:
    """Return whether it is plain, whatever its category."""
    return plain(complaint)
