"""The line to PostgreSQL on another machine is over TLS, to a server that proves who it is."""

from __future__ import annotations

import pytest

from firmware.acquirer.engine import BooksError
from firmware.acquirer.opened import AcquirerPlace
from firmware.iso8583.keys import MASTER

pytest.importorskip("psycopg")

PLAIN = {
    "no TLS": ("postgresql://u:secret@192.0.2.9/x?sslmode=disable", {}),
    "TLS with anybody": ("postgresql://u:secret@192.0.2.9/x?sslmode=require", {}),
    "one of several": ("postgresql://localhost,db.example/x", {}),
    "a number for a name of this machine": (
        "postgresql:///x?host=localhost&hostaddr=192.0.2.9",
        {},
    ),
    "by the environment": ("postgresql:///x", {"PGHOST": "db.example"}),
    "by the environment, a number": ("postgresql:///x", {"PGHOSTADDR": "192.0.2.9"}),
    "by a service": ("postgresql:///x?service=books", {}),
}
WELL = {
    "proven": ("postgresql://db.example/x?sslmode=verify-full", {}),
    "proven by the environment": ("postgresql://db.example/x", {"PGSSLMODE": "verify-full"}),
    "this machine": ("postgresql://localhost/x", {}),
    "this machine's number": ("postgresql://127.0.0.1,[::1]/x", {}),
    "a socket": ("postgresql:///x?host=/run/postgresql", {}),
    "nothing named": ("postgresql:///x", {}),
}


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("url", "environment"), PLAIN.values(), ids=PLAIN)
def test_books_go_to_no_server_that_proves_nothing(tmp_path, monkeypatch, url, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BooksError, match="expected sslmode=verify-full, or --books-plain") as told:
        AcquirerPlace(tmp_path / "acquirer", url)
    assert "secret" not in str(told.value)
    assert not (tmp_path / "acquirer").exists()
    assert AcquirerPlace(tmp_path / "acquirer", url, plain=True).is_shared


@pytest.mark.parametrize(("url", "environment"), WELL.values(), ids=WELL)
def test_other_lines_are_well(tmp_path, monkeypatch, url, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert AcquirerPlace(tmp_path / "acquirer", url).is_shared
    assert (tmp_path / "acquirer" / MASTER).is_file()
