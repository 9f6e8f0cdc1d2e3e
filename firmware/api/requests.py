"""What requests carry, read with care: ids, bodies, numbers; and values as answers."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from firmware.api.problems import Why, Wrong
from firmware.api.types import ID_PATTERN

T = TypeVar("T")
_FIELD = re.compile(r"(?:required|unknown) field `([^`]{1,80})`")
WAIT_MAX_S, VERSION_MAX = 60, 2**53


def answer(value: Any, status: int = 200, **headers: str) -> Response:
    """A value as JSON."""
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")


def name_of(request: Request) -> str:
    """The id in the path. Raises Wrong."""
    name = str(request.path_params["id"])
    if not re.fullmatch(ID_PATTERN, name):
        raise Wrong(Why.BAD_ID, field="id")
    return name


async def body_of(request: Request, kind: type[T]) -> T:
    """The body as `kind`. Raises Wrong, naming the field that is wrong."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.ValidationError as error:
        words, _, place = str(error).partition(" - at `$")
        field = place.rstrip("`").lstrip(".")
        named = _FIELD.search(words)  # one that is lacking or unknown stands in the words
        if named is not None:
            field = f"{field}.{named[1]}".lstrip(".")
        raise Wrong(Why.INVALID_BODY, detail=words, field=field) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Wrong(Why.BAD_REQUEST, detail="the body is no JSON") from None


def number_of(request: Request, name: str, most: int) -> int:
    """A whole number of the query, 0 where it is left out. Raises Wrong."""
    number = whole_number(request.query_params.get(name, "0"), most)
    if number is None:
        raise Wrong(Why.BAD_REQUEST, field=name, detail=f"{name}: a number from 0 to {most}")
    return number


def whole_number(text: str, most: int) -> int | None:
    """A number from 0 to `most` in digits; None where the text is none."""
    well = re.fullmatch("[0-9]{1,18}", text) and int(text) <= most
    return int(text) if well else None
