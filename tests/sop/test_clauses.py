import re
from pathlib import Path

from sop.clauses import CLAUSES, MetAs


def ids(text: str) -> list[str]:
    return text.split()


# Copied from the project's list of clauses, which numbers the two procedures' own sections.
IDS = ids("""
INQ-2 INQ-3.1 INQ-3.2 INQ-4.1.1 INQ-4.1.2 INQ-4.1.3 INQ-4.2.1 INQ-4.2.2 INQ-4.2.3 INQ-4.3.1
INQ-4.3.2 INQ-4.4.1 INQ-4.4.2 INQ-4.4.3 INQ-4.4.4 INQ-4.5.1 INQ-4.5.2 INQ-4.6.1 INQ-4.6.2 INQ-5.1
INQ-5.2 INQ-5.3 INQ-6.1 INQ-6.2 INQ-6.3 INQ-7.1 INQ-7.2 INQ-8.1 INQ-8.2
HOF-2 HOF-3.1 HOF-3.2 HOF-3.3 HOF-4.1.1 HOF-4.1.2 HOF-4.1.3 HOF-4.1.4 HOF-4.1.5 HOF-4.2.1
HOF-4.2.2 HOF-4.2.3 HOF-4.2.4 HOF-4.2.5 HOF-4.2.6 HOF-4.3.1 HOF-4.3.2 HOF-5.1 HOF-5.2 HOF-5.3
HOF-6.1 HOF-6.2 HOF-6.3 HOF-7.1 HOF-7.2 HOF-7.3 HOF-8
""")
CLOCKS = ids("""
INQ-4.4.3 INQ-4.4.4 INQ-4.6.1 INQ-6.1 INQ-6.2 INQ-6.3 INQ-8.1 HOF-4.2.5 HOF-6.2 HOF-6.3
""")
GATES = ids("""
INQ-4.3.2 INQ-4.5.2 INQ-4.6.2 INQ-8.2 HOF-4.1.2 HOF-4.1.4 HOF-4.2.1 HOF-4.2.2 HOF-4.2.3
HOF-4.2.4 HOF-5.2 HOF-6.1
""")
SOP = Path(__file__).parents[2] / "sop"


def met_as(kind: MetAs) -> list[str]:
    return [clause.clause for clause in CLAUSES.values() if clause.met_as == kind]


def test_the_catalogue_holds_every_clause_once_and_in_order() -> None:
    assert list(CLAUSES) == IDS
    assert len(set(IDS)) == 56


def test_each_clause_says_how_it_is_met() -> None:
    assert met_as(MetAs.CLOCK) == CLOCKS
    assert met_as(MetAs.GATE) == GATES
    assert len(met_as(MetAs.STEP)) == 9
    assert len(met_as(MetAs.ATTEST)) == 8


def test_each_summary_is_one_sentence() -> None:
    summaries = [clause.summary for clause in CLAUSES.values()]

    assert [text for text in summaries if not re.fullmatch(r"[A-Z].{15,75}[^.]\.", text)] == []
    assert len(set(summaries)) == len(summaries)


def test_the_procedures_name_no_clause_that_does_not_exist() -> None:
    named = {
        clause
        for module in SOP.glob("*.py")
        for clause in re.findall(r"(?:INQ|HOF)-\d+(?:\.\d+)*", module.read_text())
    }
    sections = {".".join(clause.split(".")[:n]) for clause in IDS for n in range(1, 4)}

    assert named <= sections | {clause.split(".")[0] for clause in IDS}
