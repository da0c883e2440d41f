"""What customers are identified by. A value that comes in is a secret, and goes out nowhere."""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, Secret, SecretStr, model_validator

from api.schemas.values import (
    Flag,
    InstantIn,
    Moment,
    Request,
    View,
    WholeNumber,
)
from sop.evidence import MOST_OF_A_FORM, Factor, Presented, Transaction, present
from sop.identity import Form
from sop.models import VerificationOutcome

MOST = 10**12
"""Minor units: more than an account has."""

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _day(value: object) -> object:
    """Refuse what pydantic would read as a date besides a written one."""
    if not isinstance(value, str) or not _ISO_DATE.fullmatch(value):
        raise ValueError("Say a day such as 2026-11-20")
    return value


def _payable(value: int) -> int:
    """Refuse an amount that nobody pays; the schema of a secret does not say so by itself."""
    if abs(value) > MOST:
        raise ValueError(f"Input should be between -{MOST} and {MOST}")
    return value


class Evidence(Request):
    """A body that holds what a customer presents.

    Its mistakes are told without names: a value may have been sent in the place of one.
    """

    @model_validator(mode="before")
    @classmethod
    def _nothing_else(cls, said: Any) -> Any:  # noqa: ANN401  what a caller sends
        if isinstance(said, dict) and set(said) - set(cls.model_fields):
            raise ValueError("There is a field that does not belong here")
        return said


class TransactionIn(Evidence):
    """A transaction of the customer's."""

    amount: Secret[Annotated[WholeNumber, AfterValidator(_payable)]] = Field(
        description="The amount in minor units, such as cents.",
        json_schema_extra={"minimum": -MOST, "maximum": MOST},
    )
    on: Secret[Annotated[date, BeforeValidator(_day)]] = Field(description="The day.")


class WrittenForm(Evidence):
    """A number of a document or an account, or the answer to the security question."""

    form: Literal[
        Form.PASSPORT,
        Form.DRIVING_LICENCE,
        Form.NATIONAL_CARD,
        Form.ACCOUNT_NUMBER,
        Form.SECURITY_QUESTION,
    ] = Field(description="Which form it is.")
    value: Annotated[SecretStr, Field(min_length=1, max_length=200)] = Field(
        description="As the customer says it; blanks, dashes and case do not count."
    )

    def presented(self) -> Presented:
        """Return the form in the spelling in which it is compared.

        Raises:
            InvalidValueError: There is nothing to compare.
        """
        return present(self.form, self.value.get_secret_value())


class TransactionForm(Evidence):
    """A recent transaction."""

    form: Literal[Form.RECENT_TRANSACTION] = Field(description="Which form it is.")
    value: TransactionIn = Field(description="The transaction.")

    def presented(self) -> Presented:
        """Return the form in the spelling in which it is compared."""
        amount, on = self.value.amount.get_secret_value(), self.value.on.get_secret_value()
        return present(self.form, Transaction(amount, on))


PresentedIn = Annotated[WrittenForm | TransactionForm, Field(discriminator="form")]


class _Ending(Evidence):
    expires_at: InstantIn | None = Field(
        None,
        description="From then on it counts no more; a transaction needs it.",
        examples=["2026-12-20T00:00:00Z"],
    )


class KeptWrittenForm(WrittenForm, _Ending):
    """A number or an answer that the customer is compared with."""


class KeptTransactionForm(TransactionForm, _Ending):
    """A transaction that the customer is compared with."""


KeptIn = Annotated[KeptWrittenForm | KeptTransactionForm, Field(discriminator="form")]


class IdentityRecordIn(Evidence):
    """All that a customer is compared with from now on."""

    forms: Annotated[list[KeptIn], Field(max_length=6 * MOST_OF_A_FORM)] = Field(
        description="The forms. None: nothing is kept of this customer."
    )

    def factors(self) -> tuple[Factor, ...]:
        """Return what is to be kept.

        Raises:
            InvalidValueError: A value holds nothing to compare.
        """
        return tuple(Factor(form.presented(), form.expires_at) for form in self.forms)


class FormView(View):
    """A form that is on record; nothing of its values."""

    form: Form = Field(description="Which form it is.")
    count: int = Field(description="How many values are kept.")
    updated_at: Moment = Field(description="When they were stored.")
    expires_at: Moment | None = Field(description="When the last of them ends; null: never.")
    usable: bool = Field(description="False: kept under another key. Store it again.")


class IdentityRecord(View):
    """Which forms a customer can be compared with."""

    customer_id: str = Field(description="The customer's id.")
    forms: list[FormView] = Field(description="The forms.")


class IdentifyIn(Evidence):
    """An identity check: one primary and one secondary form (HOF-4.1.2)."""

    case_id: Annotated[str, Field(pattern=r"^(inquiry|handoff)-[a-z0-9]{8,40}$")] = Field(
        description="The customer's inquiry or handoff.", examples=["inquiry-5f0c2a9b71d3e84c"]
    )
    forms: Annotated[list[PresentedIn], Field(max_length=10)] = Field(
        description="What the customer presents; may be empty where something was noticed, "
        "or where only what the customer was told is made good."
    )
    noticed: Flag = Field(
        default=False, description="Something is wrong, such as a photo of somebody else."
    )
    need_explained: Flag = Field(
        default=False, description="Greeted, and told why identity is checked (HOF-4.1.1)."
    )
    confidentiality_assured: Flag = Field(
        default=False, description="Assured of confidentiality (HOF-4.1.5)."
    )

    def presented(self) -> tuple[Presented, ...]:
        """Return what the customer presents.

        Raises:
            InvalidValueError: A value holds nothing to compare.
        """
        return tuple(form.presented() for form in self.forms)

    @property
    def reports(self) -> bool:
        """Whether there is something to report besides the forms."""
        return self.noticed or self.need_explained or self.confidentiality_assured

    def said(self, customer_id: str) -> "IdentifySaid":
        """Return the request without its values, for the digest."""
        return IdentifySaid(
            customer_id=customer_id,
            forms=sorted(form.form for form in self.forms),
            noticed=self.noticed,
            need_explained=self.need_explained,
            confidentiality_assured=self.confidentiality_assured,
        )


class IdentifySaid(Request):
    """What a repeated check is recognised by: no value of any form, not even its digest."""

    customer_id: str
    forms: list[Form]
    noticed: bool = False
    need_explained: bool = False
    confidentiality_assured: bool = False


class Identified(View):
    """What an identity check found, and nothing of which part failed."""

    case_id: str = Field(description="The case's id.")
    verification: VerificationOutcome = Field(description="What was found.")
    recorded: bool = Field(
        description="The CRM has it. False: it is safe in the workflow, and the CRM follows."
    )
    seq: int = Field(description="The number of the journal's last entry.")
    next_deadline: Moment | None = Field(description="When the case acts by itself next.")
    next_deadline_what: str | None = Field(description="What it does then.")
