"""Requests made of our own OpenAPI document, right and wrong: no 5xx, each answer of its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.http import Answer, Till

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=9), part),
    max_leaves=8,
)
EXAMPLES, EXAMPLES_LONG = 60, 1_500


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    till = Till(tmp_path_factory.mktemp("fuzz") / "terminal")
    yield till
    till.play("expect books balanced")
    till.close()


class Described:
    """The document, and what it says of values and answers."""

    def __init__(self, document: Any) -> None:
        self.schemas = document["components"]["schemas"]
        self.ways = [
            (method.upper(), path, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if path not in ("/v1/events", "/v1/docs", "/v1/openapi.json")
        ]

    def resolved(self, schema: Any) -> Any:
        if "$ref" in schema:
            return self.schemas[schema["$ref"].rpartition("/")[2]]
        return schema

    def value(self, schema: Any) -> st.SearchStrategy[Any]:
        """Values that the schema allows, or nearly."""
        schema = self.resolved(schema)
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        match schema.get("type"):
            case "object":
                parts = {n: self.value(s) for n, s in schema.get("properties", {}).items()}
                needed = {n: parts.pop(n) for n in schema.get("required", ())}
                return st.fixed_dictionaries(needed, optional=parts)
            case "array":
                return st.lists(self.value(schema["items"]), max_size=3)
            case "integer":
                least, most = schema.get("minimum", -(10**12)), schema.get("maximum", 10**12)
                return st.integers(least, most)
            case "string" if schema.get("pattern", "").startswith("^[A-Z]{3}"):
                return st.sampled_from(["CNY", "CNY", "USD", "XXX"])
            case "string" if "A-Za-z0-9._-" in schema.get("pattern", ""):
                return st.sampled_from(["a", "b", "v", "..", "x" * 64, "-"])
            case "string":
                return st.text(max_size=schema.get("maxLength", 20))
            case _:
                return JUNK

    def faults(self, value: Any, schema: Any, place: str = "$") -> list[str]:
        """What of a value is not as the schema says."""
        schema = self.resolved(schema)
        if "anyOf" in schema:
            tried = [self.faults(value, one, place) for one in schema["anyOf"]]
            return [] if [] in tried else tried[0]
        if "enum" in schema:
            return [] if value in schema["enum"] else [f"{place}: {value!r} is none of the enum"]
        kind = {
            "object": dict,
            "array": list,
            "string": str,
            "integer": int,
            "boolean": bool,
        }[schema["type"]]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            return [f"{place}: {value!r} is no {schema['type']}"]
        if kind is list:
            return [f for each in value for f in self.faults(each, schema["items"], f"{place}[]")]
        if kind is int and value < schema.get("minimum", value):
            return [f"{place}: {value} is too small"]
        if kind is str and not re.search(schema.get("pattern", ""), value):
            return [f"{place}: {value!r} is not of the pattern"]
        if kind is not dict or "properties" not in schema:
            return []
        known = schema["properties"]
        lacking = [f"{place}: lacks {n}" for n in schema.get("required", ()) if n not in value]
        more = [f"{place}: has {n}" for n in value if n not in known]
        return (
            lacking
            + more
            + [
                f
                for n, each in value.items()
                if n in known
                for f in self.faults(each, known[n], f"{place}.{n}")
            ]
        )

    def check(self, operation: Any, answer: Answer) -> None:
        """Fails for an answer that the document does not have."""
        assert answer.status < 500, answer.raw
        assert str(answer.status) in operation["responses"], (answer.status, answer.raw)
        content = operation["responses"][str(answer.status)]["content"]
        media = answer.headers["Content-Type"].partition(";")[0]
        assert media in content, (media, list(content))
        if media.endswith("json"):
            assert self.faults(answer.json, content[media]["schema"]) == []


@pytest.fixture(scope="module")
def described(fuzzed: Till) -> Described:
    return Described(fuzzed.ask("GET", "/v1/openapi.json").json)


def request_of(draw: st.DataObject, described: Described) -> tuple[str, str, Any, Any, Any]:
    method, path, operation = draw.draw(st.sampled_from(described.ways))
    names = st.sampled_from(["a", "b", "c", "v"]) | st.text(min_size=1, max_size=70)
    path = path.replace("{id}", quote(draw.draw(names), safe=""))
    queries = [
        f"{one['name']}={quote(str(draw.draw(st.integers(0, 1) | st.text(max_size=5))))}"
        for one in operation["parameters"]
        if one["in"] == "query" and draw.draw(st.booleans())
    ]
    if queries:
        path += "?" + "&".join(queries)
    body: bytes | None = None
    if "requestBody" in operation or draw.draw(st.booleans()):
        schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        right = described.value(schema.get("schema", {}))
        body = draw.draw(
            right.map(lambda value: json.dumps(value).encode())
            | JUNK.map(lambda value: json.dumps(value).encode())
            | st.binary(max_size=40)
        )
    accept = draw.draw(st.sampled_from(["*/*", "application/json", "text/plain", "image/png"]))
    return method, path, body, accept, operation


def test_no_request_breaks_the_api(
    fuzzed: Till, described: Described, request: pytest.FixtureRequest
) -> None:
    long = request.config.getoption("--long")

    @settings(
        max_examples=EXAMPLES_LONG if long else EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def one(draw: st.DataObject) -> None:
        method, path, body, accept, operation = request_of(draw, described)
        answer = fuzzed.ask(method, path, body or b"", {"Accept": accept})
        described.check(operation, answer)
        if answer.status == 201:
            lines = draw.draw(
                st.sampled_from(
                    [
                        "press CANCEL",
                        "press ENTER\ninsert unionpay-debit\npress 123456 ENTER\nremove\nwait 10s",
                    ]
                )
            )
            fuzzed.play(lines + "\nwait 5s")

    one()
