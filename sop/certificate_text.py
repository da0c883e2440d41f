"""A certificate as a page in Markdown, to be kept beside the case."""

from sop.certificate import Certificate, CertificateLine, LineStatus
from sop.policy import Desk
from sop.telling import role_in_words, words

HEADINGS = ("clause", "in words", "status", "who", "when", "entry", "note")


def heading(certificate: Certificate, desk: Desk) -> str:
    """Return the line that stands above the clauses."""
    as_of = desk.local(certificate.as_of) if certificate.as_of else "no entry yet"
    policy = certificate.policy_version or "not known yet"
    return f"{certificate.case_id}: policy {policy}, as of {as_of}"


def verdict(certificate: Certificate) -> str:
    """Return the line that stands below the clauses."""
    if certificate.complete:
        return "Nothing that closing asks for is missing."
    return f"Missing: {', '.join(certificate.missing)}."


def cells(line: CertificateLine, desk: Desk) -> tuple[str, ...]:
    """Return a clause as the cells of a table, as `HEADINGS` names them."""
    who = f"{line.by} ({role_in_words(line.role)})" if line.by else ""
    return (
        line.clause,
        line.summary,
        words(line.status),
        who,
        desk.local(line.at) if line.at else "",
        line.entry or "",
        line.note,
    )


def markdown(certificate: Certificate, desk: Desk) -> str:
    """Return the certificate as a page."""
    lines = [
        f"# Certificate of {certificate.case_id}",
        "",
        heading(certificate, desk) + ".",
        "",
        _row(HEADINGS),
        _row(("---",) * len(HEADINGS)),
    ]
    for line in certificate.lines:
        clause, summary, status, *others = cells(line, desk)
        loud = line.status in {LineStatus.MISSING, LineStatus.WITHDRAWN}
        lines.append(_row((clause, summary, f"**{status}**" if loud else status, *others)))
    return "\n".join([*lines, "", verdict(certificate), ""])


def _row(values: tuple[str, ...]) -> str:
    return f"| {' | '.join(value.replace('|', chr(92) + '|') for value in values)} |"
