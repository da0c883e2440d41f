"""What a customer reads: filled from templates, in plain language (INQ-5.1, INQ-5.2).

Plain is what can be counted: short sentences, no jargon, and a way to reach a person. A readability
score is not: on texts of three sentences it says more about the names in them than about the text.
"""

import re
from collections.abc import Iterator, Mapping
from string import Formatter
from types import MappingProxyType

from sop.errors import InvalidValueError
from sop.policy_rules import Language, Message

_ALWAYS = frozenset({"case_id", "company", "contact"})
_RECEIVER = _ALWAYS | {"receiver", "receiver_contact"}
INQUIRY_MESSAGES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "promise": _ALWAYS | {"answer_by"},
        "resolution": _ALWAYS,
        "follow_up": _ALWAYS,
    }
)
HANDOFF_MESSAGES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "handoff_begins": _RECEIVER,
        "handoff_accepted": _RECEIVER,
        "handoff_returned": _ALWAYS,
    }
)
"""Asked of a policy with a `[handoff]` table."""

PLACEHOLDERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {**INQUIRY_MESSAGES, **HANDOFF_MESSAGES}
)
"""The messages that the procedures send, each with the placeholders that are filled in."""

_WORD = re.compile(r"\S*\w\S*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’»)]*\s+(?![a-zß-öø-ÿ])|\n\s*\n")


def placeholders(template: str) -> frozenset[str]:
    """Return the names in braces of a template.

    Raises:
        ValueError: A brace has no partner, or something else than a name stands in braces.
    """
    try:
        fields = list(Formatter().parse(template))
    except ValueError:
        raise ValueError("a brace has no partner; write {{ or }} for a plain brace") from None
    names = set()
    for _, name, form, conversion in fields:
        if name is None:
            continue
        if form or conversion or not name.isidentifier():
            written = name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
            raise ValueError(f"{{{written}}} is not a placeholder: write a name in braces")
        names.add(name)
    return frozenset(names)


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return a template with every placeholder replaced; braces within the values stay.

    Raises:
        InvalidValueError: The template is malformed, or a placeholder has no value.
    """
    try:
        unknown = placeholders(template) - values.keys()
    except ValueError as error:
        raise InvalidValueError(f"the message is malformed: {error}") from None
    if unknown:
        names = ", ".join(f"{{{name}}}" for name in sorted(unknown))
        raise InvalidValueError(f"nothing is known to fill in for {names}")
    return template.format_map(values)


def render(message: Message, *, technical_terms: bool, values: Mapping[str, str]) -> str:
    """Return the text for a customer: the technical one only for those who know the terms.

    Raises:
        InvalidValueError: The template is malformed, or a placeholder has no value.
    """
    template = message.technical if technical_terms and message.technical else message.plain
    return fill(template, values)


def check(
    text: str, language: Language, *, contact: str = "", technical_terms: bool = False
) -> tuple[str, ...]:
    """Return what is wrong with a text as the customer reads it, each finding with its sentence.

    Args:
        text: The text, its placeholders filled.
        language: What the policy calls plain.
        contact: How to reach a person; the text must say it.
        technical_terms: The customer knows the terms: jargon is allowed.
    """
    findings = list(_long_sentences(text, language.max_words))
    if not technical_terms:
        findings += _jargon(text, language.jargon)
    if contact and contact not in text:
        findings.append("does not say how to reach a person; name {contact}")
    return tuple(findings)


def sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of a text; a blank line ends one too."""
    parts = (" ".join(part.split()) for part in _SENTENCE_END.split(text))
    return tuple(part for part in parts if _WORD.search(part))


def _long_sentences(text: str, max_words: int) -> Iterator[str]:
    for number, sentence in enumerate(sentences(text), start=1):
        words = len(_WORD.findall(sentence))
        if words > max_words:
            yield f'sentence {number} has {words} words, not {max_words} at most: "{sentence}"'


def _jargon(text: str, jargon: tuple[str, ...]) -> Iterator[str]:
    for number, sentence in enumerate(sentences(text), start=1):
        for term in jargon:
            if re.search(rf"(?<!\w){re.escape(term)}(?!\w)", sentence, re.IGNORECASE):
                yield f'sentence {number} says "{term}", which is jargon: "{sentence}"'
