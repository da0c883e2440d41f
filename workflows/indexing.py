"""What the lists of the Temporal UI show of a case, and telling them only what changed."""

from typing import Any

from sop.escalation import Escalation
from sop.procedure import Procedure
from sop.state import InquiryState
from temporalio import workflow
from temporalio.common import SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from workflows import search_attributes as index

FOLLOW_UP_DUE = "follow_up_due"
"""What the lists show for the stage `follow_up` while its contact waits to be made: no other
attribute tells a contact that is planned from one that is due."""

Pairs = list[SearchAttributePair[Any]]


def of_case(case: Procedure[Any, Any, Any]) -> TypedSearchAttributes:
    """Return the search attributes of a case."""
    state, deadline = case.state, case.next_deadline(warnings=False)
    pairs: Pairs = [
        SearchAttributePair(index.CASE_STAGE, _stage(case)),
        SearchAttributePair(index.CASE_ESCALATION_LEVEL, case.level),
    ]
    if isinstance(state, InquiryState):
        pairs += _of_inquiry(state)
    if state.assignee is not None:
        pairs.append(SearchAttributePair(index.CASE_ASSIGNEE, state.assignee))
    if deadline is not None:
        pairs.append(SearchAttributePair(index.CASE_NEXT_DEADLINE, deadline.at))
    return TypedSearchAttributes(pairs)


def _of_inquiry(state: InquiryState) -> Pairs:
    pairs: Pairs = [SearchAttributePair(index.CASE_CHANNEL, str(state.channel))]
    if state.category is not None:
        pairs.append(SearchAttributePair(index.CASE_CATEGORY, state.category))
    if state.priority is not None:
        pairs.append(SearchAttributePair(index.CASE_PRIORITY, str(state.priority)))
    return pairs


def _stage(case: Procedure[Any, Any, Any]) -> str:
    follow_up = case.state.follow_up if isinstance(case.state, InquiryState) else None
    due = follow_up is not None and follow_up.opened_at is not None
    return FOLLOW_UP_DUE if due else str(case.stage)


def of_escalation(escalation: Escalation) -> TypedSearchAttributes:
    """Return the search attributes of an escalation: its stage is paging, acknowledged or ended."""
    deadline = escalation.next_deadline()
    pairs: Pairs = [
        SearchAttributePair(index.CASE_STAGE, escalation.status),
        SearchAttributePair(index.CASE_ESCALATION_LEVEL, escalation.state.level),
    ]
    if escalation.state.acknowledged_by is not None:
        pairs.append(SearchAttributePair(index.CASE_ASSIGNEE, escalation.state.acknowledged_by))
        if deadline is not None:
            pairs.append(SearchAttributePair(index.CASE_NEXT_DEADLINE, deadline))
    return TypedSearchAttributes(pairs)


class Listing:
    """Tells the server what changed in a workflow's search attributes: one command, or none."""

    def __init__(self, told: TypedSearchAttributes) -> None:
        self._told = told

    def tell(self, now: TypedSearchAttributes) -> None:
        """Upsert the differences."""
        changes: list[SearchAttributeUpdate[Any]] = []
        for key in index.SEARCH_ATTRIBUTES:
            value = now.get(key)
            if value == self._told.get(key):
                continue
            changes.append(key.value_unset() if value is None else key.value_set(value))
        if changes:
            workflow.upsert_search_attributes(changes)
            self._told = now
