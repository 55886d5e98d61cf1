# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The command line, the doctor, the entry script, and the progress lines."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ampstand import cli, help_page, paths
from ampstand.build.artifacts import Artifacts
from ampstand.build.cache import Cache
from ampstand.commands import doctor, footprint
from ampstand.errors import InfrastructureError, UsageError
from ampstand.progress import Progress, Times, duration, printable

SCRIPT = paths.ROOT / "scripts/ampstand"


def test_failures_end_in_their_exit_code(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli.main(["build", "--board", "no-such-board"]) == 2
    assert "no-such-board" in capsys.readouterr().err

    def fail(*_: object) -> int:
        raise InfrastructureError("no network", hint="plug it in")

    monkeypatch.setattr(cli, "dispatch", fail)
    assert cli.main(["doctor"]) == 3
    assert capsys.readouterr().err == "ampstand: no network\nhint: plug it in\n"

    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "dispatch", interrupt)
    assert cli.main(["doctor"]) == 130
    assert "the next call goes on" in capsys.readouterr().err


def test_an_interruption_is_one_message_also_before_anything_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "rich").mkdir()
    (tmp_path / "rich/__init__.py").write_text("raise KeyboardInterrupt\n")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ampstand", "--version"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{paths.ROOT / 'ci'}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (130, "ampstand: interrupted; the next call goes on from here\n")


def test_wrong_options_end_in_two() -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["build", "--no-such-option"])
    assert caught.value.code == 2


def test_a_wrong_source_folder_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPSTAND_CACHE", str(tmp_path / "cache"))
    assert cli.main(["build", "qemu", "--qemu-src", str(tmp_path)]) == 2
    assert "not a QEMU tree" in capsys.readouterr().err


def test_options_reach_the_build(tmp_path: Path) -> None:
    words = ["build", "--qemu-src", "q", "--kernel-src", "k", "--freertos-src", "f", "--kernel-config", "c", "-j", "3"]
    words += ["--dtb", "d", "--llvm", "--tf-a-src", "t", "--u-boot-src", "u", "--optee-src", "o"]
    options = cli.options_from(cli.parser().parse_args(words))
    folders = {"qemu": Path("q"), "linux": Path("k"), "freertos": Path("f"), "busybox": None}
    assert options.folders() == folders | {"tf-a": Path("t"), "u-boot": Path("u"), "optee": Path("o")}
    assert options.kernel_config == (Path("c"),)
    assert options.jobs == 3
    assert options.dtb == Path("d")
    assert options.llvm
    other = cli.options_from(cli.parser().parse_args(["build", "--kernel-series", "6.1"]))
    assert other.kernel_series == "6.1"
    ready = cli.options_from(cli.parser().parse_args(["build", "--kernel", "z", "--modules", "m"]))
    assert (ready.kernel, ready.modules) == (Path("z"), Path("m"))


def test_patches_are_those_of_a_mailbox_in_their_order(tmp_path: Path) -> None:
    box = tmp_path / "series.mbox"
    mails = [
        f"From a Thu Jan  1 00:00:00 1970\nSubject: [PATCH v2 {number}/2] change {number}\n\nwhy\n---\n"
        f"--- a/text\n+++ b/text\n@@ -1 +1 @@\n-{number - 1}\n+{number}\n\n"
        for number in (2, 1)
    ]
    box.write_text("".join(mails))
    plain = tmp_path / "last.patch"
    plain.write_text("--- a/text\n+++ b/text\n@@ -1 +1 @@\n-2\n+3\n")
    words = ["build", "--kernel-patches", str(box), "--kernel-patches", str(plain)]
    found = cli.options_from(cli.parser().parse_args(words)).kernel_patches
    assert [path.name for path in found] == ["0001-change-1.patch", "0002-change-2.patch", "0003-last.patch"]
    assert "+3" in found[2].read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--kernel", "z", "--kernel-src", "d"], "--kernel and --kernel-src both say which kernel"),
        (["--kernel", "z", "--kernel-series", "6.1"], "--kernel and --kernel-series both say which kernel"),
        (["--kernel-src", "d", "--kernel-series", "6.1"], "--kernel-src and --kernel-series both say which kernel"),
        (["--kernel", "z", "--llvm"], "have nothing to build"),
        (["--kernel", "z", "--kernel-config", "c"], "have nothing to build"),
        (["--kernel", "z", "--kernel-patches", "p"], "have nothing to build"),
        (["--kernel-patches", "/no/such.mbox"], "cannot read /no/such.mbox: No such file"),
        (["--kernel-patches", __file__], "there is no patch in it"),
        (["--modules", "m"], "--modules are those of a ready kernel"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["build", *words]) == 2
    assert message in capsys.readouterr().err


def test_clean_removes_builds_and_keeps_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMPSTAND_CACHE", str(tmp_path))
    for name in ("artifacts", "work", "sources", "ccache"):
        (tmp_path / name).mkdir()
    assert cli.main(["clean"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ccache", "sources"]
    assert cli.main(["clean", "--all"]) == 0
    assert list(tmp_path.iterdir()) == []
    for days in ("0", "x", "-1", "nan"):
        with pytest.raises(SystemExit, match="2"):
            cli.main(["clean", "--older-than", days])


def test_clean_may_keep_what_was_used_lately(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMPSTAND_CACHE", str(tmp_path))
    for name in ("artifacts/old", "artifacts/new", "logs", "sources/old"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("artifacts/old", "sources/old"):
        os.utime(tmp_path / name, (1, 1))
    assert cli.main(["clean", "--older-than", "30"]) == 0
    assert (tmp_path / "artifacts/new").exists()
    assert (tmp_path / "logs").exists()
    assert (tmp_path / "sources/old").exists()
    assert not (tmp_path / "artifacts/old").exists()
    assert cli.main(["clean", "--all", "--older-than", "0.5"]) == 0
    assert not (tmp_path / "sources/old").exists()


def test_artifacts_survive_a_round_trip_and_nonsense_is_refused(tmp_path: Path) -> None:
    one = Artifacts(
        Path("q"),
        None,
        Path("k"),
        Path("d"),
        Path("i"),
        {"echo-bare": Path("e")},
        Path("f"),
        Path("p"),
        "6.12",
        {"kernel": "6.12"},
    )
    one.dump(tmp_path / "a.json")
    assert Artifacts.load(tmp_path / "a.json") == one
    (tmp_path / "b.json").write_text('{"qemu": "x"}')
    for name in ("b.json", "absent.json"):
        with pytest.raises(UsageError, match="not a list of artifacts"):
            Artifacts.load(tmp_path / name)


def test_doctor_names_missing_packages_and_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = doctor.packages()
    assert "ninja-build" in needed
    assert all(needed.values())
    monkeypatch.setattr(doctor, "installed", lambda names: set(names) - {"bc", "lz4"})
    found = {item.what: item for item in doctor.examine(Cache(tmp_path))}
    assert found["packages"].remedy == "as root: apt-get install bc lz4"
    assert not found["QEMU"].good
    assert "--qemu-src" in found["QEMU"].remedy


def test_only_the_command_that_runs_is_imported() -> None:
    code = (
        "import sys, ampstand.cli as c; c.parser(['run', 'x']); print(*(m for m in sys.modules if 'ampstand.c' in m))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "ampstand.commands.run" in loaded
    assert not {"ampstand.commands.bench", "ampstand.commands.corpus", "ampstand.commands.test"} & set(loaded)


def test_footprint_rows() -> None:
    titles, rows = footprint.rows({"compiler": "gcc", "images": {"b": {"text": 2}, "a": {"text": 1, "bss": 3}}})
    assert titles == ["text", "bss"]
    assert rows == [["a", "1", "3"], ["b", "2", ""]]
    with pytest.raises(InfrastructureError):
        footprint.rows({})


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.7, "1 min 00 s"), (185.0, "3 min 05 s")]
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("plain: µ", "plain: µ"),
        ("\x1b[1;31m<err> os: fault\x1b[0m", "<err> os: fault"),
        ("\x1b]0;title\x07\x1b[2J\r", r"\x1b]0;title\x07\x1b[2J\r"),
        ("\x9b2J\u202e\0", r"\x9b2J\u202e\x00"),
    ],
)
def test_no_terminal_takes_orders_from_a_guest(said: str, shown: str) -> None:
    assert printable(said) == shown
    stream = io.StringIO()
    Progress(stream, live=False).say(f"it said: {said}")
    assert stream.getvalue() == f"it said: {shown}\n"


def test_progress_tells_start_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    progress = Progress(said, live=False)
    with progress.step("good"):
        pass
    with pytest.raises(InfrastructureError), progress.step("bad"):
        raise InfrastructureError("x")
    lines = said.getvalue().splitlines()
    assert lines[0] == "good ..."
    assert lines[1].startswith("good: done (")
    assert lines[3].startswith("bad: FAILED (")


def test_a_step_says_how_long_it_took_last_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "times.json"
    clock = [0.0]
    monkeypatch.setattr("ampstand.progress.time.monotonic", lambda: clock[0])

    def said(seconds: float) -> str:
        stream = io.StringIO()
        with Progress(stream, live=False, times=Times(file)).step("QEMU") as step:
            clock[0] += seconds
            stream.write(step.line())
        return stream.getvalue()

    assert said(200) == "QEMU ...\nQEMU (3 min 20 s)QEMU: done (3 min 20 s)\n"
    assert said(100).startswith("QEMU ... (it took 3 min 20 s last time)\nQEMU (1 min 40 s of some 3 min 20 s)")
    assert said(2).startswith("QEMU ... (it took 1 min 40 s last time)")
    assert Times(file).of("QEMU") == 100.0, "that nothing was to be done tells nothing of the next time"
    for nonsense in ("", "[]", '{"QEMU": "x"}'):
        file.write_text(nonsense)
        assert Times(file).of("QEMU") is None
    Times(tmp_path / "none/times.json").took("QEMU", 100.0)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_commands_and_options(shell: str) -> None:
    script = cli.completion(shell)
    for word in ("twister-device", "--kernel-series", "scenarios"):
        assert word in script


def test_bash_completes(tmp_path: Path) -> None:
    (tmp_path / "script").write_text(cli.completion("bash"))
    ask = "source ./script; COMP_WORDS=(ampstand de); COMP_CWORD=1; "
    ask += '_shtab_ampstand ampstand de ampstand; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", ask], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "demo\n"


def test_progress_is_never_silent_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = threading.Event()

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            if "thing [3/4] file" in text:
                seen.set()
            return super().write(text)

    monkeypatch.setattr("ampstand.progress.PLAIN_INTERVAL", 0.01)
    with Progress(Stream(), live=False).step("thing") as step:
        step.update("file", done=3, total=4)
        assert seen.wait(20)


# ---- the entry script, with a world of its own ---------------------------------------------------------------------


BARE = {"bin", "ci", "configs", "docs", "scripts"}
"""What is in the world before the script has set anything up."""
HOW = f"write the page anew: PYTHONPATH=ci {sys.executable} -m ampstand.help_page"


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Return a folder with a copy of the script and commands of its own that shadow the system's."""
    for name in ("scripts", "ci/ampstand", "configs", "bin"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "scripts/ampstand").write_bytes(SCRIPT.read_bytes())
    (tmp_path / "scripts/ampstand").chmod(0o755)
    (tmp_path / "configs/packages.txt").write_text("# comment\nalpha  why\nbeta  # why\n")
    (tmp_path / "ci/requirements.lock").write_text("")
    (tmp_path / "ci/ampstand/__main__.py").write_text("import sys\nprint('harness', *sys.argv[1:])\nsys.exit(7)\n")
    (tmp_path / "ci/ampstand/__init__.py").write_text('__version__ = "1.2.3"\n')
    (tmp_path / "docs").mkdir()
    texts = {"ampstand": "all", "ampstand x": "of x", "ampstand build": "of build", "ampstand doctor": "of doctor"}
    page = "\n".join(f"## `{name}`\n\n```text\n{text}\n\nlines\n```\n" for name, text in texts.items())
    (tmp_path / "docs/commands.md").write_text(f"# Commands\n\n{page}")
    tool(tmp_path, "dpkg-query", 'for p; do case "$p" in alpha|beta) echo installed;; esac; done')
    tool(tmp_path, "apt-get", 'echo "$@" >> "$WORLD/apt"; exit 0')
    tool(tmp_path, "sudo", "exit 1")
    tool(tmp_path, "id", "echo ${FAKE_UID:-0}")
    tool(tmp_path, "sleep", "exec /bin/sleep 0.05")
    python = 'case "$*" in "-m venv"*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python";; "-m pip"*) echo pip >> "$WORLD/pip"'
    tool(tmp_path, "python", f'{python}; exit ${{PIP_CODE:-0}};; *) exec {sys.executable} "$@";; esac')
    return tmp_path


def tool(world: Path, name: str, body: str) -> None:
    path = world / "bin" / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def enter(world: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script; an empty variable is not in its environment."""
    environment = {
        "PATH": f"{world}/bin:{os.environ['PATH']}",
        "HOME": str(world),
        "WORLD": str(world),
        "AMPSTAND_CACHE": str(world / "cache"),
        "AMPSTAND_PYTHON": str(world / "bin/python"),
        **environment,
    }
    return subprocess.run(
        [str(world / "scripts/ampstand"), *words],
        env={name: value for name, value in environment.items() if value},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_script_sets_up_once_and_hands_over(world: Path) -> None:
    first = enter(world, "build", "a b")
    assert (first.stdout, first.returncode) == ("harness build a b\n", 7), first.stderr
    assert "fetching Python packages" in first.stderr
    second = enter(world, "x", PIP_CODE="1")
    assert (second.stdout, second.stderr, second.returncode) == ("harness x\n", "", 7)
    assert (world / "pip").read_text() == "pip\n"
    assert not (world / "apt").exists()


def test_script_makes_a_new_environment_when_the_lock_file_changes(world: Path) -> None:
    enter(world, "x")
    (world / "ci/requirements.lock").write_text("rich==15.0.0\n")
    enter(world, "x")
    assert (world / "pip").read_text() == "pip\n" * 2


def test_script_goes_on_where_a_killed_set_up_stopped(world: Path) -> None:
    enter(world, "x")
    (venv,) = (world / "cache").glob("venv-*")
    (venv / ".complete").unlink()
    (venv / "half").touch()
    assert enter(world, "x").stdout == "harness x\n"
    assert not (venv / "half").exists()


def test_script_installs_only_what_is_missing(world: Path) -> None:
    tool(world, "dpkg-query", 'for p; do case "$p" in alpha) echo installed;; esac; done')
    done = enter(world, "x")
    assert "missing: beta" in done.stderr
    calls = (world / "apt").read_text().splitlines()
    assert calls[0].endswith("update")
    assert calls[1].endswith("install -y --no-install-recommends beta")


def test_script_without_root_gives_the_list(world: Path) -> None:
    tool(world, "dpkg-query", "exit 1")
    done = enter(world, "x", FAKE_UID="1000")
    assert done.returncode == 3
    assert "apt-get install alpha beta" in done.stderr
    assert not (world / "apt").exists()


def test_script_without_network_says_so(world: Path) -> None:
    done = enter(world, "x", PIP_CODE="1")
    assert done.returncode == 3
    assert "check the network" in done.stderr
    tool(world, "dpkg-query", "exit 1")
    tool(world, "apt-get", "exit 100")
    done = enter(world, "x")
    assert done.returncode == 3
    assert "trying again (3 of 3)" in done.stderr


def test_script_doctor_changes_nothing(world: Path) -> None:
    tool(world, "dpkg-query", "exit 1")
    done = enter(world, "doctor")
    assert done.returncode == 3
    assert "apt-get install alpha beta" in done.stderr
    assert {path.name for path in world.iterdir()} == BARE
    tool(world, "dpkg-query", 'for p; do case "$p" in alpha|beta) echo installed;; esac; done')
    done = enter(world, "doctor")
    assert (done.stderr, done.returncode) == (
        "nothing is set up yet: `ampstand setup` does it, and looks at the rest\n", 3
    )  # fmt: skip
    assert {path.name for path in world.iterdir()} == BARE


@pytest.mark.parametrize(
    ("words", "stream", "code", "said"),
    [
        (["--help"], "stdout", 0, "all\n\nlines\n"),
        (["-h"], "stdout", 0, "all\n\nlines\n"),
        (["x", "--board", "y", "--help"], "stdout", 0, "of x\n\nlines\n"),
        (["--version"], "stdout", 0, "ampstand 1.2.3\n"),
        ([], "stderr", 2, "all\n\nlines\n"),
        (["y", "-h"], "stderr", 2, "ampstand: no such command: y\nhint: `ampstand --help` lists them\n"),
        (["y"], "stderr", 2, "ampstand: no such command: y\nhint: `ampstand --help` lists them\n"),
    ],
)
def test_script_answers_at_once_on_a_bare_machine(
    world: Path, words: list[str], stream: str, code: int, said: str
) -> None:
    """Nothing is installed, nothing is written, no Python and no home folder is needed."""
    tool(world, "dpkg-query", "exit 1")
    account(world, "")
    done = enter(world, *words, HOME="", AMPSTAND_CACHE="", AMPSTAND_PYTHON="")
    assert (getattr(done, stream), done.returncode) == (said, code)
    assert done.stdout + done.stderr == said
    assert {path.name for path in world.iterdir()} == BARE


@pytest.mark.parametrize("named", ["option", "variable"])
def test_script_with_a_bundle_needs_nothing_else(world: Path, named: str) -> None:
    """Its Python runs the harness of this checkout; nothing is installed or written."""
    tool(world, "dpkg-query", "exit 0")
    (world / "bundle/bin").mkdir(parents=True)
    (world / "bundle/bin/python3").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (world / "bundle/bin/python3").chmod(0o755)
    before = sorted(world.rglob("*"))
    bundle = str(world / "bundle")
    words = ["--bundle", bundle, "x"] if named == "option" else ["x"]
    done = enter(world, *words, AMPSTAND_BUNDLE=bundle if named == "variable" else "")
    assert (done.returncode, done.stdout) == (7, f"harness {' '.join(words)}\n")
    assert [path for path in sorted(world.rglob("*")) if "__pycache__" not in path.parts] == before


def test_script_wants_a_bundle_unpacked_where_nothing_is_set_up(world: Path) -> None:
    tool(world, "dpkg-query", "exit 0")
    (world / "b.tar.gz").touch()
    done = enter(world, "--bundle", str(world / "b.tar.gz"), "x")
    assert done.returncode == 3
    assert f"hint: tar xf {world}/b.tar.gz, and name it" in done.stderr
    assert not (world / "apt").exists()


def test_script_says_that_sudo_has_no_terminal_to_ask_on(world: Path) -> None:
    tool(world, "dpkg-query", "exit 1")
    done = enter(world, "x", FAKE_UID="1000")
    assert done.returncode == 3
    assert "sudo wants a password without a terminal" in done.stderr


def test_the_page_of_commands_has_every_option() -> None:
    """How argparse breaks lines differs between versions of Python; what is there does not."""
    text = help_page.PAGE.read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## `([^`]*)`\n\n```text\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL))
    parsers = cli.parsers()
    assert sections.keys() == parsers.keys(), HOW
    for name, command in parsers.items():
        options = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", command.format_help()))
        assert set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", sections[name])) == options, f"{name}: {HOW}"


def test_script_says_when_the_cache_folder_cannot_be_made(world: Path) -> None:
    (world / "file").touch()
    done = enter(world, "x", AMPSTAND_CACHE=str(world / "file/cache"))
    assert done.returncode == 3
    assert "AMPSTAND_CACHE" in done.stderr


def account(world: Path, home: str) -> None:
    """Say what the account of the user who runs the script has as its home folder."""
    tool(world, "getent", f'[ "$*" = "passwd 0" ] && echo "root:x:0:0::{home}:/bin/sh"')


def test_script_without_home_takes_the_accounts(world: Path) -> None:
    account(world, f"{world}/home of it")
    show = "import os\nfrom ampstand import paths\nprint(os.environ['HOME'], paths.cache_root(), sep='|')\n"
    (world / "ci/ampstand/__main__.py").write_text(show)
    for name in ("paths.py", "errors.py"):
        (world / "ci/ampstand" / name).write_bytes((paths.ROOT / "ci/ampstand" / name).read_bytes())
    done = enter(world, "x", HOME="", AMPSTAND_CACHE="")
    assert done.stdout == f"{world}/home of it|{world}/home of it/.cache/ampstand\n", done.stderr
    assert (world / "home of it/.cache/ampstand/logs/setup.log").exists()
    done = enter(world, "x", HOME="", AMPSTAND_CACHE="", XDG_CACHE_HOME=f"{world}/xdg")
    assert done.stdout == f"{world}/home of it|{world}/xdg/ampstand\n", done.stderr


def test_script_without_any_home_needs_only_a_cache_folder(world: Path) -> None:
    account(world, "")
    done = enter(world, "x", HOME="", AMPSTAND_CACHE="")
    assert (done.stdout, done.returncode) == ("", 3)
    assert done.stderr.splitlines() == [
        "ampstand: there is no home folder to keep the cache in",
        "hint: set AMPSTAND_CACHE to a folder of yours",
    ]
    assert enter(world, "x", HOME="").stdout == "harness x\n"


def test_cache_without_any_home_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AMPSTAND_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    with pytest.raises(InfrastructureError, match="no home folder") as raised:
        paths.cache_root()
    assert "AMPSTAND_CACHE" in raised.value.hint


def test_footprint_json_is_shown_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "f.json"
    file.write_text(json.dumps({"images": {"a": {"text": 1}}}))
    assert footprint.show(file, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {"images": {"a": {"text": 1}}}
    footprint.show(file)
    assert "text" in capsys.readouterr().out


def test_of_a_full_disk_it_is_said_whose_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails does not say where."""
    small = tmp_path / "small"
    small.mkdir()
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=0 if path == small else 1 << 30))
    error = cli.failure_of(OSError(errno.ENOSPC, "No space left on device"), [None, small / "not/there/yet"])
    assert error.message == f"no space left on the disk of {small}"
    assert error.exit_code == 3
    other = cli.failure_of(PermissionError(errno.EACCES, "Permission denied", "/x"), [])
    assert other.message == "/x: Permission denied"
