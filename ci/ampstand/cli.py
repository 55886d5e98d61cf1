# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The command line: reads it, calls the module that does the work, turns every failure into message and exit code."""

from __future__ import annotations

import argparse
import atexit
import errno
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import gettempdir
from types import ModuleType
from typing import Any

from ampstand import __version__, paths, signals
from ampstand.board import Board
from ampstand.build import mail
from ampstand.build.builder import PARTS, Builder, BuildOptions
from ampstand.build.bundle import Bundled
from ampstand.build.cache import Cache
from ampstand.build.sources import Sources, specs
from ampstand.commands import doctor, footprint, series
from ampstand.errors import INTERRUPTED, AmpstandError, InfrastructureError, UsageError
from ampstand.progress import Progress, Times
from ampstand.report import github
from ampstand.report.results import Run

LATER = {
    "bench": "measure boot times, round trips, throughput and idle load",
}
"""Commands that live in modules of their own: ``add_arguments(parser)`` and ``main(args, artifacts, board)``."""
ALONE = {
    "list": "list boards, features, images, faults or scenarios, by the names that other commands take",
    "inspect": "say what a firmware file is, and what Linux and the remote make of it",
    "compare": "say what differs between two runs, from their records",
    "open": "go on from where a scenario failed, with its consoles or gdb",
    "coverage": "say which lines of Linux and of the firmware a run with --coverage has executed",
}
"""Commands that need no build: ``add_arguments(parser)`` and ``main(args)``."""
BUILDING = {
    "demo": "boot both systems, exchange messages, say what happened",
    "run": "boot both systems and hand over the Linux console; or run firmware without Linux",
    "gdb": "the same boot under gdb, with both clusters attached",
    "twister-device": "be a device that Zephyr's twister runs its tests on",
    "test": "run every test",
    "review": "say what a series of patches to Linux changes, as a report for the list",
    "measure": "run probes in exact mode: instructions and virtual time, the same in every run",
    "corpus": "try known bugs: each must fail the test that is for it",
    "mutate": "try mechanical bugs, all in one build: does a test see each?",
    "bundle": "pack what was built, to be used on machines without compilers",
}
"""Commands that decide themselves what to build: ``main(args, builder, progress)``."""
BUNDLE: dict[str, Any] = {
    "type": Path,
    "metavar": "FILE|DIR",
    "help": "all of it from what `ampstand bundle` packed, so that nothing is built (default: $AMPSTAND_BUNDLE)",
}
"""Stands before the command as well as behind it."""
OF_SEVERAL_BOARDS = ("setup", "test", "bundle")
WITHOUT_BUNDLE = ("setup", "build", "bundle", "review", "corpus", "mutate")
"""Commands that build, and nothing else, or compare what they build."""
NO_SPACE = 1 << 20
"""Bytes: a disk with less is full."""
EXIT_CODES = (
    "exit codes: 0 done and passed, 1 tests failed, 2 wrong usage, "
    "3 set-up, build or boot failed, 4 nothing ran, 130 interrupted"
)


def _build_arguments() -> argparse.ArgumentParser:
    """Return the options of every command that builds: each has its own, and may set a default of its own."""
    parser = argparse.ArgumentParser(add_help=False)
    group = parser.add_argument_group("what is built from what")
    group.add_argument(
        "--board",
        default="stm32mp157c-dk2",
        metavar="NAME",
        help="a board of configs/boards, or a file; for setup, test and bundle also several, or all",
    )
    group.add_argument("--bundle", **BUNDLE, default=argparse.SUPPRESS)
    for entry in specs():
        group.add_argument(entry.option, type=Path, metavar="DIR", help=f"{entry.title} from this folder")
    group.add_argument("--qemu", type=Path, metavar="FILE", help="an installed qemu-system-aarch64 that has the board")
    group.add_argument(
        "--kernel-config",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a fragment, or a complete .config (repeatable)",
    )
    group.add_argument(
        "--kernel-patches",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a mailbox or a patch that Linux is built with (repeatable, in their order)",
    )
    group.add_argument("--kernel", type=Path, metavar="FILE", help="a ready kernel image; it needs --dtb")
    group.add_argument("--modules", type=Path, metavar="DIR", help="the modules of --kernel: .../lib/modules/RELEASE")
    group.add_argument("--llvm", action="store_true", help="build the kernel with clang and the LLVM tools")
    group.add_argument(
        "--kernel-series", default="", metavar="N.M", help="Linux of this series from Debian (6.1, 6.12, 7.3, ...)"
    )
    group.add_argument("--dtb", type=Path, metavar="FILE", help="device tree in place of the board's in-tree one")
    group.add_argument("--debug-info", action="store_true", help="build QEMU and Linux with debug information")
    group.add_argument(
        "-j", "--jobs", type=int, default=0, metavar="N", help="compilers at a time (default: all cores)"
    )
    return parser


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of the whole command line.

    With its words only the command that they name gets its options: to import all modules takes longer than some runs.
    """
    after = list(words[2:] if words[:1] == ["--bundle"] else words)
    wanted = next((word for word in after if not word.startswith("-")), "")
    top = argparse.ArgumentParser(
        prog="ampstand",
        description="Boots Linux and an RTOS together on QEMU models of heterogeneous SoCs, and tests them.",
        epilog=EXIT_CODES,
    )
    top.add_argument("--version", action="version", version=f"ampstand {__version__}")
    top.add_argument("--bundle", **BUNDLE, default=os.environ.get("AMPSTAND_BUNDLE") or None)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    setup = commands.add_parser(
        "setup", parents=[_build_arguments()], help="fetch and build everything; later commands need no network"
    )
    setup.add_argument("--update", action="store_true", help="look for newer versions of the packages used as sources")
    commands.add_parser("doctor", help="say what is missing on this machine and how to get it")
    build = commands.add_parser("build", parents=[_build_arguments()], help="build, and print where the results are")
    build.add_argument("part", nargs="?", choices=(*PARTS, "all"), default="all")
    build.add_argument("--json", type=Path, metavar="FILE", help="also write where they are (part all only)")
    for name, text in ALONE.items():
        command = commands.add_parser(name, help=text, epilog=EXIT_CODES)
        if wanted in ("", name):
            _later(name).add_arguments(command)
    for name, text in (LATER | BUILDING).items():
        command = commands.add_parser(name, parents=[_build_arguments()], help=text)
        if wanted in ("", name):
            _later(name).add_arguments(command)
    show = commands.add_parser("footprint", parents=[_build_arguments()], help="show the size of each remote image")
    show.add_argument("--json", action="store_true", help="the measured file as it is")
    patches = commands.add_parser("qemu-series", help="write our additions to QEMU as a patch series")
    patches.add_argument("--output", type=Path, required=True, metavar="DIR", help="a new or empty folder")
    patches.add_argument("--qemu-src", type=Path, metavar="DIR", help="the plain tree that they are for")
    summary = commands.add_parser("summary", help="show the record of a run as Markdown, as for a GitHub job")
    summary.add_argument("results", nargs="+", type=Path, metavar="RESULTS.jsonl")
    shells = commands.add_parser("completion", help="print what makes a shell complete words of this command line")
    shells.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    clean = commands.add_parser("clean", help="remove build trees and artifacts from the cache folder")
    clean.add_argument("--all", action="store_true", help="also the sources and the compiler cache")
    clean.add_argument(
        "--older-than", type=_days, default=0.0, metavar="DAYS", help="only what was not used for so many days"
    )
    for command in commands.choices.values():
        command.set_defaults(parser=command)  # for the command that does the same again
    return top


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r}: a number of days is expected")
    return days


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of the whole command line and that of each command, by what one types."""
    top = parser()
    (commands,) = (action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    return {top.prog: top} | {f"{top.prog} {name}": command for name, command in commands.choices.items()}


def completion(shell: str) -> str:
    """Return a script with which a shell completes commands, options and files."""
    import shtab  # of use to this command only

    top, *commands = parsers().values()
    for command in (top, *commands):
        for action in command._actions:
            if action.type is Path and not action.choices:
                action.complete = shtab.FILE  # type: ignore[attr-defined]  # the way shtab wants it
    return str(shtab.complete(top, shell))


def _later(name: str) -> ModuleType:
    """Return the module of a command."""
    return importlib.import_module(f"ampstand.commands.{name.replace('-', '_')}")


def options_from(args: argparse.Namespace) -> BuildOptions:
    """Return the build options on a command line; raise when two of them cannot be together."""
    for one, other in (("kernel", "kernel_src"), ("kernel", "kernel_series"), ("kernel_src", "kernel_series")):
        if getattr(args, one) and getattr(args, other):
            names = [f"--{name.replace('_', '-')}" for name in (one, other)]
            raise UsageError(f"{' and '.join(names)} both say which kernel", hint="give one of them")
    if args.kernel and (args.llvm or args.kernel_config or args.kernel_patches):
        raise UsageError(
            "--kernel is a ready kernel: --llvm, --kernel-config and --kernel-patches have nothing to build"
        )
    if args.modules and not args.kernel:
        raise UsageError("--modules are those of a ready kernel", hint="name it as well: --kernel FILE --dtb FILE")
    plain = BuildOptions()
    return BuildOptions(
        bundle=args.bundle and Path(args.bundle),
        qemu_src=args.qemu_src,
        kernel_src=args.kernel_src,
        freertos_src=args.freertos_src,
        busybox_src=args.busybox_src,
        tf_a_src=args.tf_a_src,
        u_boot_src=args.u_boot_src,
        optee_src=args.optee_src,
        qemu=args.qemu,
        kernel_config=tuple(args.kernel_config),
        kernel_patches=_patches(args.kernel_patches),
        kernel=args.kernel,
        modules=args.modules,
        llvm=args.llvm,
        kernel_series=args.kernel_series,
        dtb=args.dtb,
        debug_info=args.debug_info,
        kernel_debug_info=getattr(args, "coverage", False),
        jobs=args.jobs or plain.jobs,
    )


def _patches(files: Sequence[Path]) -> tuple[Path, ...]:
    """Return the patches in the user's files, as files that are there until this process ends."""
    if not files:
        return ()
    folder = Path(tempfile.mkdtemp(prefix="ampstand-patches-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return tuple(patch.path for patch in mail.series(files, folder, Progress().say))


def clean(*, everything: bool, days: float) -> int:
    """Remove build trees and artifacts; with ``everything`` also sources and the compiler cache.

    With ``days`` only what was not used for so long.
    """
    cache, progress = Cache(), Progress()
    names = ["artifacts", "work", "boots"]
    names += ["sources"] if everything else []
    names += ["logs", *(["apt", "ccache"] if everything else [])] if not days else []
    with cache.alone():
        for path in cache.clean(names, unused=days * 86400):
            progress.say(f"removed {path}")
    return 0


def dispatch(args: argparse.Namespace, progress: Progress) -> int:
    """Carry out a command and return the exit code."""
    if args.command == "doctor":
        return doctor.main()
    if args.command == "completion":
        print(completion(args.shell), end="")
        return 0
    if args.command == "clean":
        return clean(everything=args.all, days=args.older_than)
    if args.command == "summary":
        print("\n".join(github.markdown(Run.load(path)) for path in args.results), end="")
        return 0
    if args.command == "qemu-series":
        plain = Sources(Cache(), progress, {"qemu": args.qemu_src}).get("qemu")
        for path in series.write(args.output, plain.path):
            print(path)
        return 0
    if args.command in ALONE:
        return int(_later(args.command).main(args))
    if args.command in OF_SEVERAL_BOARDS:
        args.board, *args.other_boards = _later("test").boards(args.board)
        if args.other_boards and (args.kernel or args.dtb):
            raise UsageError("--kernel and --dtb are of one board", hint="name one: --board NAME")
    board = Board.load(args.board)
    options = options_from(args)
    if options.bundle is not None and args.command in WITHOUT_BUNDLE:
        raise UsageError(
            f"{args.command} builds, which a bundle is no help for", hint="leave --bundle and AMPSTAND_BUNDLE out"
        )
    builder = (Builder if options.bundle is None else Bundled)(board, options, progress)
    if args.command in BUILDING:
        return int(_later(args.command).main(args, builder, progress))
    if args.command == "footprint":
        return footprint.show(builder.footprint(), as_json=args.json)
    if args.command == "build" and args.part != "all":
        print(getattr(builder, args.part)())
        return 0
    if args.command == "setup" and args.update:
        for entry in specs():
            if not entry.optional or builder.sources.known(entry.name) is not None:
                builder.sources.get(entry.name, update=True)
    artifacts = builder.all()
    if args.command == "setup":
        for name in args.other_boards:
            Builder(Board.load(name), options, progress).all()
        progress.say("everything is set up; from now on no network is needed")
        return 0
    if args.command == "build":
        if args.json is not None:
            artifacts.dump(args.json)
        for name in ("qemu", "kernel", "dtb", "initramfs", "footprint"):
            print(f"{name:10} {getattr(artifacts, name)}")
        for name, path in artifacts.firmware.items():
            print(f"{name:18} {path}")
        return 0
    return int(_later(args.command).main(args, artifacts, board))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    signals.end_on_signals()
    args = parser(sys.argv[1:] if argv is None else argv).parse_args(argv)
    progress = Progress()
    try:
        progress.times = Times(Cache().root / "times.json")
        return dispatch(args, progress)
    except AmpstandError as error:
        progress.say(f"ampstand: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        progress.say("ampstand: interrupted; the next call goes on from here")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        failure = failure_of(error, [getattr(args, name, None) for name in ("output", "records")])
        progress.say(f"ampstand: {failure}")
        return failure.exit_code


def failure_of(error: OSError, folders: Iterable[Path | None]) -> InfrastructureError:
    """Return what to say of an error of the system: of a full disk, which of the folders that are written is on it."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return InfrastructureError(f"{error.filename or 'system'}: {error.strerror}", hint="see `ampstand doctor`")
    written = [
        *(folder for folder in folders if folder is not None),
        paths.records_root(),
        Cache().root,
        Path(gettempdir()),
    ]
    there = [next(path for path in (folder, *folder.absolute().parents) if path.is_dir()) for folder in written]
    full = list(dict.fromkeys(str(folder) for folder in there if shutil.disk_usage(folder).free < NO_SPACE))
    return InfrastructureError(
        f"no space left on the disk of {' and '.join(full) or error.filename or 'a file that was written'}",
        hint="free some space, or name folders on a larger disk: --records, --output, AMPSTAND_CACHE, TMPDIR",
    )
