"""The capturing machine's own structures at the front of some packets, settled as tcpdump does.

A few link types put a structure of the capturing machine in front of each packet. In a file of the
other byte order its numbers are turned around before the packet is judged or written. And a USB
transfer of the isochronous kind has its wire length worked out anew from the transfer's parts.

Source: what tcpdump writes when it reads such files; usbmon (Documentation/usb/usbmon.rst), the
headers of pflog and nflog.
"""

import sys
from collections.abc import Callable
from struct import Struct

from pcapfilter.packets import PacketBatch

USB_FIELDS = ((0, 8), (12, 2), (16, 8), (24, 4), (28, 4), (32, 4), (36, 4))
"""Offset and width: id, bus, seconds, microseconds, status, length, captured length."""

USB_ISO_FIELDS = ((40, 4), (44, 4))
"""Error count and number of descriptors; of isochronous transfers only."""

USB_MAPPED_FIELDS = ((48, 4), (52, 4), (56, 4), (60, 4))
"""Interval, start frame, transfer flags, number of descriptors; in the 64-octet header only."""

PFLOG_FIELDS = ((44, 4), (48, 4), (52, 4), (56, 4))
"""User and process of the packet, and of the rule."""

USB_MAPPED = 220
"""DLT number of USB packets with the 64-octet header."""

USB_HEADER, USB_DESCRIPTOR = 64, 16
"""Octets of that header, and of each descriptor of an isochronous transfer behind it."""

DESCRIPTOR = Struct("=III4x")
"""Status, offset, length."""


def _turn_fields(
    buffer: bytearray, start: int, length: int, fields: tuple[tuple[int, int], ...]
) -> bool:
    """Turn fields in order up to the first that is not whole; tell whether all were."""
    for at, width in fields:
        if at + width > length:
            return False
        place = slice(start + at, start + at + width)
        buffer[place] = buffer[place][::-1]
    return True


def _number(buffer: bytearray, at: int, width: int) -> int:
    return int.from_bytes(buffer[at : at + width], sys.byteorder)


def _turn_usb(buffer: bytearray, start: int, length: int) -> bool:
    """Turn the 48 octets that both USB headers begin with; tell whether all were there."""
    if not _turn_fields(buffer, start, length, USB_FIELDS):
        return False
    return buffer[start + 9] != 0 or _turn_fields(buffer, start, length, USB_ISO_FIELDS)


def _turn_usb_mapped(buffer: bytearray, start: int, length: int) -> bool:
    whole = _turn_usb(buffer, start, length)
    whole = whole and _turn_fields(buffer, start, length, USB_MAPPED_FIELDS)
    if not whole or buffer[start + 9] != 0:
        return whole
    end = USB_HEADER + USB_DESCRIPTOR * _number(buffer, start + 60, 4)
    for at in range(USB_HEADER, min(end, length), USB_DESCRIPTOR):
        if not _turn_fields(buffer, start, length, ((at, 4), (at + 4, 4), (at + 8, 4))):
            return False
    return True


def _turn_pflog(buffer: bytearray, start: int, length: int) -> bool:
    return length > 0 and _turn_fields(buffer, start, min(length, buffer[start]), PFLOG_FIELDS)


def _turn_nflog(buffer: bytearray, start: int, length: int) -> bool:
    """Turn length and type of each attribute, up to the first that is not whole."""
    at = 4
    if length < at or buffer[start + 1] != 0:
        return False
    while at + 4 <= length:
        _turn_fields(buffer, start, length, ((at, 2), (at + 2, 2)))
        size = -(-_number(buffer, start + at, 2) // 4) * 4
        if size == 0:
            return False
        at += size
    return True


TURNERS: dict[int, Callable[[bytearray, int, int], bool]] = {
    # DLT number -> turns the numbers in front of one packet, in place
    117: _turn_pflog,
    189: _turn_usb,
    USB_MAPPED: _turn_usb_mapped,
    239: _turn_nflog,
}


def _usb_wirelen(buffer: bytearray, start: int, caplen: int, wirelen: int) -> int:
    """Give the wire length of a USB transfer.

    What came in by an isochronous transfer lies in the parts that its descriptors name, with gaps
    between them: the packet reaches to the end of the last part.
    """
    if caplen < USB_HEADER:
        return wirelen
    event, kind, endpoint = buffer[start + 8 : start + 11]
    data_flag = buffer[start + 15]
    if event != ord("C") or kind != 0 or not endpoint & 0x80 or data_flag != 0:
        return wirelen
    front = USB_HEADER + USB_DESCRIPTOR * _number(buffer, start + 60, 4)
    if wirelen != front + _number(buffer, start + 32, 4):
        return wirelen
    last = 0
    for at in range(USB_HEADER, min(front, caplen - USB_DESCRIPTOR + 1), USB_DESCRIPTOR):
        _, offset, length = DESCRIPTOR.unpack_from(buffer, start + at)
        if length:
            last = max(last, (offset + length) & 0xFFFFFFFF)
    whole = (front + last) & 0xFFFFFFFF
    return max(whole if whole >= caplen else wirelen, caplen)


def settle(batch: PacketBatch) -> bool:
    """Settle the headers of a batch in place; tell whether anything was changed."""
    dlt, buffer = batch.link.dlt, batch.buffer
    turner = TURNERS.get(dlt) if batch.origin.swapped else None
    if turner is not None:
        for index in range(batch.count):
            turner(buffer, batch.offsets[index], batch.caplens[index])
    changed = turner is not None
    if dlt == USB_MAPPED:
        for index in range(batch.count):
            wirelen = batch.wirelens[index]
            row = (batch.offsets[index], batch.caplens[index], wirelen)
            batch.wirelens[index] = _usb_wirelen(buffer, *row)
            changed = changed or batch.wirelens[index] != wirelen
    return changed
