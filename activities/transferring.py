"""Handing something over by a channel that the software itself uses."""

from dataclasses import dataclass

from temporalio import activity

from activities.failures import named_failures
from activities.ports import MailReceipt, SecureMail, SecureMailPort


@dataclass(frozen=True)
class TransferActivities:
    """Transfers over secure channels only (HOF-4.2.4)."""

    mail: SecureMailPort

    @activity.defn(name="send_encrypted")
    def send_encrypted(self, mail: SecureMail) -> MailReceipt:
        """Send the receiving party an encrypted e-mail, once per message id; no key, no send."""
        with named_failures():
            return self.mail.send(mail)
