# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What a build leaves behind, as paths: all that booting a board needs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ampstand.errors import UsageError


@dataclass(frozen=True)
class Artifacts:
    """The files of one build; each is finished and never changes once it stands here."""

    qemu: Path
    """``qemu-system-aarch64``."""
    qemu_build: Path | None
    """QEMU's build folder (its qtests), None with an installed QEMU."""
    kernel: Path
    """The kernel image; boots the board and ``virt``."""
    dtb: Path
    """The board's in-tree device tree; a board without one of its own has no use for it."""
    initramfs: Path
    firmware: dict[str, Path]
    """Image name (``echo-bare``) to ELF file."""
    footprint: Path
    """JSON: the size of each firmware image."""
    plugins: Path
    """Folder of our TCG plugins (``hw/plugin``), each as ``NAME.so``."""
    kernel_release: str
    """What ``uname -r`` says on the board."""
    provenance: dict[str, str] = field(default_factory=dict)
    """What a result is about, for its record: the kernel's release, source and configuration, QEMU, firmware, Ampstand,
    compilers. Text for people; a key that is not known is left out."""
    boot_firmware: Path | None = None
    """What starts Linux, where the machine model does not do so by itself."""
    boot_loader: Path | None = None
    """U-Boot, where the board can be started by it and it was asked for."""
    secure_boot_loader: Path | None = None
    """The U-Boot that OP-TEE starts, likewise."""
    secure_firmware: dict[str, Path] = field(default_factory=dict)
    """OP-TEE by who starts the remote, where the board can have a secure world and it was asked for."""
    other_dtbs: dict[str, Path] = field(default_factory=dict)
    """The device trees that Linux has then, and in variants of the board, by their names."""
    signed: dict[str, Path] = field(default_factory=dict)
    """Image name to what OP-TEE takes of it: signed with the key that it was built for."""
    modules: dict[str, Path] = field(default_factory=dict)
    """Our own modules for this kernel by name."""
    secure_initramfs: Path | None = None
    """The initramfs with both, for where OP-TEE starts the remote."""
    card_loader: Path | None = None
    """What the boot ROM starts from an SD card, where the board can be started so and it was asked for."""
    card_packages: dict[str, Path] = field(default_factory=dict)
    """What that starts, OP-TEE and U-Boot, by secure world."""

    def dump(self, path: Path) -> None:
        """Write the paths as JSON, for ``pytest --ampstand-artifacts``."""
        path.write_text(json.dumps(asdict(self), indent=2, default=str) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Artifacts:
        """Read what ``dump`` wrote."""
        try:
            raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            missing = {entry.name for entry in fields(cls)} - raw.keys()
            if missing:
                raise KeyError(", ".join(sorted(missing)))
            return cls(
                qemu=Path(raw["qemu"]),
                qemu_build=Path(raw["qemu_build"]) if raw["qemu_build"] else None,
                kernel=Path(raw["kernel"]),
                dtb=Path(raw["dtb"]),
                initramfs=Path(raw["initramfs"]),
                firmware={name: Path(file) for name, file in raw["firmware"].items()},
                footprint=Path(raw["footprint"]),
                kernel_release=str(raw["kernel_release"]),
                plugins=Path(raw["plugins"]),
                boot_firmware=Path(raw["boot_firmware"]) if raw["boot_firmware"] else None,
                boot_loader=Path(raw["boot_loader"]) if raw["boot_loader"] else None,
                secure_boot_loader=Path(raw["secure_boot_loader"]) if raw["secure_boot_loader"] else None,
                secure_firmware={name: Path(file) for name, file in raw["secure_firmware"].items()},
                other_dtbs={name: Path(file) for name, file in raw["other_dtbs"].items()},
                signed={name: Path(file) for name, file in raw["signed"].items()},
                modules={name: Path(file) for name, file in raw["modules"].items()},
                secure_initramfs=Path(raw["secure_initramfs"]) if raw["secure_initramfs"] else None,
                card_loader=Path(raw["card_loader"]) if raw["card_loader"] else None,
                card_packages={name: Path(file) for name, file in raw["card_packages"].items()},
                provenance={str(name): str(value) for name, value in raw["provenance"].items()},
            )
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise UsageError(
                f"{path} is not a list of artifacts: {error!r}", hint="write one with `ampstand build --json FILE`"
            ) from error
