"""A model of the USB bus with one printer on it, where libusb would stand behind pyusb.

So the real driver runs over the real python-escpos and the real pyusb: descriptors are looked
up, the configuration is set, the interface claimed, and bulk transfers carry the bytes.
See USB 2.0, 9.6, and the printer class 1.1.
"""

from __future__ import annotations

import array
import errno
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import usb.backend
import usb.core

from hw.sim.printer.escpos import PrinterModel

BULK_OUT, BULK_IN = 0x03, 0x81
PACKET_BYTES = 64


class UsbPrinterBus(usb.backend.IBackend):  # type: ignore[misc] # pyusb has no types
    """A bus for `hw.printer_link.UsbTransport`; `taken_at_once` bounds what a transfer takes."""

    def __init__(self, printer: PrinterModel, vendor: int, product: int) -> None:
        self._printer = printer
        self._ids = (vendor, product)
        self._configured = 0
        self.taken_at_once = 1 << 16
        self.empty_first = False  # a packet without a byte goes before each answer
        self.only_empty = False  # every reading ends at once, with nothing
        self._held: bytes | None = None
        self.claimed = False

    # --- what is on the bus ---

    def enumerate_devices(self) -> Iterator[object]:
        """The printer, if it is plugged in."""
        try:
            self._printer.check_wire()
        except OSError:
            return
        yield self

    def get_device_descriptor(self, _device: object) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x0200, bDeviceClass=0, bDeviceSubClass=0,
            bDeviceProtocol=0, bMaxPacketSize0=64, idVendor=self._ids[0], idProduct=self._ids[1],
            bcdDevice=0x0100, iManufacturer=0, iProduct=0, iSerialNumber=0, bNumConfigurations=1,
            bus=1, address=1, port_number=1, port_numbers=(1,), speed=2,
        )  # fmt: skip

    def get_configuration_descriptor(self, _device: object, config: int) -> SimpleNamespace:
        if config:
            raise IndexError(config)
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1,
            bConfigurationValue=1, iConfiguration=0, bmAttributes=0xC0, bMaxPower=1,
            extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(
        self, _device: object, interface: int, alternate: int, _config: int
    ) -> SimpleNamespace:
        if interface or alternate:
            raise IndexError(interface)
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0,
            bNumEndpoints=2, bInterfaceClass=7, bInterfaceSubClass=1, bInterfaceProtocol=2,
            iInterface=0, extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(
        self, _device: object, endpoint: int, _interface: int, _alternate: int, _config: int
    ) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=(BULK_OUT, BULK_IN)[endpoint],
            bmAttributes=2, wMaxPacketSize=PACKET_BYTES, bInterval=0, bRefresh=0, bSynchAddress=0,
            extra_descriptors=[],
        )  # fmt: skip

    # --- opening ---

    def open_device(self, device: object) -> object:
        return device

    def close_device(self, _handle: object) -> None:
        pass  # a device keeps its configuration

    def set_configuration(self, _handle: object, value: int) -> None:
        self._configured = value

    def get_configuration(self, _handle: object) -> int:
        return self._configured

    def claim_interface(self, _handle: object, _interface: int) -> None:
        self.claimed = True

    def release_interface(self, _handle: object, _interface: int) -> None:
        self.claimed = False

    def reset_device(self, _handle: object) -> None:
        pass

    # --- transfers ---

    def bulk_write(
        self, _handle: object, endpoint: int, _interface: int, data: Any, _timeout: int
    ) -> int:
        """Give bytes to the printer; gives the count taken. Raises USBError."""
        if endpoint != BULK_OUT:
            raise usb.core.USBError("no such endpoint", errno=errno.ENOENT)
        try:
            return self._printer.receive(bytes(data)[: self.taken_at_once])
        except TimeoutError as error:
            raise usb.core.USBTimeoutError(str(error), errno=errno.ETIMEDOUT) from error
        except OSError as error:
            raise usb.core.USBError(str(error), errno=error.errno) from error

    def bulk_read(
        self,
        _handle: object,
        _endpoint: int,
        _interface: int,
        buffer: array.array[int],
        _timeout: int,
    ) -> int:
        """Read what the printer sent back into `buffer`; gives the count. Raises USBError."""
        try:
            answers = self._held or self._printer.answers()
        except OSError as error:
            raise usb.core.USBError(str(error), errno=error.errno) from error
        if self.only_empty or (self.empty_first and answers and self._held is None):
            self._held = answers or None
            return 0
        self._held = None
        if not answers:
            raise usb.core.USBTimeoutError("nothing to read", errno=errno.ETIMEDOUT)
        buffer[: len(answers)] = array.array("B", answers)
        return len(answers)
