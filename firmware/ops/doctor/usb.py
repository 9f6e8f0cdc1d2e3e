"""Finds the node by which libusb opens a device."""

from __future__ import annotations

from firmware.ops.doctor.machine import Machine


def usb_node(machine: Machine, numbers: str) -> str | None:
    """The node of VENDOR:PRODUCT in hex; None while it is not plugged in. See sysfs-bus-usb."""
    for path in machine.listed("/sys/bus/usb/devices", "*/idVendor"):
        folder = path.rpartition("/")[0]
        vendor, product, bus, device = (
            (machine.read(f"{folder}/{name}") or b"").decode(errors="replace").strip()
            for name in ("idVendor", "idProduct", "busnum", "devnum")
        )
        if f"{vendor}:{product}" == numbers.lower():
            return f"/dev/bus/usb/{bus:0>3}/{device:0>3}"
    return None
