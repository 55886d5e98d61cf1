# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from elf_files import made_elf
from stand import MAILBOX, REMOTE, artifacts, write_board

from ampstand.plugin import first_words
from ampstand.qemu.coverage import Executed

pytest_plugins = ["pytester"]


@pytest.fixture
def run(pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Return a function that runs scenarios on the fake board."""
    ci = Path(__file__).resolve().parents[2] / "ci"
    monkeypatch.setenv("PYTHONPATH", f"{ci}:{Path(__file__).parent}")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # else names of boots are those of this test's worker

    def start(
        source: str,
        *options: str,
        mode: str = "good",
        boot: float = 10.0,
        release: str = "0",
        tree: str = "",
        remote: str = REMOTE,
        features: Sequence[str] = ("smp",),
        provenance: Mapping[str, str] | None = None,
    ) -> pytest.RunResult:
        listing = tmp_path / "artifacts.json"
        build = replace(artifacts(tmp_path, release), provenance=dict(provenance or {}))
        build.dump(listing)
        if tree:
            subprocess.run(["dtc", "-q", "-o", build.dtb], input=tree, text=True, check=True)
        pytester.makepyfile(source)
        return pytester.runpytest_subprocess(
            "-p", "ampstand.plugin",
            f"--ampstand-board={write_board(tmp_path, mode, boot, remote=remote, features=features)}",
            f"--ampstand-artifacts={listing}",
            f"--ampstand-records={tmp_path / 'records'}",
            *options,
        )  # fmt: skip

    return start


def test_scenarios_share_a_boot_and_have_their_own_records(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result = run(
        """
        def test_one(machine, host):
            machine.qmp("query-status")
            assert host.text("echo $PPID >/dev/null; echo one") == "one"
        def test_two(host): assert host.text("echo two") == "two"
        def test_own(fresh_machine): assert fresh_machine.host.text("echo own") == "own"
        """
    )
    result.assert_outcomes(passed=3)
    records = tmp_path / "records"
    folders = sorted(path.name for path in records.iterdir())
    assert [name for name in folders if name.startswith("boot-")] == ["boot-main-1"]
    for name in ("one", "two", "own"):
        (folder,) = [path for path in records.iterdir() if path.name.endswith(f"test_{name}")]
        assert json.loads((folder / "result.json").read_text())["outcome"] == "passed"
        assert name in (folder / "merged.log").read_text()
        assert "fake_qemu.py" in (folder / "command.txt").read_text()
        assert (folder / "inputs.sha256").read_text()


BOOTS = """
def test_first(fresh_machine): assert not fresh_machine.boot_saved
def test_second(boot): check(boot(), SAVED)
def test_of_another_kind(boot): assert not boot(kernel_arguments="quiet").boot_saved
def test_third(fresh_machine): check(fresh_machine, SAVED)

def check(machine, saved):
    assert machine.boot_saved == saved
    assert machine.host.text("echo here") == "here"
    assert machine.remoteproc_state == "unknown (Linux is booting)", "what the boot said was heard"
    assert "Booting Linux" in (machine.records.folder / "merged.log").read_text()
    assert "-incoming" not in (machine.records.folder / "command.txt").read_text()
"""


@pytest.mark.parametrize("workers", [(), ("-n", "1")])
def test_a_boot_is_saved_for_scenarios_that_want_the_same(run, tmp_path: Path, workers: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    result = run(f"SAVED = True\n{BOOTS}", *workers, features=["smp", "migration"])
    result.assert_outcomes(passed=4)
    assert not list((tmp_path / "records").glob("boots*")), "they are of use to this run only"


def test_a_saved_boot_is_of_use_to_later_runs(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """But for one that records what is executed: it wants that of the boot, too."""
    source = "def test_it(fresh_machine): assert fresh_machine.boot_saved == {}"
    kept = f"--ampstand-boots={tmp_path / 'boots'}"
    for saved, options in (
        (False, [kept]),
        (True, [kept]),
        (True, [kept, "-n", "1"]),
        (False, [kept, "--ampstand-coverage"]),
    ):
        run(source.format(saved), *options, features=["smp", "migration"]).assert_outcomes(passed=1)
    assert len(list((tmp_path / "boots").iterdir())) == 1


def test_what_is_for_the_device_tree_of_the_board_leaves_that_of_a_user_alone(run) -> None:  # type: ignore[no-untyped-def]
    source = """
        def test_variant(boot): boot(variant="lockstep")
        def test_overlays(boot): boot(overlays=["own.dts"])
        """
    run(source, "-rs", provenance={"dtb": "file theirs.dtb"}).assert_outcomes(skipped=2)
    run(source).assert_outcomes(skipped=1, failed=1)


def test_a_boot_is_saved_on_boards_with_migration_only(run) -> None:  # type: ignore[no-untyped-def]
    run(f"SAVED = False\n{BOOTS}").assert_outcomes(passed=4)


def test_a_boot_that_said_something_bad_is_not_saved(run) -> None:  # type: ignore[no-untyped-def]
    """Else it would fail one scenario, and none of those after it."""
    source = """
        def test_first(fresh_machine): pass
        def test_second(fresh_machine): assert not fresh_machine.boot_saved
        """
    result = run(source, mode="good,says=host:BUG: sleeping function", features=["smp", "migration"])
    result.assert_outcomes(failed=1, passed=1)


def test_coverage_is_kept_for_each_machine_of_each_scenario(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result = run(
        """
        def test_shared(machine): machine.coverage._map[0] = 1
        def test_next(machine): pass
        def test_two(boot):
            boot().stop()
            assert "-plugin" in boot().argv()
        """,
        "--ampstand-coverage",
    )
    result.assert_outcomes(passed=3)
    files = sorted((tmp_path / "records").rglob("coverage"))
    assert [path.parent.name.rpartition("-test_")[2] for path in files] == [
        "boot-main-1", "next", "shared", "two", "machine-2"
    ]  # fmt: skip
    executed = [path.parent.name for path in files if Executed.load(path).any("host", 0xBF000000, 0xBF000002)]
    assert [name.rpartition("-")[2] for name in executed] == ["test_shared"], "and not what came after it"
    command = next((tmp_path / "records").rglob("command.txt"))
    assert "-plugin" not in command.read_text(), "it needs the harness"


def test_coverage_knows_the_images_that_the_remote_may_run(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for name in ("given", "put"):
        (tmp_path / f"{name}.elf").write_bytes(made_elf())
    result = run(
        f"""
        from pathlib import Path
        from ampstand.linux.remote import Remote
        def names(machine): return [image.path.name for log in machine.coverage._logs for image in log.images]
        def test_put(machine, monkeypatch):
            assert names(machine) == ["given.elf"]
            monkeypatch.setattr(machine.host, "put", lambda *_: None)
            Remote(machine).put(Path({str(tmp_path / "put.elf")!r}))
            assert names(machine) == ["given.elf", "put.elf"]
        """,
        "--ampstand-coverage",
        f"--ampstand-firmware={tmp_path / 'given.elf'}",
    )
    result.assert_outcomes(passed=1)


def test_unannounced_bad_line_fails_and_the_next_scenario_gets_a_new_board(run) -> None:  # type: ignore[no-untyped-def]
    result = run(
        """
        def test_bad(host): host.run("echo BUG: something")
        def test_next(host): assert host.text("echo fine") == "fine"
        """
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "*known-bad line of host*BUG: something*",
            "*run it again: pytest --ampstand-board=* test_unannounced*::test_bad",
        ]
    )


def test_announced_bad_line_must_occur(run) -> None:  # type: ignore[no-untyped-def]
    result = run(
        """
        def test_occurs(machine, host):
            machine.expect_bad("BUG: some", "host")
            host.run("echo BUG: something")
        def test_does_not(machine): machine.expect_bad("BUG: some", "host")
        """
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*the announced line 'BUG: some' of host did not occur*"])


def test_kernel_warnings_fail_unless_the_board_declares_them(run) -> None:  # type: ignore[no-untyped-def]
    result = run(
        """
        import pytest
        LINES = ["4 1.0 harmless thing", "6 1.0 news", "c 1.0 done.", "4 1.0 trouble", "4 1.0 -[ cut here ]-"]
        @pytest.mark.parametrize("line", LINES)
        def test_log(host, line): host.run_check(f"echo '{line}' >$(command -v kernel-log).log")
        """
    )
    result.assert_outcomes(failed=2, passed=3)
    result.stdout.fnmatch_lines(["*kernel log of host: trouble*", "*kernel log of host: -[[] cut here ]-*"])


def test_a_known_bug_leaves_nothing_to_the_next_scenario(run) -> None:  # type: ignore[no-untyped-def]
    result = run(
        """
        import pytest
        def test_bug(host):
            host.run_check("echo '4 1.0 trouble' >$(command -v kernel-log).log")
            pytest.xfail("known")
        def test_next(host): assert host.text("echo fine") == "fine"
        """
    )
    result.assert_outcomes(xfailed=1, passed=1)


def test_a_fault_that_did_not_happen_fails_the_scenario(run) -> None:  # type: ignore[no-untyped-def]
    result = run(
        """
        def test_real(machine, fault): fault.inject("real")
        def test_idle(fresh_machine, fault): fault.inject("idle")
        def test_other(boot, fault): fault.inject("real", into=boot())
        def test_wrong(machine, fault):
            fault.inject("idle")
            assert False, "its own reason"
        """
    )
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*never happened: idle*", "*its own reason*"])


def test_needs_thorough_and_soak_skip(run) -> None:  # type: ignore[no-untyped-def]
    source = """
        import pytest
        @pytest.mark.needs("smp")
        def test_can(host): pass
        @pytest.mark.needs("smp", "kexec")
        def test_cannot(host): pass
        @pytest.mark.programs("sh", "no-such-gcc")
        def test_compiles(host): pass
        @pytest.mark.programs("sh")
        def test_calls(host): pass
        @pytest.mark.soak
        def test_long(host): pass
        @pytest.mark.thorough
        def test_many(host): pass
    """
    result = run(source, "-rs")
    result.assert_outcomes(passed=3, skipped=3)
    result.stdout.fnmatch_lines_random(["*the board has no kexec*", "*the workstation has no no-such-gcc*"])
    run(source, "--ampstand-soak").assert_outcomes(passed=4, skipped=2)
    result = run(source, "--ampstand-short", "-rs")
    result.assert_outcomes(passed=2, skipped=4)
    result.stdout.fnmatch_lines(["*left out by --short*"])


@pytest.mark.parametrize("of", ["test", "module"])
def test_a_misspelt_feature_ends_the_run_with_the_place_of_the_test(run, of: str) -> None:  # type: ignore[no-untyped-def]
    mark = 'pytest.mark.needs("smq")'
    result = run(
        f"""
        import pytest
        {"@" if of == "test" else "pytestmark = "}{mark}
        def test_it(): pass
        """
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: *.py:[23]: test_it: no feature 'smq': did you mean 'smp'[?]", "hint: *configs/features.toml"]
    )


@pytest.mark.parametrize(("mode", "cause"), [("dies", "exit status 3"), ("silent", "waiting for the shell prompt")])
def test_broken_bring_up_is_one_cause(run, mode: str, cause: str) -> None:  # type: ignore[no-untyped-def]
    result = run(
        """
        import pytest
        @pytest.mark.parametrize("number", range(5))
        def test_any(host, number): pass
        def test_other(fresh_machine): pass
        def test_no_board(board): pass
        """,
        "-rs", mode=mode, boot=0.5,
    )  # fmt: skip
    result.assert_outcomes(errors=1, skipped=5, passed=1)
    result.stdout.fnmatch_lines([f"*{cause}*", "*the board does not come up*"])


def test_usual_options_keep_their_meaning(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    source = """
        def test_good(host): assert host.text("echo good") == "good"
        def test_bad(host): assert host.text("echo bad") == "good"
    """
    xml = tmp_path / "junit.xml"
    run(source, f"--junitxml={xml}").assert_outcomes(passed=1, failed=1)
    assert 'failures="1"' in xml.read_text()
    run(source, "--lf").assert_outcomes(failed=1)
    run(source, "-k", "good").assert_outcomes(passed=1, deselected=1)
    run(source, "-n", "2").assert_outcomes(passed=1, failed=1)


def test_sigterm_ends_the_run(run) -> None:  # type: ignore[no-untyped-def]
    result = run(
        """
        import os, signal, time
        def test_first(machine):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)
        def test_never(host): pass
        """
    )
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.no_fnmatch_line("*passed*")


def test_without_artifacts_the_reason_is_clear(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2] / "ci"))
    pytester.makepyfile("def test_any(host): pass")
    result = pytester.runpytest_subprocess("-p", "ampstand.plugin")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*scenarios need --ampstand-bundle FILE or --ampstand-artifacts FILE*"])


KNOWN = """
import pytest
from pathlib import Path
from ampstand.errors import TestsFailed
from ampstand.linux import known_bugs
Path("bugs.toml").write_text('''
[[bug]]
id = "always"
title = "it warns"
driver = "x"
from = "5.0"
to = "5.9"
evidence = [{ pattern = "WARNING: .* one" }]
anchor = "a"
[[bug]]
id = "rare"
title = "it may warn"
driver = "x"
to = "5.9"
shows = "by chance"
evidence = [{ pattern = "WARNING: .* two" }]
anchor = "b"
''')
known_bugs._all_bugs = lambda: known_bugs.load(Path("bugs.toml"))

def test_met(known_bug): known_bug("always").met("seen")
def test_noted(known_bug): known_bug("always").note()
def test_noted_once(known_bug):
    known_bug("always").note()
    known_bug("always")
def test_absent(known_bug): known_bug("always")
def test_rare_absent(known_bug): known_bug("rare")
def test_rare_met(known_bug): known_bug("rare").met()
def test_shown(known_bug):
    with known_bug("always").shows(TestsFailed): raise TestsFailed("boom")
def test_other_error(known_bug):
    with known_bug("always").shows(TestsFailed): raise KeyError("bang")
def test_explained(known_bug):
    with known_bug("always").explains(lambda: True): raise TestsFailed("bump")
def test_unexplained(known_bug):
    with known_bug("always").explains(lambda: False): raise TestsFailed("bust")
def test_nothing_to_explain(known_bug):
    with known_bug("rare").explains(lambda: True): pass
def test_unknown(known_bug): known_bug("alway")
def test_said(machine, known_bug):
    known_bug("always").announce(machine)
    machine.host.run("echo WARNING: at one")
def test_shown_unsaid(machine, known_bug):
    with known_bug("always").announce(machine).shows(TestsFailed): raise TestsFailed("unsaid")
def test_rare_said(machine, known_bug):
    known_bug("rare").announce(machine)
    machine.host.run("echo WARNING: at two")
def test_died(machine, known_bug):
    with known_bug("always").ends(machine):
        machine.host.run("say host 'Internal error: Oops: 17'; say host 'WARNING: at one'; sleep 60")
def test_died_otherwise(machine, known_bug):
    with known_bug("always").ends(machine):
        machine.host.run("say host 'Internal error: Oops: 17'; say host 'at four'; sleep 60")
def test_lived(machine, known_bug):
    with known_bug("always").ends(machine):
        machine.host.run("echo at one")
def test_met_amid_others(machine, known_bug):
    machine.host.run("say host 'BUG: at four'")
    known_bug("always").met()
def test_died_after_others(machine, known_bug):
    machine.host.run("say host 'BUG: at four'")
    with known_bug("always").ends(machine):
        machine.host.run("say host 'Internal error: Oops: 17'; say host 'WARNING: at one'; sleep 60")
def test_blinded(known_bug): known_bug("rare").blinds()
def test_corrupted(machine, known_bug):
    with known_bug("rare").corrupts(machine):
        machine.host.run("say host 'Internal error: Oops: 17'; say host 'at five'; sleep 60")
def test_unharmed(machine, known_bug):
    rare = known_bug("rare")
    with rare.corrupts(machine):
        machine.host.run("echo fine")
    assert machine.alive != rare.inside
"""
INSIDE = {
    "met": "xfailed", "noted": "xfailed", "noted_once": "xfailed",
    "absent": "passed", "rare_absent": "passed", "rare_met": "xfailed",
    "shown": "xfailed", "other_error": "failed", "unknown": "failed", "said": "xfailed", "shown_unsaid": "failed",
    "explained": "xfailed", "unexplained": "failed", "nothing_to_explain": "passed",
    "rare_said": "passed", "died": "xfailed", "died_otherwise": "failed", "lived": "passed",
    "corrupted": "xfailed", "unharmed": "passed", "met_amid_others": "failed", "died_after_others": "failed",
}  # fmt: skip
OUTSIDE = {
    "met": "failed", "noted": "failed", "noted_once": "failed",
    "absent": "passed", "rare_absent": "passed", "rare_met": "failed",
    "shown": "failed", "other_error": "failed", "unknown": "failed", "said": "failed", "shown_unsaid": "failed",
    "explained": "failed", "unexplained": "failed", "nothing_to_explain": "passed",
    "rare_said": "failed", "died": "failed", "died_otherwise": "failed", "lived": "passed",
    "blinded": "passed", "corrupted": "failed", "unharmed": "passed", "met_amid_others": "failed",
    "died_after_others": "failed",
}  # fmt: skip


@pytest.mark.parametrize(("release", "outcomes"), [("5.4.1-x", INSIDE), ("6.0", OUTSIDE)])
def test_a_known_bug_makes_a_scenario_known_in_its_range_only(  # type: ignore[no-untyped-def]
    run, release: str, outcomes: dict[str, str]
) -> None:
    result = run(KNOWN, "-v", "-rx", release=release)
    text = result.stdout.str()
    words = {"XFAIL": "xfailed", "PASSED": "passed", "FAILED": "failed"}
    found = re.findall(r"::test_(\w+) (XFAIL|PASSED|FAILED)", text)
    assert {name: words[word] for name, word in found} == outcomes
    assert "did you mean 'always'" in text
    assert ("known bug always is gone in Linux" in text) is (release == "5.4.1-x")
    assert "test_noted_once" not in text.partition("warnings summary")[2].partition("short test summary")[0]
    assert "known bug rare is gone" not in text
    if release == "6.0":
        assert "was seen elsewhere only (5.0 to 5.9), and this is 6.0" in text
        assert "WARNING: at one" in text
    else:
        for said in (
            "known bug always: it warns (seen)",
            "known bug always: it warns (boom)",
            "known bug always: it warns (bump)",
            "known bug rare: it may",
        ):
            assert said in text


LOST = """
import time
import pytest
from pathlib import Path
from ampstand.errors import TestsFailed
from ampstand.linux import known_bugs
Path("bugs.toml").write_text('''
[[bug]]
id = "by-edge"
title = "it is lost"
driver = "x"
from = "5.0"
to = "5.9"
shows = "by chance"
behaviour = "the interrupt stands"
unanswered = "host"
device_tree = { node = "/mailbox", property = "interrupts", cell = 1, value = 1 }
anchor = "a"
''')
known_bugs._all_bugs = lambda: known_bugs.load(Path("bugs.toml"))

def let_stand(machine, seconds, which=1):
    machine.qmp("qom-set", path="/fake", property=f"unanswered-{which}", value=int(seconds * 1e9))
def test_missed(machine):
    let_stand(machine, 5)
    machine.wait(lambda: None, what="a message", core="host", timeout=0.1)
def test_next_begins_anew(machine): assert machine.unanswered() == {}
def test_asserted(machine):
    let_stand(machine, 1)
    assert "message" == ""
def test_own_machine_ended(boot):
    with boot() as machine:
        let_stand(machine, 5)
        assert machine.unanswered() == {"host": 5.0}
    raise TestsFailed("no message")
def test_all_came(machine): let_stand(machine, 5)
@pytest.mark.time_limit(3)
def test_time_over(machine):
    let_stand(machine, 5)
    time.sleep(60)
def test_said_worse(machine):
    let_stand(machine, 5)
    machine.host.run("say host BUG: something")
    raise TestsFailed("no message")
def test_soon_enough(machine):
    let_stand(machine, 0.9)
    raise TestsFailed("no message")
def test_of_the_other(machine):
    let_stand(machine, 5, 2)
    machine.wait(lambda: None, what="a message", core="host", timeout=0.1)
def test_mistake_of_its_own(machine):
    let_stand(machine, 5)
    raise KeyError("bang")
@pytest.fixture
def channel(machine):
    yield
    let_stand(machine, 5)
    raise TestsFailed("no last message")
def test_teardown(channel): pass
"""


@pytest.mark.parametrize(
    ("release", "edge", "known"),
    [("5.4", 1, ["missed", "asserted", "own_machine_ended", "time_over", "teardown"]), ("6.0", 1, []), ("5.4", 4, [])],
)
def test_what_is_missed_with_an_interrupt_left_standing_is_known(  # type: ignore[no-untyped-def]
    run, tmp_path: Path, release: str, edge: int, known: list[str]
) -> None:
    tree = f"/dts-v1/; / {{ mailbox {{ interrupts = <61 {edge}>; }}; }};"
    results = tmp_path / "results.jsonl"
    options = ("-p", "ampstand.report.pytest_results", f"--ampstand-results={results}")
    result = run(LOST, *options, release=release, tree=tree, remote=REMOTE + MAILBOX)
    ended: dict[str, dict[str, str]] = {}
    for line in map(json.loads, results.read_text().splitlines()):
        if line["kind"] == "test":
            ended[line["name"].rpartition("::test_")[2]] = line
    assert [name for name, line in ended.items() if line["outcome"] == "known"] == known
    assert [name for name, line in ended.items() if line["outcome"] == "passed"] == ["next_begins_anew", "all_came"]
    for name in known:
        assert ended[name]["known"] == "by-edge"
        assert "known bug by-edge: it is lost (" in ended[name]["reason"]
        (written,) = (tmp_path / "records").glob(f"*-test_{name}/result.json")
        assert json.loads(written.read_text())["outcome"] == "known"
    result.stdout.fnmatch_lines(["*m4 let an interrupt of the mailbox stand for 5.0 s without an answer*"])


KILLED = """
from pathlib import Path
from ampstand.linux import known_bugs
Path("bugs.toml").write_text('''
[[bug]]
id = "by-race"
title = "it uses what is freed"
driver = "x"
from = "5.0"
to = "5.9"
shows = "by chance"
effect = "fatal"
anywhere = true
evidence = [{ pattern = "Workqueue: late" }]
anchor = "a"
''')
known_bugs._all_bugs = lambda: known_bugs.load(Path("bugs.toml"))

def die(machine, *words):
    machine.host.run("; ".join(f"say host '{word}'" for word in words) + "; sleep 60")
def test_died(machine): die(machine, "Internal error: Oops: 17", "Workqueue: late")
def test_died_otherwise(machine): die(machine, "Internal error: Oops: 17", "Workqueue: early")
def test_said_worse_before(machine): die(machine, "BUG: something", "Internal error: Oops: 17", "Workqueue: late")
def test_evidence_before(machine): die(machine, "Workqueue: late", "Internal error: Oops: 17")
def test_lived(machine): machine.host.run("echo Workqueue: late")
"""


@pytest.mark.parametrize(("release", "known"), [("5.4", ["died"]), ("6.0", [])])
def test_a_scenario_in_which_linux_dies_of_a_race_is_known(  # type: ignore[no-untyped-def]
    run, tmp_path: Path, release: str, known: list[str]
) -> None:
    results = tmp_path / "results.jsonl"
    run(KILLED, "-p", "ampstand.report.pytest_results", f"--ampstand-results={results}", release=release)
    lines = [line for line in map(json.loads, results.read_text().splitlines()) if line["kind"] == "test"]
    outcomes = {line["name"].rpartition("::test_")[2]: line["outcome"] for line in lines}
    assert [name for name, outcome in outcomes.items() if outcome == "known"] == known
    assert [name for name, outcome in outcomes.items() if outcome == "passed"] == ["lived"]


def test_the_death_of_linux_is_found_amid_what_a_program_says() -> None:
    """The console has kernel messages by themselves; a bad line is as it came."""
    death = "[    1.500000] Internal error: Oops: 17"
    lines = ["before", death, "[    1.600000] Workqueue: late", "a word"]
    assert first_words(lines, death) == 1
    assert first_words(lines, f"a wo{death}") == 1
    assert first_words(lines, "a word") is None


def test_images_of_the_user_are_parameters(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    source = """
        def test_started(given_firmware): assert given_firmware.suffix == ".elf"
        def test_before(given_image): assert given_image.suffix == ".elf"
        def test_other(): pass
        """
    images = []
    for name in ("a", "b"):
        images.append(tmp_path / f"{name}.elf")
        images[-1].write_bytes(made_elf())
    run(source).assert_outcomes(passed=1)
    run(source, *(f"--ampstand-firmware={path}" for path in images)).assert_outcomes(passed=3)
    result = run(source, "-v", f"--ampstand-remote-image={images[0]}")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*test_before?a?*"])


def test_a_mutant_is_on_from_the_boot_on_or_after_it(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    source = "def test_it(fresh_machine): assert not fresh_machine.boot_saved"
    run(source, "--ampstand-mutant=7", "--ampstand-mutant-boot").assert_outcomes(passed=1)
    (command,) = (tmp_path / "records").glob("*/command.txt")
    assert "mut=7" in command.read_text()
    later = run(source, "--ampstand-mutant=7")
    later.assert_outcomes(errors=1)  # no kernel with mutants is here
    later.stdout.fnmatch_lines("*`echo 7 > /sys/module/kernel/parameters/mut` on the host ended with*")
    assert "mut=7" not in command.read_text()
