# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Linux's remoteproc starts signed images through the secure world: our module asks OP-TEE in place of the registers.

What a remote does that Linux starts by itself, it does here, too: the functions of those scenarios are taken as they
are. What is different is below: images are refused, and some of what remoteproc can do is not Linux's to do.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from test_crash import (  # noqa: F401
    test_crash_of_a_stopped_remote_is_ignored,
    test_remote_crashes_silently_and_is_started_again,
)
from test_lifecycle import (  # noqa: F401
    OPERATIONS,
    run_cell,
    test_image_without_a_table_after_one_with,
    test_images_in_turn,
    test_start_and_stop_at_once_100_times,
    test_start_twice_stop_once_leaves_it_running,
    test_stop_is_announced_to_the_remote,
    test_stop_under_traffic_on_a_char_endpoint,
)
from test_recovery import crash, test_recovery  # noqa: F401
from test_signed_firmware import other_key
from test_sleep import (  # noqa: F401
    sleeper,
    test_message_wakes_remote,
    test_remote_wakes_itself,
    test_remote_wakes_linux,
)

from ampstand.build.artifacts import Artifacts
from ampstand.formats import signed
from ampstand.linux.machine import LinuxMachine
from ampstand.linux.remote import CRASH_SERVICE, Remote
from ampstand.linux.secure_remote import REFUSED, SecureRemote, place
from ampstand.linux.shell import Shell

pytestmark = [
    pytest.mark.needs(
        "secure",
        "remoteproc",
        "rpmsg-tty",
        "rpmsg-char",
        "trace",
        "remote-console",
        "lockup",
        "remote-watchdog",
        "remote-sleep",
    ),
    pytest.mark.secure("remoteproc"),
    pytest.mark.thorough,
]

IMAGE = "echo-bare"
SERVICES = ["rpmsg-tty", "rpmsg-tty", "rpmsg-raw"]
BAD = "bad"
DRIVER = "/sys/bus/platform/drivers/rproc-tee"


@pytest.fixture
def secure(remote: Remote) -> SecureRemote:
    """Return the remote of the shared board, with a look at what is left of an image in its memory."""
    return SecureRemote(remote.machine, IMAGE)


def talk(remote: Remote, image: str = IMAGE) -> None:
    """Start an image that echoes, let it, and stop it."""
    remote.start(image, services=SERVICES)
    assert remote.echo_tty(options="-n 20")["messages"] == 20
    assert remote.echo_char(options="-n 20")["messages"] == 20
    remote.stop()


@pytest.mark.needs("rpmsg-sample")
@pytest.mark.parametrize("endpoints", [0, 8])
@pytest.mark.parametrize("operation", [name for name, steps in OPERATIONS.items() if not steps.vdev])
def test_matrix(remote: Remote, operation: str, endpoints: int) -> None:
    """Whatever is taken away under whatever load, everything is back afterwards, once, and works."""
    run_cell(remote, operation, IMAGE, endpoints)


def test_nothing_is_left_of_an_image(secure: SecureRemote, system: str) -> None:
    """After a stop the remote is held, and its memory is cleared."""
    for _ in range(3):
        secure.start(f"echo-{system}", services=SERVICES)
        assert secure.core_state() == "running"
        assert "echo" in secure.trace()
        assert secure.echo_tty()["messages"] == 100
        secure.stop()
        assert secure.core_state() == "held"
        assert secure.held_segments() == []


def flip(data: bytes, part: str) -> bytes:
    """Return a signed image with one bit of a part changed."""
    return signed.flipped(data, signed.parts(data)[part])


# How an image is spoiled, what writes say of the start, and the TEE_Result that Linux's log has.
SIGNATURE, CHANGED, WRONG = 0xFFFF3072, 0xFFFF000F, 0xFFFF0006
BAD_IMAGES: dict[str, tuple[Callable[[bytes], bytes], str, int]] = {
    "header": (lambda data: flip(data, "header: magic"), "Invalid argument", WRONG),
    "signature": (lambda data: flip(data, "signature"), "Key was rejected by service", SIGNATURE),
    "hash-table": (lambda data: flip(data, "TLV: hash table"), "Key was rejected by service", SIGNATURE),
    "first-segment": (lambda data: flip(data, "segment 0"), "Key was rejected by service", CHANGED),
    "other-key": (other_key, "Key was rejected by service", SIGNATURE),
    "half": (lambda data: data[: len(data) // 2], "Invalid argument", WRONG),
    "tail": (lambda data: data + bytes(8), "Invalid argument", WRONG),
}


def refused(remote: SecureRemote, answer: str, result: int) -> None:
    """Start the image that is chosen: it must be refused, and nothing of it may be left."""
    remote.machine.expect_bad(f"remoteproc0: secure world refuses load: {result:#x}", "host")
    remote.machine.expect_bad(r"remoteproc0: Boot failed: -\d+", "host")
    remote.machine.tolerate_bad(REFUSED, "an image is refused", "host")
    assert answer in remote.host.run(f"echo start >{remote.sysfs}/state").output
    assert (remote.state(), remote.core_state()) == ("offline", "held")
    assert remote.held_segments() == []


@pytest.mark.parametrize("what", BAD_IMAGES)
def test_a_bad_image_is_refused(secure: SecureRemote, artifacts: Artifacts, what: str) -> None:
    """By the write to ``state``; a good image starts afterwards."""
    spoil, answer, result = BAD_IMAGES[what]
    secure.host.put(place(BAD), spoil(artifacts.signed[IMAGE].read_bytes()))
    secure.firmware(BAD)
    refused(secure, answer, result)
    talk(secure)


def test_an_unsigned_image_is_refused(secure: SecureRemote) -> None:
    """Also between two that are signed; what Linux starts by itself on other boards it cannot start here."""
    talk(secure)
    secure.host.run_check(f"echo {IMAGE}.elf >{secure.sysfs}/firmware")
    refused(secure, "Invalid argument", WRONG)
    talk(secure, "echo-freertos")


def test_a_bad_image_at_recovery(fresh_machine: LinuxMachine, artifacts: Artifacts) -> None:
    """The crashed remote is held, and nothing of the image is in its memory but what was signed.

    Linux counts the failed recovery as a start (``recovery-without-file`` of the known bugs), so it ends here.
    """
    secure, image = SecureRemote(fresh_machine, IMAGE), "crash-bare"
    host, machine, mark = secure.host, fresh_machine, fresh_machine.host.console.mark()
    good = artifacts.signed[image].read_bytes()
    secure.start(image, services=[CRASH_SERVICE])
    host.put(place(image), flip(good, "signature"))
    for line in (f"secure world refuses load: {SIGNATURE:#x}", r"Failed to load program segments: -\d+"):
        machine.expect_bad(f"remoteproc0: {line}", "host")
    machine.tolerate_bad(REFUSED, "an image is refused", "host")
    crash(secure, "loop")
    host.console.expect_line("Failed to load program segments", since=mark)
    host.wait_for(f"cat {secure.sysfs}/state", "^offline$", secure.timeout)
    assert secure.core_state() == "held"
    assert not secure.runs()


@pytest.mark.parametrize(("image", "fits"), [("echo-freertos", True), ("hello-bare", False)])
def test_another_image_at_recovery(fresh_machine: LinuxMachine, artifacts: Artifacts, image: str, fits: bool) -> None:
    """It is started with the resource table of the first, and not at all if its own is of another size."""
    secure = SecureRemote(fresh_machine, image)
    secure.start("crash-bare", services=[CRASH_SERVICE])
    secure.host.put(place("crash-bare"), artifacts.signed[image].read_bytes())
    if fits:
        crash(secure, "loop")
        secure.wait_recovered(SERVICES)
        assert secure.echo_char(options="-n 20")["messages"] == 20
        return
    for line in ("image has another resource table now", r"Failed to load program segments: -22"):
        fresh_machine.expect_bad(f"remoteproc0: {line}", "host")
    mark = secure.host.console.mark()
    crash(secure, "loop")
    secure.host.console.expect_line("Failed to load program segments", since=mark)
    secure.host.wait_for(f"cat {secure.sysfs}/state", "^offline$", secure.timeout)
    assert not secure.runs()


# ---- what is not Linux's to do ---------------------------------------------------------------------------------------


def test_nobody_else_has_a_session(secure: SecureRemote) -> None:
    """While the module has the remote, no program gets it started or stopped."""
    busy = 0xFFFF000D
    assert secure.ask("load", place(IMAGE), "start") == [busy]
    secure.start(IMAGE, services=SERVICES)
    assert secure.ask("stop") == [busy]
    assert secure.echo_tty(options="-n 20")["messages"] == 20
    secure.stop()


def test_what_runs_already_cannot_be_attached_to(fresh_machine: LinuxMachine) -> None:
    """The secure world does not tell what it runs: the module does not take a remote that somebody else has started."""
    secure = SecureRemote(fresh_machine, "count-bare")
    host, (device,) = secure.host, fresh_machine.host.run_check(f"ls {DRIVER} | grep m4")
    host.run_check(f"echo {device} >{DRIVER}/unbind")
    secure.done("load", place("count-bare"), "start")
    secure.wait_counting()
    for line in ("remote runs already, started by somebody else", "probe with driver rproc-tee failed with error -16"):
        fresh_machine.expect_bad(f"rproc-tee .*{line}", "host")
    refusal = host.run(f"echo {device} >{DRIVER}/bind")
    assert refusal.exitcode, refusal.output
    assert not host.run("ls /sys/class/remoteproc").stdout
    secure.wait_counting()
    secure.done("stop")
    host.run_check(f"echo {device} >{DRIVER}/bind")
    assert secure.held_segments() == [], "the driver clears what others have left"
    talk(secure)


def test_there_is_no_detach(secure: SecureRemote) -> None:
    secure.start(IMAGE, services=SERVICES)
    assert "Invalid argument" in secure.host.run(f"echo detach >{secure.sysfs}/state").output
    assert secure.echo_tty(options="-n 20")["messages"] == 20


def test_there_is_no_core_dump(secure: SecureRemote, host: Shell) -> None:
    """The trusted application has a command for it, and does not implement it. The recovery goes on without one."""
    host.run_check(f"echo enabled >{secure.sysfs}/coredump")
    secure.machine.expect_bad("remoteproc0: no core dump: secure world says 0xffff0009", "host")
    secure.start("crash-bare", services=[CRASH_SERVICE])
    crash(secure, "loop")
    secure.wait_recovered([CRASH_SERVICE])
    secure.crash("none")  # it answers
    assert host.run("ls -d /sys/class/devcoredump/devcd*").exitcode
    host.run_check(f"echo disabled >{secure.sysfs}/coredump")
