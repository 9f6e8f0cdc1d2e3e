"""The API's description: right by the specification, whole, and a client can be made of it."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from firmware.api import openapi
from firmware.api.application import WAYS
from tests.api.http import PAY, Till

NO_JUDGE = "THE DESCRIPTION IS NOT HELD TO THE SPECIFICATION"
NO_MAKER = "NO CLIENT IS MADE OF THE DESCRIPTION"
METHODS = {"get", "put", "post"}


@pytest.fixture(scope="module")
def document() -> Any:
    return json.loads(json.dumps(openapi.document(WAYS)))


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    for path, ways in document["paths"].items():
        assert ways.keys() <= METHODS, path
        for method, operation in ways.items():
            yield f"{method} {path}", operation


def test_it_is_right_by_the_specification(document: Any) -> None:
    judge = pytest.importorskip("openapi_spec_validator", reason=NO_JUDGE)
    found = judge.OpenAPIV31SpecValidator(document).iter_errors()
    assert [(list(each.path), each.message) for each in found] == []
    del document["paths"]["/v1/totals"]["get"]["responses"]["200"]["description"]
    assert list(judge.OpenAPIV31SpecValidator(document).iter_errors()), "the judge is awake"
    document["paths"]["/v1/totals"]["get"]["responses"]["200"]["description"] = "As asked."


def test_each_operation_says_what_it_needs_and_gives(document: Any) -> None:
    faults, names = [], []
    for place, operation in operations(document):
        names.append(operation["operationId"])
        answers = operation["responses"]
        faults += [f"{place}: no {word}" for word in ("summary", "tags") if not operation.get(word)]
        if not any(status.startswith("2") for status in answers):
            faults.append(f"{place}: nothing goes well")
        for status, answer in answers.items():
            if not answer["description"]:
                faults.append(f"{place} {status}: no words")
            if status[0] in "45" and "application/problem+json" not in answer["content"]:
                faults.append(f"{place} {status}: no problem")
        for one in operation["parameters"]:
            if not one.get("description"):
                faults.append(f"{place}: {one['name']} has no words")
            if one["in"] == "path" and f"{{{one['name']}}}" not in place:
                faults.append(f"{place}: {one['name']} is not in the path")
        if operation.get("security") != [] and not {"401", "403"} <= answers.keys():
            faults.append(f"{place}: who may not is not said")
    assert faults == []
    assert len(set(names)) == len(names)


def test_each_schema_is_used_described_and_names_its_needs(document: Any) -> None:
    schemas = document["components"]["schemas"]
    packed = json.dumps(document)
    faults = [name for name in schemas if f'"#/components/schemas/{name}"' not in packed]
    for name, schema in schemas.items():
        if schema.get("type") == "object" and not schema.get("description"):
            faults.append(f"{name} has no words")
        faults += [
            f"{name}.{n}" for n in schema.get("required", ()) if n not in schema["properties"]
        ]
    assert faults == []


@pytest.fixture(scope="module")
def client(document: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """A client that a generator has made of the description, imported."""
    maker = pytest.importorskip("openapi_python_client", reason=NO_MAKER)
    from openapi_python_client.config import (  # noqa: PLC0415 - where it is
        Config,
        ConfigFile,
        MetaType,
    )

    folder = tmp_path_factory.mktemp("made")
    said = folder / "openapi.json"
    said.write_text(json.dumps(document))
    config = Config.from_sources(
        ConfigFile(post_hooks=[]), MetaType.NONE, said, "utf-8", overwrite=True,
        output_path=folder / "made_client",
    )  # fmt: skip
    told = maker.generate(custom_template_path=None, config=config)
    assert [(each.header, each.detail) for each in told] == []
    sys.path.insert(0, str(folder))
    yield importlib.import_module("made_client")
    sys.path.remove(str(folder))


def test_a_client_that_is_made_of_it_has_every_operation_and_can_be_imported(
    client: ModuleType, document: Any
) -> None:
    assert client.__file__ is not None
    folder = Path(client.__file__).parent
    made = {path.stem for path in folder.glob("api/*/*.py")}
    assert {each["operationId"] for _, each in operations(document)} <= made
    for path in folder.rglob("*.py"):
        importlib.import_module(".".join(path.relative_to(folder.parent).with_suffix("").parts))


@pytest.mark.long
def test_the_types_of_a_client_that_is_made_of_it_agree(client: ModuleType) -> None:
    """Half a minute."""
    assert client.__file__ is not None
    folder = Path(client.__file__).parent
    strict = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file="]
    checked = subprocess.run(
        [*strict, str(folder)], capture_output=True, text=True, cwd=folder.parent, check=False
    )
    assert checked.returncode == 0, checked.stdout


def test_a_client_that_is_made_of_it_pays(client: ModuleType, till: Till) -> None:
    """Typed all the way: what is asked, what comes back, and a problem."""
    api = importlib.import_module(f"{client.__name__}.api.payments")
    put = importlib.import_module(f"{api.__name__}.put_payment")
    get = importlib.import_module(f"{api.__name__}.get_payment")
    models = importlib.import_module(f"{client.__name__}.models")
    asks = client.AuthenticatedClient(base_url=till.target.url, token=till.target.token)
    order = models.PaymentOrder(amount_minor=12_850, currency="CNY", reference="order 4711")
    with asks:
        taken = put.sync_detailed("a", client=asks, body=order)
        assert (taken.status_code, taken.headers["location"]) == (201, "/v1/payments/a")
        till.play(PAY + "remove\nwait 10s")
        paid = get.sync("a", client=asks)
        refused = get.sync("none", client=asks)
    assert isinstance(paid, models.PaymentState)
    assert (paid.state, paid.cause, paid.voucher) == ("approved", "", "000001")
    assert {paper.state.value for paper in paid.papers} == {"printed"}
    assert isinstance(refused, models.Problem)
    assert refused.type_ == "urn:pos:problem:not-found"
