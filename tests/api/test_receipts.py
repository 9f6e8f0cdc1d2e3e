"""A payment's receipt for a till that sends it on: text, picture, JSON, and whose copy."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.api.http import PAY, Answer, Till

PATH = "/v1/payments/a/receipt"
SIGN = "press ENTER\ninsert jcb\nwait 3s\n"
WIDTHS = {"58": 384, "80": 576}


def taken(till: Till, lines: str = PAY) -> None:
    till.put("a")
    till.play(lines + "remove\nwait 10s")


def receipt(till: Till, accept: str, query: str = "") -> Answer:
    return till.ask("GET", PATH + query, headers={"Accept": accept})


@pytest.fixture
def paid(till: Till) -> Till:
    taken(till)
    return till


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", "text/plain"),
        ("text/plain", "text/plain"),
        ("image/png", "image/png"),
        ("image/*", "image/png"),
        ("application/json", "application/json"),
        ("application/json, image/png;q=0.9", "application/json"),
        ("application/json;q=0.1, image/png", "image/png"),
        ("text/html, image/png;q=0.5, */*;q=0.1", "image/png"),
        ("text/plain;q=0, */*", "application/json"),
    ],
)
def test_the_form_is_what_the_client_would_rather_have(paid: Till, accept: str, media: str) -> None:
    got = receipt(paid, accept)
    assert (got.status, got.headers.get_content_type()) == (200, media)


@pytest.mark.parametrize("accept", ["text/html", "image/jpeg", "image/png;q=0", "", ";;,q=x"])
def test_another_form_is_not_to_be_had(paid: Till, accept: str) -> None:
    refused = receipt(paid, accept)
    assert (refused.status, refused.kind) == (406, "not-acceptable")


@pytest.mark.parametrize("width_mm", WIDTHS)
def test_the_picture_is_the_paper(tmp_path: Path, width_mm: str) -> None:
    till = Till(tmp_path, printer__width_mm=width_mm)
    taken(till)
    got = receipt(till, "image/png")
    picture = Image.open(io.BytesIO(got.raw))
    assert picture.format == "PNG"
    assert picture.width == WIDTHS[width_mm]
    black, white = (picture.convert("L").histogram()[each] for each in (0, 255))
    assert black + white == picture.width * picture.height
    assert 0.02 < black / white < 0.5, "ink on paper, not paper on ink"
    lines = receipt(till, "application/json").json
    assert picture.height > 20 * len(lines["lines"])
    assert lines["columns"] * 12 == picture.width
    till.close()


def test_the_copies_differ_in_who_needs_what(till: Till) -> None:
    taken(till, SIGN)
    assert till.get("a")["verification"] == "signature"
    cardholder = receipt(till, "application/json").json
    merchant = receipt(till, "application/json", "?copy=merchant").json
    assert (cardholder["copy"], cardholder["signature"]) == ("cardholder", False)
    assert (merchant["copy"], merchant["signature"]) == ("merchant", True)
    assert "MERCHANT COPY" in receipt(till, "text/plain", "?copy=merchant").raw.decode()
    assert "CARDHOLDER COPY" in receipt(till, "text/plain", "?copy=cardholder").raw.decode()
    refused = receipt(till, "text/plain", "?copy=mine")
    assert (refused.status, refused.json["field"]) == (400, "copy")


def test_without_a_transaction_there_is_no_receipt(till: Till) -> None:
    till.put("a")
    assert receipt(till, "image/png").kind == "no-receipt"
    assert till.ask("GET", "/v1/payments/b/receipt").status == 404
