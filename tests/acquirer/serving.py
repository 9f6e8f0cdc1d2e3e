"""`pos acquirer serve` in a process of its own, and a terminal's end of a line to it."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec.structs import replace

from firmware.acquirer.accounts import Account
from firmware.acquirer.opened import AcquirerPlace
from firmware.core.kinds import Kind, OriginalRef, Totals
from firmware.core.masked import Pin, SecretKey
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.messages import (
    Answered,
    AnswerRead,
    BalanceRequest,
    CardPresented,
    Control,
    ControlRequest,
    FinancialRequest,
    LineRequest,
    SettlementRequest,
)
from firmware.iso8583.profile import Profile
from firmware.iso8583.unionpay import UnionPay
from firmware.iso8583.working_keys import master_of, unpack_keys
from tests.acquirer.conftest import ACCOUNTS, MERCHANT, TERMINAL, ChipCard, original_of
from tests.payment import on_the_line, yuan

LINE = UnionPay(Profile.shipped("unionpay"))
DEBIT = ACCOUNTS[0]
ROOT = Path(__file__).parents[2]
THEN = datetime(2026, 1, 1, tzinfo=UTC)


def story_of_a_day(keyed: str, shown: str) -> str:
    """A scenario: one sale by card and PIN of what is keyed, and a settlement that balances."""
    return f"""
press {keyed} ENTER
press ENTER
insert unionpay-debit
press 123456 ENTER
expect screen "交易成功"
press ENTER
remove
wait 10s
press MENU 6
expect screen "消费 1笔 {shown}"
press ENTER
expect screen "对账平"
"""


def command(*words: object) -> list[str]:
    return [sys.executable, "-P", "-m", "firmware", "acquirer", *map(str, words)]


def said(*words: object) -> str:
    """What a command prints. Raises CalledProcessError."""
    done = subprocess.run(command(*words), check=True, capture_output=True, text=True, cwd=ROOT)
    return done.stdout


def add_terminal(data: Path, books: str = "", number: str = TERMINAL) -> SecretKey:
    """Register a terminal; gives its master key."""
    place = ("--data", data, *(("--books", books) if books else ()))
    words = ("terminal", "add", number, "--merchant", MERCHANT, "--json", *place)
    parts = json.loads(said(*words))
    return master_of(*(bytes.fromhex(parts[f"component_{n}"]) for n in (1, 2)))


class Server:
    """A process that serves the books of `data`, or of the database `books`.

    At the end of a `with` block it is killed, unless it has ended by then.
    """

    def __init__(
        self, data: Path, *words: object, books: str = "", tls: ssl.SSLContext | None = None
    ) -> None:
        self.data, self.books, self.tls = data, books, tls
        self._words = words
        self.log = data.with_suffix(".log")
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start it, and wait until it is ready; the port stays the same."""
        place = ("--data", self.data, *(("--books", self.books) if self.books else ()))
        words = command("serve", "--port", self.port, *place, *self._words)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                words, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT
            )
        assert self.process.stdout is not None
        ready = self.process.stdout.readline()
        if not ready:
            self.process.communicate()
            raise AssertionError(f"{self.process.returncode}: {self.log.read_text()}")
        self.port = int(ready.rpartition(":")[2])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def end(self) -> int:
        """Have it end in order; gives its exit code."""
        self.process.terminate()
        self.process.communicate(timeout=30)
        return self.process.returncode

    def connect(self, wait_s: float = 10.0) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", self.port), timeout=wait_s)
        if self.tls is None:
            return line
        return self.tls.wrap_socket(line, server_hostname="127.0.0.1")

    def raw(self, frame: bytes, *, wait_s: float = 10.0) -> bytes:
        """Send bytes over a connection of their own; gives all of the first frame that comes."""
        with self.connect(wait_s) as line:
            line.sendall(frame)
            return received(line)

    def spent(self) -> dict[str, int]:
        """What accounts have spent, by the books as they now are."""
        books, _, close = AcquirerPlace(self.data, self.books).to_read()
        found = books.spent()
        close()
        return found

    def put(self, *accounts: Account) -> None:
        """Keep accounts; the server may run."""
        registry, close = AcquirerPlace(self.data, self.books).registry()
        for account in accounts:
            registry.put_account(account)
        close()


def received(line: socket.socket) -> bytes:
    """One frame; what came of it when the line ends before."""
    got = b""
    while len(got) < 2 or len(got) < 2 + int.from_bytes(got[:2], "big"):
        piece = line.recv(4096)
        if not piece:
            break
        got += piece
    return got


class LineTerminal:
    """A terminal's end of the line to any of `servers`, for the debit account's card."""

    def __init__(
        self, master: SecretKey, number: str = TERMINAL, *, card: ChipCard | None = None
    ) -> None:
        self.master, self.number = master, number
        self.keys: SessionKeys | None = None
        self.card = card or ChipCard(DEBIT)
        self.stan = 0

    def frame(self, request: LineRequest) -> bytes:
        return LINE.request(request, self.keys)

    def read(self, frame: bytes, request: LineRequest) -> AnswerRead:
        return LINE.read_answer(frame, request, self.keys)

    def ask(self, server: Server, request: LineRequest) -> Answered:
        answer = self.read(server.raw(self.frame(request)), request).answer
        assert isinstance(answer, Answered), answer
        return answer

    def next(self) -> int:
        self.stan += 1
        return self.stan

    def numbered(self, batch: int = 1) -> dict[str, Any]:
        """What a request has that is about no payment."""
        stan = self.next()
        return {"terminal": self.number, "merchant": MERCHANT, "batch": batch, "stan": stan}

    def control(self, what: Control) -> ControlRequest:
        return ControlRequest(what, **self.numbered(), operator="01")

    def sign_on(self, server: Server) -> None:
        answer = self.ask(server, self.control(Control.SIGN_ON))
        self.keys = unpack_keys(answer.working_keys, self.master).session

    def payment(self, minor: int, **changes: Any) -> Any:
        asked = {"terminal": self.number, "date": "", "time": "", "operator": ""}
        return on_the_line(stan=self.next(), amount=yuan(minor), **(asked | changes))

    def sale(self, minor: int, pin: str = "123456") -> FinancialRequest:
        owner = self.card.account
        de55 = self.card.de55(minor)
        card = CardPresented(owner.pan, owner.psn, owner.expiry, pin=Pin(pin), de55=de55)
        return FinancialRequest(self.payment(minor), card)

    def void(self, sale: FinancialRequest, reference: str, minor: int) -> FinancialRequest:
        named = original_of(sale.payment, batch=1, reference=reference)
        return self._back(self.payment(minor, kind=Kind.VOID, original=named))

    def refund(self, reference: str, minor: int, stan: int = 0, date: str = "") -> FinancialRequest:
        """A refund of a sale by its reference number, with STAN 0 of any terminal."""
        batch = 1 if stan else 0
        named = OriginalRef(batch=batch, stan=stan, reference=reference, date=date)
        return self._back(self.payment(minor, kind=Kind.REFUND, original=named))

    def preauth(self, minor: int) -> FinancialRequest:
        """A pre-authorisation, with card and PIN as a sale."""
        sale = self.sale(minor)
        return replace(sale, payment=replace(sale.payment, kind=Kind.PREAUTH))

    def uses(
        self, kind: Kind, of: FinancialRequest, minor: int, code: str = "", day: str = ""
    ) -> FinancialRequest:
        """What rests on a pre-authorisation or completion: by its numbers, or by code and day."""
        numbers = {"batch": 0, "stan": 0} if code else {"batch": 1}
        named = original_of(of.payment, **numbers, date=day, authorisation_code=code)
        return self._back(self.payment(minor, kind=kind, original=named))

    def balance(self, pin: str = "123456") -> BalanceRequest:
        """An enquiry about the account of its card."""
        owner = self.card.account
        de55 = self.card.de55(0, type_=0x31)
        return BalanceRequest(
            **self.numbered(),
            card=CardPresented(owner.pan, owner.psn, owner.expiry, pin=Pin(pin), de55=de55),
            currency=yuan(1).currency,
            date="",
            time="",
        )

    def _back(self, paid: Any) -> FinancialRequest:
        owner = self.card.account
        return FinancialRequest(paid, CardPresented(owner.pan, owner.psn, owner.expiry))

    def settlement(self, batch: int = 1, **totals: int) -> SettlementRequest:
        return SettlementRequest(
            **self.numbered(batch),
            currency=yuan(1).currency,
            totals=Totals(**totals),
            date="",
            time="",
        )


def certificate(folder: Path) -> tuple[Path, Path]:
    """Files with a certificate for 127.0.0.1, signed by itself, and with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "acquirer")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(THEN - timedelta(days=3_650))
        .not_valid_after(THEN + timedelta(days=36_500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    chain, secret = folder / "acquirer.pem", folder / "acquirer.key"
    chain.write_bytes(made.public_bytes(pem))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return chain, secret
