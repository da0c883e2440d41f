"""Filing exception and incident reports where a company manages its incidents (HOF-7.3)."""

from dataclasses import dataclass

from temporalio import activity

from activities.failures import named_failures
from activities.ports import IncidentPort
from sop.registers import IncidentReport


@dataclass(frozen=True)
class IncidentActivities:
    """Acts on the incident management system."""

    incidents: IncidentPort

    @activity.defn(name="file_report")
    def file_report(self, report: IncidentReport) -> str:
        """File a report, once however often it is tried; return its reference there."""
        with named_failures():
            return self.incidents.file(report)
