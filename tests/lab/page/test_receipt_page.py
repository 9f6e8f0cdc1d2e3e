"""The page that checks receipts, on a phone that has no network: genuine, altered, foreign ones."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import segno
from PIL import Image, ImageChops, ImageFilter

from firmware.__main__ import main
from firmware.audit.data import reading
from firmware.audit.receipt_page.build import LIBRARIES, VENDOR, PageOwner, page
from firmware.core.kinds import Kind, Totals
from firmware.core.money import CURRENCIES
from firmware.journal import base45
from firmware.journal.keys import TerminalKeys
from firmware.journal.signed_record import settlement_record, signed_record
from firmware.journal.transactions import State, Transaction
from firmware.lab.page.browser import CHROMIUM, FLAGS
from tests.lab.page.conftest import ARTIFACTS
from tests.payment import closed_batch
from tests.playing import played

STORY = "sale-wrong-amount-noticed-a-minute-later-is-voided"
PHONE = {"width": 390, "height": 844}
ORDER = 2**252 + 27742317777372353535851937790883648493
PUBLISHED = {
    "jsQR.js": "bc40c8a15196236b2314db0856f72ca0b49980cd5413b8c852a7349f5fee0859",
    "nacl-fast.min.js": "3ec535c004aeeb225785d8e93fb33bf99f52e399bd7dfc01969b5629baea5131",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A terminal's data directory after a sale of 128.50 and its void."""
    return played(tmp_path_factory.mktemp("data"), STORY)


@pytest.fixture(scope="module")
def keys(data: Path) -> TerminalKeys:
    return TerminalKeys.load(data)


@pytest.fixture(scope="module")
def sale(data: Path) -> Transaction:
    with reading(data) as journal:
        found = journal.transaction(1, 1)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def check(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of this terminal."""
    path = tmp_path_factory.mktemp("page") / "check.html"
    assert main(["verify", str(data), "--page", "-o", str(path)]) == 0
    return path


class Phone:
    """A phone without a network, with the page open; what the page asks for is told."""

    def __init__(self, browser, path: Path, **options) -> None:
        self._context = browser.new_context(viewport=PHONE, **options)
        self._context.set_offline(True)
        self.page = self._context.new_page()
        self.errors: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda one: self.errors.append(one.text))
        self.page.on("request", lambda one: self.asked.append(one.url))
        self.page.goto(path.as_uri())

    def pastes(self, text: str) -> str:
        if not self.page.locator("#text").is_visible():
            self.page.locator("#paste summary").click()
        self.page.locator("#text").fill(text)
        self.page.locator("#check").click()
        return self.verdict()

    def photographs(self, picture: Image.Image) -> str:
        file = io.BytesIO()
        picture.convert("L").save(file, format="JPEG", quality=80)
        photo = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}
        self.page.evaluate("document.getElementById('result').hidden = true")
        self.page.locator("#photo").set_input_files(photo)
        return self.verdict()

    def verdict(self) -> str:
        self.page.locator('#result:not([data-verdict="reading"])').wait_for(state="visible")
        return str(self.page.locator("#result").get_attribute("data-verdict"))

    @property
    def says(self) -> str:
        return str(self.page.locator("#result").inner_text())

    def close(self) -> None:
        self._context.close()
        assert self.errors == []
        assert [url for url in self.asked if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.fixture
def phone(browser, check: Path) -> Iterator[Phone]:
    held = Phone(browser, check)
    yield held
    held.close()


def code_of(text: str) -> Image.Image:
    """A QR code as a printer draws it."""
    file = io.BytesIO()
    segno.make(text, error="m").save(file, kind="png", scale=4)
    return Image.open(file)


def test_a_photo_of_the_printed_receipt_is_genuine_and_says_what_was_signed(phone, data, tmp_path):
    pack = tmp_path / "e.zip"
    assert main(["evidence", "1", "-o", str(pack), "--data", str(data)]) == 0
    shutil.unpack_archive(pack, tmp_path)
    receipt = Image.open(tmp_path / "vouchers/000001-000001-merchant.png").convert("L")
    photo = receipt.resize((receipt.width * 2, receipt.height * 2))
    photo = photo.rotate(7, expand=True, fillcolor=210, resample=Image.Resampling.BICUBIC)
    assert phone.photographs(photo) == "genuine"
    for words in (
        "真实",
        "Genuine",
        "幸福小店, S01",
        "104110054110001",
        "10000001",
        "消费 Sale",
        "RMB 128.50",
        "2026-11-22 09:00:07",
        "成功 Approved [00]",
        "000001 / 000001",
    ):
        assert words in phone.says, words


def test_a_photo_as_phones_take_them_is_read(phone, sale, keys):
    """Twelve megapixels, at an angle, not quite sharp, in uneven light, with a sensor's noise."""
    code = code_of(signed_record(sale, keys)).convert("L")
    desk = Image.new("L", (4000, 3000), 110)
    desk.paste(code.resize((1300, 1300)), (1400, 800))
    photo = desk.rotate(17, fillcolor=110, resample=Image.Resampling.BICUBIC)
    corners = (120, 0, 0, 3000, 4000, 3000, 3880, 0)
    photo = photo.transform(photo.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)
    photo = photo.filter(ImageFilter.GaussianBlur(3))
    light = Image.linear_gradient("L").resize(photo.size).point([255 - v // 3 for v in range(256)])
    noise = Image.effect_noise(photo.size, 10)
    photo = ImageChops.add(ImageChops.multiply(photo, light), noise, 1, -128)
    assert phone.photographs(photo) == "genuine"


def test_an_altered_receipt_is_told_and_what_it_claims_is_not_read_out(phone, sale, keys):
    altered = signed_record(sale, keys).replace("*12850*", "*99850*")
    assert phone.photographs(code_of(altered)) == "altered"
    assert "Altered".lower() in phone.says.lower()
    assert "998.50" not in phone.says
    assert phone.pastes(signed_record(sale, TerminalKeys.generate())) == "altered"


@pytest.mark.parametrize("name", ["merchant", "terminal", "stan", "date", "reference"])
def test_no_field_can_be_altered(phone, sale, keys, name):
    text = signed_record(sale, keys)
    other = {"merchant": "204110054110001", "terminal": "10000002", "stan": 2, "date": "20261123"}
    forged = msgspec.structs.replace(sale, **{name: other.get(name, "632600000002")})
    signature = text[-96:]
    altered = signed_record(forged, keys)[:-96] + signature
    assert altered != text
    assert phone.pastes(altered) in ("altered", "foreign")
    assert phone.pastes(text) == "genuine"


def test_a_foreign_receipt_is_told(phone, sale):
    other = msgspec.structs.replace(sale, terminal="20000002")
    assert phone.photographs(code_of(signed_record(other, TerminalKeys.generate()))) == "foreign"
    assert "本店终端" in phone.says


def test_what_is_no_receipt_or_no_code_is_told(phone):
    assert phone.photographs(code_of("https://example.org/")) == "none"
    assert phone.pastes("P1*1*2") == "none"
    assert phone.pastes("") == "none"
    assert phone.pastes("constructor*a*b") == "none"
    assert phone.photographs(Image.new("L", (800, 600), 128)) == "unread"


def test_a_void_a_decline_and_training_say_so(phone, sale, keys):
    def changed(**fields) -> str:
        return signed_record(msgspec.structs.replace(sale, **fields), keys)

    assert phone.pastes(changed(kind=Kind.VOID)) == "genuine"
    assert "消费撤销 Void" in phone.says
    assert "- RMB 128.50" in phone.says
    assert phone.pastes(changed(state=State.DECLINED, response_code="51")) == "unpaid"
    assert "余额不足 Insufficient funds" in phone.says
    assert phone.pastes(changed(state=State.REVERSED)) == "unpaid"
    assert "已冲正 Reversed" in phone.says
    assert phone.pastes(changed(training=True)) == "training"


@pytest.mark.parametrize(
    ("state", "words"),
    [(State.PENDING, "待银行确认 Not confirmed yet"), (State.OPEN, "结果未明 Outcome unknown")],
)
def test_what_is_not_decided_yet_is_not_called_unpaid(phone, sale, keys, state, words):
    refund = msgspec.structs.replace(sale, kind=Kind.REFUND, state=state)
    assert phone.pastes(signed_record(refund, keys)) == "undecided"
    assert words in phone.says


def test_a_hold_is_told_from_a_payment(phone, sale, keys):
    def changed(kind: Kind) -> str:
        return signed_record(msgspec.structs.replace(sale, kind=kind), keys)

    assert phone.pastes(changed(Kind.PREAUTH)) == "held"
    assert "预授权 Pre-authorisation" in phone.says
    assert "- RMB" not in phone.says
    assert phone.pastes(changed(Kind.PREAUTH_VOID)) == "held"
    assert "- RMB 128.50" in phone.says
    assert phone.pastes(changed(Kind.COMPLETION)) == "genuine"
    assert "- RMB" not in phone.says
    assert phone.pastes(changed(Kind.COMPLETION_VOID)) == "genuine"
    assert "- RMB 128.50" in phone.says


@pytest.mark.parametrize("words", ["JPY 12850", "KWD 0.005", "RMB 0.05"])
def test_an_amount_has_the_decimals_of_its_currency(phone, sale, keys, words):
    label, _, digits = words.partition(" ")
    (currency,) = (c.alpha for c in CURRENCIES.values() if c.label == label)
    minor = int(digits.replace(".", ""))
    one = msgspec.structs.replace(sale, currency=currency, amount_minor=minor)
    assert phone.pastes(signed_record(one, keys)) == "genuine"
    assert words in phone.says


def test_a_settlement_slip_is_checked_too(phone, sale, keys):
    totals = Totals(sales=2, sales_minor=13_840, voids=1, voids_minor=990)
    settled = closed_batch(totals)
    text = settlement_record(
        settled,
        keys,
        merchant=sale.merchant,
        terminal=sale.terminal,
        currency="CNY",
        head=(30, "ab" * 32),
    )
    assert phone.photographs(code_of(text)) == "genuine"
    for words in ("结算单", "2 · RMB 138.40", "1 · RMB 9.90", "平 Balanced"):
        assert words in phone.says
    assert "预授权完成" not in phone.says
    assert phone.pastes(text.replace("*13840*", "*13841*")) == "newer"
    totals = msgspec.structs.replace(totals, completions=3, completions_minor=80_000)
    settled = msgspec.structs.replace(settled, totals=totals, host_totals=totals)
    owner = {"merchant": sale.merchant, "terminal": sale.terminal, "currency": "CNY"}
    text = settlement_record(settled, keys, head=(30, "ab" * 32), **owner)
    assert phone.pastes(text) == "genuine"
    for words in ("2 · RMB 138.40", "3 · RMB 800.00", "0 · RMB 0.00"):
        assert words in phone.says


def test_a_signature_counts_in_one_form_alone(phone, sale, keys):
    """The second half plus the order signs the same in older libraries; here as in `pos verify`."""
    text = signed_record(sale, keys)
    signature = base45.decode(text[-96:])
    twin = int.from_bytes(signature[32:], "little") + ORDER
    assert twin < 2**256
    doubled = signature[:32] + twin.to_bytes(32, "little")
    assert phone.pastes(text[:-96] + base45.encode(doubled)) == "altered"
    assert phone.pastes(text[:-96] + "0" * 95) == "altered"


def test_a_replaced_key_is_believed_of_its_own_time_alone(browser, data, sale, tmp_path):
    directory = tmp_path / "data"
    shutil.copytree(data, directory)
    old = TerminalKeys.load(directory)
    assert main(["journal", "new-key", "--data", str(directory)]) == 0
    with reading(directory) as journal:
        (_, (since, _)) = journal.public_keys()
    path = tmp_path / "check.html"
    assert main(["verify", str(directory), "--page", "-o", str(path)]) == 0
    held = Phone(browser, path)
    later = msgspec.structs.replace(sale, record_seq=since + 1)
    new = TerminalKeys.load(directory)
    assert held.page.locator("#keys li").count() == 2
    assert held.pastes(signed_record(sale, old)) == "genuine"
    assert held.pastes(signed_record(sale, new)) == "genuine"
    assert held.pastes(signed_record(later, new)) == "genuine"
    assert held.pastes(signed_record(later, old)) in ("altered", "newer")
    held.close()


def test_a_page_of_keys_alone_knows_no_names(browser, data, sale, keys, tmp_path):
    pem, path = tmp_path / "keys.pem", tmp_path / "check.html"
    assert main(["journal", "key", "--all", "-o", str(pem), "--data", str(data)]) == 0
    assert main(["verify", "--page", "--key", str(pem), "-o", str(path)]) == 0
    held = Phone(browser, path)
    assert held.pastes(signed_record(sale, keys)) == "genuine"
    assert "幸福小店" not in held.says
    assert held.pastes(signed_record(sale, TerminalKeys.generate())) == "unsigned"
    held.close()


def test_a_browser_that_reads_codes_itself_does(browser, check, sale, keys):
    held = Phone(browser, check)
    held.page.add_init_script(
        "window.BarcodeDetector = class { async detect() { return [{ rawValue: 'P1*none' }]; } };"
    )
    held.page.reload()
    assert held.photographs(code_of(signed_record(sale, keys))) == "none"
    held.page.add_init_script(
        "window.BarcodeDetector = class { async detect() { throw new Error('not here'); } };"
    )
    held.page.reload()
    assert held.photographs(code_of(signed_record(sale, keys))) == "genuine"
    held.close()


def test_a_camera_scans(browser, check, sale, keys, tmp_path):
    """Chromium's own fake camera shows the code."""
    code = Image.new("L", (640, 480), 255)
    drawn = code_of(signed_record(sale, keys)).convert("L").resize((400, 400))
    code.paste(drawn, (120, 40))
    film = tmp_path / "film.mjpeg"
    file = io.BytesIO()
    code.save(file, format="JPEG", quality=95)
    film.write_bytes(file.getvalue() * 5)
    flags = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    driven = browser.browser_type.launch(
        executable_path=str(CHROMIUM),
        args=[*FLAGS, *flags, f"--use-file-for-fake-video-capture={film}"],
    )
    held = Phone(driven, check)
    held.page.locator("#scan").click()
    assert held.verdict() == "genuine"
    assert not held.page.locator("#video").is_visible()
    held.close()
    driven.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(browser, check, sale, keys, scheme):
    held = Phone(browser, check, color_scheme=scheme)
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    held.page.screenshot(path=ARTIFACTS / f"receipt-{scheme}-first.png", full_page=True)
    altered = signed_record(sale, keys).replace("*12850*", "*99850*")
    for text in (signed_record(sale, keys), altered):
        verdict = held.pastes(text)
        held.page.locator("#paste summary").click()
        held.page.screenshot(path=ARTIFACTS / f"receipt-{scheme}-{verdict}.png", full_page=True)
        assert held.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    held.close()


def test_a_shops_name_is_no_script(browser, data, sale, keys, tmp_path):
    name = "</script><script>document.title='x'</script><b>"
    with reading(data) as journal:
        owner = PageOwner(sale.merchant, sale.terminal, name, "S<1>")
        path = tmp_path / "check.html"
        path.write_text(page(journal.public_keys(), [owner], 9), "utf-8")
    held = Phone(browser, path)
    assert held.pastes(signed_record(sale, keys)) == "genuine"
    assert name in held.says
    assert held.page.title() != "x"
    held.close()


@pytest.mark.parametrize("name", LIBRARIES.values())
def test_code_of_others_is_as_it_was_published(name):
    content = (VENDOR / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == PUBLISHED[name]
