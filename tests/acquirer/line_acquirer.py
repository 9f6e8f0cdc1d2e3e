"""A small acquirer for tests, written after the reference alone: it shares no code with the line's
own modules, so that it can judge them. A HostLink of whole frames.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

TMK = bytes.fromhex("70F2A84CCBC2AE8625CBB0F2C22AB923")
DIGITS = {3: 6, 4: 12, 11: 6, 12: 6, 13: 4, 14: 4, 15: 4, 22: 3, 23: 3, 25: 2, 26: 2, 53: 16}
TEXT = {37: 12, 38: 6, 39: 2, 41: 8, 42: 15, 49: 3}
BYTES = {52: 8, 64: 8}
LL_DIGITS, LLL_DIGITS, LLL_BYTES, LL_TEXT = (2, 32, 35), (48, 60, 61), (54, 55, 59, 62, 63), (44,)
Fields = dict[int, str]
Behave = Callable[[str, Fields], Fields | None]


def des(key: bytes, data: bytes, *, undo: bool = False) -> bytes:
    cipher = Cipher(TripleDES(key * 3 if len(key) == 8 else key + key[:8]), modes.ECB())
    side = cipher.decryptor() if undo else cipher.encryptor()
    return side.update(data)


def mac(key: bytes, body: bytes) -> str:
    folded = bytes(8)
    for at in range(0, len(body), 8):
        block = body[at : at + 8].ljust(8, b"\0")
        folded = bytes(a ^ b for a, b in zip(folded, block, strict=True))
    told = folded.hex().upper().encode()
    first = des(key, told[:8])
    last = des(key, bytes(a ^ b for a, b in zip(first, told[8:], strict=True)))
    return last.hex().upper()[:8]


def parse(message: bytes) -> tuple[str, Fields]:
    bitmap, at, fields = int.from_bytes(message[2:10], "big"), 10, Fields()
    for number in range(1, 65):
        if not bitmap >> (64 - number) & 1:
            continue
        head = 1 if number in (*LL_DIGITS, *LL_TEXT) else 0
        head = 2 if number in (*LLL_DIGITS, *LLL_BYTES) else head
        size = int(message[at : at + head].hex() or 0)
        at += head
        digits = DIGITS.get(number) or (size if number in (*LL_DIGITS, *LLL_DIGITS) else None)
        width = (digits + 1) // 2 if digits is not None else size
        width = TEXT.get(number) or BYTES.get(number) or width
        raw = message[at : at + width]
        at += width
        if digits is not None:
            written = raw.hex().upper()
            fields[number] = written[-digits:] if number == 23 else written[:digits]
        else:
            text = number in TEXT or number in LL_TEXT
            fields[number] = raw.decode("ascii") if text else raw.hex().upper()
    assert at == len(message), "bytes are left"
    return message[:2].hex(), fields


def build(kind: str, fields: Fields, key: bytes | None) -> bytes:
    bitmap, body = 0, b""
    numbers = sorted(fields) + ([64] if key is not None else [])
    for number in numbers:
        bitmap |= 1 << (64 - number)
        if number == 64:
            continue
        value = fields[number]
        if number in DIGITS or number in (*LL_DIGITS, *LLL_DIGITS):
            packed = bytes.fromhex(value + "0" * (len(value) % 2))
            size = len(value)
        else:
            text = number in TEXT or number in LL_TEXT
            packed = value.encode("ascii") if text else bytes.fromhex(value)
            size = len(packed)
        if number in (*LL_DIGITS, *LL_TEXT):
            packed = bytes.fromhex(f"{size:02d}") + packed
        elif number in (*LLL_DIGITS, *LLL_BYTES):
            packed = bytes.fromhex(f"{size:04d}") + packed
        body += packed
    message = bytes.fromhex(kind) + bitmap.to_bytes(8, "big") + body
    return message + mac(key, message).encode() if key is not None else message


class LineAcquirer:
    """Books what is asked; `behave` may answer instead, `codes` give the next response codes.

    `seen` has type and fields of every request in order; `standing` the sum that stands;
    `uploaded` field 48 of each element of an upload, or network code and STAN of chip data.
    """

    undelivered = False

    def __init__(self, now: Callable[[], str] = lambda: "0000000000") -> None:
        self._now = now
        self.behave: Behave | None = None
        self.codes: dict[str, list[str]] = {}
        self.seen: list[tuple[str, Fields]] = []
        self.booked: dict[str, int] = {}
        self.uploaded: list[str] = []
        self.pik = self.mak = b""
        self.check_flip = 0
        self.demand = 0
        self.wrong_macs = 0
        self.macs_refused = 0  # of requests: answered A0
        self.silent = 0
        self.balanced = True
        self.parties = ""  # field 44 of an approval
        self.batch: int | None = None  # open here; another one is answered with 77
        self.chip: Callable[[Fields], str] = lambda _fields: ""  # field 55 of an approval
        self.lose: Callable[[str, Fields], bool] = lambda _kind, _fields: False
        self._signed_on = 0

    def exchange(self, message: bytes, timeout_ms: int) -> bytes | None:
        del timeout_ms
        assert int.from_bytes(message[:2], "big") == len(message) - 2
        assert message[2:13].hex() == "6000030000" + "603100311003", "dropped in silence"
        kind, fields = parse(message[13:])
        wrong_mac = False
        if 64 in fields:
            wrong_mac = bytes.fromhex(fields[64]).decode() != mac(self.mak, message[13:-8])
        assert (64 in fields) is (kind[:2] not in ("08", "05")), kind
        self.seen.append((kind, fields))
        if self.silent:
            self.silent -= 1
            (self.behave or self.usual)(kind, fields)
            return None
        if wrong_mac:
            self.macs_refused += 1
            echoed = (3, 4, 11, 41, 42, 49, 60)
            refused: Fields = {n: fields[n] for n in echoed if n in fields}
            answer: Fields | None = refused | {39: "A0"}
        else:
            answer = (self.behave or self.usual)(kind, fields)
        if answer is None or self.lose(kind, fields):
            return None
        back = f"{kind[:2]}{int(kind[2]) + 1}{kind[3]}"
        key = None if kind[:2] in ("08", "05") else self.mak
        if key and self.wrong_macs:
            self.wrong_macs -= 1
            key = bytes(reversed(key))
        head = bytes.fromhex("6000000003" + f"60310{self.demand}311003")
        self.demand = 0
        inner = head + build(back, answer, key)
        return len(inner).to_bytes(2, "big") + inner

    def close(self) -> None:
        """Nothing is open."""

    def types(self) -> list[str]:
        return [kind for kind, _ in self.seen]

    @property
    def standing(self) -> int:
        return sum(self.booked.values())

    def usual(self, kind: str, fields: Fields) -> Fields | None:
        """What it answers, unless `behave` says something else."""
        now = self._now()
        echoed = (3, 4, 11, 25, 41, 42, 49, 60)
        answer: Fields = {n: fields[n] for n in echoed if n in fields}
        answer |= {13: now[:4], 12: now[4:], 37: f"{len(self.seen):012d}"}
        if kind == "0800" and self.batch is not None:
            answer[60] = f"{fields[60][:2]}{self.batch:06d}{fields[60][8:]}"
        new = kind in ("0200", "0220", "0500")
        if new and self.batch is not None and int(fields[60][2:8]) != self.batch:
            return answer | {39: "77"}
        if kind == "0500":
            result = "1" if self.balanced else "2"
            half = fields[48][:30]
            return answer | {48: f"{half}{result}{'0' * 30}{result}", 49: fields[49]}
        planned = self.codes.get(kind)
        code = planned.pop(0) if planned else "00"
        answer[39] = code
        if kind == "0800" and code == "00":
            answer[62] = self._new_keys()
        place = fields[60][2:8] + fields[11]
        if kind in ("0100", "0200", "0220") and code in ("00", "11", "A2", "A4", "A5", "A6", "10"):
            part = int(fields[4]) // 2
            minor = part if code == "10" else int(fields[4])
            answer |= {38: "123456", 4: f"{minor:012d}"}
            if self.parties:
                answer[44] = self.parties
            if told := self.chip(fields):
                answer[55] = told
            if kind != "0100":
                self.booked[place] = -minor if fields[3] == "200000" else minor
        elif kind == "0400" and code == "00":
            self.booked.pop(place, None)
        elif kind == "0320":
            self.uploaded.append(fields.get(48) or f"{fields[60][8:11]} {fields[11]}")
        return answer

    def _new_keys(self) -> str:
        self._signed_on += 1
        self.pik, self.mak = (bytes([self._signed_on, n] * 7 + [7, 9]) for n in (1, 2))
        delivered = b""
        for key in (self.pik, self.mak):
            check = bytearray(des(key, bytes(8))[:4])
            check[0] ^= self.check_flip
            delivered += des(TMK, key) + check
        return delivered.hex().upper()
