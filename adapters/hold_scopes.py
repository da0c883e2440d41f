"""By which legal holds cases are reached: what a hold may name that stands above them."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    String,
    cast,
    null,
    select,
    union_all,
)

from adapters.disposal_sources import SOURCES, Source
from adapters.disposal_tables import disposed_cases
from adapters.privacy_tables import privacy_requests
from sop.keys import customer_owner


def scopes_of(connection: Connection, case_ids: Collection[str]) -> dict[str, frozenset[str]]:
    """Return the scopes of holds that reach each case, or what is left of it.

    Its own, its customer's, and those of the cases that it belongs to: the inquiry from which a
    handoff was opened, the case that an incident or an audit is about.
    """
    own: dict[str, set[str]] = {each: {each} for each in case_ids}
    above: dict[str, str] = {}
    ask = set(case_ids)
    while ask:
        for case_id, customer_id, about in connection.execute(_kin(ask)):
            if customer_id is not None:
                own[case_id].add(customer_owner(customer_id))
            if about is not None:
                above[case_id] = about
        ask = set(above.values()) - own.keys()
        own |= {each: {each} for each in ask}
    return {each: frozenset().union(*(own[one] for one in _up(each, above))) for each in case_ids}


def _up(case_id: str, above: dict[str, str]) -> list[str]:
    chain = [case_id]
    while (about := above.get(chain[-1])) is not None and about not in chain:
        chain.append(about)
    return chain


def _kin(case_ids: Collection[str]) -> CompoundSelect[Any]:
    """Return what reads cases with their customer, and the case that each belongs to."""
    left, nothing = disposed_cases.c, cast(null(), String)
    return union_all(
        *(
            select(
                source.case_id,
                _customer(source),
                nothing if source.about is None else source.about,
            ).where(source.case_id.in_(case_ids))
            for source in SOURCES
        ),
        select(left.case_id, left.customer_id, left.about).where(left.case_id.in_(case_ids)),
    )


def _customer(source: Source) -> ColumnElement[str | None]:
    # Nobody's when records go; but who looked at it, looked at something of the customer.
    if source.kind == "privacy":
        return privacy_requests.c.customer_id
    return source.customer_id()
