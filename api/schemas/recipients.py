"""The certificates of receiving parties, as callers send and see them."""

from typing import Annotated

from pydantic import Field

from api.schemas.values import NO_NUL, Moment, Request, View


class CertificateIn(Request):
    """A receiving party's certificate, for mail that only the party can read (HOF-4.2.4)."""

    certificate: Annotated[str, Field(min_length=1, max_length=20_000, pattern=NO_NUL)] = Field(
        description="An X.509 certificate with an RSA key, in PEM. Never the private key."
    )
    address: Annotated[str, Field(min_length=1, max_length=254, pattern=NO_NUL)] | None = Field(
        None,
        description="Where mail for the party goes; left out: the address that it names.",
        examples=["archive@partner.example"],
    )


class CertificateView(View):
    """A certificate on file."""

    party: str = Field(description="The receiving party.")
    key_id: str = Field(description="The certificate's id, as the journal of a handoff names it.")
    address: str = Field(description="Where mail for the party goes.")
    fingerprint: str = Field(description="SHA-256 of the certificate: compare it with the party's.")
    added_at: Moment = Field(description="When it was put on file.")
    added_by: str = Field(description="Who vouched for it.")
    expires_at: Moment = Field(description="When it ends.")
    revoked_at: Moment | None = Field(description="When it was revoked; null: it was not.")
    in_use: bool = Field(description="Mail for the party is encrypted to it now.")


class CertificateList(View):
    """The certificates of a party, the newest first; only the newest can be in use."""

    certificates: list[CertificateView] = Field(description="The certificates.")
