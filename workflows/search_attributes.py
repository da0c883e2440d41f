"""What operations filter by in the Temporal UI. Codes and times only: the server keeps them plain.

`handrail bootstrap` registers them. A SQL visibility store allows 10 keywords and 3 of each other
type to a namespace, and 255 characters to a value.
"""

from datetime import datetime
from typing import Any

from temporalio.common import SearchAttributeKey

CASE_STAGE: SearchAttributeKey[str] = SearchAttributeKey.for_keyword("CaseStage")
CASE_CATEGORY: SearchAttributeKey[str] = SearchAttributeKey.for_keyword("CaseCategory")
CASE_PRIORITY: SearchAttributeKey[str] = SearchAttributeKey.for_keyword("CasePriority")
CASE_CHANNEL: SearchAttributeKey[str] = SearchAttributeKey.for_keyword("CaseChannel")
CASE_ASSIGNEE: SearchAttributeKey[str] = SearchAttributeKey.for_keyword("CaseAssignee")
CASE_ESCALATION_LEVEL: SearchAttributeKey[int] = SearchAttributeKey.for_int("CaseEscalationLevel")
CASE_NEXT_DEADLINE: SearchAttributeKey[datetime] = SearchAttributeKey.for_datetime(
    "CaseNextDeadline"
)

SEARCH_ATTRIBUTES: tuple[SearchAttributeKey[Any], ...] = (
    CASE_STAGE,
    CASE_CATEGORY,
    CASE_PRIORITY,
    CASE_CHANNEL,
    CASE_ASSIGNEE,
    CASE_ESCALATION_LEVEL,
    CASE_NEXT_DEADLINE,
)
