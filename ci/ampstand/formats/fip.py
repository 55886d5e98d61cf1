# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A firmware image package (FIP), from which TF-A takes what it starts: ``include/tools_share`` of TF-A."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Mapping

UUIDS = {
    "fw-config": "5807e16a-8459-47be-8ed5-648e8dddab0e",
    "tos-fw": "05d0e189-53dc-1347-8d2b-500a4b7a3e38",
    "tos-fw-extra1": "0b70c29b-2a5a-7840-9f65-0a5682738288",
    "nt-fw": "d6d0eea7-fcea-d54b-9782-9934f234b6e4",
    "hw-config": "08b8f1d9-c9cf-9349-a962-6fbc6b7265cc",
}
"""The images by the names that they have as options of TF-A's ``fiptool``."""
_HEADER = struct.Struct("<IIQ")
_ENTRY = struct.Struct("<16sQQQ")
_NAME, _SERIAL = 0xAA640001, 0x12345678
_OPTEE = struct.Struct("<4sBBHIIIII")
"""With one image: ``include/lib/optee_utils.h`` of TF-A."""
_OPTEE_VERSION, _ARM32, _PAGER = 2, 0, 0
_ALIGN = 512
"""TF-A reads an SD card by whole blocks."""


def pack(images: Mapping[str, bytes]) -> bytes:
    """Return a package with these images, by their names in ``UUIDS``."""
    offset = _aligned(_HEADER.size + (len(images) + 1) * _ENTRY.size)
    table, data = _HEADER.pack(_NAME, _SERIAL, 0), b""
    for name, image in images.items():
        table += _ENTRY.pack(uuid.UUID(UUIDS[name]).bytes, offset + len(data), len(image), 0)
        data += image.ljust(_aligned(len(image)), b"\0")
    table += _ENTRY.pack(bytes(16), offset + len(data), 0, 0)
    return table.ljust(offset, b"\0") + data


def optee_header(base: int, size: int) -> bytes:
    """Return what says where all of OP-TEE goes: its image of ``size`` bytes is the one that comes next."""
    return _OPTEE.pack(b"OPTE", _OPTEE_VERSION, _ARM32, 0, 1, base >> 32, base & 0xFFFFFFFF, _PAGER, size)


def _aligned(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN
