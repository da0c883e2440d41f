"""`handrail identity`: values come by standard input, and nothing shows them."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app

CANARY = "C01X0006H"


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """Return the environment of an installation whose database is there."""
    environment = {"HANDRAIL_STATE_DIR": str(tmp_path / "state")}
    assert invoke(environment, "migrate")[0] == 0
    return environment


def invoke(
    environment: dict[str, str], *arguments: str, said: str | None = None
) -> tuple[int, str, str]:
    """Run a command in this process; return code, output and errors."""
    ended = CliRunner().invoke(app, arguments, env=environment, input=said)
    return ended.exit_code, ended.stdout, ended.stderr or str(ended.exception or "")


def keep(place: dict[str, str], form: str, said: str, *more: str) -> tuple[int, str, str]:
    """Keep a form of a customer."""
    return invoke(place, "identity", "set", "C-1042", "--form", form, *more, said=said)


@pytest.mark.clause("HOF-5.2")
def test_a_form_is_kept_and_shown_without_its_value(place: dict[str, str]) -> None:
    code, out, err = keep(place, "passport", f"{CANARY}\n")
    assert (code, out) == (0, "")
    assert "passport of C-1042 is on record (1)" in err
    code, out, _ = invoke(place, "identity", "show", "C-1042")
    assert code == 0
    assert "passport" in out
    assert "counts" in out
    state = Path(place["HANDRAIL_STATE_DIR"])
    kept = b"".join(path.read_bytes() for path in state.glob("handrail.db*"))
    assert b"C-1042" in kept
    assert CANARY.encode() not in kept
    assert CANARY not in out + err
    assert re.search(r"[0-9a-f]{8}", out) is None  # no hash either


def test_several_values_are_lines_and_take_the_place_of_those_before(
    place: dict[str, str],
) -> None:
    assert keep(place, "account_number", "1001\n1002\n\n")[0] == 0
    assert "on record (1)" in keep(place, "account_number", "1003")[2]
    assert keep(place, "security_question", "Rex")[0] == 0
    code, _, err = invoke(place, "identity", "remove", "C-1042", "--form", "account_number")
    assert (code, "On record of C-1042: security_question." in err) == (0, True)
    assert "nothing" in invoke(place, "identity", "remove", "C-1042")[2]


def test_a_transaction_is_its_amount_and_its_day_and_ends(place: dict[str, str]) -> None:
    code, _, err = keep(place, "recent_transaction", "1999 2026-11-20")
    assert (code, "does not stay recent" in err) == (1, True)
    assert keep(place, "recent_transaction", "1999 2026-11-20", "--expires", "30d")[0] == 0
    for wrong in ("19.99 2026-11-20", "1999", "1999 2026-02-30"):
        code, _, err = keep(place, "recent_transaction", wrong, "--expires", "30d")
        assert (code, "such as: 1999 2026-11-20" in err) == (1, True)


@pytest.mark.parametrize(
    ("said", "hint"), [("", "There is no value"), ("- -", "no text with a letter")]
)
def test_what_is_no_value_is_told(place: dict[str, str], said: str, hint: str) -> None:
    code, _, err = keep(place, "passport", said)
    assert (code, hint in err) == (1, True)


def test_a_customer_that_cannot_be_is_told_without_repeating_it(place: dict[str, str]) -> None:
    code, _, err = invoke(place, "identity", "show", f"{CANARY} of Mrs Miller")
    assert (code, CANARY in err) == (1, False)


def test_what_was_kept_under_another_key_is_said_to_be(place: dict[str, str]) -> None:
    keep(place, "passport", CANARY)
    other = {**place, "HANDRAIL_IDENTITY_KEY": "another key of the tests, as long"}
    assert "another key" in invoke(other, "identity", "show", "C-1042")[1]
