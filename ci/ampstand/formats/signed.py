# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A signed image of a remote, as OP-TEE takes it (``ta/remoteproc`` and ``scripts/sign_rproc_fw.py`` of its source).

A header, what is signed besides it as type, length and value (TLV), the signature of both, and the ELF file. The hashes
of the file's segments are among what is signed.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ampstand.formats.elf import Image

MAGIC = 0x3543A468
_HEADER = struct.Struct("<5I")
_FIELDS = ("magic", "version", "TLV size", "signature size", "image size")
_TLV = struct.Struct("<2I")
_ALIGN = 8
TLVS = {
    0x01: "signature type",
    0x02: "hash type",
    0x03: "number of images",
    0x04: "image type",
    0x05: "size of image",
    0x10: "hash table",
    0x11: "key",
}


@dataclass(frozen=True)
class Part:
    """A range of the file."""

    offset: int
    size: int


def _up(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN


def parts(data: bytes) -> dict[str, Part]:
    """Return the parts of a signed image by name; ``ValueError`` if it is none.

    They are the fields of the header, each TLV, the signature, and the bytes of each segment of the image.
    """
    if len(data) < _HEADER.size:
        raise ValueError("it is shorter than a header")
    magic, _version, tlv_size, signature_size, image_size = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise ValueError(f"it begins with {magic:#x}, not {MAGIC:#x}")
    found = {f"header: {name}": Part(4 * index, 4) for index, name in enumerate(_FIELDS)}
    at, end = _HEADER.size, _HEADER.size + tlv_size
    while at < end:
        kind, size = _TLV.unpack_from(data, at)
        found[f"TLV: {TLVS.get(kind, hex(kind))}"] = Part(at + _TLV.size, size)
        at += _TLV.size + _up(size)
    at = _HEADER.size + _up(tlv_size)
    found["signature"] = Part(at, signature_size)
    at += _up(signature_size)
    image = Image.read(data[at : at + image_size])
    for index, segment in enumerate(image.segments):
        if segment.filesz:
            found[f"segment {index}"] = Part(at + segment.offset, segment.filesz)
    return found


def flipped(data: bytes, part: Part) -> bytes:
    """Return an image with one bit of a part changed, in its middle."""
    at = part.offset + part.size // 2
    return data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]
