"""The figures that Prometheus reads, over real HTTP, of a journal that goes on being written."""

import http.client
import logging
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from firmware.core.kinds import Copy as Paper
from firmware.core.kinds import Result
from firmware.journal.paper_records import PrintQueued
from firmware.journal.records import DeviceFailed, DeviceRecovered
from firmware.ops.metrics import Figures, MetricsServer, serve
from tests.journal.story import confirmed, opened


@pytest.fixture
def served(shop, tmp_path):
    """A server beside a shop that is open; the Pi's sensor says 48.7 °C."""
    sensor = tmp_path / "temp"
    sensor.write_text("48700\n")
    figures = Figures(shop.directory, "10000001", sensor)
    figures.begin()
    server = MetricsServer(figures, 0)
    yield server
    server.close()


def scraped(server):
    """Every sample by its name and labels, as Prometheus itself would take it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.1:{port}", 200),
        ("LOCALHOST:{port}", 200),
        ("[::1]:{port}", 200),
        ("shop.example:{port}", 421),
        ("127.0.0.1", 421),
        ("127.0.0.1:{port}.shop.example", 421),
        ("", 421),
    ],
)
def test_the_figures_are_for_who_names_the_server_right(served, host, code):
    line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
    line.putrequest("GET", "/metrics", skip_host=True)
    line.putheader("Host", host.format(port=served.port))
    line.endheaders()
    answer = line.getresponse()
    text = answer.read().decode()
    line.close()
    assert answer.status == code
    assert ("pos_batch_count" in text) == (code == 200)


def test_what_happens_after_the_start_is_counted_once(shop, served):
    assert scraped(served)["pos_transactions_total", "sale", "approved"] == 0
    sold = shop.sale()
    shop.void(sold)
    declined = shop.intent()
    shop.end(declined, Result.DECLINED)
    for _ in range(2):
        found = scraped(served)
        assert found["pos_transactions_total", "sale", "approved"] == 1
        assert found["pos_transactions_total", "void", "approved"] == 1
        assert found["pos_transactions_total", "sale", "declined"] == 1
    assert (found["pos_batch_count", "sales"], found["pos_batch_count", "voids"]) == (1, 1)
    assert found["pos_batch_minor_units", "sales"] == sold.amount_minor


def test_what_was_there_before_is_in_the_batch_and_not_counted_again(shop, served):
    shop.sell_many(3)
    later = Figures(shop.directory, "10000001")
    later.begin()
    server = MetricsServer(later, 0)
    try:
        found = scraped(server)
    finally:
        server.close()
    assert found["pos_transactions_total", "sale", "approved"] == 0
    assert found["pos_batch_count", "sales"] == 3


def test_what_is_owed_is_a_level_that_falls_again(shop, served):
    intent = shop.intent()
    shop.journal.append(intent)
    job = PrintQueued(job=1, copy=Paper.MERCHANT, batch=intent.batch, stan=intent.stan)
    shop.journal.append(opened(intent), job)
    found = scraped(served)
    assert (found["pos_reversals_owed",], found["pos_print_queue",]) == (1, 1)
    shop.journal.append(confirmed(intent))
    found = scraped(served)
    assert (found["pos_reversals_owed",], found["pos_reversals_total",]) == (0, 1)


def test_a_lost_device_is_counted_and_found_again(shop, served):
    shop.journal.append(DeviceFailed(device="printer", detail="unplugged"))
    found = scraped(served)
    assert found["pos_device_lost", "printer"] == found["pos_device_faults_total", "printer"] == 1
    shop.journal.append(DeviceRecovered(device="printer"))
    assert scraped(served)["pos_device_lost", "printer"] == 0


def test_training_transactions_count_nowhere(shop, served):
    intent = shop.intent(training=True)
    shop.end(intent)
    assert scraped(served)["pos_transactions_total", "sale", "approved"] == 0


def test_size_heat_and_whose_it_is_are_told(shop, served):
    before = scraped(served)
    shop.sell_many(20)
    after = scraped(served)
    assert before["pos_temperature_celsius",] == pytest.approx(48.7)
    assert after["pos_journal_bytes",] > before["pos_journal_bytes",] > 0
    assert after["pos_journal_records",] == shop.journal.head()[0]
    assert any("10000001" in key for key in after)


def test_a_journal_that_cannot_be_read_leaves_the_rest(shop, served, caplog):
    shop.journal.close()
    (shop.directory / "journal.db").unlink()
    found = scraped(served)
    assert found["pos_journal_readable",] == 0
    assert found["pos_temperature_celsius",] == pytest.approx(48.7)
    assert not [key for key in found if key[0] == "pos_print_queue"]
    assert "there is no journal" in str([record.fields for record in caplog.records])


def test_no_other_machine_can_read_them(served):
    """Nor anybody at another address of this machine, which a server for all would answer."""
    scraped(served)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", served.port), timeout=10)


def test_a_taken_port_is_told_and_trade_goes_on(shop, served, caplog):
    with caplog.at_level(logging.ERROR):
        assert serve(shop.directory, "10000001", served.port) is None
    [record] = caplog.records
    assert record.fields["port"] == served.port


def test_its_library_is_not_even_loaded_where_nobody_asked_for_figures():
    code = "import sys, firmware.cli.run; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_terminal_that_runs_is_read_and_stops_answering_with_it(started, free_port):
    service = started(f"[metrics]\nport = {free_port}\n")
    address = f"http://127.0.0.1:{free_port}/metrics"
    with urllib.request.urlopen(address, timeout=20) as answer:
        assert b"pos_print_queue " in answer.read()  # without a display a slip may say so
    service.terminate()
    assert service.wait(timeout=20) == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=20)


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]
