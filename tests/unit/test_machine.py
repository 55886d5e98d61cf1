# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import itertools
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import pytest
from stand import artifacts, write_board

from ampstand.board import Board
from ampstand.errors import InfrastructureError, TestsFailed, UsageError
from ampstand.formats import cpio
from ampstand.linux.machine import LinuxMachine
from ampstand.qemu import process as process_module
from ampstand.qemu.machine import ONE_HEAP, BootError, CoreDiedError, QemuEndedError, QmpRefusedError, WaitError
from ampstand.qemu.process import Process
from ampstand.report.records import Recorder


def make(folder: Path, mode: str = "good", boot: float = 10.0) -> LinuxMachine:
    """Return a machine that is not started."""
    return LinuxMachine(Board.load(write_board(folder, mode, boot)), artifacts(folder), Recorder(folder / "records"))


def gone(pid: int) -> bool:
    """Whether no such process is left, not even a zombie."""
    return not Path(f"/proc/{pid}").exists()


def test_commands_give_output_and_exit_code(tmp_path: Path) -> None:
    with make(tmp_path).boot() as machine:
        host = machine.host
        assert host.run("echo one; echo two; false") == (["one", "two"], [], 1)
        assert host.run("printf 123") == (["123"], [], 0)
        assert host.run("true") == ([], [], 0)
        assert host.run("printf '\\n\\n'").stdout == ["", ""]
        lines = "a\n[  1.000000] dmesg prints what looks like a message\nb"
        assert host.text(f"printf '{lines}'") == lines
        with pytest.raises(TestsFailed, match="`exit_ 3` on the host ended with 127"):
            host.run_check("exit_ 3")
        with pytest.raises(UsageError, match="4000"):
            host.run("echo " + "x" * 5000)


def test_background_commands(tmp_path: Path) -> None:
    with make(tmp_path).boot() as machine:
        name = f"ampstand-test-{os.getpid()}"
        job = machine.host.start(name, "echo out; exit 5")
        assert machine.host.finish(job) == (["out"], [], 5)
        machine.host.run_check(f"rm /tmp/{name}.*")


def test_a_wait_that_fails_says_everything(tmp_path: Path) -> None:
    with make(tmp_path).boot() as machine:
        machine.rerun = "run me again"
        machine.consoles["usart3"].expect_line("remote says hello")
        began = time.monotonic()
        with pytest.raises(WaitError) as caught:
            machine.host.run("sleep 60", timeout=0.2, reason="the answer")
        assert time.monotonic() - began < 5
        text = str(caught.value)
        assert "timed out after 0.2 s waiting for the answer on host" in text
        assert "last lines of m4:\n  | remote says hello" in text
        assert f"records: {tmp_path / 'records'}" in text
        assert "run it again: run me again" in text


def test_qemu_that_ends_is_told_at_once(tmp_path: Path) -> None:
    with make(tmp_path).boot() as machine:
        pid = machine.process.pid
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises(QemuEndedError, match=r"signal 9 while waiting for .*never"):
            machine.host.console.expect("never", 30)
        assert time.monotonic() - began < 5
        assert not machine.alive
        assert gone(pid)


def test_what_qemu_says_before_it_ends_is_not_missed(tmp_path: Path) -> None:
    """Though its end is known before the thread that takes input comes to it."""
    with make(tmp_path).boot() as machine:
        machine.host.run_check("will-say host goodbye")
        machine._link._loop.call_soon_threadsafe(time.sleep, 2)
        os.kill(machine.process.pid, signal.SIGTERM)
        assert machine.host.console.expect_line("goodbye")
        assert machine.wait_end(5) == 0


WATCHDOG = '{"event": "WATCHDOG", "data": {"action": "reset"}}'
RESET = '{"event": "RESET", "data": {"guest": true, "reason": "guest-reset"}}'


@pytest.mark.parametrize(("events", "by"), [([RESET], "software"), ([WATCHDOG, RESET], "its watchdog")])
def test_a_reset_that_nobody_asked_for_is_the_end_of_linux(tmp_path: Path, events: list[str], by: str) -> None:
    with make(tmp_path).boot() as machine:
        said = "; ".join(f"say qmp '{event}'" for event in events)
        with pytest.raises(CoreDiedError, match=f"event of host at .*: the board was reset by {by}, and nobody"):
            machine.host.run(f"{said}; sleep 60")
        assert any(f"reset by {by}" in reason for reason in machine.records.verdict())


def test_a_reset_that_was_asked_for_is_none(tmp_path: Path) -> None:
    with make(tmp_path).boot() as machine:
        machine.host.run_check(f"say qmp '{RESET.replace('true', 'false')}'")  # by QMP, or its button
        mark = machine.event_mark()
        machine.end_linux(f"say qmp '{RESET}'")
        machine.wait_event("RESET", since=mark, timeout=5)
        assert not machine.records.verdict()


def test_qmp_and_events(tmp_path: Path) -> None:
    with make(tmp_path) as machine:
        assert machine.qmp("query-status")["running"] is True
        mark = machine.event_mark()
        machine.qmp("stop")
        assert machine.wait_event("STOP", since=mark, timeout=5)["event"] == "STOP"
        with pytest.raises(QmpRefusedError, match="nonsense has not been found"):
            machine.qmp("nonsense")


@pytest.mark.parametrize("dead_too", [True, False])
def test_what_is_awaited_of_qemu_may_come_after_a_cores_death(tmp_path: Path, dead_too: bool) -> None:
    with make(tmp_path).boot() as machine:
        with pytest.raises(CoreDiedError):
            machine.host.run("say host 'Internal error: Oops: 17'; sleep 60")
        mark, later = machine.event_mark(), threading.Thread(target=machine.qmp, args=["stop"])

        def stopped() -> bool | None:
            if later.ident is None:
                later.start()
                return None
            return machine.happened("STOP", since=mark) or None

        wait = partial(machine.wait, stopped, what="the stop", core="qemu", timeout=20)
        if dead_too:
            assert wait(dead_too=True)
        else:
            with pytest.raises(CoreDiedError, match=r"Oops(.|\n)*while waiting for the stop on qemu"):
                wait()
        later.join()


@pytest.mark.parametrize("ended", ["dies", "refuses"])
def test_boot_that_fails_is_infrastructure(tmp_path: Path, ended: str) -> None:
    machine = make(tmp_path, ended)
    with pytest.raises(BootError, match="exit status 3") as caught:
        machine.boot()
    assert "cannot do this" in str(caught.value)
    silent = make(tmp_path, "silent", boot=0.3)
    with silent, pytest.raises(BootError, match="waiting for the shell prompt"):
        silent.boot()
    assert isinstance(caught.value, InfrastructureError)


def test_stop_ends_a_qemu_that_does_not_want_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "STOP_TIMEOUT", 0.2)
    machine = make(tmp_path, "stubborn").boot()
    pid = machine.process.pid
    machine.stop()
    machine.stop()
    assert gone(pid)


@pytest.fixture
def short() -> Iterator[Path]:
    """Return a folder with a name that is short enough for sockets in it."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_qemu_never_outlives_the_harness(
    tmp_path: Path, short: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """Nor do its sockets, unless the harness is killed without a chance to remove them."""
    monkeypatch.setenv("TMPDIR", str(short))
    code = (
        "import sys, signal; from pathlib import Path; from stand import *; "
        "from ampstand.board import Board; from ampstand.linux.machine import LinuxMachine; "
        "from ampstand.report.records import Recorder; from ampstand.signals import end_on_signals; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); "  # a background job of a shell is born without
        "end_on_signals(); folder = Path(sys.argv[1]); "
        "m = LinuxMachine(Board.load(write_board(folder)), artifacts(folder), Recorder(folder / 'r')).boot(); "
        "print(m.process.pid, flush=True); m.host.run('sleep 60', 60)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    process = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
    )
    assert process.stdout is not None
    with process.stdout:
        pid = int(process.stdout.readline())
        assert not gone(pid)
        process.send_signal(number)
        process.wait(20)
    end = time.monotonic() + 10
    while not gone(pid) and time.monotonic() < end:
        time.sleep(0.01)
    assert gone(pid)
    assert bool(list(short.iterdir())) == (number == signal.SIGKILL)


def interrupt_at(step: int, run: Callable[[], object]) -> bool:
    """Run, with an interruption at this step; return whether it came that far.

    Steps are where CPython handles a signal: when a function written in Python begins, and when one in C has returned.
    It drops what is thrown while it tidies up (a generator, a weak reference).
    """
    steps = itertools.count()

    def profile(_frame: FrameType, event: str, _value: object) -> None:
        if event in ("call", "c_return") and next(steps) == step:
            raise KeyboardInterrupt

    try:
        sys.setprofile(profile)
        run()
    except KeyboardInterrupt:
        pass
    finally:
        sys.setprofile(None)
    return next(steps) > step


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited", "ignore:Exception ignored")
def test_an_interruption_leaves_nothing_locked(tmp_path: Path) -> None:
    """It may come between any two steps of the main thread: the other threads must be able to go on."""

    def wait_in_vain() -> None:
        machine.qmp("query-status")
        with pytest.raises(WaitError):
            machine.wait(lambda: None, what="nothing", core="host", timeout=0.001)

    with make(tmp_path) as machine:
        step = 0
        while interrupt_at(step, wait_in_vain):
            another = threading.Thread(target=machine.event_mark, daemon=True)
            another.start()
            another.join(5)
            assert not another.is_alive(), f"locked by an interruption at step {step}"
            assert machine.qmp("query-status")["running"] is True
            step += 1
        assert step > 50


def test_the_printed_command_needs_no_harness(tmp_path: Path) -> None:
    board = Board.load("stm32mp157c-dk2")
    machine = LinuxMachine(board, artifacts(tmp_path), Recorder(tmp_path / "records"), thread="single")
    words = shlex.split(machine.command_line())
    assert "unix:" not in " ".join(words)
    assert "socket" not in " ".join(words)
    assert words[words.index("-accel") + 1] == "tcg,thread=single,turn-ns=1000000"
    assert words[words.index("-append") + 1] == board.command_line
    serials = [words[at + 1] for at, word in enumerate(words) if word == "-serial"]
    assert serials == ["mon:stdio", "file:usart3.log", "file:uart7.log", "file:swo.log"]
    with pytest.raises(UsageError, match="thread=fast"):
        LinuxMachine(board, artifacts(tmp_path), Recorder(tmp_path), thread="fast")


def test_a_remote_before_the_host_is_a_property_of_the_machine(tmp_path: Path) -> None:
    board, build = Board.load("stm32mp157c-dk2"), artifacts(tmp_path)
    image = tmp_path / "a,b.elf"
    build.firmware["echo"] = image
    line = LinuxMachine(board, build, Recorder(tmp_path / "records"), preload="echo", preload_table=0x10).argv(
        paste=True
    )
    assert line[line.index("-M") + 1] == f"{board.machine},m4-firmware={tmp_path}/a,,b.elf,m4-resource-table=0x10"
    with pytest.raises(UsageError, match="preload=nosuch is not one of echo"):
        LinuxMachine(board, build, Recorder(tmp_path), preload="nosuch")
    with pytest.raises(UsageError, match="fake cannot start a remote before its host"):
        LinuxMachine(Board.load(write_board(tmp_path)), build, Recorder(tmp_path), preload="echo")


def test_after_a_reset_the_shell_is_gone(tmp_path: Path) -> None:
    with make(tmp_path).boot() as machine:
        machine.reset()
        assert not machine.host.get_status()


def test_added_files_are_in_the_initramfs_that_the_command_names(tmp_path: Path) -> None:
    build = artifacts(tmp_path)
    build.initramfs.write_bytes(b"the build's own")
    board = Board.load(write_board(tmp_path))
    machine = LinuxMachine(board, build, Recorder(tmp_path / "records"), files={"lib/firmware/x.elf": b"X"})
    added = tmp_path / "records" / "initramfs.cpio"
    for paste in (False, True):
        argv = machine.argv(paste=paste)
        assert argv[argv.index("-initrd") + 1] == str(added)
    assert added.read_bytes() == b"the build's own" + cpio.addition({"lib/firmware/x.elf": b"X"})
    assert build.initramfs.read_bytes() == b"the build's own"
    plain = LinuxMachine(board, build, Recorder(tmp_path / "plain")).argv()
    assert plain[plain.index("-initrd") + 1] == str(build.initramfs)


def test_of_a_bounded_cache_the_guests_ram_is_no_memory_of_qemus(tmp_path: Path) -> None:
    board = Board.load(write_board(tmp_path))
    words = LinuxMachine(board, artifacts(tmp_path), Recorder(tmp_path), translation_cache=8).argv()
    assert words[words.index("-accel") + 1].endswith(",tb-size=8")
    backend = dict(part.partition("=")[::2] for part in words[words.index("-object") + 1].split(","))
    assert backend["size"] == board.memory
    assert backend["share"] == "on"
    assert f"memory-backend={backend['id']}" in words
    assert "-object" not in LinuxMachine(board, artifacts(tmp_path), Recorder(tmp_path)).argv()


def test_qemu_starts_with_what_is_put_into_its_environment() -> None:
    said, ended = list[str](), threading.Event()
    process = Process(said.append, ended.set)
    process.start(["sh", "-c", "echo $HOME $MALLOC_ARENA_MAX"], ONE_HEAP)
    assert ended.wait(10)
    assert "".join(said).split() == [os.environ["HOME"], "1"]


@pytest.mark.parametrize(("mode", "cause"), [("dies", "exit status 3"), ("silent", "the shell prompt")])
def test_a_boot_that_fails_is_one_message(tmp_path: Path, mode: str, cause: str) -> None:
    """Nothing of what the harness stands on says anything of its own."""
    code = (
        "import sys; from pathlib import Path; from stand import *; from ampstand.board import Board; "
        "from ampstand.linux.machine import LinuxMachine; from ampstand.report.records import Recorder; "
        "folder = Path(sys.argv[1]); "
        f"m = LinuxMachine(Board.load(write_board(folder, {mode!r}, 0.3)), artifacts(folder), Recorder(folder / 'r'))\n"
        "try:\n    m.boot()\nexcept Exception as error:\n    print(error)\nfinally:\n    m.stop()"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, env=env, check=True)
    assert cause in done.stdout
    assert done.stderr == ""


def test_input_that_cannot_be_taken_is_no_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with make(tmp_path).boot() as machine:

        def fail(*_: object) -> str:
            raise RuntimeError("a bug of ours")

        monkeypatch.setattr(machine.host.console, "feed", fail)
        began = time.monotonic()
        with pytest.raises(InfrastructureError, match=r"RuntimeError: a bug of ours.*"):
            machine.host.run("echo lost", timeout=20)
        assert time.monotonic() - began < 15
