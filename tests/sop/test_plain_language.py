import pytest
from hypothesis import given
from hypothesis import strategies as st

from sop.errors import InvalidValueError
from sop.plain_language import (
    INQUIRY_MESSAGES,
    PLACEHOLDERS,
    check,
    fill,
    placeholders,
    render,
    sentences,
)
from sop.policy_rules import Language, Message
from tests.sop.policy_files import SHIPPED, read

LANGUAGE = Language(max_words=6, jargon=("ticket", "root cause", "C++"))
VALUES = {"case_id": "inquiry-1", "company": "Acme", "contact": "us", "answer_by": "Monday"}
RECEIVER = {"receiver": "the workshop in the north", "receiver_contact": "extension 12"}


@pytest.mark.clause("INQ-5.1", "INQ-5.2")
@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_each_message_that_is_shipped_is_plain_and_says_whom_to_ask(name: str) -> None:
    policy = read(SHIPPED)
    assert policy.language is not None
    assert policy.handoff is not None
    carrier = policy.case if name in INQUIRY_MESSAGES else policy.handoff
    message, desk = carrier.messages[name], carrier.desk
    told = VALUES | RECEIVER | {"company": desk.company, "contact": desk.contact}
    for technical_terms in (False, True):
        text = render(message, technical_terms=technical_terms, values=told)
        findings = check(
            text, policy.language, contact=desk.contact, technical_terms=technical_terms
        )

        assert findings == ()


@pytest.mark.clause("INQ-5.1")
def test_a_sentence_that_is_too_long_is_named() -> None:
    text = "We are here. Please do call us on Monday after lunch. Thank you."

    assert check(text, LANGUAGE) == (
        'sentence 2 has 8 words, not 6 at most: "Please do call us on Monday after lunch."',
    )


@pytest.mark.clause("INQ-5.1")
def test_a_message_that_names_nobody_to_ask_is_found_out() -> None:
    assert check("We are here.", LANGUAGE, contact="0800 123") == (
        "does not say how to reach a person; name {contact}",
    )
    assert check("Call 0800 123.", LANGUAGE, contact="0800 123") == ()


@pytest.mark.clause("INQ-5.2")
@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("Your Ticket is open.", "ticket"),
        ("We found the root cause.", "root cause"),
        ("Your ticket.", "ticket"),
        ("We write it in C++.", "C++"),
    ],
)
def test_jargon_is_kept_from_customers_who_do_not_know_the_terms(text: str, term: str) -> None:
    assert check(text, LANGUAGE) == (f'sentence 1 says "{term}", which is jargon: "{text}"',)
    assert check(text, LANGUAGE, technical_terms=True) == ()


@pytest.mark.clause("INQ-5.2")
def test_a_word_that_only_contains_jargon_is_none() -> None:
    assert check("The ticketing of roots causes noise.", LANGUAGE) == ()


@pytest.mark.clause("INQ-5.2")
def test_customers_who_know_the_terms_get_the_technical_text_if_there_is_one() -> None:
    both = Message(plain="Your request {case_id}.", technical="Your ticket {case_id}.")
    plain = Message(plain="Your request {case_id}.")

    assert render(both, technical_terms=True, values=VALUES) == "Your ticket inquiry-1."
    assert render(both, technical_terms=False, values=VALUES) == "Your request inquiry-1."
    assert render(plain, technical_terms=True, values=VALUES) == "Your request inquiry-1."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ("One.", "Two!", "Three?")),
        ("It costs 2.5, i.e. less. Good.", ("It costs 2.5, i.e. less.", "Good.")),
        ('He said "Stop." She left.', ('He said "Stop.', "She left.")),
        ("A line\nthat is broken. And one", ("A line that is broken.", "And one")),
        ("No end\n\nNew paragraph", ("No end", "New paragraph")),
        ("Call us … Or write", ("Call us …", "Or write")),
        ("...", ()),
        ("", ()),
    ],
)
def test_a_text_is_cut_into_its_sentences(text: str, expected: tuple[str, ...]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("template", "refusal"),
    [
        ("{nobody}", r"nothing is known to fill in for \{nobody\}"),
        ("{b} {a}", r"nothing is known to fill in for \{a\}, \{b\}"),
        ("{", "a brace has no partner"),
        ("}", "a brace has no partner"),
        ("{}", r"\{\} is not a placeholder"),
        ("{0}", r"\{0\} is not a placeholder"),
        ("{case_id.__class__}", r"\{case_id.__class__\} is not a placeholder"),
        ("{case_id[0]}", r"\{case_id\[0\]\} is not a placeholder"),
        ("{case_id!r}", r"\{case_id!r\} is not a placeholder"),
        ("{case_id:>{company}}", r"\{case_id:>\{company\}\} is not a placeholder"),
    ],
)
def test_a_template_that_asks_for_anything_but_known_names_is_refused(
    template: str, refusal: str
) -> None:
    with pytest.raises(InvalidValueError, match=refusal):
        fill(template, VALUES)


def test_doubled_braces_are_plain_ones() -> None:
    assert placeholders("{{case_id}} {company}") == {"company"}
    assert fill("{{case_id}} {company}", VALUES) == "{case_id} Acme"


@given(st.text())
def test_what_is_filled_in_is_not_filled_again(value: str) -> None:
    assert fill("<{contact}>", {"contact": value}) == f"<{value}>"


@given(st.text(alphabet="ab{}!:.[]0 \n"))
def test_any_template_is_filled_or_refused(template: str) -> None:
    try:
        filled = fill(template, {"a": "x", "b": "y"})
    except InvalidValueError as refusal:
        filled = refusal.message
    assert isinstance(filled, str)
    assert all(sentence in " ".join(template.split()) for sentence in sentences(template))
