"""Reaching the people on call."""

from dataclasses import dataclass

from temporalio import activity

from activities.failures import named_failures
from activities.ports import OnCallPort, Page


@dataclass(frozen=True)
class PagingActivities:
    """Pages a role, and takes a page back."""

    on_call: OnCallPort

    @activity.defn(name="page")
    def page(self, page: Page) -> None:
        """Page a role, once per page id (INQ-6)."""
        with named_failures():
            self.on_call.page(page)

    @activity.defn(name="cancel_page")
    def cancel_page(self, page: Page) -> None:
        """Take back a page that the case no longer needs."""
        with named_failures():
            self.on_call.cancel(page)
