"""What the CRM shows of privacy requests: values for the API and the command line."""

from pydantic import AwareDatetime

from sop.models import Payload
from sop.privacy.models import PrivacyRow, RequestKind


class PrivacyDetail(PrivacyRow):
    """A request as the CRM has it.

    Attributes:
        opened_at: Workflow time of the flush that opened it.
        updated_at: Workflow time of the flush that wrote what is shown.
    """

    opened_at: AwareDatetime
    updated_at: AwareDatetime


class PrivacyFilter(Payload):
    """Which requests a list shows; None leaves a property open.

    Attributes:
        open_only: Without the closed ones.
    """

    kind: RequestKind | None = None
    customer_id: str | None = None
    open_only: bool = False


class PrivacyPage(Payload):
    """One page of a list. `next_cursor` is opaque; None after the last page."""

    requests: tuple[PrivacyDetail, ...]
    next_cursor: str | None = None
