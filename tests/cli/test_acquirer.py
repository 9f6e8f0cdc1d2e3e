"""`pos acquirer`: frames read to a person, and where they stop; MACs with their steps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firmware.__main__ import main
from tests.iso8583.ends import REQUESTS, UNIONPAY

VECTORS = json.loads(
    (Path(__file__).parents[1] / "iso8583" / "vectors.json").read_text(encoding="utf-8")
)
FRAME = VECTORS["frames"][0]["frame"]
PAN, TRACK2 = "6224242900000113", "6224242900000113D28062013949031013"


def test_a_frame_is_read_field_by_field_with_its_card_masked(pos) -> None:
    said = pos("acquirer", "decode", FRAME).done()
    assert "622424******0113" in said
    assert PAN not in said
    assert " 22 entry mode                    3  071" in said
    assert '"8F651B26"' in said


def test_its_card_is_shown_to_whoever_asks(pos) -> None:
    assert TRACK2 in pos("acquirer", "decode", FRAME, "--clear").done()


def test_a_file_of_bytes_or_of_hex_is_read_as_json(capsys, tmp_path) -> None:
    (tmp_path / "raw").write_bytes(bytes.fromhex(FRAME))
    (tmp_path / "hex").write_text(f"{FRAME[:100]}\n{FRAME[100:]}\n")
    told = []
    for name in ("raw", "hex"):
        assert main(["acquirer", "decode", str(tmp_path / name), "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0] == told[1]
    assert {row["field"]: row["raw"] for row in told[0]["rows"]}[11] == "000403"


def test_an_upload_says_what_it_is_and_whose_cards_it_masks(pos) -> None:
    details = UNIONPAY.asks(REQUESTS["upload"]).hex()
    said = pos("acquirer", "decode", details).done()
    assert '00000024201  "details"' in said
    assert "0100000003" + "*" * 20 + "000000000100" in said
    assert PAN not in said
    end = UNIONPAY.asks(REQUESTS["upload_end"]).hex()
    said = pos("acquirer", "decode", end).done()
    assert " 48 totals or details             4  0012\n" in said
    assert '00000024202  "end, uploaded"' in said


def test_chip_data_are_read_object_by_object(pos, capsys) -> None:
    frame = UNIONPAY.asks(REQUESTS["upload_chip"]).hex()
    said = pos("acquirer", "decode", frame).done()
    assert '0000002420350  "chip data, approved online"' in said
    assert '"610000000000012850156"' in said
    assert "    9F26   Application Cryptogram                       5566778899AABBCC\n" in said
    assert PAN not in said
    assert main(["acquirer", "decode", frame, "--json"]) == 0
    rows = {row["field"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert [one["tag"] for one in rows[55]["objects"]] == ["9F26", "9F27", "95"]


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (FRAME[:200], "stops at byte 99: length says 426 bytes, 98 follow; field 52: "),
        (FRAME[26:180], "stops at byte 65: field 42: Field data is 12 bytes, expecting 15"),
        ("00016000", "stops at byte 0: length says 1 bytes, 2 follow"),
    ],
)
def test_what_cannot_be_read_says_at_which_byte_it_stops(capsys, frame: str, words: str) -> None:
    assert main(["acquirer", "decode", frame]) == 1
    told = capsys.readouterr()
    assert words in told.err
    assert (" 11 STAN" in told.out) is (len(frame) > 8)


def test_a_mac_shows_every_value_on_the_way(capsys) -> None:
    vector = VECTORS["ecb_mac"][1]
    code = main(
        ["acquirer", "mac", "--scheme", "ecb", "--key", vector["mak"], "--data", vector["mab"]]
    )
    assert code == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:3] == [f"X   {vector['x']}", f"E1  {vector['e1']}", f"E2  {vector['e2']}"]
    assert said[3].endswith('"8A9E91B8"')


@pytest.mark.parametrize(
    "words",
    [
        ["decode", "xyz"],
        ["decode", FRAME, "--profile", "nobody"],
        ["decode", FRAME, "--profile", "missing.toml"],
        ["decode", "/dev/zero"],
        ["mac", "--scheme", "ecb", "--key", "00", "--data", "00"],
        ["mac", "--scheme", "sm4", "--key", "00" * 8, "--data", "00"],
        ["mac", "--scheme", "ecb", "--key", "0g" * 8, "--data", "00"],
    ],
)
def test_what_is_wrong_gets_one_line(capsys, words: list[str]) -> None:
    assert main(["acquirer", *words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
