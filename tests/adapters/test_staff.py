"""The trainings on record, on both databases."""

from datetime import datetime, timedelta

import pytest

from adapters.database import Database
from adapters.staff import TrainingRecords
from sop.training import TrainingRecord
from tests.batches import MONDAY

DAY = timedelta(days=1)


@pytest.fixture
def records(database: Database) -> TrainingRecords:
    return TrainingRecords(database)


def completed(principal: str, course: str, at: datetime = MONDAY, **more: str) -> TrainingRecord:
    return TrainingRecord.model_validate(
        {
            "principal": principal,
            "course": course,
            "completed_at": at,
            "recorded_at": MONDAY + DAY,
            "recorded_by": "lena",
            **more,
        }
    )


@pytest.mark.clause("INQ-8.2", "HOF-6.1")
def test_a_training_recorded_again_is_on_record_once_as_it_was_first_told(
    records: TrainingRecords,
) -> None:
    first = completed("anna", "inquiry_handling", evidence="certificate 7")
    again = completed("anna", "inquiry_handling", recorded_by="dora")
    assert records.record(first) == first
    assert records.record(again) == first
    assert records.of("anna") == (first,)


def test_one_persons_trainings_come_the_latest_first_and_no_one_elses(
    records: TrainingRecords,
) -> None:
    old, new = (completed("anna", "one", at) for at in (MONDAY, MONDAY + DAY))
    for record in (old, new, completed("ben", "one")):
        records.record(record)
    assert records.of("anna") == (new, old)
    assert records.of("nobody") == ()


def test_the_latest_of_each_person_and_course_is_found(records: TrainingRecords) -> None:
    renewed = completed("anna", "one", MONDAY + DAY)
    other, bens = completed("anna", "two"), completed("ben", "one")
    for record in (completed("anna", "one"), renewed, other, bens):
        records.record(record)
    assert records.latest() == (renewed, other, bens)
    assert records.latest(completed_after=MONDAY) == (renewed,)
