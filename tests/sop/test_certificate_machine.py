"""Random inquiries: read from the journal, the certificate proves what the case's state does."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant

from sop.certificate import LineStatus, certify
from sop.certificate_rules import INQUIRY
from sop.proofs import VERIFIED, proofs_of
from tests.sop.journals import as_0_1_0, standing_of, timeline
from tests.sop.test_inquiry_machine import InquiryMachine


class CertifiedMachine(InquiryMachine):
    """The inquiries of the other machine, looked at through their journals alone."""

    @invariant()
    def what_always_holds(self) -> None:
        state = self.case.state
        journal = timeline(state.case_id, self.journal)
        said = certify(standing_of(self.case), journal, INQUIRY)
        proved = {line.clause: line.entry for line in said.lines if line.entry is not None}
        fallen = {line.clause for line in said.lines if line.status == LineStatus.WITHDRAWN}
        assert {clause: entry for clause, entry in proved.items() if clause not in fallen} == {
            clause: f"{state.case_id}#{seq}" for clause, seq in state.proofs.items()
        }
        assert said.missing == self.case.missing
        assert said.complete == (not self.case.missing)
        self.a_journal_of_0_1_0_proves_no_more_than_its_case_does()

    def a_journal_of_0_1_0_proves_no_more_than_its_case_does(self) -> None:
        """It is silent of one thing: that a verified inquiry would be exempt as well."""
        state = self.case.state
        read = proofs_of(state.case_id, as_0_1_0(timeline(state.case_id, self.journal)))
        proved = {clause: entry.seq for clause, entry in read.holding.items()}
        assert proved.items() <= state.proofs.items()
        assert state.proofs.keys() - proved.keys() <= {VERIFIED}


TestCertifiedMachine = CertifiedMachine.TestCase
TestCertifiedMachine.settings = settings(
    max_examples=50,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,  # the same cases every time; without it, others
    suppress_health_check=[HealthCheck.too_slow],
)
