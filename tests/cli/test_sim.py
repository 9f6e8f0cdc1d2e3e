"""`pos sim --data`: what was done at the simulator is there the next time, and nothing else is."""

from datetime import timedelta

import pytest

from firmware.audit.data import reading
from firmware.journal.records import TerminalStarted
from firmware.lab.kept import kept_in
from firmware.lab.page.commands import Fresh
from firmware.lab.page.hub import Hub
from firmware.lab.page.session import Session
from firmware.lab.scenario.stage import START, Stage
from tests.lab.page.conftest import said, wait_for

ENGLISH = {"general.language": "en"}


def session_on(data, tmp_path):
    return Session(tmp_path / "others", Hub(), ENGLISH, kept_in(data))


def idle(session):
    session.start()
    wait_for(session.hub, lambda: "Enter amount" in said(session.hub))
    session.close()


def starts(data):
    with reading(data) as journal:
        return [each.moment for each in journal.records() if type(each.record) is TerminalStarted]


def test_the_next_session_goes_on_with_the_data_after_all_that_was_written(tmp_path):
    data = tmp_path / "new" / "data"
    idle(session_on(data, tmp_path))
    (first,) = starts(data)
    idle(session_on(data, tmp_path))
    again = starts(data)
    assert again[0] == first
    assert again[1] - first >= timedelta(minutes=1)


def test_a_session_of_days_is_gone_on_with_too(tmp_path):
    data = tmp_path / "data"
    kept_in(data)
    stage = Stage(data, start=START + timedelta(days=40))
    stage.power_on()
    stage.close()
    idle(session_on(data, tmp_path))
    assert starts(data)[1] > starts(data)[0] > START + timedelta(days=39)


def test_a_terminals_own_data_are_not_played_on(pos, shop, tmp_path):
    refusal = pos("sim", "--data", tmp_path / "data").refusal(2)
    words = "it is not empty, and `pos sim` did not make it"
    assert refusal == f"pos: {tmp_path / 'data'}: {words}"


@pytest.mark.parametrize("how", [(), ("--headless", "--api")], ids=["page", "headless"])
def test_a_damaged_key_of_the_host_is_named(pos, tmp_path, how):
    data = tmp_path / "data"
    idle(session_on(data, tmp_path))
    (data / "host-master.key").write_bytes(b"xx")
    assert "host-master.key" in pos("sim", *how, "--data", data).refusal(1)


def test_one_simulator_at_a_time_has_the_data(pos, tmp_path):
    data = tmp_path / "data"
    session = session_on(data, tmp_path)
    session.start()
    try:
        ended = pos("sim", "--data", data, "--port", "0")
    finally:
        session.close()
    assert ended.refusal(1).startswith(f"pos: {data}: ")


def test_a_damaged_journal_ends_it_in_one_line(pos, tmp_path):
    data = tmp_path / "data"
    idle(session_on(data, tmp_path))
    (data / "journal.db").write_bytes(b"\xff" * 8_192)
    assert str(data) in pos("sim", "--data", data, "--port", "0").refusal(1)


def test_a_fresh_terminal_on_the_page_leaves_the_kept_data_alone(tmp_path):

    data = tmp_path / "data"
    session = session_on(data, tmp_path)
    session.start()
    with reading(data) as journal:
        head = journal.head()
    assert session.hub.state("settings")["place"] == {"directory": str(data), "kept": True}
    assert session.submit(Fresh({"general.language": "zh_CN"}))
    wait_for(session.hub, lambda: "请输入金额" in said(session.hub))
    place = session.hub.state("settings")["place"]
    assert not place["kept"]
    assert place["directory"] != str(data)
    session.close()
    with reading(data) as journal:
        assert journal.head() == head
