# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""A Debian for a board's SD card: its packages, a card on which they are unpacked, and what starts it.

Nothing runs here but the tools of this machine, without root where it has ``fakeroot``: no package's script, no
emulator, no loop device. The packages are configured on the board itself (``ampstand.linux.debian``).
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import sys
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ampstand import paths
from ampstand.board import Board
from ampstand.build import cache as cache_module
from ampstand.build import card, initramfs, kselftest, tools
from ampstand.build.builder import Builder
from ampstand.build.ready_kernel import LOAD, ReadyKernel, module_name
from ampstand.build.sources import Apt, Spec
from ampstand.errors import InfrastructureError, UsageError
from ampstand.formats import cpio

KSELFTEST = "/usr/local/kselftest"
"""Where the kernel's tests are on the card."""
CONFIGURE = "ampstand-configure"
"""The script in the root folder of a card whose packages are only unpacked; it removes itself."""
CONFIGURED = "ampstand: packages configured"
"""What the console says when all went well."""

INIT = """#!/bin/sh
# From the initramfs to Debian: modules, the root file system, our images and tools, the kernel's tests.
export PATH=/bin
mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
while read -r module; do insmod "/lib/modules/$module"; done </lib/modules/load
until [ -b {root} ]; do sleep 0.1; done
off() {{ sync; echo o >/proc/sysrq-trigger; exec sleep 60; }}
mount -o noatime {root} /mnt || off
mkdir -p /mnt/usr/lib/firmware /mnt/usr/local/bin /mnt{kselftest}
cp /lib/firmware/*.elf /mnt/usr/lib/firmware/
cp {tools} /mnt/usr/local/bin/
cp -r /kselftest/. /mnt{kselftest}/
if [ -x /mnt/{configure} ]; then
    for folder in dev proc sys; do mount --move "/$folder" "/mnt/$folder"; done
    chroot /mnt /{configure}
    for folder in sys proc dev; do mount --move "/mnt/$folder" "/$folder"; done
    umount /mnt
    off
fi
umount /proc /sys
mount --move /dev /mnt/dev
exec switch_root /mnt /sbin/init
"""

CONFIGURE_SCRIPT = """#!/bin/sh
set -e
rm /{configure}
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true INITRD=No LC_ALL=C PATH=/usr/sbin:/usr/bin
mount -t tmpfs none /run
dpkg --force-depends --configure base-passwd base-files
dpkg --configure -a
passwd -d root
systemctl enable systemd-networkd
systemctl disable systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer
rm -f /etc/machine-id /var/lib/dbus/machine-id
: >/etc/machine-id
# What follows from the packages is made: each boot is of the same card, and must not make it once more.
touch /etc/.updated /var/.updated
umount /run
echo '{configured}'
"""

NETWORK = """[Match]
Type=ether

[Network]
DHCP=yes
"""


@dataclass(frozen=True)
class Plan:
    """What ``configs/debian.toml`` says of a board."""

    size: int
    hostname: str
    series: str
    packages: tuple[str, ...]
    kernel: str
    architecture: str
    dtb: str
    modules: tuple[str, ...]
    root: str
    qemu: tuple[str, ...]
    kselftest: tuple[str, ...]
    """Collections of it."""
    accepted: tuple[dict[str, str], ...] = ()
    """Bad lines that mean nothing: ``pattern`` and ``why``."""

    @classmethod
    def of(cls, board: Board) -> Plan:
        """Return the board's; ``UsageError`` if it has none."""
        config = _config()
        entry = config["boards"].get(board.name)
        if entry is None:
            known = ", ".join(sorted(config["boards"]))
            raise UsageError(f"{board.name} boots no Debian", hint=f"boards that do: {known}")
        values: dict[str, Any] = {**config["system"], **entry}
        for name, value in values.items():
            values[name] = tuple(value) if isinstance(value, list) else value
        return cls(**values)

    @property
    def spec(self) -> Spec:
        """The kernel's package, in the words of the sources."""
        return Spec(
            "debian", "Debian", "binary", self.kernel, self.series, "", "", 1500, architecture=self.architecture
        )


@functools.cache
def _config() -> dict[str, Any]:
    with (paths.CONFIGS / "debian.toml").open("rb") as file:
        return tomllib.load(file)


def kselftest_collections() -> list[str]:
    """Return which collections of kselftest are on the card."""
    return list(_config()["system"]["kselftest"])


@dataclass(frozen=True)
class Parts:
    """What boots a Debian, apart from its card."""

    kernel: Path
    dtb: Path
    initramfs: Path
    release: str
    qemu: tuple[str, ...]
    """QEMU's arguments, with ``{image}`` for the card."""

    def arguments(self, image: Path, *, snapshot: bool) -> list[str]:
        """Return QEMU's arguments for a card; with ``snapshot`` what is written to it is gone with QEMU."""
        name = str(image).replace(",", ",,") + (",snapshot=on" if snapshot else "")
        return [word.replace("{image}", name) for word in self.qemu]

    def dump(self, card: Path, path: Path) -> None:
        """Write this and the card as JSON, for ``pytest --ampstand-debian``."""
        path.write_text(json.dumps({**asdict(self), "card": card}, indent=2, default=str) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> tuple[Parts, Path]:
        """Read what ``dump`` wrote."""
        raw = json.loads(path.read_text(encoding="utf-8"))
        kernel, dtb, initramfs = (Path(raw[name]) for name in ("kernel", "dtb", "initramfs"))
        return cls(kernel, dtb, initramfs, str(raw["release"]), tuple(raw["qemu"])), Path(raw["card"])


class Debian:
    """The Debian of one board."""

    def __init__(self, builder: Builder) -> None:
        """Use what the builder has: cache, busybox, firmware, tools."""
        self.builder = builder
        self.plan = Plan.of(builder.board)

    def packages(self) -> Path:
        """Return a folder with the packages, as the mirror had them when they were wanted first."""
        plan, builder = self.plan, self.builder
        wanted = [plan.kernel, *plan.packages]
        inputs = {"packages": " ".join(wanted), "architecture": plan.architecture, "series": plan.series}

        def make(scratch: Path) -> None:
            builder.cache.need_space("Debian", plan.spec.space)
            apt = Apt(builder.cache)
            apt.refresh(plan.spec, builder.progress)
            with builder.progress.step("Debian: fetching packages") as step:
                apt.fetch_all(plan.spec, ["?essential", *wanted], scratch, step, builder.progress)

        return builder.cache.artifact("debian-packages", inputs, make, builder.progress)

    def unpacked(self) -> Path:
        """Return a folder with ``card.img``: every package unpacked, none configured."""
        plan, builder, debs = self.plan, self.builder, self.packages()
        files = {
            "etc/hostname": f"{plan.hostname}\n",
            "etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {plan.hostname}\n",
            "etc/fstab": f"{plan.root} / ext4 noatime 0 1\n",
            "etc/systemd/network/ether.network": NETWORK,
            CONFIGURE: CONFIGURE_SCRIPT.format(configure=CONFIGURE, configured=CONFIGURED),
        }
        inputs = {
            "packages": debs.name,
            "size": str(plan.size),
            "card": cache_module.file_hash(Path(card.__file__)),
            **{f"file {name}": text for name, text in files.items()},
        }

        def make(scratch: Path) -> None:
            needed = {
                "dpkg-deb": "dpkg",
                "mke2fs": "e2fsprogs",
                **({} if os.geteuid() == 0 else {"fakeroot": "fakeroot"}),
            }
            if missing := [package for tool, package in needed.items() if shutil.which(tool) is None]:
                names = " ".join(missing)
                raise InfrastructureError(f"a card with Debian needs {names}", hint=f"as root: apt-get install {names}")
            extra = scratch / "files"
            for name, text in files.items():
                (extra / name).parent.mkdir(parents=True, exist_ok=True)
                (extra / name).write_text(text, encoding="utf-8")
            (extra / CONFIGURE).chmod(0o755)
            # Owners of files: real ones for root, else those that fakeroot remembers.
            argv = [] if os.geteuid() == 0 else ["fakeroot", "--"]
            argv += [sys.executable, "-P", "-m", "ampstand.build.card", str(debs), str(extra), str(plan.size)]
            with builder.progress.step("Debian: unpacking packages") as step:
                tools.run(
                    [*argv, str(scratch / "card.img")],
                    what="making the card",
                    log=builder.cache.logs / "debian.log",
                    step=step,
                    env={"PYTHONPATH": str(Path(__file__).parents[2])},
                    watch=lambda line, step: step.update(line.strip()[:60]),
                )
            shutil.rmtree(extra)

        return builder.cache.artifact("debian-unpacked", inputs, make, builder.progress)

    def boot(self) -> Parts:
        """Return Debian's own kernel and device tree, and an initramfs with its modules that finds the card."""
        kernel = self._kernel()
        release = (kernel / "release").read_text(encoding="utf-8").strip()
        initramfs = self._initramfs(kernel) / "initramfs.cpio"
        return Parts(kernel / "vmlinuz", kernel / "board.dtb", initramfs, release, self.plan.qemu)

    def _kernel(self) -> Path:
        """Return a folder with ``vmlinuz``, ``board.dtb``, ``release`` and the modules that reach the card."""
        builder, plan, debs = self.builder, self.plan, self.packages()
        inputs = {"packages": debs.name, "modules": " ".join(plan.modules), "dtb": plan.dtb}

        def make(scratch: Path) -> None:
            tree = scratch / "tree"
            # The package of that name only depends on one with the kernel's release in its name.
            for deb in sorted(debs.glob("linux-image-*.deb")):
                with builder.progress.step(f"Debian: {deb.name}") as step:
                    tools.run(
                        ["dpkg-deb", "-x", str(deb), str(tree)],
                        what="unpacking Debian's kernel",
                        log=builder.cache.logs / "debian.log",
                        step=step,
                    )
            image = next(iter(sorted((tree / "boot").glob("vmlinuz-*"))), None)
            dtb = next(iter(sorted(tree.glob(f"usr/lib/linux-image-*/**/{plan.dtb}"))), None)
            if image is None or dtb is None:
                raise InfrastructureError(f"{plan.kernel} has no kernel, or no {plan.dtb}")
            ready = ReadyKernel.find(image, tree, builder.arch)
            modules, order = ready.modules(plan.modules)
            builtin = next(tree.glob("**/modules.builtin")).read_text(encoding="utf-8").split()
            there = {module_name(Path(name)) for name in (*modules, *builtin)}
            if absent := [name for name in plan.modules if name.replace("-", "_") not in there]:
                raise InfrastructureError(
                    f"Debian's Linux {ready.release} has no {', '.join(absent)}", hint="see configs/debian.toml"
                )
            shutil.copy(image, scratch / "vmlinuz")
            shutil.copy(dtb, scratch / "board.dtb")
            (scratch / "release").write_text(f"{ready.release}\n", encoding="utf-8")
            (scratch / "modules").mkdir()
            for name, data in modules.items():
                (scratch / "modules" / name).write_bytes(data)
            (scratch / "modules" / LOAD).write_text("".join(f"{name}\n" for name in order), encoding="utf-8")
            shutil.rmtree(tree)

        return builder.cache.artifact("debian-kernel", inputs, make, builder.progress)

    def _initramfs(self, kernel: Path) -> Path:
        """Return a folder with the initramfs."""
        builder, plan, host = self.builder, self.plan, self.builder.host()
        busybox, images = builder.sources.get("busybox"), builder.images()
        programs = sorted(path for path in (host / "bin").iterdir() if path.name != "init")
        names = " ".join(f"/bin/{path.name}" for path in programs)
        text = INIT.format(root=plan.root, configure=CONFIGURE, tools=names, kselftest=KSELFTEST)
        selftests = kselftest.build(builder, plan.kselftest)
        inputs = {
            "busybox": busybox.identity,
            "init": text,
            "kernel": kernel.name,
            "host": host.name,
            "kselftest": selftests.parent.name,
            "composer": cache_module.file_hash(Path(initramfs.__file__)),
            "archive": cache_module.file_hash(Path(cpio.__file__)),
            "images": " ".join(f"{name}={cache_module.file_hash(path)}" for name, path in images.items()),
        }

        def make(scratch: Path) -> None:
            init = scratch / "init"
            init.write_text(text, encoding="utf-8")
            data = initramfs.compose(
                init=init,
                tools=programs,
                busybox=next(path for path in sorted(busybox.path.glob("**/bin/busybox"))),
                firmware=images,
                modules=sorted((kernel / "modules").iterdir()),
                folders={"kselftest": selftests},
            )
            (scratch / "initramfs.cpio").write_bytes(data)

        return builder.cache.artifact("debian-initramfs", inputs, make, builder.progress)
