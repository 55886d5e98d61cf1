# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""What the harness must know about a board; read from ``configs/boards/NAME/board.toml``, kept nowhere else."""

from __future__ import annotations

import itertools
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from ampstand.errors import UsageError
from ampstand.paths import CONFIGS
from ampstand.tomlfile import Table, did_you_mean

BOARDS = CONFIGS / "boards"
FILE = "board.toml"
"""In the folder of each board."""
DEFAULT = "stm32mp157c-dk2"
ROLES = ("shell", "remote-console", "spare")
"""Of serial lines: Linux's console, what the remote prints on, not used."""

LOGS = ("merged", "qemu", "guest-errors")
"""In each folder of records, beside those of the serial lines."""
CHAINS = ("direct", "tf-a")
"""Of booting Linux: the machine model starts it as a boot loader would, or BL31 of Trusted Firmware-A does."""
REASONS = ("software", "watchdog")
"""For which a board is reset."""
SCMI, SIGNED, REMOTEPROC = "scmi", "signed", "remoteproc"
SECURE = (SCMI, SIGNED, REMOTEPROC)
"""Of secure worlds, by who starts the remote: Linux, by resets that it asks the secure world for; the secure world
alone, with images that are signed, for a program that asks its trusted application; the same, for Linux's remoteproc.
"""
STARTS_REMOTE = (SIGNED, REMOTEPROC)
"""Where the secure world does."""
CHAIN = "chain"
"""Not another one: the last of them, whose OP-TEE starts U-Boot, which starts Linux."""
STATES = ("offline", "running", "crashed", "attached", "detached")
PROFILES = ("A", "R", "M")
"""Of Arm cores; a core of another architecture has none."""


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
class Mailbox:
    """What the model tells of the mailbox between the cores."""

    path: str
    """QOM path."""
    unanswered: Mapping[str, str]
    """By core, the property that has the longest time in ns that an interrupt to it has stood without an answer; 0
    begins anew."""


@dataclass(frozen=True)
class Register:
    """Bits of a register, by the host's address, and what they must be in states of remoteproc; others may do."""

    name: str
    address: int
    mask: int
    values: Mapping[str, int]


@dataclass(frozen=True)
class RemoteCore:
    """A remote: core name, firmware set (``firmware/remote/soc``), remoteproc instance, memory."""

    core: str
    soc: str
    driver: str
    """Linux's, of the remote."""
    instance: str
    control: str
    """QOM path of what holds and releases the core; its property ``state`` is held, running or lockup."""
    cpu: int
    """Index of the core among QEMU's CPUs, as ``query-cpus-fast`` counts them."""
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
    mailbox: Mailbox | None = None
    interrupts: Mapping[str, str] = field(default_factory=dict)
    """Interrupts of Linux from the remote, by what they are for: patterns of a line in ``/proc/interrupts``. Where some
    have one pattern, they are the lines that match, in their order."""
    registers: tuple[Register, ...] = ()
    """What Linux's driver has to leave in them in each state."""

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
class Signal:
    """A voltage or value at a pin of the chip: a property of a QOM object."""

    path: str
    property: str


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
class Watchdog:
    """Linux's watchdog: a counter of ``rate`` Hz, divided by 2 to the power of prescaler + shift."""

    prescaler: int
    """Address of the register that has it; ``reload``: of that with the ticks less one."""
    reload: int
    rate: int
    shift: int
    longest: int
    """Seconds that it can be set to."""
    identity: str = ""
    """What its driver calls it, if the board's file says so."""


@dataclass(frozen=True)
class ResetReason:
    """The register that tells why the board was reset."""

    address: int
    flags: Mapping[str, int]
    """By reason (``REASONS``). Others may be set besides, as of the power-on before."""


@dataclass(frozen=True)
class LoaderBuild:
    """A build of U-Boot."""

    defconfig: str
    """Of U-Boot's own, by its name."""
    config: tuple[Path, ...]
    """What of it is changed: files beside the board's; later lines override earlier ones."""


@dataclass(frozen=True)
class BootLoader:
    """U-Boot, where it may start Linux, and the remote before it, in place of the machine model."""

    plain: LoaderBuild
    secure: LoaderBuild | None
    """That which OP-TEE starts; None where it starts none."""
    kernel: int
    """Address that it puts Linux to."""
    registers: Mapping[str, int]
    """Registers in which the remote is left to Linux, by name: the machine model leaves the same in them."""


@dataclass(frozen=True)
class SecureFirmware:
    """A build of OP-TEE."""

    device_tree: str
    """OP-TEE's own, by the name of its source: one that OP-TEE has, or ``own``."""
    own: Path | None
    """A source beside the board's file."""
    options: Mapping[str, str]
    """That OP-TEE is built with."""
    overlays: tuple[Path, ...] = ()
    """Put on Linux's device tree."""


@dataclass(frozen=True)
class SecureWorld:
    """OP-TEE, where the host may have a secure world."""

    property: str
    """Machine property: the file that is started in it."""
    dtb: str
    """What Linux's tree has for a board whose secure world keeps clocks, resets and regulators."""
    firmware: Mapping[str, SecureFirmware]
    """By who starts the remote: of ``SECURE``."""
    base: int
    """Address of memory that is the secure world's."""


@dataclass(frozen=True)
class Variant:
    """Another shape of the board: its hardware is set up in another way."""

    overlays: tuple[Path, ...]
    """Put on Linux's device tree, after the board's own."""
    remotes: tuple[str, ...]
    """Cores of the remotes that there are then."""


@dataclass(frozen=True)
class BootCard:
    """An SD card from which the host's boot ROM starts all that comes before Linux, and that Linux."""

    property: str
    """Machine property that has the ROM do so."""
    fsbl: str
    """What the ROM starts: a file that TF-A's build leaves."""
    config: Path
    """Where TF-A puts what it loads: the source of a device tree, beside the board's file."""
    options: Mapping[str, str]
    """That TF-A is built with."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds that a healthy board never needs, even on a loaded workstation."""

    boot: float = 60.0
    command: float = 20.0
    remote: float = 10.0
    scenario: float = 300.0
    """For a whole scenario: fixtures, test and teardown."""


@dataclass(frozen=True)
class AcceptedError:
    """A line of QEMU's guest-error log that is accepted of a core ("any": of each), and why."""

    core: str
    pattern: str
    why: str


@dataclass(frozen=True)
class Board:
    """A machine model with its kernel, device tree, command line, serial lines and remotes."""

    name: str
    title: str
    machine: str
    memory: str
    machine_arguments: tuple[str, ...]
    kernel_arch: str
    dtb: str
    overlays: tuple[Path, ...]
    """Put on the device tree that the kernel's tree has, in this order."""
    command_line: str
    boot_chain: str
    """What starts Linux: one of ``CHAINS``."""
    boot_options: Mapping[str, str]
    """Options that the boot chain is built with."""
    boot_loader: BootLoader | None
    """What else may start Linux, after the boot chain; None if nothing may."""
    watchdog: Watchdog | None
    reset_reason: ResetReason | None
    secure_world: SecureWorld | None
    boot_card: BootCard | None
    """None if the host has none."""
    host_cpus: int
    crash_memory: int
    """MiB that Linux puts aside for the one that takes over when it panics."""
    serials: tuple[Serial, ...]
    remotes: tuple[RemoteCore, ...]
    variants: Mapping[str, Variant]
    """By the names that scenarios and ``--variant`` use."""
    timeouts: Timeouts
    features: frozenset[str]
    faults: Mapping[str, Fault]
    """By the names that scenarios use; the board's page has their meaning."""
    signals: Mapping[str, Signal]
    """By the names that scenarios use."""
    kernel_warnings: tuple[str, ...]
    """Patterns of kernel messages of level warning or above that this board gives and that mean nothing."""
    guest_errors: tuple[AcceptedError, ...]
    """Accesses of this board's software that QEMU calls wrong, and that are none of its faults."""
    drivers: frozenset[str]
    """Linux's, of hardware that not every board has: of what is done in different ways, and of what bugs are known,
    those that matter here are chosen by them."""
    kernel_modules: tuple[str, ...]
    """Modules to load at boot where a kernel has them as modules, with what they need."""
    path: Path = field(compare=False)

    @classmethod
    def load(cls, name_or_path: str | Path = DEFAULT) -> Board:
        """Read a board by its name in ``configs/boards`` or from a TOML file."""
        path = Path(name_or_path)
        if path.suffix != ".toml":
            path = BOARDS / name_or_path / FILE
        if not path.exists():
            known = ", ".join(cls.names()) or "none"
            raise UsageError(f"no board {str(name_or_path)!r}", hint=f"known boards: {known}")
        with Table.load(path) as table:
            return cls._from(table)

    @staticmethod
    def names() -> list[str]:
        """Names of all boards in ``configs/boards``."""
        return sorted(path.parent.name for path in BOARDS.glob(f"*/{FILE}"))

    @classmethod
    def _from(cls, table: Table) -> Board:
        with (
            table.table("machine") as machine,
            table.table("kernel") as kernel,
            table.optional("boot") as boot,
            table.optional("timeouts") as timeouts,
        ):
            serials = _serials(table)
            remotes = _remotes(table, serials)
            return cls(
                name=table.text("name"),
                title=table.text("title"),
                machine=machine.text("type"),
                memory=machine.text("memory"),
                machine_arguments=machine.texts("arguments", ()),
                kernel_arch=kernel.text("arch"),
                dtb=kernel.text("dtb", ""),
                overlays=_overlays(kernel),
                command_line=kernel.text("command_line"),
                boot_chain=boot.choice("chain", CHAINS, CHAINS[0]),
                boot_options={name: str(value) for name, value in boot.scalars("options").items()},
                boot_loader=_boot_loader(table),
                watchdog=_watchdog(table),
                reset_reason=_reset_reason(table),
                secure_world=_secure_world(table),
                boot_card=_boot_card(table),
                host_cpus=kernel.integer("host_cpus", minimum=1),
                crash_memory=kernel.integer("crash_memory", 64, minimum=1),
                serials=serials,
                remotes=remotes,
                variants=_variants(table, remotes),
                timeouts=Timeouts(
                    boot=timeouts.seconds("boot", Timeouts.boot),
                    command=timeouts.seconds("command", Timeouts.command),
                    remote=timeouts.seconds("remote", Timeouts.remote),
                    scenario=timeouts.seconds("scenario", Timeouts.scenario),
                ),
                features=_features(table),
                faults={
                    name: Fault(
                        path=fault.text("path"),
                        property=fault.text("property"),
                        on=fault.scalar("on", Fault.on),
                        off=fault.scalar("off", Fault.off),
                        base=fault.integer("base", Fault.base),
                        settings=fault.scalars("settings"),
                    )
                    for name, fault in table.named("faults")
                },
                signals={
                    name: Signal(path=signal.text("path"), property=signal.text("property"))
                    for name, signal in table.named("signals")
                },
                kernel_warnings=kernel.patterns("warnings", ()),
                guest_errors=_guest_errors(table, [serial.core for serial in serials], remotes),
                drivers=frozenset([*kernel.texts("drivers", ()), *(remote.driver for remote in remotes)]),
                kernel_modules=kernel.texts("modules", ()),
                path=table.path,
            )

    def in_variant(self, name: str) -> Board:
        """Return the board as it is in a variant; ``UsageError`` if it has none of this name."""
        if name not in self.variants:
            known = ", ".join(self.variants) or "none"
            raise UsageError(f"{self.name} has no variant {name!r}", hint=f"variants: {known}")
        shape = self.variants[name]
        return replace(self, remotes=tuple(remote for remote in self.remotes if remote.core in shape.remotes))

    @property
    def remote(self) -> RemoteCore | None:
        """The first remote: the one that is meant where one is; None if the board has none."""
        return next(iter(self.remotes), None)

    @property
    def shell(self) -> Serial:
        """The serial line with the Linux console."""
        return next(serial for serial in self.serials if serial.role == "shell")

    def serial(self, role: str, core: str = "") -> Serial | None:
        """Return the first serial line with this role, of this core if one is named; None if there is none."""
        return next((one for one in self.serials if one.role == role and core in ("", one.core)), None)

    @property
    def cores(self) -> tuple[str, ...]:
        """Names of the cores that have a stream, the host first."""
        return tuple(dict.fromkeys([self.shell.core, *(s.core for s in self.serials)]))

    def runs(self, core: str) -> str:
        """Return whose lines a core prints: "linux", "remote", or "qemu" for QEMU itself."""
        if core == "qemu":
            return "qemu"
        return "linux" if core == self.shell.core else "remote"


@cache
def features() -> Mapping[str, str]:
    """Return the features that boards have and scenarios need, each with what it means (``configs/features.toml``)."""
    with Table.load(CONFIGS / "features.toml") as table, table.table("features") as names:
        return {name: names.text(name) for name in names}


def check_features(names: Iterable[str], where: str) -> None:
    """Raise a ``UsageError`` that begins with ``where`` if one of the names is no feature."""
    for name in names:
        if name not in features():
            raise UsageError(
                f"{where}: no feature {name!r}: {did_you_mean(name, list(features()))}",
                hint="features are declared in configs/features.toml",
            )


def _features(table: Table) -> frozenset[str]:
    names = table.texts("features")
    for index, name in enumerate(names):
        check_features([name], table.where("features", index))
        if name in names[:index]:
            table.refuse(f"features: {name!r} stands there twice", "features", index)
    return frozenset(names)


def _watchdog(table: Table) -> Watchdog | None:
    if not table.has("watchdog"):
        return None
    with table.table("watchdog") as entry:
        numbers = {name: entry.integer(name) for name in ("prescaler", "reload", "rate", "shift", "longest")}
        return Watchdog(**numbers, identity=entry.text("identity", ""))


def _reset_reason(table: Table) -> ResetReason | None:
    if not table.has("reset_reason"):
        return None
    with table.table("reset_reason") as entry:
        return ResetReason(entry.integer("address"), {name: entry.integer(name, minimum=1) for name in REASONS})


def _boot_loader(table: Table) -> BootLoader | None:
    """Return what may start Linux; it is there if the board has the feature of that name."""
    if not table.has("boot_loader"):
        return None
    with table.table("boot_loader") as entry:
        plain = _loader_build(entry)
        with entry.optional("secure") as table_of_secure:
            secure = _loader_build(table_of_secure, plain.config) if entry.has("secure") else None
        with entry.optional("registers") as table_of_registers:
            registers = {name: table_of_registers.integer(name) for name in table_of_registers}
        return BootLoader(plain, secure, entry.integer("kernel"), registers)


def _loader_build(table: Table, common: tuple[Path, ...] = ()) -> LoaderBuild:
    """Return a build of U-Boot, whose changes come after common ones."""
    config = table.path.parent / table.text("config")
    if not config.is_file():
        table.refuse(f"config: no file {config.name!r} beside it", "config")
    return LoaderBuild(table.text("defconfig"), (*common, config))


def _secure_world(table: Table) -> SecureWorld | None:
    """Return what the secure world is; it is there if the board has the feature ``secure``."""
    if not table.has("secure_world"):
        return None
    with table.table("secure_world") as entry:
        common = {name: str(value) for name, value in entry.scalars("options").items()}
        firmware: dict[str, SecureFirmware] = {}
        for name in SECURE:
            with entry.table(name) as one:
                tree, own = one.text("device_tree"), one.path.parent / one.text("device_tree")
                more = {option: str(value) for option, value in one.scalars("options").items()}
                built = own if own.is_file() else None
                firmware[name] = SecureFirmware(tree, built, common | more, _overlays(one))
        return SecureWorld(entry.text("property"), entry.text("dtb"), firmware, entry.integer("base"))


def _boot_card(table: Table) -> BootCard | None:
    """Return what the boot ROM may start: on a board that has OP-TEE start U-Boot."""
    if not table.has("boot_card"):
        return None
    with table.table("boot_card") as entry:
        config = entry.path.parent / entry.text("config")
        if not config.is_file():
            entry.refuse(f"config: no file {config.name!r} beside it", "config")
        options = {name: str(value) for name, value in entry.scalars("options").items()}
        return BootCard(entry.text("property"), entry.text("fsbl"), config, options)


def _overlays(table: Table) -> tuple[Path, ...]:
    """Return the overlays' files; they are beside the board's."""
    overlays = []
    for index, name in enumerate(table.texts("overlays", ())):
        overlays.append(table.path.parent / name)
        if not overlays[-1].is_file():
            table.refuse(f"overlays: no file {name!r} beside it", "overlays", index)
    return tuple(overlays)


def _variants(table: Table, remotes: Iterable[RemoteCore]) -> dict[str, Variant]:
    """Return the variants by name; the remotes of each are some of the board's."""
    variants: dict[str, Variant] = {}
    cores = [remote.core for remote in remotes]
    for name, entry in table.named("variants"):
        variants[name] = Variant(_overlays(entry), entry.texts("remotes"))
        for index, core in enumerate(variants[name].remotes):
            if core not in cores:
                entry.refuse(f"remotes: {core!r} is the core of no remote", "remotes", index)
    return variants


def _serials(table: Table) -> tuple[Serial, ...]:
    serials: list[Serial] = []
    for entry in table.tables("serial"):
        serial = Serial(entry.text("name"), entry.text("core"), entry.choice("role", ROLES))
        if serial.name in [other.name for other in serials]:
            entry.refuse(f"two serial lines are called {serial.name!r}", "name")
        if not re.fullmatch(r"\w[\w.-]*", serial.name) or serial.name in LOGS:
            entry.refuse(f"name = {serial.name!r}: it names a log, which {', '.join(LOGS)} do already", "name")
        if serial.core == "qemu":
            entry.refuse("core = 'qemu': so is called what QEMU itself prints", "core")
        if serial.role == "shell" and "shell" in [other.role for other in serials]:
            entry.refuse("only one serial line can have the role 'shell'", "role")
        serials.append(serial)
    if "shell" not in [serial.role for serial in serials]:
        table.refuse("one serial line must have the role 'shell': Linux's console", "serial")
    return tuple(serials)


def _remotes(table: Table, serials: Iterable[Serial]) -> tuple[RemoteCore, ...]:
    """Return the remotes: no two are one core, one instance of remoteproc or one of QEMU's CPUs."""
    remotes: list[RemoteCore] = []
    for entry in table.tables("remote", ()):
        remote = _remote(entry, serials)
        for key in ("core", "instance", "cpu"):
            if getattr(remote, key) in [getattr(other, key) for other in remotes]:
                entry.refuse(f"two remotes have {key} = {getattr(remote, key)!r}", key)
        remotes.append(remote)
    return tuple(remotes)


def _remote(table: Table, serials: Iterable[Serial]) -> RemoteCore:
    cores = {serial.core for serial in serials}
    with table:
        windows, aliases = _windows(table)
        remote = RemoteCore(
            core=table.text("core"),
            soc=table.text("soc"),
            driver=table.text("driver"),
            instance=table.text("instance"),
            control=table.text("control"),
            cpu=table.integer("cpu"),
            windows=windows,
            preload=table.text("preload", ""),
            preload_table=table.text("preload_table", ""),
            regions=_regions(table.optional("regions"), windows),
            elf_machine=table.integer("elf_machine", 0),
            profile=table.choice("profile", PROFILES, ""),
            vectors=table.integer("vectors", 0),
            aliases=aliases,
            mailbox=_mailbox(table.table("mailbox"), cores) if table.has("mailbox") else None,
            interrupts=_interrupts(table.optional("interrupts")),
            registers=tuple(_register(entry) for entry in table.tables("register", ())),
        )
        if remote.core in [serial.core for serial in serials if serial.role == "shell"]:
            table.refuse(f"core {remote.core!r} runs Linux: the remote is another", "core")
        return remote


def _interrupts(table: Table) -> dict[str, str]:
    with table:
        return {name: table.pattern(name) for name in table}


def _register(table: Table) -> Register:
    with table:
        with table.table("values") as states:
            for state in states:
                if state not in STATES:
                    states.refuse(f"no state {state!r} of remoteproc: {', '.join(STATES)}", state)
            values = {state: states.integer(state) for state in states}
        return Register(table.text("name"), table.integer("address"), table.integer("mask", 0xFFFFFFFF), values)


def _mailbox(table: Table, cores: Container[str]) -> Mailbox:
    with table:
        with table.optional("unanswered") as properties:
            for core in properties:
                if core not in cores:
                    properties.refuse(f"unanswered: no core {core!r} has a serial line", core)
            unanswered = {core: properties.text(core) for core in properties}
        return Mailbox(table.text("path"), unanswered)


def _windows(table: Table) -> tuple[tuple[Window, ...], tuple[Window, ...]]:
    """Return windows and aliases: the remote has each address once, the host has each window once."""
    windows = tuple(Window(*row) for row in table.rows("windows", 3))
    aliases = tuple(Window(*row) for row in table.rows("aliases", 3, ()))
    places = [("windows", index, window) for index, window in enumerate(windows)]
    places += [("aliases", index, window) for index, window in enumerate(aliases)]
    for (key, index, one), (later_key, later, two) in itertools.combinations(places, 2):
        for whose, first, second in (("remote", one.remote, two.remote), ("host", one.host, two.host)):
            if whose == "host" and later_key == "aliases":
                continue
            if first < second + two.size and second < first + one.size:
                table.refuse(
                    f"{later_key}: it overlaps with {key}, number {index + 1}, for the {whose}", later_key, later
                )
    return windows, aliases


def _regions(table: Table, windows: Iterable[Window]) -> dict[str, Region]:
    regions: dict[str, Region] = {}
    with table:
        for name in table:
            region = Region(*table.row(name, 2))
            end = region.address + region.size
            if not any(w.remote <= region.address and end <= w.remote + w.size for w in windows):
                table.refuse(f"{name}: no window holds {region.address:#x} to {end:#x}", name)
            for other, there in regions.items():
                if region.address < there.address + there.size and there.address < end:
                    table.refuse(f"{name} and {other} overlap", name)
            regions[name] = region
    return regions


def _guest_errors(table: Table, cores: list[str], remotes: Iterable[RemoteCore]) -> tuple[AcceptedError, ...]:
    known = list(dict.fromkeys(["any", *cores, *(remote.core for remote in remotes)]))
    with table.optional("guest_errors") as errors:
        allowed = []
        for entry in errors.tables("allowed", ()):
            one = AcceptedError(entry.choice("core", known), entry.pattern("pattern"), entry.text("why"))
            if not one.why.strip():
                entry.refuse("why: a reason is expected", "why")
            allowed.append(one)
        return tuple(allowed)
