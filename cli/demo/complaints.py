"""The real complaints that the demo sends, and how each becomes an inquiry.

The rules stand in `cli/data/README.md`, with their reasons.
"""

import csv
import io
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from sop.models import Channel, Priority

SAMPLE = "cfpb-complaints-sample.csv"

_CHANNELS = {
    "Web": Channel.CHAT,
    "Referral": Channel.EMAIL,
    "Phone": Channel.PHONE,
    "Postal mail": Channel.EMAIL,
    "Fax": Channel.EMAIL,
}
_CATEGORIES = {
    "technical": {
        "Credit monitoring or identity protection",
        "Deposits and withdrawals",
        "Making/receiving payments, sending money",
        "Money was not available when promised",
        "Transaction issue",
        "Using a debit or ATM card",
    },
    "billing": {
        "APR or interest rate",
        "Balance transfer",
        "Billing disputes",
        "Loan servicing, payments, escrow account",
        "Other fee",
        "Payoff process",
        "Problems caused by my funds being low",
    },
    "product": {
        "Advertising, marketing or disclosures",
        "Application, originator, mortgage broker",
        "Credit determination",
        "Credit line increase/decrease",
        "Settlement process and costs",
        "Taking out the loan or lease",
    },
}
_FRAUD = {"Fraud or scam", "Identity theft / Fraud / Embezzlement"}
_HARM_NOW = _FRAUD | {
    "Money was not available when promised",
    "Taking/threatening an illegal action",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One row of the file."""

    complaint_id: str
    product: str
    sub_product: str
    issue: str
    sub_issue: str
    narrative: str
    submitted_via: str
    tags: str

    @property
    def channel(self) -> Channel:
        """How it reached the desk (INQ-2)."""
        return _CHANNELS.get(self.submitted_via, Channel.EMAIL)

    @property
    def category(self) -> str:
        """What has gone wrong, and so who can mend it (INQ-4.2.1)."""
        known = (name for name, issues in _CATEGORIES.items() if self.issue in issues)
        return next(known, "complaint")

    @property
    def complex(self) -> bool:
        """An expert must look into it whatever its category is (INQ-6.2)."""
        return self.issue in _FRAUD

    @property
    def priority(self) -> Priority:
        """What harm waiting does (INQ-4.2.2)."""
        if self.issue in _HARM_NOW:
            return Priority.URGENT
        if self.category == "product" and not self.tags:
            return Priority.LOW
        return Priority.STANDARD

    @property
    def text(self) -> str:
        """The consumer's words, or what the consumer chose from the Bureau's lists."""
        if self.narrative:
            return self.narrative
        about = f"{self.product} ({self.sub_product})" if self.sub_product else self.product
        issue = f"{self.issue}: {self.sub_issue}" if self.sub_issue else self.issue
        return f"I have a complaint about: {about}. The issue is: {issue}."

    def opening(self) -> dict[str, Any]:
        """Return the body of `POST /v1/inquiries`."""
        return {
            "customer": {"customer_id": f"cfpb-{self.complaint_id}"},
            "channel": str(self.channel),
            "subject": f"{self.product}: {self.issue}",
            "text": self.text,
            "classification": {
                "category": self.category,
                "priority": str(self.priority),
                "complex": self.complex,
            },
        }


def read_complaints() -> tuple[Complaint, ...]:
    """Return the complaints of the file, in its order."""
    text = (files("cli") / "data" / SAMPLE).read_text(encoding="utf-8")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return tuple(
        Complaint(
            complaint_id=row["complaint_id"],
            product=row["product"],
            sub_product=row["sub_product"],
            issue=row["issue"],
            sub_issue=row["sub_issue"],
            narrative=row["consumer_complaint_narrative"],
            submitted_via=row["submitted_via"],
            tags=row["tags"],
        )
        for row in rows
    )
