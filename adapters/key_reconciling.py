"""Makes a key store that was restored from a backup agree with the CRM again (HOF-5.1, INQ-7.1).

A backup brings back the keys that were destroyed after it, and the holds as they were then. The
CRM knows what came since: its certificates, of which each is covered by the log of checkpoints,
its customers, and its privacy requests.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, select

from activities.key_ports import KeysUnavailableError
from activities.ports import CrmUnavailableError
from adapters.certificate_reads import CertificateReads, Filed
from adapters.database import Database
from adapters.disposal_tables import disposed_cases
from adapters.exports import KEY_CLASS
from adapters.key_disposal import KeyDisposal, KeyName
from adapters.key_tables import data_keys, legal_holds
from adapters.privacy_tables import privacy_exports, privacy_requests
from adapters.sealed import is_sealed
from adapters.sealing import key_id_of
from adapters.tables import customers
from sop.keys import RecordClass, customer_owner
from sop.privacy.models import RequestKind

BATCH = 500
_CUSTOMER = customer_owner("")


@dataclass(slots=True)
class Reconciled:
    """What did not agree; it does now, unless it was a dry run.

    Attributes:
        keys: How many keys of cases had come back, by class.
        exports: How many keys of exports' documents had.
        customers: How many keys of customers' own records had.
        never: Classes of cases that had no row: now they have a destroyed one, as is the rule.
        placed: Holds that stand by the CRM, and of which the key store knew nothing.
        released: Holds that are over by the CRM, and stood in the key store.
        altered: Certificates that are not what was filed: nothing was done by them.
    """

    keys: Counter[str] = field(default_factory=Counter)
    exports: int = 0
    customers: int = 0
    never: int = 0
    placed: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)

    @property
    def back(self) -> int:
        """How many keys had come back."""
        return self.keys.total() + self.exports + self.customers


class KeyReconciling:
    """Compares a key store with the CRM. It may be interrupted and repeated."""

    def __init__(self, records: Database, keys: Database, disposal: KeyDisposal) -> None:
        """Read the CRM and a key store; `disposal` works on that key store."""
        self._records = records
        self._keys = keys
        self._disposal = disposal

    def run(self, at: datetime, *, dry_run: bool = False) -> Reconciled:
        """Place and release holds, and destroy again what was destroyed; return what it was.

        Args:
            at: Now.
            dry_run: Only look.

        Raises:
            KeysUnavailableError: Try again; what is done is done.
            CrmUnavailableError: The same.
        """
        done = Reconciled()
        self._holds(done, at, dry_run=dry_run)
        customers_went = None
        certified: dict[KeyName, str] = {}
        for filed in CertificateReads(self._records).every():
            if not filed.intact:
                done.altered.append(filed.certificate_id)
                continue
            said = json.loads(filed.body)
            if said.get("customers_gone"):
                customers_went = max(customers_went or filed.made_at, filed.made_at)
            certified |= _gone(filed, said)
            if len(certified) >= BATCH:
                self._cases(certified, done, at, dry_run=dry_run)
                certified = {}
        self._cases(certified, done, at, dry_run=dry_run)
        self._exports(done, at, dry_run=dry_run)
        if customers_went is not None:
            self._customers(customers_went, done, at, dry_run=dry_run)
        return done

    def _cases(
        self, certified: Mapping[KeyName, str], done: Reconciled, at: datetime, *, dry_run: bool
    ) -> None:
        """Destroy what certificates name, as far as it is not destroyed."""
        key = data_keys.c
        query = select(key.owner, key.record_class, key.wrapped.is_not(None).label("alive"))
        found: dict[KeyName, bool] = {}
        for owners in _parts({owner for owner, _ in certified}):
            for row in self._rows(query.where(key.owner.in_(owners))):
                found[row["owner"], RecordClass(row["record_class"])] = row["alive"]
        again = {name: by for name, by in certified.items() if found.get(name, True)}
        if not dry_run:
            self._disposal.destroy_again(again, at)
        back = [which.value for owner, which in again if (owner, which) in found]
        done.keys.update(back)
        done.never += len(again) - len(back)

    def _exports(self, done: Reconciled, at: datetime, *, dry_run: bool) -> None:
        """Destroy keys of documents that went when their request closed."""
        key, closed, made = data_keys.c, privacy_requests.c, privacy_exports.c
        alive = key.owner.startswith("privacy-"), key.record_class == KEY_CLASS.value
        for keys in self._alive(*alive):
            owners = list(keys.values())
            over = self._found(
                select(closed.request_id).where(
                    closed.request_id.in_(owners), closed.closed_at.is_not(None)
                )
            ) | self._found(
                select(disposed_cases.c.case_id).where(disposed_cases.c.case_id.in_(owners))
            )
            kept = self._found(select(made.request_id).where(made.request_id.in_(owners)))
            again = {(owner, KEY_CLASS): f"export-{owner}" for owner in over - kept}
            done.exports += len(again)
            if not dry_run:
                self._disposal.destroy_again(again, at)

    def _customers(self, until: datetime, done: Reconciled, at: datetime, *, dry_run: bool) -> None:
        """Destroy keys by which no customer's record is sealed; a new one is made when needed.

        Args:
            until: When customers' records went for the last time: no later key was with them.
            done: Is told how many.
            at: Now.
            dry_run: Only look.
        """
        key = data_keys.c
        for keys in self._alive(key.owner.startswith(_CUSTOMER), key.created_at <= until):
            ids = [owner.removeprefix(_CUSTOMER) for owner in keys.values()]
            record = select(*(each for each in customers.columns if is_sealed(each)))
            rows = self._crm(record.where(customers.c.customer_id.in_(ids)))
            in_use = {key_id_of(value) for row in rows for value in row.values()}
            again = keys.keys() - in_use
            done.customers += len(again)
            if again and not dry_run:
                self._disposal.let_customers_go_again(again, at)

    def _holds(self, done: Reconciled, at: datetime, *, dry_run: bool) -> None:
        """Place the holds that are missing, release those that are over."""
        request, held = privacy_requests.c, legal_holds.c
        known = select(held.hold_id, held.released_at)
        in_force: dict[str, bool] = {}
        for row in self._rows(known):
            standing = row["released_at"] is None
            in_force[row["hold_id"]] = in_force.get(row["hold_id"], False) or standing
        query = select(
            request.request_id, request.cases, request.customer_id, request.closed_at
        ).where(request.kind == RequestKind.HOLD.value)
        for row in self._crm(query.order_by(request.request_id)):
            hold_id, over = row["request_id"], row["closed_at"] is not None
            if over and in_force.get(hold_id):
                done.released.append(hold_id)
                if not dry_run:
                    self._disposal.release_hold(hold_id, at)
            elif not over and hold_id not in in_force:
                done.placed.append(hold_id)
                if not dry_run:
                    scopes = row["cases"] or (customer_owner(row["customer_id"]),)
                    self._disposal.place_hold(hold_id, scopes, at)

    def _alive(self, *which: ColumnElement[bool]) -> Iterator[dict[str, str]]:
        """Yield keys that are not destroyed, in batches: their ids, and their owners."""
        key, last = data_keys.c, ""
        query = select(key.key_id, key.owner).where(key.wrapped.is_not(None), *which)
        query = query.order_by(key.key_id).limit(BATCH)
        while rows := self._rows(query.where(key.key_id > last)):
            yield {row["key_id"]: row["owner"] for row in rows}
            last = rows[-1]["key_id"]

    def _found(self, query: Select[Any]) -> set[str]:
        return {value for row in self._crm(query) for value in row.values()}

    def _crm(self, query: Select[Any]) -> list[RowMapping]:
        return self._records.read(lambda c: list(c.execute(query).mappings()))

    def _rows(self, query: Select[Any]) -> list[RowMapping]:
        try:
            return self._keys.read(lambda c: list(c.execute(query).mappings()))
        except CrmUnavailableError:
            raise KeysUnavailableError("the key store did not answer") from None


def _gone(filed: Filed, said: Mapping[str, Any]) -> dict[KeyName, str]:
    """Return what a certificate says was destroyed; a run's own names no cases."""
    gone = said.get("gone")
    if not isinstance(gone, list):
        return {}
    return {
        (each["case_id"], RecordClass(each["record_class"])): filed.certificate_id for each in gone
    }


def _parts(owners: Collection[str]) -> Iterable[list[str]]:
    rest = iter(sorted(owners))
    while part := list(islice(rest, BATCH)):
        yield part
