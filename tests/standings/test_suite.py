"""A suite names its benchmarks once, and its locks say by name what changed."""

import pytest
from pydantic import ValidationError

from standings.suite import Lock, Protocol, Suite, TaskLock

TASK = TaskLock(version="1.0", config="c", functions="f", documents=40, fingerprint="p", examples="e")
LOCK = Lock(tasks={"quick_addition": TASK})
BENCHMARK = {
    "id": "b",
    "task": "t",
    "title": "B",
    "category": "reasoning",
    "score": {"metric": "acc"},
    "chance": 0,
    "source": "s",
    "protocols": {"base": "p"},
}
PROTOCOLS = {"p": {"output": "multiple_choice"}}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("version", "2.0", "quick_addition: version is 2.0, the suite locks 1.0"),
        ("fingerprint", "q", "quick_addition: fingerprint is q, the suite locks p"),
        ("documents", 39, "quick_addition: documents is 39, the suite locks 40"),
        ("functions", "g", "quick_addition: functions is g, the suite locks f"),
    ],
)
def test_a_difference_is_said_by_name(field, value, said):
    found = Lock(tasks={"quick_addition": TASK.model_copy(update={field: value})})
    assert LOCK.differences(found) == [said]


def test_the_same_lock_has_no_difference():
    assert LOCK.differences(Lock(tasks={"quick_addition": TASK})) == []


def test_a_task_that_a_group_gained_or_lost_is_said_by_name():
    more = Lock(tasks={"quick_addition": TASK, "new": TASK})
    assert LOCK.differences(more) == ["new: is not locked"]
    assert more.differences(LOCK) == ["new: is missing"]


def test_another_aggregation_of_a_group_is_a_difference():
    assert Lock(tasks=LOCK.tasks, group="a").differences(Lock(tasks=LOCK.tasks, group="b"))


def test_a_protocol_that_the_suite_does_not_have_is_refused():
    with pytest.raises(ValidationError, match="b: protocol 'p' of base is not one of other"):
        Suite.model_validate(
            {"suite": "s", "title": "S", "protocols": {"other": PROTOCOLS["p"]}, "benchmarks": [BENCHMARK]}
        )


def test_a_benchmark_named_twice_is_refused():
    with pytest.raises(ValidationError, match="named twice: b"):
        Suite.model_validate({"suite": "s", "title": "S", "protocols": PROTOCOLS, "benchmarks": [BENCHMARK, BENCHMARK]})


@pytest.mark.parametrize(
    ("protocol", "said"),
    [
        ({"output": "multiple_choice", "max_tokens": 8}, "`max_tokens` is for output generate_until"),
        ({"output": "multiple_choice", "sampling": {"temperature": 1}}, "`sampling` is for output generate_until"),
        ({"output": "loglikelihood", "thinking": {}}, "`thinking` is for output generate_until"),
        ({"output": "multiple_choice", "repeats": 2}, "multiple_choice gives the same again"),
        ({"output": "generate_until", "template": {"thinking": True}}, "say `chat_template: true`"),
        ({"output": "generate_until", "sampling": {"temprature": 1}}, "temperature"),
        ({"output": "generate_until", "sampling": {"top_p": 0.9}}, "`sampling` needs a temperature"),
    ],
)
def test_what_a_protocol_says_must_fit_together(protocol, said):
    with pytest.raises(ValidationError, match=said):
        Protocol.model_validate(protocol)


def test_an_api_is_asked_by_messages_and_answers_in_text():
    asked = {**BENCHMARK, "protocols": {"api": "p"}}
    suite = {"suite": "s", "title": "S", "benchmarks": [asked]}
    chat = {"output": "generate_until", "chat_template": True}
    assert Suite.model_validate(suite | {"protocols": {"p": chat}})
    with pytest.raises(ValidationError, match="b: protocol 'p' of api must be"):
        Suite.model_validate(suite | {"protocols": PROTOCOLS})
