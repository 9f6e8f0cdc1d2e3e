"""`pos verify EVIDENCE.zip`: it is checked by itself, and whatever was changed shows."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from firmware.__main__ import main
from firmware.audit.evidence_seal import MANIFEST, SIGNATURE, seal
from firmware.audit.keyring import fingerprint_of, pem_of, pem_of_all, read_keys
from firmware.journal.chain import link
from firmware.journal.keys import TerminalKeys
from tests.cli.conftest import Pos
from tests.cli.test_evidence import data  # noqa: F401 - a fixture
from tests.playing import played

KEPT = Path(__file__).with_name("kept")  # packs as releases made them, never to be changed
Files = dict[str, bytes]
Change = Callable[[Files], None]


@pytest.fixture(scope="module")
def pack(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:  # noqa: F811
    output = tmp_path_factory.mktemp("pack") / "e.zip"
    assert main(["evidence", "1", "-o", str(output), "--data", str(data)]) == 0
    with zipfile.ZipFile(output) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: Files, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def unsealed(files: Files) -> Files:
    """As an earlier release made it: what is changed is found without the seal, or not at all."""
    return {name: content for name, content in files.items() if name not in (MANIFEST, SIGNATURE)}


def test_a_pack_is_checked_with_nothing_else(pos: Pos, pack: Files, tmp_path: Path):
    path = zipped(pack, tmp_path / "e.zip")
    ended = pos("verify", path)
    lines = ended.out.splitlines()
    assert (ended.code, ended.err, lines[-1]) == (0, "", "holds together")
    assert "voucher 000001: sale, approved, 128.50 CNY" in lines
    assert "voucher 000002: void, approved, 128.50 CNY" in lines
    assert "frames  2, each as a record names it" in lines


def test_it_says_what_it_cannot_prove(pos: Pos, pack: Files, tmp_path: Path):
    out = pos("verify", zipped(pack, tmp_path / "e.zip")).out
    assert "It does not prove whose key this is" in out
    assert "no other records before, between or after" in out
    assert "the terminal's own clock" in out


def test_a_key_that_is_known_tells_whose_it_is(pos: Pos, pack: Files, tmp_path: Path):
    path, key = zipped(pack, tmp_path / "e.zip"), tmp_path / "key.pem"
    key.write_bytes(pack["terminal-key.pem"])
    said = pos("verify", path, "--key", key).done()
    assert "It does not prove whose key" not in said
    ((_, public),) = read_keys(key)
    assert f"key     {fingerprint_of(public)}" in said
    key.write_text(pem_of(TerminalKeys.generate().public_key))
    assert "that was given" in refused(pos, path, "--key", key)


def test_the_page_and_the_pdf_name_the_fingerprint(pack: Files, tmp_path: Path):
    key = tmp_path / "key.pem"
    key.write_bytes(pack["terminal-key.pem"])
    ((_, public),) = read_keys(key)
    assert fingerprint_of(public) in pack["index.html"].decode()
    assert re.fullmatch(r"([0-9A-F]{4} ){7}[0-9A-F]{4}", fingerprint_of(public))


def test_keys_that_were_changed_are_all_in_it(pos: Pos, data: Path, tmp_path: Path):  # noqa: F811
    directory = tmp_path / "data"
    shutil.copytree(data, directory)
    assert pos("journal", "new-key", "--data", directory).code == 0
    path = tmp_path / "e.zip"
    assert pos("evidence", "1", "-o", path, "--data", directory).code == 0
    ended = pos("verify", path)
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "holds together")
    assert ended.out.count("key     ") == 2


def test_a_pack_of_an_earlier_release_says_what_is_not_signed(
    pos: Pos, pack: Files, tmp_path: Path
):
    files = unsealed(pack)
    records = [one for one in json.loads(files["records.json"]) if one["record"] > 1]
    files["records.json"] = json.dumps(records).encode()
    said = pos("verify", zipped(files, tmp_path / "e.zip")).done()
    assert said.endswith("holds together, but nobody signed its pages and pictures\n")
    assert "no record in it introduces its keys" in said


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("unsealed.zip", "holds together, but nobody signed its pages and pictures"),
        ("sealed.zip", "holds together"),
    ],
)
def test_a_pack_of_before_holds_together_though_records_have_more_fields_now(
    pos: Pos, name: str, verdict: str
):
    said = pos("verify", KEPT / name).done()
    assert said.splitlines()[-1] == verdict
    assert "voucher 000001: sale, approved, 128.50 CNY" in said


def refused(pos: Pos, path: Path, *words: object) -> str:
    ended = pos("verify", path, *words)
    lines = ended.out.splitlines()
    assert (ended.code, ended.err, lines[-1]) == (1, "", "NOT GENUINE")
    return "\n".join(line for line in lines if line.startswith("fault"))


def replaced(name: str, old: str, new: str) -> Change:
    def change(files: Files) -> None:
        assert old.encode() in files[name]
        files[name] = files[name].replace(old.encode(), new.encode())

    return change


def without(name: str) -> Change:
    def change(files: Files) -> None:
        del files[next(found for found in files if found.startswith(name))]

    return change


def said(change: Callable[[dict[str, Any]], object], of: str = "IntentRecorded") -> Change:
    """`says` of the first such record changed."""

    def changed(files: Files) -> None:
        records = json.loads(files["records.json"])
        change(next(each["says"] for each in records if each["says"]["type"] == of))
        files["records.json"] = json.dumps(records).encode()

    return changed


def record_gone(kind: str) -> Change:
    def change(files: Files) -> None:
        records = json.loads(files["records.json"])
        gone = next(one for one in records if one["says"]["type"] == kind)
        files["records.json"] = json.dumps([one for one in records if one is not gone]).encode()

    return change


def record_rewritten(files: Files) -> None:
    """The amount changed in body and hash; only the key is missing to sign it anew."""
    records = json.loads(files["records.json"])
    for one in records:
        if one["says"]["type"] == "IntentRecorded":
            one["body"] = one["body"].replace("12850", "99850")
            one["says"]["amount_minor"] = 99_850
            previous = bytes.fromhex(one["previous"])
            one["hash"] = link(one["record"], one["at"], one["body"], previous).hex()
    files["records.json"] = json.dumps(records).encode()


def records_turned(files: Files) -> None:
    files["records.json"] = json.dumps(json.loads(files["records.json"])[::-1]).encode()


def frame_painted(files: Files) -> None:
    name = next(name for name in files if name.startswith("frames/"))
    image = Image.open(io.BytesIO(files[name]))
    image.putpixel((5, 5), 1 - bool(image.getpixel((5, 5))))
    file = io.BytesIO()
    image.save(file, format="PNG")
    files[name] = file.getvalue()


def frame_of_another_size(files: Files) -> None:
    name = next(name for name in files if name.startswith("frames/"))
    file = io.BytesIO()
    Image.new("1", (64, 128)).save(file, format="PNG")
    files[name] = file.getvalue()


def frame_added(files: Files) -> None:
    files["frames/0123456789abcdef.png"] = files[next(n for n in files if n.startswith("frames/"))]


def qr_of_another_terminal(files: Files) -> None:
    told = json.loads(files["verification.json"])
    told["qr"]["000001"] = told["qr"]["000001"][:-3] + "000"
    files["verification.json"] = json.dumps(told).encode()


def qr_exchanged(files: Files) -> None:
    told = json.loads(files["verification.json"])
    told["qr"]["000001"], told["qr"]["000002"] = told["qr"]["000002"], told["qr"]["000001"]
    files["verification.json"] = json.dumps(told).encode()


def qr_left_out(files: Files) -> None:
    told = json.loads(files["verification.json"])
    del told["qr"]["000002"]
    files["verification.json"] = json.dumps(told).encode()


def key_of_another(files: Files) -> None:
    files["terminal-key.pem"] = pem_of_all([(1, TerminalKeys.generate().public_key)]).encode()


CHANGES: list[tuple[Change, str]] = [
    (replaced("records.json", "09:00:04", "09:00:05"), "its hash is not that of its content"),
    (replaced("records.json", '"amount_minor": 12850', '"amount_minor": 12851'), "`says` is not"),
    (said(lambda says: says.update(note="as agreed")), "`says` is not"),
    (said(lambda says: says["card"].update(note="as agreed")), "`says` is not"),
    (said(lambda says: says.pop("frame_sha256")), "`says` is not"),
    (said(lambda says: says.pop("amount_minor")), "`says` is not"),
    (
        said(lambda says: says.pop("reference"), of="OutcomeRecorded"),
        "`says` is not",
    ),  # has a default
    (record_rewritten, "its signature is not the terminal's"),
    (records_turned, "out of its order"),
    (record_gone("AmountAgreed"), "nobody agreed to the frame"),
    (record_gone("OutcomeRecorded"), "is not in the file"),
    (record_gone("KeyIntroduced"), ""),  # a pack of an earlier release has it not
    (frame_painted, "it is not the frame that record"),
    (frame_of_another_size, "it is not the frame that record"),
    (without("frames/"), "the frame that was agreed to is not in the file"),
    (frame_added, "no record names this frame"),
    (qr_of_another_terminal, "its QR code: it is not signed by this terminal"),
    (qr_exchanged, "its QR code says"),
    (qr_left_out, "has no QR code of it"),
    (replaced("emv.json", "ONLINE_PIN", "SIGNATURE"), "emv.json is not what the record says"),
    (key_of_another, "its signature is not the terminal's"),
    (replaced("terminal-key.pem", "PUBLIC", "PUBLICK"), "it has no public key"),
    (replaced("verification.json", '"sound": true', '"sound": false'), "did not verify"),
    (replaced("records.json", "[", "{"), "records.json: it cannot be read"),
    (replaced("verification.json", "{", "["), "it cannot be read"),
]


@pytest.mark.parametrize(("change", "words"), CHANGES, ids=range(len(CHANGES)))
def test_whatever_is_changed_shows(
    pos: Pos, pack: Files, tmp_path: Path, change: Change, words: str
):
    files = dict(pack)
    change(files)
    sealed = refused(pos, zipped(files, tmp_path / "sealed.zip"))
    if words != "it has no public key":
        assert any(seen in sealed for seen in ("it was changed", "it is listed", "it was added"))
    if words:
        assert words in refused(pos, zipped(unsealed(files), tmp_path / "e.zip"))


@pytest.mark.parametrize("name", ["index.html", "evidence.pdf", "vouchers/"])
def test_pages_and_pictures_are_held_by_the_seal(pos: Pos, pack: Files, tmp_path: Path, name: str):
    files = dict(pack)
    name = next(found for found in files if found.startswith(name))
    files[name] = files[name][:-9] + b"x" + files[name][-8:]
    assert refused(pos, zipped(files, tmp_path / "a.zip")) == f"fault   {name}: it was changed"
    del files[name]
    assert "it is listed and missing" in refused(pos, zipped(files, tmp_path / "b.zip"))
    more = pack | {"letter.txt": b"the bank should pay"}
    assert "letter.txt: it is not of this file" in refused(pos, zipped(more, tmp_path / "c.zip"))


def test_a_seal_by_another_key_is_none(pos: Pos, pack: Files, tmp_path: Path):
    files = unsealed(pack)
    files["index.html"] = b"paid twice"
    forged = files | seal(files, TerminalKeys.generate())
    words = refused(pos, zipped(forged, tmp_path / "e.zip"))
    assert words == f"fault   {MANIFEST}: it is not signed by the terminal's key"
    forged[SIGNATURE] = b"no hex"
    assert MANIFEST in refused(pos, zipped(forged, tmp_path / "f.zip"))


def test_what_is_no_evidence_file_is_said_in_one_line(pos: Pos, pack: Files, tmp_path: Path):
    path = zipped({"a.txt": b""}, tmp_path / "a.zip")
    refusal = pos("verify", path).refusal(2)
    assert refusal == f"pos: {path}: no evidence file: records.json is not in it"
    broken = tmp_path / "broken.zip"
    content = bytearray(zipped(pack, tmp_path / "e.zip").read_bytes())
    at = content.index(pack["records.json"][:200])
    content[at : at + 5] = b"xxxxx"
    broken.write_bytes(content)
    assert "it cannot be unpacked" in pos("verify", broken).refusal(2)
    assert "leave out --qr" in pos("verify", tmp_path / "e.zip", "--qr", "P1").refusal(2)


def test_one_name_twice_is_refused(pos: Pos, pack: Files, tmp_path: Path):
    path = zipped(pack, tmp_path / "e.zip")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("index.html", "another")
    assert "two files in it have one name" in pos("verify", path).refusal(2)


@pytest.mark.parametrize(
    ("story", "state"),
    [
        ("sale-declined-says-why", "declined"),
        ("host-silent-leads-to-a-reversal", "reversed"),
        ("host-down-no-sale-until-the-reversal-is-through", "reversed"),
        ("undo-with-the-card-still-in", "approved"),
        ("offline-sale-is-told-to-the-host-at-once", "approved"),
        ("refund-in-parts-up-to-the-total-and-not-a-cent-more", "approved"),
        ("kiosk-a-customer-undoes-a-mistake", "approved"),
    ],
)
def test_however_a_sale_ended_its_pack_holds_together(
    pos: Pos, tmp_path: Path, story: str, state: str
):
    directory = tmp_path / "data"
    directory.mkdir()
    played(directory, story)
    path = tmp_path / "e.zip"
    assert pos("evidence", "1", "-o", path, "--data", directory).code == 0
    ended = pos("verify", path)
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "holds together"), ended.out
    assert f"voucher 000001: sale, {state}" in ended.out
