# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""OP-TEE's build with stand-ins for the compiler, the board's table, the machine's command line, signed images."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stand import artifacts

from ampstand.board import SECURE, Board, SecureFirmware
from ampstand.build import secure_world, tools
from ampstand.build.artifacts import Artifacts
from ampstand.errors import InfrastructureError, UsageError
from ampstand.formats import signed
from ampstand.linux.machine import LinuxMachine
from ampstand.progress import Progress
from ampstand.report.records import Recorder

MAKEFILE = """
all:
\t@mkdir -p $(O)/core
\t@echo "$(PLATFORM) $(CFG_EMBED_DTB_SOURCE_FILE) $(RPROC_SIGN_KEY) $$SOURCE_DATE_EPOCH" > $(O)/core/tee-raw.bin
\t@cat core/arch/arm/dts/$(CFG_EMBED_DTB_SOURCE_FILE) >> $(O)/core/tee-raw.bin
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a source of OP-TEE that builds at once."""
    monkeypatch.setattr(tools, "require", lambda *names: None)
    folder = tmp_path / "optee"
    (folder / "core/arch/arm/dts").mkdir(parents=True)
    (folder / "core/arch/arm/dts/there.dts").write_text("theirs")
    (folder / "Makefile").write_text(MAKEFILE)
    return folder


def built(source: Path, tmp_path: Path, wanted: SecureFirmware) -> list[str]:
    """Build; return the lines of what came of it."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    progress = Progress(io.StringIO(), live=False)
    key = secure_world.key(tmp_path / "keys/key.pem")
    secure_world.make(source, wanted, key, "", 1, scratch, tmp_path / "log", progress)
    assert [path.name for path in scratch.iterdir()] == [secure_world.IMAGE]
    return (scratch / secure_world.IMAGE).read_text().splitlines()


def test_a_tree_of_optee(source: Path, tmp_path: Path) -> None:
    first, second = built(source, tmp_path, SecureFirmware("there.dts", None, {"PLATFORM": "chip"}))
    assert (first, second) == (f"chip there.dts {tmp_path / 'keys/key.pem'} 0", "theirs")


def test_a_tree_of_our_own_is_laid_beside(source: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.dts"
    own.write_text("ours")
    assert built(source, tmp_path, SecureFirmware("own.dts", own, {}))[1] == "ours"
    assert [path.name for path in (source / "core/arch/arm/dts").iterdir()] == ["there.dts"]


def test_no_tree_of_optee_is_replaced(source: Path, tmp_path: Path) -> None:
    own = tmp_path / "there.dts"
    own.write_text("ours")
    with pytest.raises(InfrastructureError, match=r"there\.dts of its own"):
        built(source, tmp_path, SecureFirmware("there.dts", own, {}))


def test_the_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "keys/key.pem"
    first = secure_world.key(path).read_bytes()
    assert secure_world.key(path).read_bytes() == first
    assert first.startswith(b"-----BEGIN RSA PRIVATE KEY-----")
    assert path.stat().st_mode & 0o077 == 0


def test_a_secure_world_goes_with_the_feature() -> None:
    for name in Board.names():
        board = Board.load(name)
        assert (board.secure_world is not None) == ("secure" in board.features), name
        if board.secure_world is not None:
            assert tuple(board.secure_world.firmware) == SECURE
            assert board.secure_world.firmware["signed"].own is not None


def test_the_machine_takes_firmware_and_device_tree(tmp_path: Path) -> None:
    board = Board.load("stm32mp157c-dk2")
    plain = artifacts(tmp_path)
    with_it = replace(plain, secure_firmware={"scmi": tmp_path / "a,b.bin"}, other_dtbs={"scmi": tmp_path / "scmi.dtb"})
    with_it = replace(with_it, boot_loader=tmp_path / "u-boot")

    def machine(name: str, what: Artifacts = with_it, **options: Any) -> LinuxMachine:
        return LinuxMachine(board, what, Recorder.for_board(board, tmp_path / name), **options)

    words = machine("secure", secure="scmi").argv()
    assert words[words.index("-M") + 1].endswith(f"secure-firmware={tmp_path}/a,,b.bin")
    assert words[words.index("-dtb") + 1] == str(tmp_path / "scmi.dtb")
    words = machine("plain").argv()
    assert "secure-firmware" not in " ".join(words)
    assert words[words.index("-dtb") + 1] == str(plain.dtb)
    wrong: dict[str, dict[str, Any]] = {"other": {"secure": "signed"}, "none": {"secure": "scmi", "what": plain}}
    for name, options in wrong.items():
        with pytest.raises(UsageError, match="no secure world"):
            machine(name, **options)
    with pytest.raises(UsageError, match="no boot loader"):
        machine("both", secure="scmi", boot_loader=True)
    before = replace(with_it, firmware={"image": tmp_path / "image.elf"})
    with pytest.raises(UsageError, match="OP-TEE holds the remote"):
        machine("before", secure="scmi", preload="image", what=before)


def image() -> bytes:
    """Return a signed image with two TLVs and an ELF file of one segment."""
    elf = bytearray(0x54 + 4)
    elf[:16] = b"\x7fELF\x01\x01\x01" + bytes(9)
    struct.pack_into("<HHIIIIIHHHHHH", elf, 16, 2, 40, 1, 0, 52, 0, 0, 52, 32, 1, 40, 0, 0)
    struct.pack_into("<8I", elf, 52, 1, 0x54, 0x10000000, 0x10000000, 4, 4, 5, 4)
    tlvs = struct.pack("<2IB7x", 1, 1, 1) + struct.pack("<2I8s", 0x10, 8, b"hashhash")
    return struct.pack("<5I", signed.MAGIC, 1, len(tlvs), 5, len(elf)) + tlvs + b"SIGNA" + bytes(3) + bytes(elf)


def test_parts_of_a_signed_image() -> None:
    data = image()
    parts = signed.parts(data)
    assert parts["header: magic"] == signed.Part(0, 4)
    assert parts["TLV: signature type"] == signed.Part(28, 1)
    hashes, signature, segment = (parts[name] for name in ("TLV: hash table", "signature", "segment 0"))
    assert data[hashes.offset : hashes.offset + hashes.size] == b"hashhash"
    assert data[signature.offset : signature.offset + signature.size] == b"SIGNA"
    assert (segment.offset + segment.size, segment.size) == (len(data), 4)
    changed = signed.flipped(data, signature)
    assert [index for index, one in enumerate(data) if changed[index] != one] == [signature.offset + 2]


@pytest.mark.parametrize("data", [b"", b"short", bytes(20), b"\x7fELF" + bytes(60)])
def test_what_is_no_signed_image(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"shorter than a header|begins with"):
        signed.parts(data)


def test_an_empty_segment_is_not_signed() -> None:
    """The first of two program headers has content, the second has none."""
    elf = bytearray(52 + 2 * 32)
    elf[:7] = b"\x7fELF\1\1\1"
    struct.pack_into("<I", elf, 28, 52)
    struct.pack_into("<2H", elf, 42, 32, 2)
    for at in (52, 84):
        struct.pack_into("<I", elf, at, 1)
    struct.pack_into("<2I", elf, 52 + 16, 0, 4)
    found = secure_world.without_empty_segments(bytes(elf))
    assert [struct.unpack_from("<I", found, at)[0] for at in (52, 84)] == [1, 0]
    assert len(found) == len(elf)
