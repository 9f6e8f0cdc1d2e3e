"""Requests that schemathesis makes of the API's own description, right and wrong.

No 5xx, every answer of its schema, no wrong body taken. What is taken is carried out on the way, so
that the answers of each state are seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from firmware.api.application import WAYS
from tests.api.http import PAY, Till

schemathesis = pytest.importorskip("schemathesis", reason="NO REQUEST IS MADE BY SCHEMATHESIS")
from schemathesis import GenerationMode  # noqa: E402 - where it is
from schemathesis.checks import not_a_server_error  # noqa: E402
from schemathesis.specs.openapi import checks  # noqa: E402

EXAMPLES, EXAMPLES_LONG = 3, 40  # of each way
ENDS = ("press CANCEL\nwait 5s", f"{PAY}wait 1m\nremove\nwait 1m")
# without a token each answer comes later than the last: tests/api/test_who_may_ask.py
HELD = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
TRIED = [way for way in WAYS if way.path != "/v1/events"]  # which never ends
WITH_BODY = [way for way in TRIED if way.method == "PUT"]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    till = Till(tmp_path_factory.mktemp("fuzz") / "terminal")
    yield till
    till.play("expect books balanced")
    till.close()


@pytest.fixture(scope="module")
def described(fuzzed: Till) -> Any:
    """The description, as schemathesis reads it."""
    return schemathesis.openapi.from_dict(fuzzed.ask("GET", "/v1/openapi.json").json)


def sensible(draw: st.DataObject, case: Any) -> None:
    """Make a request one that this terminal may take: chance alone meets none of its sales."""
    ids = st.sampled_from(["a", "b", "c"])
    case.path_parameters["id"] = draw.draw(ids)
    if "currency" in (case.body if isinstance(case.body, dict) else {}):
        case.body |= {"currency": "CNY", "amount_minor": draw.draw(st.integers(1, 50_000))}
        case.body.pop("lines", None)
    elif isinstance(case.body, dict):
        case.body = {"payment": draw.draw(ids)} | {
            name: 1 for name in case.body if name == "amount_minor"
        }


class Asking:
    """Makes requests of one way and holds each answer to the description."""

    def __init__(self, till: Till, described: Any, pytestconfig: pytest.Config) -> None:
        self._till, self._described = till, described
        self._headers = {"Authorization": f"Bearer {till.target.token}"}
        self._examples = EXAMPLES_LONG if pytestconfig.getoption("--long") else EXAMPLES
        self.seen = Counter[int]()
        self._made = 0

    def ask(self, method: str, path: str, mode: GenerationMode, held: list[Any]) -> None:
        operation = self._described[path][method]

        @settings(
            max_examples=self._examples,
            deadline=None,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        @given(st.data())
        def one(draw: st.DataObject) -> None:
            case = draw.draw(operation.as_strategy(mode))
            self._made += 1
            if mode is GenerationMode.POSITIVE and "{id}" in path and self._made % 2:
                sensible(draw, case)
            if isinstance((case.query or {}).get("wait_s"), int):
                case.query["wait_s"] %= 2  # of up to a minute, in real time
            answer = case.call(base_url=self._till.target.url, headers=self._headers)
            case.validate_response(answer, checks=held)
            self.seen[answer.status_code] += 1
            if answer.status_code == 201:
                self._till.play(draw.draw(st.sampled_from(ENDS)))

        one()

    @property
    def words(self) -> str:
        """What came back, counted."""
        seen = ", ".join(f"{count} of {status}" for status, count in sorted(self.seen.items()))
        return f"API, schemathesis: {sum(self.seen.values())} answers: {seen}"


@pytest.fixture
def asking(fuzzed: Till, described: Any, pytestconfig: pytest.Config) -> Asking:
    return Asking(fuzzed, described, pytestconfig)


def test_right_requests_are_answered_as_described(
    asking: Asking, figure: Callable[[str], None]
) -> None:
    for way in TRIED:
        asking.ask(way.method, way.path, GenerationMode.POSITIVE, HELD)
    assert asking.seen[201] >= 1, "a payment was taken"
    assert asking.seen[200] >= 5
    figure(asking.words)


def test_wrong_requests_are_refused_as_described(
    asking: Asking, figure: Callable[[str], None]
) -> None:
    for way in WITH_BODY:
        held = [*HELD, checks.negative_data_rejection]
        asking.ask(way.method, way.path, GenerationMode.NEGATIVE, held)
    assert asking.seen[422] >= len(WITH_BODY)
    assert asking.seen[201] == 0
    for way in TRIED:
        if way not in WITH_BODY and (way.query or "{" in way.path):
            asking.ask(way.method, way.path, GenerationMode.NEGATIVE, HELD)
    figure(asking.words)
