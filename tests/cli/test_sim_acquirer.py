"""`pos sim --acquirer`: the simulator's terminal at a `pos acquirer serve`."""

from __future__ import annotations

import json
import ssl
import threading
from contextlib import closing

import pytest

from firmware.core.masked import SecretKey
from firmware.iso8583.working_keys import master_of
from firmware.lab.far_acquirer import FarAcquirer, master_in
from firmware.lab.page.commands import Play
from firmware.lab.page.hub import Hub
from firmware.lab.page.session import Session
from tests.acquirer.conftest import MERCHANT, TERMINAL
from tests.acquirer.serving import Server, certificate, said, story_of_a_day
from tests.lab.page.conftest import wait_for
from tests.line.proxy import Proxy

FIRST, SECOND = "0123456789ABCDEFFEDCBA9876543210", "FEDCBA98765432100123456789ABCDEE"
STORY = story_of_a_day("12850", "128.50")


def served(tmp_path):
    """A server that knows the terminal and the tray's cards, and how it is reached at a port."""
    data, key = tmp_path / "acquirer", tmp_path / "terminal.json"
    words = ("terminal", "add", TERMINAL, "--merchant", MERCHANT, "--json", "--data", data)
    key.write_text(said(*words))
    said("account", "add", "--tray", "--data", data)
    chain, secret = certificate(tmp_path)
    server = Server(data, "--tls-cert", chain, "--tls-key", secret)
    tls = ssl.create_default_context(cafile=str(chain))
    return server, lambda port: FarAcquirer("127.0.0.1", port, master_in(key), tls)


def test_a_sale_and_a_settlement_of_the_simulator_stand_at_the_server(tmp_path):
    server, at_port = served(tmp_path)
    hub = Hub()
    session = Session(tmp_path / "terminals", hub, {}, acquirer=at_port(server.port))
    with server, closing(session):
        session.start()
        session.submit(Play("story.pos", STORY, {}))
        wait_for(hub, lambda: (hub.state("play") or {}).get("end"))
        assert hub.state("play")["end"] == "held", hub.state("play")
        (batch,) = json.loads(said("report", "--json", "--data", tmp_path / "acquirer"))["batches"]
        assert (batch["totals"]["sales_minor"], len(batch["settled"])) == (12_850, 12)


def test_the_page_goes_on_while_an_answer_is_waited_for(tmp_path):
    """Answers are held back until the page has shown more than one frame of the waiting."""
    server, at_port = served(tmp_path)
    hub, moved = Hub(), threading.Event()
    seen: set[str] = set()

    def hold_back(moment: str) -> None:
        if moment == "answered, on its way" and seen:
            moved.wait(60)

    def look() -> None:
        panel = hub.state("display") or {}
        if "交易处理中" in panel.get("text", ""):
            seen.add(panel["bits"])
            if len(seen) > 1:
                moved.set()

    proxy = Proxy(lambda: server.port, hold_back)
    session = Session(tmp_path / "terminals", hub, {}, acquirer=at_port(proxy.port))
    hub.listen(look)
    try:
        session.start()
        session.submit(Play("story.pos", STORY, {}))
        wait_for(hub, lambda: (hub.state("play") or {}).get("end"))
        assert hub.state("play")["end"] == "held", hub.state("play")
        assert len(seen) > 1
    finally:
        moved.set()
        session.close()
        proxy.close()
        server.kill()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected two components"),
        (FIRST, "expected two components"),
        (f"{FIRST}\n{SECOND[:-1]}", "expected two components"),
        (f"{FIRST}\n{FIRST}", "single-length"),
        ('{"component_1": "00"}', "expected two components"),
        ("{", "neither JSON nor two lines"),
    ],
)
def test_a_key_file_with_a_mistake_is_named(pos, tmp_path, text, words):
    key = tmp_path / "key"
    key.write_text(text)
    ended = pos("sim", "--acquirer", "127.0.0.1:9", "--acquirer-key", key, "--port", "0")
    refusal = ended.refusal(2)
    assert words in refusal
    assert str(key) in refusal


def test_two_lines_make_the_key(tmp_path):
    key = tmp_path / "key"
    key.write_text(f"{FIRST}\n{SECOND}\n")
    made = master_in(key)
    assert isinstance(made, SecretKey)
    assert made == master_of(bytes.fromhex(FIRST), bytes.fromhex(SECOND))


@pytest.mark.parametrize("place", ["127.0.0.1", ":1", "host:0", "host:x", "host:99999", "a..b:1"])
def test_an_address_without_a_port_is_refused(pos, place):
    assert "expected ADDRESS:PORT" in pos("sim", "--acquirer", place, "--port", "0").refusal(2)


def test_its_other_words_want_an_address(pos, tmp_path):
    assert "go with --acquirer" in pos("sim", "--acquirer-ca", tmp_path / "x").refusal(2)
    assert "page alone" in pos("sim", "--headless", "--api", "--acquirer", "127.0.0.1:9").refusal(2)
