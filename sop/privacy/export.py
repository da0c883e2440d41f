"""The document that an export hands over (HOF-5.1): stable, structured, one JSON text.

`docs/api.md` describes it. Names and meanings stay; sections and fields may be added.
"""

from enum import StrEnum

from pydantic import AwareDatetime, JsonValue

from sop.models import Payload

SCHEMA = "handrail-person-export/1"


class WithheldBecause(StrEnum):
    """Why something is not in an export."""

    OTHER_PERSONS = "other_persons"
    """It names somebody else: staff are shown by their role."""
    SECURITY = "security"
    """It would help whoever wants to pass for the person: results of forms, digests."""
    TECHNICAL = "technical"
    """It says nothing of the person: numbers of writers and versions."""
    COPY = "copy"
    """It holds the same again, in another form."""
    ERASED = "erased"
    """It was destroyed, or its time was over."""


class Withheld(Payload):
    """A field of a section, or a whole store, that an export leaves out.

    Attributes:
        field: The field; empty: all of it.
        records: How many records have it.
    """

    section: str
    field: str = ""
    why: WithheldBecause
    records: int = 0


class Section(Payload):
    """The records of one kind.

    Attributes:
        name: Which kind, e.g. `inquiries`.
        record_class: The class whose retention time they have.
    """

    name: str
    record_class: str
    records: tuple[dict[str, JsonValue], ...] = ()


class Dossier(Payload):
    """Everything that is kept of one person."""

    schema_name: str = SCHEMA
    request_id: str
    customer_id: str
    made_at: AwareDatetime
    sections: tuple[Section, ...]
    withheld: tuple[Withheld, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many records each section has."""
        return {section.name: len(section.records) for section in self.sections}

    def document(self) -> bytes:
        """Return the document, indented for people."""
        return self.model_dump_json(indent=2).encode()
