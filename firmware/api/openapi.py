"""The OpenAPI 3.1 document, made from the very types that are decoded, and a page of it."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import msgspec

from firmware import __version__
from firmware.api.problems import PREFIX, Why
from firmware.api.types import ID_PATTERN, Problem

_IN_PATH = {
    "id": ("The payment's id, of the till's choosing.", {"type": "string", "pattern": ID_PATTERN}),
    "batch": ("A batch's number.", {"type": "string", "pattern": "^(?!0+$)[0-9]{1,6}$"}),
}
_WORDS = {
    200: "As asked.",
    201: "New: it was taken.",
    202: "It will be looked at.",
    401: "It cannot be opened.",
}
_LOCATION = {
    "Location": {
        "description": "Where to follow it.",
        "required": True,
        "schema": {"type": "string"},
    }
}
_RETRY = {
    "Retry-After": {
        "description": "Seconds after which the same request may be answered otherwise.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    }
}
_REF = "#/components/schemas/{name}"
_ABOUT = (
    "Payments on a terminal. The till asks, the terminal decides: the cardholder checks the amount"
    " there, and puts in card and PIN there. A 5xx answer means that nothing was recorded."
)


# problems that may answer any request, before its route is reached or by a bug
_GUARD = (
    Why.BAD_REQUEST,
    Why.OTHER_HOST,
    Why.OTHER_ORIGIN,
    Why.TOO_LARGE,
    Why.TOO_SLOW,
    Why.INTERNAL,
    Why.JOURNAL_UNAVAILABLE,
)


def document(ways: Sequence[Any]) -> dict[str, Any]:
    """The document for these routes (`firmware.api.application.Way`)."""
    types = [Problem]
    for way in ways:
        types += [kind for kind in (*way.gives.values(), way.takes) if _is_type(kind)]
    unique = list(dict.fromkeys(types))
    _, components = msgspec.json.schema_components(unique, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for way in ways:
        paths.setdefault(way.path, {})[way.method.lower()] = _operation(way)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Payment terminal", "version": __version__, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _is_type(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _operation(way: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": way.handler.__name__.lstrip("_"),
        "summary": way.summary,
        "tags": [_tag(way.path)],
        "responses": {str(status): _gives(way, status, kind) for status, kind in way.gives.items()},
    }
    if way.scope is None:
        operation["security"] = []
    else:
        operation["description"] = f"Scope: {way.scope.value}."
    operation["parameters"] = _parameters(way)
    if way.takes is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _schema_of(way.takes)}},
        }
    guarded = [*_GUARD, *([Why.NO_TOKEN, Why.NO_SCOPE] if way.scope is not None else [])]
    if "{" in way.path:
        guarded += [Why.NOT_FOUND, Why.NO_METHOD]  # an id with an encoded / names another path
    kinds = [why.value for why in dict.fromkeys([*way.problems, *guarded])]
    for status in sorted({kind.status for kind in kinds}):
        those = [kind for kind in kinds if kind.status == status]
        told = operation["responses"].get(str(status), {}).get("content", {})
        operation["responses"][str(status)] = {
            "description": "; ".join(f"{PREFIX}{kind.type}: {kind.en}" for kind in those),
            "headers": _RETRY if any(kind.retry_after_s for kind in those) else {},
            "content": {**told, "application/problem+json": {"schema": _ref(Problem)}},
        }
    return operation


def _tag(path: str) -> str:
    """What a path is about, by which the makers of clients sort: its first word."""
    word = path.removeprefix("/v1").split("/")[1]
    return "payments" if word in ("voids", "refunds") else word.partition(".")[0]


def _parameters(way: Any) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "query",
            "description": query.words,
            "schema": query.schema,
        }
        for name, query in way.query.items()
    ]
    parameters += [
        {"name": name, "in": "path", "required": True, "description": words, "schema": schema}
        for name, (words, schema) in _IN_PATH.items()
        if f"{{{name}}}" in way.path
    ]
    return parameters


def _gives(way: Any, status: int, kind: Any) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for media in way.media:
        if media == "application/json":
            content[media] = {"schema": _schema_of(kind)}
        else:  # a picture's bytes have no schema. See OpenAPI 3.1, 4.8.14.4
            content[media] = {"schema": {"type": "string"}} if media.startswith("text/") else {}
    headers = _LOCATION if status == 201 or way.path == "/v1/settlements" else {}
    return {"description": _WORDS[status], "headers": headers, "content": content}


def _schema_of(kind: Any) -> dict[str, Any]:
    return _ref(kind) if _is_type(kind) else {"type": "object"}


def _ref(kind: type) -> dict[str, str]:
    return {"$ref": _REF.format(name=kind.__name__)}


def page(ways: Sequence[Any]) -> str:
    """The document as one page that needs nothing else: no script, no font, no network."""
    rows = []
    for way in ways:
        scope = f" <small>scope {way.scope.value}</small>" if way.scope is not None else ""
        takes = f"<p>Takes {way.takes.__name__}.</p>" if way.takes is not None else ""
        problems = "".join(
            f"<li><code>{kind.type}</code> {kind.status}: {html.escape(kind.en)}"
            f' · <span lang="zh-CN">{kind.zh}</span></li>'
            for kind in (why.value for why in way.problems)
        )
        rows.append(
            f"<section><h2><code>{way.method} {html.escape(way.path)}</code>{scope}</h2>"
            f"<p>{html.escape(way.summary)}</p>{takes}<ul>{problems}</ul></section>"
        )
    schemas = "".join(
        f'<section><h3>{name}</h3><pre tabindex="0" role="group" aria-label="{name}">'
        f"{html.escape(msgspec.json.format(msgspec.json.encode(schema)).decode())}</pre></section>"
        for name, schema in document(ways)["components"]["schemas"].items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>Payment terminal</title>"
        "<style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
        "pre{background:#f4f4f4;padding:1em;overflow:auto}h2,li{overflow-wrap:anywhere}</style>"
        "</head><body><main>"
        f"<h1>Payment terminal {__version__}</h1><p>{html.escape(_ABOUT)}</p>"
        f"{''.join(rows)}<h2>Types</h2>{schemas}</main></body></html>"
    )
