"""`pos config`: every setting is known by value, source and meaning; every mistake by its place."""

import tomllib
from pathlib import Path
from typing import get_type_hints

import pytest

from firmware.core import places
from firmware.core.config import Config
from firmware.core.config_example import example
from firmware.core.config_file import from_tables
from firmware.core.config_section import metas
from firmware.emv.ca_keys import CaKeys
from firmware.terminal import settings
from firmware.terminal.settings import settings_of
from hw.sim.cards import TEST_CA_KEYS

ACCOUNT = """
[[account]]
name = "anna"
pan = "6228480402564890018"
expiry = "3012"
pin = "123456"
imk_ac = "00112233445566778899AABBCCDDEEFF"
cvn = 10
"""

TCP = '[host]\nkind = "tcp"\naddress = "192.0.2.1"\nport = 9'


@pytest.fixture
def config_file(tmp_path):
    """Writes a configuration."""

    def write(text):
        path = tmp_path / "shop.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_example_has_every_setting_at_its_default(pos):
    text = pos("config", "example").out
    tables = tomllib.loads(text)
    assert from_tables(tables, source="example") == Config()
    named = {f"{name}.{field}" for name, table in tables.items() for field in table}
    assert named == {key for key, _ in every_setting()}


def every_setting():
    for name, kind in get_type_hints(Config).items():
        for field, hint in get_type_hints(kind, include_extras=True).items():
            yield f"{name}.{field}", hint


@pytest.mark.parametrize(("key", "hint"), list(every_setting()))
def test_every_setting_says_what_it_means(key, hint):
    said = [meta.description for meta in metas(hint) if meta.description]
    assert len(said) == 1, key
    assert f"  # {said[0]}" in "\n".join(example())


def test_the_example_says_of_each_setting_what_it_means_and_may_be(pos):
    lines = list(example())
    assert 'language = "zh_CN"  # of the display at start; # at idle changes it, ' in "\n".join(
        lines
    )
    assert any(line.endswith('one of "i2c" "spi"') for line in lines)
    assert any(line.startswith("min_view_ms = 600") and "300 to 10000" in line for line in lines)
    assert 'max_amount = "50000.00"' in "\n".join(lines)
    assert any(line.startswith("address = 0x3C  # on the I²C bus") for line in lines)


def test_show_says_of_each_setting_whether_it_comes_from_the_file(pos, config_file):
    path = config_file('[sale]\nmax_amount = "99.00"\n[printer]\nkind = "none"\n')
    lines = pos("config", "show", "--config", path).done().splitlines()
    assert f'sale.max_amount = "99.00"  # {path}' in lines
    assert 'sale.double_check_over = "5000.00"  # default' in lines
    assert len(lines) == sum(len(get_type_hints(kind)) for kind in get_type_hints(Config).values())


def test_what_show_prints_is_a_configuration_itself(pos, config_file):
    path = config_file('[sale]\nmax_amount = "99.00"\n[printer]\nkind = "none"\n')
    shown = tomllib.loads(pos("config", "show", "--config", path).out)
    config = from_tables(shown, source="shown")
    assert (config.sale.max_amount, config.printer.kind) == (9_900, "none")


def test_without_a_file_everything_is_a_default(pos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = pos("config", "show").out.splitlines()
    assert len(lines) > 50
    assert all(line.endswith("# default") for line in lines)


def test_pos_toml_of_the_working_directory_is_the_usual_file(pos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pos.toml").write_text('[printer]\nkind = "none"\n')
    assert 'printer.kind = "none"  # pos.toml' in pos("config", "show").out


def test_a_file_without_mistakes_is_ok(pos, config_file, tmp_path):
    accounts = tmp_path / "accounts.toml"
    accounts.write_text(ACCOUNT)
    accounts.chmod(0o600)
    path = config_file('[printer]\nkind = "none"\n[host]\naccounts = "accounts.toml"\n')
    ended = pos("config", "check", path)
    assert (ended.code, ended.out) == (0, f"{path}: ok\n")


def test_every_mistake_has_its_line(pos, config_file):
    path = config_file(
        '[sale]\nmax_amount = "12.5"\nmax_amonut = 1\n[host]\nkind = "telex"\n[shop]\nname = "x"\n'
    )
    ended = pos("config", "check", path)
    lines = ended.err.splitlines()
    assert (ended.code, ended.out, len(lines)) == (2, "", 4)
    for place in ("sale.max_amount:", "sale.max_amonut:", "host.kind:", "[shop]:"):
        assert sum(f"pos: {path}: {place}" in line for line in lines) == 1


@pytest.mark.parametrize(
    ("printer", "expected"),
    [
        (
            'kind = "usb"\ndevice = "416:5011"',
            'printer.device: expected VENDOR:PRODUCT in hex such as "0416:5011"',
        ),
        ('kind = "network"', "printer.device: expected HOST:PORT"),
        ('kind = "file"', "printer.device: expected the path of a device"),
        ('kind = "network"\ndevice = "192.0.2.7"', "printer.device: expected HOST:PORT"),
        ('kind = "network"\ndevice = "192.0.2.7:99999"', "printer.device: expected HOST:PORT"),
        ('kind = "network"\ndevice = "shop..cn:9100"', "printer.device: expected HOST:PORT"),
        ('kind = "file"\ndevice = "lp0"', "printer.device: expected the path of a device"),
        ('kind = "serial"\nbaud = 0', "printer.baud: expected 300 to 921600"),
    ],
)
def test_a_printer_that_cannot_be_meant_is_a_mistake(pos, config_file, printer, expected):
    assert expected in pos("config", "check", config_file(f"[printer]\n{printer}\n")).refusal(2)


@pytest.mark.parametrize(
    "address",
    ["bank..example.cn", "..", "b" * 64, "b." * 130, "bank\\u0000", "bank.cn:9", "[::1]", "a b"],
)
@pytest.mark.parametrize("kind", ["tcp", "acquirer"])
def test_an_address_that_can_be_no_hosts_is_a_mistake(pos, config_file, kind, address):
    lines = f'[host]\nkind = "{kind}"\nplain = true\naddress = "{address}"\nport = 9\n'
    refusal = pos("config", "check", config_file(lines)).refusal(2)
    assert "host.address: expected the name of a host or an IP address, not" in refusal


@pytest.mark.parametrize(
    "address", ["192.0.2.1", "2001:db8::1", "bank", "bank_a.example.cn.", "银行.example.cn"]
)
def test_names_and_numbers_of_hosts_are_well(pos, config_file, address):
    lines = f'[host]\nkind = "tcp"\nplain = true\naddress = "{address}"\nport = 9\n'
    assert pos("config", "check", config_file(lines)).code == 0


@pytest.mark.parametrize(("full_at", "code"), [(9_999, 0), (10_000, 2)])
def test_a_batch_on_a_line_is_no_larger_than_its_upload_can_count(pos, config_file, full_at, code):
    ended = pos("config", "check", config_file(f"{TCP}\nplain = true\n[batch]\n{full_at = }\n"))
    assert ended.code == code
    assert ("batch.full_at: expected at most 9999" in ended.err) == (code == 2)


def test_a_line_with_the_embedded_messages_has_the_settings_of_a_line(pos, config_file):
    settings = 'profile = "own.toml"\nkeep_line = true\nchip_data = "always"'
    path = config_file(f"{TCP}\nplain = true\n[acquirer]\n{settings}\n")
    said = pos("config", "check", path).done()
    assert "acquirer.profile: has no effect without host.kind" in said
    assert "acquirer.keep_line" not in said
    assert "acquirer.chip_data" not in said


def test_a_serial_printer_is_on_the_headers_port_unless_another_is_named(pos, config_file):
    assert pos("config", "check", config_file('[printer]\nkind = "serial"\n')).code == 0


def test_the_example_is_a_file_that_can_be_used(pos, config_file):
    path = config_file(pos("config", "example").out)
    ended = pos("config", "check", path)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1] == f"{path}: ok"


def test_accounts_that_others_may_read_are_a_mistake_and_none_of_them_is_told(
    pos, config_file, tmp_path
):
    accounts = tmp_path / "accounts.toml"
    accounts.write_text(ACCOUNT)
    accounts.chmod(0o644)
    path = config_file('[printer]\nkind = "none"\n[host]\naccounts = "accounts.toml"\n')
    refusal = pos("config", "check", path).refusal(2)
    assert "accounts.toml: expected mode 0600" in refusal
    assert "6228480402564890018" not in refusal


@pytest.mark.parametrize(
    ("section", "content", "expected"),
    [
        ('[emv]\nca_keys = "beside"', None, "beside: No such file or directory"),
        ('[emv]\nca_keys = "beside"', "A000000333\tno key\n", "beside: beside, line 1: "),
        ('[emv]\nrevoked = "beside"', None, "beside: No such file or directory"),
        ('[emv]\nrevoked = "beside"', "A000000333 0B\n", "beside: beside, line 1: expected RID"),
        (f'{TCP}\ntls = true\ntls_ca = "beside"', None, "beside: No such file or directory"),
        (f'{TCP}\ntls = true\ntls_ca = "beside"', "no certificate", "beside: "),
    ],
)
def test_a_file_beside_it_that_cannot_be_used_is_a_mistake(
    pos, config_file, section, content, expected
):
    path = config_file(f'{section}\n[printer]\nkind = "none"\n')
    if content is not None:
        path.with_name("beside").write_text(content)
    assert expected in pos("config", "check", path).refusal(2)


def test_ca_keys_of_ones_own_are_read(config_file, tmp_path):
    (tmp_path / "own.tsv").write_bytes(TEST_CA_KEYS.read_bytes())
    path = config_file('[emv]\nca_keys = "own.tsv"\ntest_keys = true\n[printer]\nkind = "none"\n')
    keys = settings_of(path).ca_keys()
    assert keys == CaKeys.from_tsv(TEST_CA_KEYS.read_text("utf-8"), test_keys=True)
    assert keys != CaKeys()


def test_a_file_of_test_keys_is_refused_by_a_terminal_that_trades(pos, config_file, tmp_path):
    (tmp_path / "own.tsv").write_bytes(TEST_CA_KEYS.read_bytes())
    path = config_file('[emv]\nca_keys = "own.tsv"\n[printer]\nkind = "none"\n')
    refusal = pos("config", "check", path).refusal(2)
    assert "own.tsv: A000000333 E1 is not used (a test key)" in refusal


HOSTS = {  # settings of [host], and what is said of them
    f'{TCP}\ntls_ca = "ca.pem"\nplain = true': "host.tls_ca: has no effect without host.tls = true",
    TCP: "host.plain: expected true, or host.tls = true: card numbers would go to 192.0.2.1",
    "[host]\ntls = true": 'host.tls: has no effect while host.kind is "local"',
}


@pytest.mark.parametrize(("text", "words"), HOSTS.items())
def test_a_host_that_cannot_be_meant_is_a_mistake(pos, config_file, text, words):
    path = config_file(f'{text}\n[printer]\nkind = "none"\n')
    assert words in pos("config", "check", path).refusal(2)


DOUBTFUL = {
    "": "host.accounts: no accounts",
    '[merchant]\nname = "\U00020bb7野家"': (
        "merchant.name: the display has no character for \U00020bb7"
    ),
    f"{TCP}\nplain = true": "host.plain: card numbers go to 192.0.2.1 where",
    "[emv]\ntest_keys = true": "emv.test_keys: test CA keys are trusted",
    # what does nothing
    '[host]\naddress = "192.0.2.1"': "host.address: has no effect without host.kind",
    f'{TCP}\nplain = true\naccounts = "a.toml"': "host.accounts: has no effect without host.kind",
    "[host]\nplain = true": "host.plain: has no effect without a line to another machine",
    "[kiosk]\ntimeout_s = 9": "kiosk.timeout_s: has no effect without general.profile",
    "[sale]\nunusual_factor = 0\nunusual_history = 9": "sale.unusual_history: has no effect",
}


@pytest.mark.parametrize(("text", "words"), DOUBTFUL.items())
def test_what_a_shop_may_not_want_is_warned_of(pos, config_file, text, words):
    path = config_file(f'{text}\n[printer]\nkind = "none"\n')
    assert f"warning: {path}: {words}" in pos("config", "check", path).done()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost"])
def test_a_line_within_this_machine_needs_no_word(pos, config_file, address):
    text = TCP.replace("192.0.2.1", address)
    ended = pos("config", "check", config_file(f'{text}\n[printer]\nkind = "none"\n'))
    assert (ended.code, "plain" in ended.out) == (0, False)


def test_a_byte_order_mark_is_taken(pos, config_file):
    path = config_file('[printer]\nkind = "none"\n')
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert pos("config", "check", path).code == 0


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("none.toml", None, "No such file or directory"),
        ("torn.toml", "[sale\n", "not TOML"),
        ("latin.toml", b"[merchant]\nname = '\xff'\n", "not TOML"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(pos, tmp_path, name, text, words):
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    for command in (("check", path), ("show", "--config", path)):
        assert f"pos: {path}: {words}" in pos("config", *command).refusal(2)


@pytest.mark.parametrize("words", [(), ("frobnicate",), ("check",), ("show", "--config")])
def test_bad_arguments_are_refused_in_one_line(pos, words):
    assert pos("config", *words).refusal(2)


@pytest.mark.parametrize("words", [("show",), ("check", "pos.toml")])
def test_usual_settings_that_cannot_be_read_are_a_mistake(pos, tmp_path, monkeypatch, words):
    """They were passed over: the terminal would have run by the defaults, or by another file."""
    monkeypatch.chdir(tmp_path)
    Path("pos.toml").symlink_to("unplugged/pos.toml")
    ended = pos("config", *words)
    assert (ended.code, ended.err) == (2, "pos: pos.toml: No such file or directory\n")


def test_usual_settings_of_another_user_are_not_passed_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pos.toml").touch(mode=0o000)
    monkeypatch.setattr("os.access", lambda *_: False)  # root may read it all the same
    assert settings.file_of(None) == Path("pos.toml")


def test_the_usual_settings_are_those_here_and_else_the_installed_ones(tmp_path, monkeypatch):
    """A person who looks after an installed terminal need not name its files."""
    monkeypatch.chdir(tmp_path)
    installed = tmp_path / "etc" / "terminal.toml"
    installed.parent.mkdir()
    here, there = settings.USUAL_FILES
    assert (here, there) == (Path("pos.toml"), Path(places.CONFIG))
    usual = (here, installed)
    assert settings.legible(settings.file_of(None, usual)).data == Path("pos-data")
    installed.write_text('[general]\ndata_dir = "/srv/journal"\n[display]\nchip = "lcd"\n')
    assert settings.file_of(None, usual) == installed
    assert settings.legible(installed).data == Path("/srv/journal")
    Path("pos.toml").write_text("")
    assert settings.file_of(None) == settings.file_of(None, usual) == Path("pos.toml")
    assert settings.file_of(Path("named.toml"), usual) == Path("named.toml")
