"""Disposal: keys first, then histories and records, and the proof that nothing decrypts.

Every step is safe to repeat: a key is destroyed once, a certificate is filed once, and what was
deleted is not there to be deleted again.
"""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from temporalio import activity

from activities.disposal_ports import (
    CustomersGone,
    HistoriesPort,
    HistoriesStillShownError,
    KeyDisposalPort,
    RecordsPort,
)
from activities.failures import named_failures
from sop.disposal import (
    MOST_NAMED,
    AccessLogDisposal,
    AccessLogOrder,
    Because,
    Disposable,
    Disposal,
    DisposalOrder,
    Due,
    DueQuestion,
    ErasureOrder,
    Kept,
    RetentionRun,
)
from sop.models import Payload
from sop.policy_rules import LegalBasis
from sop.retention import basis_of

ALARM_AT_ATTEMPT = 11
"""Half an hour after the first look, by `workflows.options.UNTIL_FORGOTTEN`."""


class Behind(Payload):
    """Behind which customer to go on."""

    customer_id: str = ""


class CaseIds(Payload):
    """Cases, by their ids."""

    case_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class DisposalActivities:
    """Destroys what is due, or is to be erased. What blocks runs in threads."""

    keys: KeyDisposalPort
    records: RecordsPort
    histories: HistoriesPort

    @activity.defn(name="due_for_disposal")
    def due(self, question: DueQuestion) -> Due:
        """Return what is due: a batch, the oldest first."""
        with named_failures():
            return self.records.due(question)

    @activity.defn(name="dispose")
    async def dispose(self, order: DisposalOrder) -> Disposal:
        """Dispose of a batch that is due; a hold, or a workflow that runs, keeps its case."""
        with named_failures():
            return await self._dispose(order)

    @activity.defn(name="erase_customer")
    async def erase(self, order: ErasureOrder) -> Disposal:
        """Erase what the law does not keep of a customer, and file the certificate (HOF-5.1).

        What is kept is named with its reason: a hold, a legal basis, a case that is not closed.
        A customer's own record goes with it, unless something is kept for another reason than a
        legal basis.
        """
        with named_failures():
            known = await asyncio.to_thread(self.records.certified, order.certificate_id)
            if known is not None:
                return known
            kept = await asyncio.to_thread(self.records.open_of_customer, order)
            items = await asyncio.to_thread(self.records.of_customer, order)
            by_law = tuple(_by_law(item, order) for item in items)
            to_go = DisposalOrder(
                certificate_id=order.certificate_id,
                kind="erasure",
                at=order.at,
                policy_version=order.rules.policy_version,
                items=tuple(i for i, law in zip(items, by_law, strict=True) if law is None),
                kept=(*kept, *(law for law in by_law if law is not None)),
                customer_id=order.customer_id,
            )
            return await self._dispose(to_go)

    @activity.defn(name="dispose_of_customers")
    def dispose_of_customers(self, behind: Behind) -> CustomersGone:
        """Delete own records of customers whose last case has gone: a batch."""
        with named_failures():
            return self.records.dispose_of_customers(behind.customer_id, self.keys.destroy_customer)

    @activity.defn(name="dispose_of_entries")
    def dispose_of_entries(self, order: AccessLogOrder) -> AccessLogDisposal:
        """Delete entries of the access log whose time is over; a hold keeps those of its cases."""
        with named_failures():
            return self.records.dispose_of_entries(order, self.keys.standing)

    @activity.defn(name="file_retention_run")
    async def file_run(self, run: RetentionRun) -> None:
        """File the certificate of a run, and say which cases nothing will ever close.

        A case that was terminated in Temporal stays open in the CRM, and so is never due.
        """
        with named_failures():
            abandoned = await self._abandoned()
            await asyncio.to_thread(self.records.file_run, run.leaving(abandoned))
        if abandoned:
            activity.logger.error("retention.abandoned", extra={"count": len(abandoned)})

    @activity.defn(name="forget_histories")
    async def forget_histories(self, wanted: CaseIds) -> None:
        """Delete what Temporal has of cases, and see that it shows nothing of them any more.

        Raises:
            ApplicationError: It still does: look again later. After half an hour it is an alarm,
                for somebody must see what keeps it.
        """
        with named_failures():
            await self.histories.forget(wanted.case_ids)
            left = await self.histories.remembered(wanted.case_ids)
            if not left:
                return
            attempt = activity.info().attempt
            if attempt >= ALARM_AT_ATTEMPT:
                facts = {"cases": sorted(left)[:MOST_NAMED], "attempt": attempt}
                activity.logger.error("erasure.histories_left", extra=facts)
            raise HistoriesStillShownError(f"Temporal still shows {len(left)} cases")

    async def _abandoned(self) -> frozenset[str]:
        """Return the cases that are open, and have no workflow.

        A case's last write comes before its workflow's end: so one that is open after it was seen
        to have none, stays open.
        """
        before = await asyncio.to_thread(self.records.open_cases)
        alone = await self.histories.without_workflow(before)
        return alone & await asyncio.to_thread(self.records.open_cases) if alone else alone

    async def _dispose(self, order: DisposalOrder) -> Disposal:
        known = await asyncio.to_thread(self.records.certified, order.certificate_id)
        if known is not None:
            return known
        running = await self.histories.running(_ids(order.items))
        resting = [item for item in order.items if item.case_id not in running]
        kept = [*order.kept, *_kept(order.items, running, Because.RUNNING)]
        items, held = await asyncio.to_thread(self._destroy, resting, order)
        ids = _ids(item for item in items if item.record_class == "history")
        deleted = await self.histories.forget(ids)
        items = tuple(
            item.model_copy(update={"histories": deleted.get(item.case_id, 0)})
            if item.record_class == "history"
            else item
            for item in items
        )
        kept += held
        only_by_law = all(each.because is Because.LEGAL_BASIS for each in kept)
        customer = order.customer_id if only_by_law else None
        carried_out = order.model_copy(
            update={"items": items, "kept": tuple(kept), "customer_id": customer}
        )
        if not items and order.kind == "retention":
            return _nothing_gone(carried_out)
        return await asyncio.to_thread(
            self.records.dispose, carried_out, self.keys.destroy_customer
        )

    def _destroy(
        self, items: Iterable[Disposable], order: DisposalOrder
    ) -> tuple[tuple[Disposable, ...], list[Kept]]:
        """Destroy the keys of items, and look whether one still works."""
        gone, kept = list[Disposable](), list[Kept]()
        for item in items:
            destroyed = self.keys.destroy(
                item.case_id,
                (item.record_class,),
                customer_id=item.customer_id,
                about=item.about,
                certificate_id=order.certificate_id,
                at=order.at,
            )
            if destroyed.holds:
                kept.append(_keep(item, Because.HOLD, holds=destroyed.holds))
            elif self.keys.still_open(item.case_id, (item.record_class,)):
                kept.append(_keep(item, Because.STILL_OPENS))
            else:
                keys = destroyed.classes.get(item.record_class, 0)
                gone.append(item.model_copy(update={"keys": keys}))
        return tuple(gone), kept


def _by_law(item: Disposable, order: ErasureOrder) -> Kept | None:
    """Return why the law keeps an item; None: it goes."""
    basis = basis_of(item.record_class, order.rules)
    if basis is LegalBasis.NONE or item.due_at <= order.at:
        return None
    return _keep(item, Because.LEGAL_BASIS, basis=basis)


def _keep(
    item: Disposable,
    because: Because,
    *,
    basis: LegalBasis | None = None,
    holds: tuple[str, ...] = (),
) -> Kept:
    return Kept(
        case_id=item.case_id,
        record_class=item.record_class,
        because=because,
        basis=basis,
        holds=holds,
        until=item.due_at,
    )


def _kept(items: Iterable[Disposable], of: Collection[str], because: Because) -> list[Kept]:
    return [_keep(item, because) for item in items if item.case_id in of]


def _ids(items: Iterable[Disposable]) -> tuple[str, ...]:
    return tuple(sorted({item.case_id for item in items}))


def _nothing_gone(order: DisposalOrder) -> Disposal:
    return Disposal(
        certificate_id=order.certificate_id,
        at=order.at,
        policy_version=order.policy_version,
        kept=order.kept,
    )
