# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What the harness must know about a board; read from ``configs/boards/*.toml``, kept nowhere else."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ampstand.errors import UsageError

BOARDS = Path(__file__).resolve().parents[2] / "configs" / "boards"
DEFAULT = "stm32mp157c-dk2"


@dataclass(frozen=True)
class Serial:
    """One serial line: its name (also of the log file), the core that talks on it, and its role."""

    name: str
    core: str
    role: str


@dataclass(frozen=True)
class Window:
    """A range of memory that the remote and the host see at two addresses."""

    remote: int
    host: int
    size: int


@dataclass(frozen=True)
class Region:
    """A reserved memory region that Linux registers as a carveout of the remote; the address is the remote's."""

    address: int
    size: int


@dataclass(frozen=True)
class RemoteCore:
    """The remote: core name, firmware set (``firmware/remote/soc``), remoteproc instance, memory."""

    core: str
    soc: str
    instance: str
    control: str
    """QOM path of what holds and releases the core; its property ``state`` is held, running or lockup."""
    cpu: int
    """Index of its vCPU in QEMU."""
    windows: tuple[Window, ...]
    preload: str = ""
    """Machine property: the image that the remote runs before the host does ("MCU first"); empty if there is none."""
    preload_table: str = ""
    """Machine property: what the host is told instead of the address of that image's resource table."""
    regions: Mapping[str, Region] = field(default_factory=dict)
    """By the name that Linux gives the carveout."""
    elf_machine: int = 0
    """``e_machine`` of what the core runs."""
    profile: str = ""
    """Its Arm profile: A, R, M; empty if it is no Arm core."""
    vectors: int = 0
    """Where the core begins: of the vector table (profile M), else of the first instruction."""
    aliases: tuple[Window, ...] = ()
    """Further memory, or the same at other addresses, that the core reaches and of which Linux does not know."""

    def host_address(self, address: int) -> int:
        """Translate an address of the remote into one of the host; ``ValueError`` if it is in no window."""
        for window in self.windows:
            if window.remote <= address < window.remote + window.size:
                return window.host + address - window.remote
        raise ValueError(f"address {address:#x} of {self.core} is in no window that the host sees")

    def reach(self, address: int, size: int) -> int | None:
        """Return the host's address of memory that the core has at one of its own; None if it is not all there."""
        for window in (*self.windows, *self.aliases):
            if window.remote <= address and address + size <= window.remote + window.size:
                return window.host + address - window.remote
        return None


@dataclass(frozen=True)
class Fault:
    """Something that the machine model does wrong on demand: properties of a QOM object.

    ``property`` asks for it (``on``: once, unless told otherwise; ``off``: no more), ``property`` with ``-count``
    appended says how often it happened. ``settings`` are further properties, set before. ``base`` is the host's
    address of what the property ``x-fault-address`` counts from.
    """

    path: str
    property: str
    on: int | str = 1
    off: int | str = 0
    base: int = 0
    settings: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class AcceptedError:
    """Lines of QEMU's log of guests' mistakes that mean nothing on this board."""

    core: str
    """Whose they are; ``any``: of whichever core."""
    pattern: str
    why: str


@dataclass(frozen=True)
class Timeouts:
    """Seconds that a healthy board never needs, even on a loaded workstation."""

    boot: float = 60.0
    command: float = 20.0
    remote: float = 10.0
    scenario: float = 300.0


@dataclass(frozen=True)
class Board:
    """A machine model with its kernel, device tree, command line, serial lines and remote."""

    name: str
    title: str
    machine: str
    memory: str
    machine_arguments: tuple[str, ...]
    kernel_arch: str
    kernel_image: str
    dtb: str
    command_line: str
    host_cpus: int
    serials: tuple[Serial, ...]
    remote: RemoteCore | None
    timeouts: Timeouts
    features: frozenset[str]
    faults: Mapping[str, Fault]
    """By the names that scenarios use; the board's page has their meaning."""
    kernel_warnings: tuple[str, ...]
    """Patterns of kernel messages of level warning or above that this board gives and that mean nothing."""
    guest_errors: tuple[AcceptedError, ...]
    kernel_modules: tuple[str, ...]
    """Modules to load at boot where a kernel has them as modules, with what they need."""
    path: Path = field(compare=False)

    @classmethod
    def load(cls, name_or_path: str | Path = DEFAULT) -> Board:
        """Read a board by its name in ``configs/boards`` or from a TOML file."""
        path = Path(name_or_path)
        if path.suffix != ".toml":
            path = BOARDS / f"{name_or_path}.toml"
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            known = ", ".join(cls.names()) or "none"
            raise UsageError(f"no board {str(name_or_path)!r}", hint=f"known boards: {known}") from None
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot read board file {path}: {error}") from error
        try:
            return cls._from(data, path)
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"board file {path} is not valid: {type(error).__name__}: {error}") from error

    @staticmethod
    def names() -> list[str]:
        """Names of all boards in ``configs/boards``."""
        return sorted(path.stem for path in BOARDS.glob("*.toml"))

    @classmethod
    def _from(cls, data: Mapping[str, Any], path: Path) -> Board:
        machine, kernel = data["machine"], data["kernel"]
        remote = data.get("remote")
        board = cls(
            name=data["name"],
            title=data["title"],
            machine=machine["type"],
            memory=machine["memory"],
            machine_arguments=tuple(machine.get("arguments", ())),
            kernel_arch=kernel["arch"],
            kernel_image=kernel["image"],
            dtb=kernel.get("dtb", ""),
            command_line=kernel["command_line"],
            host_cpus=int(kernel["host_cpus"]),
            serials=tuple(Serial(**serial) for serial in data["serial"]),
            remote=RemoteCore(
                core=remote["core"],
                soc=remote["soc"],
                instance=remote["instance"],
                control=remote["control"],
                cpu=int(remote["cpu"]),
                windows=tuple(Window(*window) for window in remote["windows"]),
                preload=remote.get("preload", ""),
                preload_table=remote.get("preload_table", ""),
                regions={name: Region(*region) for name, region in remote.get("regions", {}).items()},
                elf_machine=remote.get("elf_machine", 0),
                profile=remote.get("profile", ""),
                vectors=remote.get("vectors", 0),
                aliases=tuple(Window(*window) for window in remote.get("aliases", ())),
            )
            if remote
            else None,
            timeouts=Timeouts(**data.get("timeouts", {})),
            features=frozenset(data["features"]),
            faults={name: Fault(**fault) for name, fault in data.get("faults", {}).items()},
            kernel_warnings=tuple(kernel.get("warnings", ())),
            guest_errors=tuple(AcceptedError(**entry) for entry in data.get("guest_errors", {}).get("allowed", ())),
            kernel_modules=tuple(kernel.get("modules", ())),
            path=path,
        )
        if [serial.role for serial in board.serials].count("shell") != 1:
            raise ValueError("exactly one serial line must have the role 'shell'")
        return board

    @property
    def shell(self) -> Serial:
        """The serial line with the Linux console."""
        return next(serial for serial in self.serials if serial.role == "shell")

    def serial(self, role: str) -> Serial | None:
        """Return the first serial line with this role, if the board has one."""
        return next((serial for serial in self.serials if serial.role == role), None)

    @property
    def cores(self) -> tuple[str, ...]:
        """Names of the cores that have a stream, the host first."""
        return tuple(dict.fromkeys([self.shell.core, *(s.core for s in self.serials)]))
