# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import re
from pathlib import Path

import pytest
from stand import write_board

from ampstand.board import AcceptedError, Board, Register, ResetReason, Watchdog, check_features, features
from ampstand.errors import UsageError

SCENARIOS = Path(__file__).parents[1] / "scenarios"


@pytest.mark.parametrize("name", Board.names())
def test_every_board_of_the_project_loads(name: str) -> None:
    board = Board.load(name)
    assert board.name == name
    assert board.shell.core == "host"
    assert board.cores[0] == "host"


def test_remote_addresses_are_translated() -> None:
    remote = Board.load("stm32mp157c-dk2").remote
    assert remote is not None
    assert remote.host_address(0) == 0x38000000
    assert remote.host_address(0x10020010) == 0x10020010
    with pytest.raises(ValueError, match="0x60000000"):
        remote.host_address(0x60000000)


def test_unknown_board_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no board 'nosuch'") as error:
        Board.load("nosuch")
    assert "stm32mp157c-dk2" in str(error.value)


REMOTE = """
[[remote]]
core = "m4"
soc = "x"
driver = "stm32_rproc"
instance = "remoteproc0"
control = "/m4"
cpu = 2
windows = [[0, 0x3000, 0x100], [0x1000, 0x1000, 0x100]]
[remote.regions]
ram = [0x1000, 0x80]
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "fake"', "", "1: the file lacks 'name': a string is expected"),
        ('title = "no', 'titel = "no', "3: the file has no key 'titel': did you mean 'title'?"),
        ('title = "no', 'colour = 1\ntitle = "no', "3: the file has no key 'colour': expected "),
        ('features = ["smp"]', 'features = ["smp", "sm"]', "4: no feature 'sm': did you mean 'smp'?"),
        ('features = ["smp"]', 'features = ["smp",\n"smp"]', "5: features: 'smp' stands there twice"),
        ('features = ["smp"]', 'features = "smp"', "4: features: a list is expected, not 'smp'"),
        ("[machine]", "[machines]", "5: the file has no key 'machines': did you mean 'machine'?"),
        ("[machine]", "machine = 1\n[x]", "5: machine: a table is expected, not 1"),
        ('memory = "1M"', "", "5: [machine] lacks 'memory'"),
        ('memory = "1M"', "memory = 1", "7: memory: a string is expected, not 1"),
        ('memory = "1M"', 'memory = "1M"\nargs = []', "8: [machine] has no key 'args': did you mean 'arguments'?"),
        ("host_cpus = 2", 'host_cpus = "2"', "11: host_cpus: an integer is expected, not '2'"),
        ("host_cpus = 2", "host_cpus = 0", "11: host_cpus = 0: expected 1 or more"),
        ("host_cpus = 2", 'overlays = ["x.dtso"]\nhost_cpus = 2', "11: overlays: no file 'x.dtso' beside it"),
        (
            "[timeouts]",
            '[variants.one]\noverlays = []\nremotes = ["m4", "m7"]\n[timeouts]',
            "27: remotes: 'm7' is the core of no remote",
        ),
        ("[timeouts]", "[variants.one]\noverlays = []\n[timeouts]", "25: [variants.one] lacks 'remotes'"),
        ("host_cpus = 2", "host_cpus = 2\ndbt = 1", "12: [kernel] has no key 'dbt': did you mean 'dtb'?"),
        ('"^harmless"', '"^harmless",\n"("', "13: warnings: '(' is not a regular expression"),
        ('role = "shell"', 'role = "spare"', "13: one serial line must have the role 'shell'"),
        ('role = "remote-console"', 'role = "shell"', "20: only one serial line can have the role 'shell'"),
        ('role = "remote-console"', 'role = "remote_console"', "20: role = 'remote_console': did you mean 'remote-con"),
        ('role = "remote-console"', "", "17: [serial.1] lacks 'role'"),
        ('role = "remote-console"', 'role = "spare"\nspeed = 1', "21: [serial.1] has no key 'speed'"),
        ('name = "usart3"', 'name = "linux"', "18: two serial lines are called 'linux'"),
        (
            'name = "usart3"',
            'name = "merged"',
            "18: name = 'merged': it names a log, which merged, qemu, g",
        ),
        ('name = "usart3"', 'name = "../x"', "18: name = '../x': it names a log"),
        ('core = "m4"', 'core = "qemu"', "19: core = 'qemu': so is called what QEMU itself prints"),
        ("on = 3", "no = 3", "23: [faults.idle] has no key 'no': expected base, off, on, path, property"),
        ("on = 3", "on = 3.5", "23: on: an integer is expected, not 3.5"),
        ("x-fault-where = 7", "x-fault-where = []", "22: x-fault-where: an integer is expected, not []"),
        ("boot =", "bot =", "26: [timeouts] has no key 'bot': did you mean 'boot'?"),
        ("command = 5.0", "command = 0", "27: command = 0: expected more than 0 seconds"),
        ("command = 5.0", "scenario = '5'", "27: scenario: a number is expected, not '5'"),
        ("[timeouts]", "[timeouts", "25: not TOML: "),
        ('control = "/m4"', 'contrl = "/m4"', "35: [remote.0] has no key 'contrl': did you mean 'control'?"),
        ('core = "m4"\nsoc', 'core = "host"\nsoc', "31: core 'host' runs Linux: the remote is another"),
        ("[0x1000, 0x1000, 0x100]", "[0x1000, 0x1000]", "37: windows: 3 integers are expected, not 2"),
        ("[0x1000, 0x1000", "\n[0xff, 0x1000", "38: windows: it overlaps with windows, number 1, for the remote"),
        ("[0x1000, 0x1000", "\n[0x1000, 0x2fff", "38: windows: it overlaps with windows, number 1, for the host"),
        (
            "cpu = 2\n",
            "aliases = [\n[0x80, 0, 1]]\ncpu = 2\n",
            "37: aliases: it overlaps with windows, number 1, for the r",
        ),
        ("cpu = 2\n", 'profile = "X"\ncpu = 2\n', "36: profile = 'X': expected A, M, R"),
        ("cpu = 2\n", 'elf_machine = "ARM"\ncpu = 2\n', "36: elf_machine: an integer is expected, not 'ARM'"),
        ("host_cpus = 2", "modules = [1]\nhost_cpus = 2", "11: modules: a string is expected, not 1"),
        ("ram = [0x1000, 0x80]", "ram = [0x1000, 0x101]", "39: ram: no window holds 0x1000 to 0x1101"),
        ("ram = [0x1000, 0x80]", "ram = [0x1000, 8]\nrom = [0x1007, 8]", "40: rom and ram overlap"),
        ("cpu = 2\n", 'cpu = "2"\n', "36: cpu: an integer is expected, not '2'"),
        (
            "[remote.regions]",
            '[remote.mailbox]\nunanswered = { m3 = "x" }\n[remote.regions]',
            "39: unanswered: no core 'm3' has a serial line",
        ),
        ("[remote.regions]", "[remote.mailbox]\n[remote.regions]", "38: [remote.0.mailbox] lacks 'path'"),
        (
            "[remote.regions]",
            '[remote.interrupts]\nrx = "("\n[remote.regions]',
            "39: rx: '(' is not a regular expression",
        ),
        ("[[remote]]", f"{REMOTE}[[remote]]", "42: two remotes have core = 'm4'"),
        ("[[remote]]", f"{REMOTE.replace('m4', 'r5')}[[remote]]", "45: two remotes have instance = 'remoteproc0'"),
        (
            "[[remote]]",
            "[[guest_errors.allow]]\n[[remote]]",
            "30: [guest_errors] has no key 'allow': did you mean 'allowed'?",
        ),
        (
            "[[remote]]",
            '[[guest_errors.allowed]]\ncore = "m3"\npattern = "x"\nwhy = "y"\n[[remote]]',
            "31: core = 'm3': expected any, host, m4",
        ),
        (
            "[[remote]]",
            '[[guest_errors.allowed]]\ncore = "m4"\npattern = "("\nwhy = "y"\n[[remote]]',
            "32: pattern: '(' is not a regular expression",
        ),
        (
            "[[remote]]",
            '[[guest_errors.allowed]]\ncore = "any"\npattern = "x"\nwhy = " "\n[[remote]]',
            "33: why: a reason is expected",
        ),
        (
            "[[remote]]",
            '[[guest_errors.allowed]]\ncore = "any"\npattern = "x"\n[[remote]]',
            "30: [guest_errors.allowed.0] lacks 'why'",
        ),
    ],
)
def test_a_broken_file_is_one_error_with_file_and_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write_board(tmp_path, remote="")
    text = path.read_text() + REMOTE
    path.write_text(text)
    assert Board.load(path).remote is not None
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(UsageError, match=re.escape(f"fake-good.toml:{message}")):
        Board.load(path)


def test_optional_fields_have_defaults_and_are_read(tmp_path: Path) -> None:
    path = write_board(tmp_path, remote="")
    board = Board.load(path)
    assert (board.timeouts.scenario, board.guest_errors, board.remote) == (300.0, (), None)
    path.write_text(
        path.read_text()
        + 'scenario = 40\n[guest_errors]\nallowed = [{ core = "m4", pattern = "x", why = "y" }]\n'
        + REMOTE
    )
    board = Board.load(path)
    assert board.timeouts.scenario == 40.0
    assert board.guest_errors == (AcceptedError("m4", "x", "y"),)
    assert board.remote is not None
    assert board.remote.cpu == 2
    assert (board.watchdog, board.reset_reason, board.remote.registers) == (None, None, ())


REGISTER = """
[[remote.register]]
name = "hold"
address = 0x50
values = { running = 1, offline = 0 }
"""
WATCHDOG = """
[watchdog]
prescaler = 4
reload = 8
rate = 32000
shift = 2
longest = 131
identity = "a dog"
[reset_reason]
address = 0x408
software = 0x40
watchdog = 0x200
"""


def test_registers_and_the_watchdog_are_read(tmp_path: Path) -> None:
    path = write_board(tmp_path, remote="")
    text = path.read_text()
    path.write_text(text + REMOTE + REGISTER + WATCHDOG)
    board = Board.load(path)
    assert board.watchdog == Watchdog(prescaler=4, reload=8, rate=32000, shift=2, longest=131, identity="a dog")
    assert board.reset_reason == ResetReason(0x408, {"software": 0x40, "watchdog": 0x200})
    assert board.remote is not None
    assert board.remote.registers == (Register("hold", 0x50, 0xFFFFFFFF, {"running": 1, "offline": 0}),)
    path.write_text(text + REMOTE + REGISTER.replace("running", "runs"))
    with pytest.raises(UsageError, match="no state 'runs' of remoteproc: offline, running, crashed"):
        Board.load(path)


def test_the_core_of_the_shell_runs_linux_whatever_its_name(tmp_path: Path) -> None:
    path = write_board(tmp_path, remote="")
    path.write_text(path.read_text().replace('"host"', '"a7"'))
    board = Board.load(path)
    assert [board.runs(core) for core in ("a7", "m4", "r5", "qemu")] == ["linux", "remote", "remote", "qemu"]


def test_a_misspelt_feature_is_an_error_that_proposes_the_right_one() -> None:
    check_features(["smp", "rpmsg-tty"], "x.py:3")
    with pytest.raises(UsageError, match=r"x\.py:3: no feature 'rpmsg_tty': did you mean 'rpmsg-tty'\?"):
        check_features(["smp", "rpmsg_tty"], "x.py:3")


def test_each_feature_is_explained_and_some_scenario_needs_it_and_some_board_has_it() -> None:
    marks = re.findall(r"mark\.needs\(([^)]*)\)", "".join(p.read_text() for p in SCENARIOS.glob("test_*.py")))
    needed = {name for mark in marks for name in re.findall(r'"([\w-]+)"', mark)}
    assert needed == set(features())
    assert {name for board in Board.names() for name in Board.load(board).features} == set(features())
    assert all(features().values())


def test_a_variant_has_some_of_the_remotes(tmp_path: Path) -> None:
    path = write_board(tmp_path, remote=REMOTE)
    path.write_text(path.read_text() + "[variants.alone]\noverlays = []\nremotes = []\n")
    board = Board.load(path)
    assert [remote.core for remote in board.remotes] == ["m4"]
    assert board.in_variant("alone").remotes == ()
    with pytest.raises(UsageError, match="has no variant 'other'"):
        board.in_variant("other")
