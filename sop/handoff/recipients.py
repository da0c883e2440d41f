"""The certificates of receiving parties: without one on file nothing is mailed (HOF-4.2.4)."""

from datetime import datetime

from pydantic import AwareDatetime

from sop.models import Payload, Principal


class RecipientKey(Payload):
    """A receiving party's certificate as it is on file; its public part only.

    Attributes:
        address: The e-mail address that messages for the party go to.
        kind: `smime`: an X.509 certificate with an RSA key.
        fingerprint: SHA-256 of the certificate, by which people compare it.
        material: The certificate in PEM.
    """

    key_id: str
    party: Principal
    address: str
    kind: str = "smime"
    fingerprint: str
    material: str
    added_at: AwareDatetime
    added_by: Principal
    expires_at: AwareDatetime
    revoked_at: AwareDatetime | None = None

    def valid_at(self, moment: datetime) -> bool:
        """Return whether messages may be encrypted to it at a moment."""
        return self.revoked_at is None and moment < self.expires_at
