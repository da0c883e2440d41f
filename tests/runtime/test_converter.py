"""The converter that is tied to a case for each payload."""

import sys

import pytest
from temporalio.converter import (
    ActivitySerializationContext,
    DataConverter,
    WorkflowSerializationContext,
)

from runtime.codec import CaseCodec
from runtime.converter import CaseConverter, OnePydanticConverter
from tests.keyrings import shared_keyring
from workers.worker import WORKFLOWS

ONE = WorkflowSerializationContext(namespace="default", workflow_id="inquiry-0000000000000000one1")
TWO = WorkflowSerializationContext(namespace="default", workflow_id="inquiry-0000000000000000two2")
STEP = ActivitySerializationContext(
    namespace="default",
    workflow_id=ONE.workflow_id,
    workflow_type="InquiryWorkflow",
    activity_type="flush",
    activity_id="1",
    activity_task_queue="handrail",
    is_local=True,
)


@pytest.fixture
def converter() -> CaseConverter:
    return CaseConverter.sealing_by(CaseCodec(shared_keyring(), "default"))


async def test_what_is_sealed_for_a_case_opens_for_its_activities_and_no_other_case(
    converter: CaseConverter,
) -> None:
    sealed = await converter.with_context(ONE).encode(["said"])
    assert await converter.with_context(STEP).decode(sealed, [str]) == ["said"]
    with pytest.raises(KeyError, match="binary/refused"):
        await converter.with_context(TWO).decode(sealed, [str])


def test_only_the_codec_differs_between_two_cases(converter: CaseConverter) -> None:
    one, two = converter.with_context(ONE), converter.with_context(TWO)
    assert one.payload_codec != two.payload_codec != converter.payload_codec
    for part in ("payload_converter", "failure_converter", "payload_converter_class"):
        assert getattr(one, part) is getattr(two, part) is getattr(converter, part)
    # As the SDK's own would be, but for parts that are equal and not the same.
    theirs = DataConverter.with_context(converter, ONE)
    assert theirs.payload_codec == one.payload_codec
    assert vars(theirs).keys() == vars(one).keys()


def test_the_same_case_needs_no_other_converter(converter: CaseConverter) -> None:
    one = converter.with_context(ONE)
    assert one.with_context(STEP) is one


def test_a_process_has_one_pydantic_converter() -> None:
    assert OnePydanticConverter() is OnePydanticConverter()


def test_what_is_imported_anew_for_each_workflow_holds_no_type_of_a_payload() -> None:
    """What the converter learned of such a type would keep every workflow's modules in memory."""
    for module in {workflow.__module__ for workflow in WORKFLOWS}:
        members = vars(sys.modules[module]).values()
        own = {one for one in members if isinstance(one, type) and one.__module__ == module}
        assert own
        assert own <= set(WORKFLOWS)
