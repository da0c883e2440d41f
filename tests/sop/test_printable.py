"""What people wrote does not steer the terminal of whoever reads it."""

import pytest

from sop.printable import printable
from sop.telling import Telling
from tests.desk import shipped_policy

DESK = shipped_policy().case.desk
STEERING = [chr(code) for code in (*range(9), *range(11, 32), *range(127, 160))]


def test_every_control_character_but_the_end_of_a_line_and_a_tab_is_replaced() -> None:
    assert printable("".join(STEERING)) == "\N{REPLACEMENT CHARACTER}" * len(STEERING)
    assert printable("Grüße,\n\t„Ölçü“ 漢字 👩") == "Grüße,\n\t„Ölçü“ 漢字 👩"


@pytest.mark.parametrize("form", ["", ":quote", ":list", ":words", ":rung", ":told", ":role"])
@pytest.mark.parametrize("steering", ["\x1b[2J", "\x1b]0;x\x07", "\x9b2J", "\x8d"])
def test_no_sentence_steers_a_terminal(form: str, steering: str) -> None:
    said = f"a{steering}b"
    for value in (said, [said]):
        told = Telling({"text": value}, DESK).fill(f"said {{text{form}}}")
        assert not set(told) & set(STEERING)
        assert "b" in told
