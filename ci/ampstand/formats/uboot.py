# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What U-Boot reads: a bundle of images with hashes (FIT), and the older image with one header (uImage).

Formats: ``doc/usage/fit/source_file_format.rst`` and ``include/image.h`` of U-Boot; a FIT is a device tree blob, whose
format is chapter 5 of the Devicetree Specification.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Tree = Mapping[str, "bytes | Tree"]
"""A node of a device tree: properties as bytes, and nodes below it."""

_HEADER = struct.Struct(">10I")
_MAGIC, _VERSION, _OLDEST = 0xD00DFEED, 17, 16
_BEGIN, _END, _PROPERTY, _LAST = 1, 2, 3, 9
_UIMAGE = struct.Struct(">7I4B32s")
_UIMAGE_MAGIC = 0x27051956
_LINUX, _ARM, _KERNEL, _PLAIN = 5, 2, 2, 0
"""Of a uImage: operating system, processor, type, compression."""


@dataclass(frozen=True)
class Image:
    """One image of a FIT."""

    name: str
    kind: str
    """Its ``type``: ``kernel``, ``flat_dt``, ``ramdisk``, ``script``, ``copro``."""
    data: bytes
    load: int | None = None
    """Where it is put, and entered if it is a kernel; None to leave it where it is."""


def fit(images: Sequence[Image], configurations: Mapping[str, Mapping[str, str]], architecture: str) -> bytes:
    """Return a FIT with a SHA-256 of each image. A configuration says by use which image: ``{"kernel": NAME}``."""
    nodes = {image.name: _image(image, architecture) for image in images}
    chosen = {
        name: {"description": _text(name), **{use: _text(image) for use, image in uses.items()}}
        for name, uses in configurations.items()
    }
    default = {"default": _text(next(iter(configurations)))} if configurations else {}
    return blob(
        {
            "description": _text("Ampstand"),
            "timestamp": _cell(0),
            "#address-cells": _cell(1),
            "images": nodes,
            "configurations": {**default, **chosen},
        }
    )


def _image(image: Image, architecture: str) -> Tree:
    places = {} if image.load is None else {"load": _cell(image.load)}
    if image.load is not None and image.kind == "kernel":
        places["entry"] = _cell(image.load)
    return {
        "description": _text(image.name),
        "data": image.data,
        "type": _text(image.kind),
        "arch": _text(architecture),
        "os": _text("linux"),
        "compression": _text("none"),
        **places,
        "hash-1": {"algo": _text("sha256"), "value": hashlib.sha256(image.data).digest()},
    }


def blob(tree: Tree) -> bytes:
    """Return a device tree as a blob."""
    names: dict[str, int] = {}
    texts, body = bytearray(), bytearray()

    def add(name: str, node: Tree) -> None:
        body.extend(_cell(_BEGIN) + _padded(_text(name)))
        for key, value in node.items():
            if isinstance(value, bytes):
                if key not in names:
                    names[key] = len(texts)
                    texts.extend(_text(key))
                body.extend(struct.pack(">3I", _PROPERTY, len(value), names[key]) + _padded(value))
        for key, value in node.items():
            if not isinstance(value, bytes):
                add(key, value)
        body.extend(_cell(_END))

    add("", tree)
    body.extend(_cell(_LAST))
    reserved = bytes(16)
    at = _HEADER.size + len(reserved)
    total = at + len(body) + len(texts)
    header = _HEADER.pack(
        _MAGIC, total, at, at + len(body), _HEADER.size, _VERSION, _OLDEST, 0, len(texts), len(body)
    )  # fmt: skip
    return bytes(header + reserved + body + texts)


def uimage(data: bytes, load: int, name: str) -> bytes:
    """Return a program for 32-bit Arm as a uImage, to be put to an address and entered there as Linux is."""

    def header(checksum: int) -> bytes:
        return _UIMAGE.pack(
            _UIMAGE_MAGIC, checksum, 0, len(data), load, load, zlib.crc32(data),
            _LINUX, _ARM, _KERNEL, _PLAIN, name.encode(),
        )  # fmt: skip

    return header(zlib.crc32(header(0))) + data


def parts(image: bytes) -> tuple[bytes, bytes]:
    """Return the program and the device tree of a uImage whose program has its tree at its end."""
    data = image[_UIMAGE.size :]
    at = len(data)
    while (at := data.rfind(_cell(_MAGIC), 0, at)) >= 0:
        if data[at + 4 : at + 8] == _cell(len(data) - at):
            return data[:at], data[at:]
    raise ValueError("no device tree is at the end of this program")


def _text(value: str) -> bytes:
    return value.encode() + b"\0"


def _cell(value: int) -> bytes:
    return struct.pack(">I", value)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
