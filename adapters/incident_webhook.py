"""A company's own incident management system, reached over HTTP (HOF-7.3)."""

import json
from collections.abc import Mapping
from time import monotonic
from typing import Any

import httpx2
import structlog

from activities.ports import IncidentsUnavailableError
from adapters.incidents import FiledReports
from sop.registers import IncidentReport

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

TIMEOUT_S = 10.0
"""Less than the activity's own: what goes wrong is then told by its name."""

LONGEST_REFERENCE = 200
LONGEST_ANSWER = 64 * 1024
_PASSING = frozenset({408, 409, 425, 429})


class WebhookIncidents:
    """Implements `activities.ports.IncidentPort`.

    POSTs a report as JSON. The header `Idempotency-Key` is its `report_id`: a report whose answer
    was lost is sent again, and the other system must know it. Any 2xx says that it is filed there;
    `reference` in the answer is what it is called. Nothing else ends the attempts: a report is
    never lost, so one that is refused is tried until somebody has mended the cause.
    """

    def __init__(
        self,
        filed: FiledReports,
        url: str,
        secret: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Prepare the connection; the first report opens it.

        Args:
            filed: Where references are kept.
            url: Where reports are POSTed.
            secret: Sent as a bearer token, where the other system asks for one.
            timeout_s: How long each part of a request may take.
        """
        self._filed = filed
        self._url = url
        self._timeout_s = timeout_s
        headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        self._http = httpx2.Client(timeout=timeout_s, headers=headers, trust_env=False)

    def file(self, report: IncidentReport) -> str:
        """File a report, once per `report_id`; return what it is called there.

        Raises:
            IncidentsUnavailableError: It is not known to be filed; it is to be tried again.
        """
        known = self._filed.find(report.report_id)
        if known is not None:
            return known
        status, body = self._send(report)
        if not httpx2.codes.is_success(status):
            self._tell_refused(report, status)
            raise IncidentsUnavailableError(f"status {status}")
        return self._filed.note(report.report_id, _reference(body) or report.report_id)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _send(self, report: IncidentReport) -> tuple[int, bytes]:
        headers = {"Idempotency-Key": report.report_id}
        try:
            with self._http.stream(
                "POST", self._url, json=body_of(report), headers=headers, follow_redirects=False
            ) as answer:
                return answer.status_code, self._body(answer)
        except httpx2.HTTPError as error:
            # Its text would hold the address.
            log.warning("report.not_filed", kind=str(report.kind), why=type(error).__name__)
            raise IncidentsUnavailableError(type(error).__name__) from None

    def _body(self, answer: httpx2.Response) -> bytes:
        """Return the beginning of an answer; one that never ends holds no thread."""
        body, until = b"", monotonic() + self._timeout_s
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > LONGEST_ANSWER or monotonic() > until:
                break
        return body

    def _tell_refused(self, report: IncidentReport, status: int) -> None:
        """Log what happened: louder where only a person can mend it."""
        passing = status in _PASSING or httpx2.codes.is_server_error(status)
        tell = log.warning if passing else log.error
        tell("report.not_filed", kind=str(report.kind), status=status)


def body_of(report: IncidentReport) -> Mapping[str, Any]:
    """Return a report as the other system receives it."""
    said = report.model_dump(mode="json", exclude_none=True)
    return {**said, "retention_class": str(report.retention_class)}


def _reference(body: bytes) -> str:
    """Return the reference that an answer names; empty where it names none."""
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    reference = said.get("reference") if isinstance(said, dict) else None
    if not isinstance(reference, str | int) or isinstance(reference, bool):
        return ""
    return str(reference).replace("\x00", "")[:LONGEST_REFERENCE]
