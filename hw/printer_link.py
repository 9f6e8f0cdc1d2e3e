"""Wires to a printer: USB, serial and network as python-escpos connects them, and device files.

python-escpos finds, opens and releases devices. Bytes are then written on what it opened, since
its own `_raw` gives no count of bytes taken and its `_read` waits for sixteen. Its `File` is not
used: it creates a plain file where a printer is missing, and cannot read a printer's answers.
Importing it costs 0.3 s, starts logging and may print, so that is done late and quietly.
"""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import math
import os
import select
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from hw.printer import Transport

STALL_TIMEOUT_S = 5.0  # a printer that takes not a byte for so long is not printing
SERIAL_LOOK_S = 0.1
CACHE_VARIABLE = "ESCPOS_CAPABILITIES_PICKLE_DIR"  # of pickles, so nobody else's to write


class _EscposTransport:
    """A wire that python-escpos opens and closes."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir
        self._printer: Any = None

    @property
    def _device(self) -> Any:
        """What python-escpos has opened. Raises OSError while it is closed."""
        if self._printer is None or not self._printer.device:
            raise OSError(errno.EBADF, "the printer is not open")
        return self._printer.device

    def close(self) -> None:
        """Close it. python-escpos may raise whatever the device does: it is going anyway."""
        printer, self._printer = self._printer, None
        if printer is not None:
            with contextlib.suppress(Exception):
                printer.close()


class UsbTransport(_EscposTransport):
    """A USB printer by vendor and product; endpoints are as its descriptor tells."""

    def __init__(
        self, vendor: int, product: int, cache_dir: Path, *, backend: object = None
    ) -> None:
        super().__init__(cache_dir)
        self._vendor, self._product = vendor, product
        self._usb_args = {} if backend is None else {"backend": backend}
        self._in = self._out = 0

    def reopen(self) -> None:
        self.close()
        module = escpos_printers(self._cache_dir)
        with _as_oserror():
            printer = module.Usb(self._vendor, self._product, usb_args=dict(self._usb_args))
            printer.open()
            self._printer = printer
            self._in, self._out = _bulk_endpoints(printer.device)

    def write(self, data: bytes) -> int:
        with _as_oserror():
            # a time-out after part of it was taken is reported by pyusb as that part
            count = self._device.write(self._out, data, int(STALL_TIMEOUT_S * 1000))
            if count == 0:
                raise TimeoutError(errno.ETIMEDOUT, "the printer takes no more")
            return int(count)

    def read(self, timeout_ms: int) -> bytes:
        import usb.core  # noqa: PLC0415 - with escpos, late

        with _as_oserror():
            for left_ms in _until(timeout_ms):
                try:
                    data = bytes(self._device.read(self._in, 64, max(1, left_ms)))
                except usb.core.USBTimeoutError:
                    break
                if data:  # a packet without a byte is no answer: it goes before some
                    return data
            return b""


class SerialTransport(_EscposTransport):
    """A printer on a serial line, 8 data bits, no parity.

    With `xonxoff` the kernel stops sending while the printer says so; without, a receipt longer
    than the printer's buffer loses lines. DTR/DSR would want two more wires than a header has.
    """

    def __init__(self, path: str, baud: int, cache_dir: Path, *, xonxoff: bool = True) -> None:
        super().__init__(cache_dir)
        self._xonxoff = xonxoff
        self._path, self._baud = path, baud

    def reopen(self) -> None:
        self.close()
        module = escpos_printers(self._cache_dir)
        with _as_oserror():
            printer = module.Serial(self._path, self._baud, xonxoff=self._xonxoff, dsrdtr=False)
            printer.open()
            printer.device.write_timeout = STALL_TIMEOUT_S
            self._printer = printer

    def write(self, data: bytes) -> int:
        """Send `data`; blocks until it is on the line, not just in the kernel's buffer."""
        with _as_oserror():
            device = self._device
            count = int(device.write(data))
            waiting, looks = device.out_waiting, 0
            while waiting:
                # tcdrain would wait for ever on a printer that holds the line with XOFF
                time.sleep(min(waiting * 10 / self._baud, SERIAL_LOOK_S))
                left = device.out_waiting
                looks = looks + 1 if left >= waiting else 0
                waiting = left
                if looks * SERIAL_LOOK_S > STALL_TIMEOUT_S:
                    raise TimeoutError(errno.ETIMEDOUT, "the printer holds the line")
            return count

    def read(self, timeout_ms: int) -> bytes:
        with _as_oserror():
            device = self._device
            device.timeout = timeout_ms / 1000
            first: bytes = device.read(1)  # python-escpos would wait for sixteen
            return first + device.read(device.in_waiting) if first else b""

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._device.reset_output_buffer()  # or closing waits for a dead printer
        super().close()


class NetworkTransport(_EscposTransport):
    """A printer on a TCP port."""

    def __init__(self, host: str, port: int, cache_dir: Path) -> None:
        super().__init__(cache_dir)
        self._host, self._port = host, port

    def reopen(self) -> None:
        self.close()
        module = escpos_printers(self._cache_dir)
        with _as_oserror():
            printer = module.Network(self._host, self._port, timeout=STALL_TIMEOUT_S)
            # its open() leaves the socket of a refused connection to the garbage collector
            address = (self._host, self._port)
            printer.device = socket.create_connection(address, timeout=STALL_TIMEOUT_S)
            self._printer = printer

    def write(self, data: bytes) -> int:
        with _as_oserror():
            device = self._device
            device.settimeout(STALL_TIMEOUT_S)
            return int(device.send(data))

    def read(self, timeout_ms: int) -> bytes:
        with _as_oserror():
            device = self._device
            device.settimeout(max(0.001, timeout_ms / 1000))
            try:
                data: bytes = device.recv(64)
            except TimeoutError:
                return b""
            if not data:
                raise OSError(errno.ECONNRESET, "the printer closed the connection")
            return data


class DeviceFileTransport:
    """A printer's device file, such as /dev/usb/lp0. Only ever a character device."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def reopen(self) -> None:
        self.close()
        if not stat.S_ISCHR(self._path.stat().st_mode):
            raise OSError(errno.ENODEV, f"{self._path} is not a device")
        # no O_CREAT: with the printer unplugged a plain file would swallow receipts
        self._fd = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)

    def write(self, data: bytes) -> int:
        if not self._ready(select.POLLOUT, STALL_TIMEOUT_S * 1000):
            raise TimeoutError(errno.ETIMEDOUT, "the printer takes no more")
        return os.write(self._fd, data)

    def read(self, timeout_ms: int) -> bytes:
        for left_ms in _until(timeout_ms):
            if not self._ready(select.POLLIN, left_ms):
                break
            with contextlib.suppress(BlockingIOError):
                data = os.read(self._fd, 64)
                if data:  # usblp gives nothing for a packet without a byte
                    return data
        return b""

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)

    def _ready(self, event: int, timeout_ms: float) -> bool:
        """Whether the device is ready; raises OSError when it has gone."""
        if self._fd < 0:
            raise OSError(errno.EBADF, "the device is not open")
        poll = select.poll()
        poll.register(self._fd, event)
        events = [mask for _, mask in poll.poll(timeout_ms)]
        if events and not events[0] & event:
            raise OSError(errno.ENODEV, f"{self._path} is gone")
        return bool(events)


def transport_for(address: str, cache_dir: Path, *, xonxoff: bool = True) -> Transport:
    """The wire that `address` names; nothing is opened yet.

    `usb:VENDOR:PRODUCT` (hexadecimal), `serial:PATH:BAUD`, `network:HOST:PORT`, or
    `file:PATH` of a device. `cache_dir`, private to the terminal, keeps python-escpos's table of
    printers. Raises ValueError that says what is wrong.
    """
    kind, _, rest = address.partition(":")
    head, _, tail = rest.rpartition(":")
    try:
        match kind:
            case "usb":
                return UsbTransport(int(head, 16), int(tail, 16), cache_dir)
            case "serial" if head:
                return SerialTransport(head, int(tail), cache_dir, xonxoff=xonxoff)
            case "network" if head:
                return NetworkTransport(head, int(tail), cache_dir)
            case "file" if rest:
                return DeviceFileTransport(Path(rest))
    except ValueError:
        pass  # a number that is none
    forms = "usb:VENDOR:PRODUCT, serial:PATH:BAUD, network:HOST:PORT or file:PATH"
    raise ValueError(f"a printer's address is {forms}, not {address!r}")


def _until(timeout_ms: float) -> Iterator[int]:
    """The milliseconds that are left, once at least, until `timeout_ms` are over."""
    end_s = time.monotonic() + timeout_ms / 1000
    yield math.ceil(timeout_ms)
    while (left_ms := math.ceil((end_s - time.monotonic()) * 1000)) > 0:
        yield left_ms


def escpos_printers(cache_dir: Path) -> ModuleType:
    """python-escpos's printers, imported on first use without its noise."""
    cache_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    root = logging.getLogger()
    handlers = list(root.handlers)
    environment = os.environ.get(CACHE_VARIABLE)
    os.environ[CACHE_VARIABLE] = str(cache_dir)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            from escpos import printer  # noqa: PLC0415 - late, see above
    finally:
        del os.environ[CACHE_VARIABLE]
        if environment is not None:
            os.environ[CACHE_VARIABLE] = environment
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)  # its basicConfig() would print everybody's log
    module: ModuleType = printer
    return module


def _bulk_endpoints(device: Any) -> tuple[int, int]:
    """Addresses of the first bulk endpoints in and out. Raises OSError without them."""
    found: dict[int, int] = {}
    for endpoint in device.get_active_configuration()[(0, 0)]:
        if endpoint.bmAttributes & 0x03 == 0x02:
            found.setdefault(endpoint.bEndpointAddress & 0x80, endpoint.bEndpointAddress)
    if 0x00 not in found:
        raise OSError(errno.ENODEV, "the device has no bulk endpoint to print on")
    return found.get(0x80, 0x82), found[0x00]


@contextlib.contextmanager
def _as_oserror() -> Iterator[None]:
    """Turn what python-escpos and its libraries raise into OSError, which most of it is."""
    from escpos.exceptions import Error  # noqa: PLC0415 - late, see above

    try:
        yield
    except (Error, AssertionError, RuntimeError, ValueError) as error:
        raise OSError(errno.EIO, str(error)) from error
