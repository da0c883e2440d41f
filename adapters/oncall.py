"""Pages as rows of the outbox and lines of the log, until a real channel takes their place."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import structlog

from activities.ports import CrmUnavailableError, OnCallUnavailableError, Page
from adapters.database import Database
from adapters.registers import columns_of
from adapters.tables import outbox
from sop.models import OutboxMessage

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)
_now = partial(datetime.now, UTC)


class OutboxOnCall:
    """Implements `activities.ports.OnCallPort`."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = _now) -> None:
        """Write to a database; `clock` gives the moment at which a page goes out."""
        self._database = database
        self._clock = clock
        self._once = database.insert(outbox).on_conflict_do_nothing()

    def page(self, page: Page) -> None:
        """Page a role, once per `page_id`.

        Raises:
            OnCallUnavailableError: Not delivered; trying again may work.
        """
        self._send(page, page.page_id, "page")

    def cancel(self, page: Page) -> None:
        """Take back what was paged for this rung, once per `page_id`.

        Raises:
            OnCallUnavailableError: Not delivered; trying again may work.
        """
        self._send(page, f"{page.page_id}/cancelled", "page.cancelled")

    def _send(self, page: Page, message_id: str, topic: str) -> None:
        message = OutboxMessage(
            message_id=message_id,
            case_id=page.case_id,
            recipient=f"role:{page.role}",
            topic=topic,
            body=page.text,
            created_at=self._clock(),
        )

        try:
            row = self._database.sealing.seal(outbox, columns_of(message))
            self._database.write(lambda connection: connection.execute(self._once, row))
        except CrmUnavailableError as error:
            raise OnCallUnavailableError(str(error)) from None
        written = "page.written" if topic == "page" else "page.cancelled"
        log.info(
            written,
            case_id=page.case_id,
            role=str(page.role),
            rung=page.rung,
            escalation_level=page.level,  # `level` is the line's own
        )
