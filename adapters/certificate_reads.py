"""The certificates of disposals, as they were filed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from adapters.database import Database
from adapters.proof_tables import certificate_cases, certificates
from sop.chain import certificate_digest, moment

PARTS = ("retention", "retention_entries")
"""The kinds of the batches of a run."""


@dataclass(frozen=True, slots=True)
class Filed:
    """A certificate.

    Attributes:
        kind: `retention`, `retention_entries`, `retention_run`, `erasure`.
        body: JSON: `sop.disposal.Disposal`; of a run `RetentionRun`, of entries of the access log
            `AccessLogDisposal`.
        case_ids: The cases whose journal was purged under it.
        intact: It is what was filed: the digest, which the log of checkpoints holds, says so.
    """

    certificate_id: str
    kind: str
    made_at: datetime
    body: str
    case_ids: tuple[str, ...]
    intact: bool


class CertificateReads:
    """Certificates as values; each method raises CrmUnavailableError without an answer."""

    def __init__(self, database: Database) -> None:
        """Read from a database."""
        self._database = database

    def certificates(self, *, parts: bool = False, limit: int = 100) -> tuple[Filed, ...]:
        """Return certificates, the newest first; `parts`: those of a run's batches, too."""
        row = certificates.c
        query = select(certificates).order_by(row.made_at.desc(), row.certificate_id.desc())
        if not parts:
            query = query.where(row.kind.not_in(PARTS))
        return self._filed(query.limit(limit))

    def every(self, page: int = 100) -> Iterator[Filed]:
        """Yield all certificates, page by page, in the order of their ids."""
        row, last = certificates.c, ""
        query = select(certificates).order_by(row.certificate_id).limit(page)
        while found := self._filed(query.where(row.certificate_id > last)):
            yield from found
            last = found[-1].certificate_id

    def certificate(self, certificate_id: str) -> Filed | None:
        """Return a certificate; None if there is none."""
        query = select(certificates).where(certificates.c.certificate_id == certificate_id)
        return next(iter(self._filed(query)), None)

    def _filed(self, query: Select[tuple[object, ...]]) -> tuple[Filed, ...]:
        rows = self._database.read(lambda c: c.execute(query).mappings().all())
        ids = [row["certificate_id"] for row in rows]
        listed = select(certificate_cases).where(certificate_cases.c.certificate_id.in_(ids))
        cases = self._database.read(lambda c: c.execute(listed).mappings().all())
        of = {
            one: frozenset(each["case_id"] for each in cases if each["certificate_id"] == one)
            for one in ids
        }
        return tuple(
            Filed(
                row["certificate_id"],
                row["kind"],
                row["made_at"],
                row["body"],
                tuple(sorted(of[row["certificate_id"]])),
                row["digest"]
                == certificate_digest(
                    row["certificate_id"],
                    row["kind"],
                    moment(row["made_at"]),
                    row["body"],
                    of[row["certificate_id"]],
                ),
            )
            for row in rows
        )
