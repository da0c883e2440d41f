"""Doing what privacy requests ask for (HOF-5.1). No person's data in what is returned."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from temporalio import activity

from activities.disposal_ports import HoldsPort
from activities.failures import named_failures
from activities.privacy_ports import EndPort, ExportPort, PersonPort, PrivacyJob, RestrictPort
from sop.keys import customer_owner
from sop.models import Payload
from sop.privacy.models import Work, WorkDone
from sop.privacy.request import require_their_cases


class Ended(Payload):
    """The open cases that were ended.

    Attributes:
        in_order: How many ended by themselves when asked.
        terminated: Those that had to be terminated: nothing closes their records any more.
    """

    in_order: int = 0
    terminated: tuple[str, ...] = ()


@dataclass(frozen=True)
class PrivacyActivities:
    """Acts on holds, the person's records, exports and open cases."""

    holds: HoldsPort
    person: PersonPort
    exports: ExportPort
    ending: EndPort
    restrictions: RestrictPort

    @activity.defn(name="place_hold")
    def place_hold(self, job: PrivacyJob) -> None:
        """Place a hold, once however often it is tried; refuse one on cases of nobody or others.

        Raises:
            ApplicationError: `case-not-found`, which no repetition mends; nothing is held.
        """
        with named_failures():
            if job.cases:
                theirs = self.person.theirs(job.customer_id, job.cases)
                require_their_cases(job.customer_id, job.cases, theirs)
            self.holds.place_hold(job.request_id, _scopes(job), job.at)

    @activity.defn(name="release_hold")
    def release_hold(self, job: PrivacyJob) -> None:
        """Release a hold."""
        with named_failures():
            self.holds.release_hold(job.request_id, job.at)

    @activity.defn(name="make_export")
    def make_export(self, job: PrivacyJob) -> WorkDone:
        """Collect every record of a person into a document, and keep that sealed."""
        with named_failures():
            found = self.person.dossier(job.request_id, job.customer_id, job.at)
            self.exports.keep(job.request_id, found.document(), job.at)
        left_out = {f"{part.section}.{part.field or '*'}: {part.why}" for part in found.withheld}
        return WorkDone(work=Work.EXPORT, counts=found.counts, withheld=tuple(sorted(left_out)))

    @activity.defn(name="destroy_export")
    def destroy_export(self, job: PrivacyJob) -> None:
        """Destroy an export's document and its key."""
        with named_failures():
            self.exports.destroy(job.request_id, job.at)

    @activity.defn(name="restrict")
    async def restrict(self, job: PrivacyJob) -> None:
        """Keep the desk from what an erasure had to leave, and has ended.

        What is still open (a case under a hold, a breach) is worked on until it closes: nobody
        could take its escalations any more, and the erasure would wait for it for ever.
        """
        with named_failures():
            ended = [case for case in job.cases if not await self.ending.is_open(case)]
            await asyncio.to_thread(self.restrictions.restrict, job.request_id, ended, job.at)

    @activity.defn(name="end_open_cases")
    async def end_open_cases(self, job: PrivacyJob) -> Ended:
        """End a person's open cases, but for those that a hold covers, and audits of their cases.

        While an erasure waits it looks again each day; what the person opened meanwhile goes on.

        What is audited goes, or is restricted; a hold on it keeps the record, not the audit.
        """
        ended: dict[str, bool] = {}
        with named_failures():
            theirs = await asyncio.to_thread(
                self.person.open_cases, job.customer_id, job.request_id
            )
            for case_id, about in theirs:
                scopes = (customer_owner(job.customer_id), case_id, *((about,) if about else ()))
                if not await asyncio.to_thread(self._are_held, scopes):
                    activity.heartbeat()
                    ended[case_id] = await self.ending.end(case_id)
            for duty_id in await asyncio.to_thread(self.person.open_audits, job.customer_id):
                activity.heartbeat()
                ended[duty_id] = await self.ending.end(duty_id)
        terminated = tuple(name for name, by_force in ended.items() if by_force)
        return Ended(in_order=len(ended) - len(terminated), terminated=terminated)

    @activity.defn(name="holds_stand")
    def holds_stand(self, job: PrivacyJob) -> bool:
        """Return whether none of the holds that kept something was released."""
        with named_failures():
            known = self.holds.all_holds()
        stand = {hold.hold_id for hold in known if hold.released_at is None}
        return bool(job.holds) and stand.issuperset(job.holds)

    def _are_held(self, scopes: Iterable[str]) -> bool:
        return any(self.holds.holds(scope) for scope in scopes)


def _scopes(job: PrivacyJob) -> tuple[str, ...]:
    return job.cases or (customer_owner(job.customer_id),)
