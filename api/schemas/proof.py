"""What a case proves, and how it reads in plain language."""

from pydantic import Field

from api.schemas.values import Moment, View
from sop.certificate import LineStatus
from sop.clauses import MetAs
from sop.models import Role
from sop.standing import CaseKind


class CertificateLineView(View):
    """One clause in one case."""

    clause: str = Field(description="The clause.", examples=["INQ-4.4.1"])
    summary: str = Field(description="The clause in words.")
    met_as: MetAs = Field(description="How a clause like this is met.")
    status: LineStatus = Field(
        description="`proved`: by the entry named here. `by_construction`: by a check of the "
        "software, in every case. `missing`: closing waits for it. `withdrawn`: its proof fell, "
        "with the entry named here. `not_applicable`: the case gave no occasion. `open`: neither "
        "proved nor asked for at closing."
    )
    by: str | None = Field(description="Who did what the entry says.")
    role: Role | None = Field(description="As what.")
    at: Moment | None = Field(description="When.")
    entry: str | None = Field(
        description="The journal entry: its stream and number.",
        examples=["inquiry-5f0c2a9b71d3e84c#6"],
    )
    note: str = Field(description="Why there is no proof, or how late it was.")


class CertificateView(View):
    """Each clause of the procedure with who, when and which entry proves it, or what is missing."""

    case_id: str = Field(description="The case's id.")
    kind: CaseKind = Field(description="Which procedure it follows.")
    policy_version: str = Field(
        description="The policy that it follows; empty while the CRM does not have it."
    )
    as_of: Moment | None = Field(description="The last journal entry that is counted here.")
    complete: bool = Field(description="Nothing that closing asks for is missing.")
    missing: list[str] = Field(description="The clauses that are.")
    lines: list[CertificateLineView] = Field(description="The clauses, in their order.")


class ToldEntryView(View):
    """One journal entry in plain language."""

    entry: str = Field(description="The journal entry: its stream and number.")
    at: Moment = Field(description="When it happened.")
    by: str = Field(description="Who did it.")
    role: Role = Field(description="As what.")
    sentence: str = Field(description="What happened. It may quote the customer.")
    clauses: list[str] = Field(description="The clauses that it proves.")


class ExplanationView(View):
    """A case in plain language."""

    case_id: str = Field(description="The case's id.")
    entries: list[ToldEntryView] = Field(description="What happened, in order.")
    standing: list[str] = Field(
        description="Where it stands: stage, holder, what it waits for, what is missing."
    )
