# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""``ampstand mutate``: what is tried with which tests, what comes of it, and the forms in which it is told."""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ampstand.build.overlay import Tree
from ampstand.commands import coverage, mutate, mutated, programs
from ampstand.commands import list as listing
from ampstand.commands.mutate import Mutation
from ampstand.commands.mutated import CompilerRefused, Firmware, Judged, Target
from ampstand.commands.programs import Ended, Program
from ampstand.errors import InfrastructureError, NothingRan, UsageError
from ampstand.mutation import verdicts
from ampstand.mutation.schemata import File, Mutant
from ampstand.mutation.switches import LINUX, SWITCH
from ampstand.mutation.verdicts import BROKEN, CAUGHT, EQUIVALENT, NEVER, SURVIVED, UNBUILT, WAYS
from ampstand.progress import Progress
from ampstand.report import mutation_forms as forms
from ampstand.report import results
from ampstand.report.lcov import Covered
from ampstand.report.results import Outcome, Results, Test

TEXT = b"""int f(int a)
{
	g(a);
	h(a);
	return 5;
}
"""


class Plain(Target):
    """A target whose tests are shell commands that know the mutants by number."""

    switch = LINUX
    sources = ("*.c",)

    def __init__(self, folder: Path, args: argparse.Namespace, verdict: str = "false") -> None:
        self.folder = folder
        self.args = args
        self.records = folder / "records"
        self.records.mkdir(exist_ok=True)
        self.progress = Progress()
        self.verdict = verdict
        self.builds: list[bytes] = []
        self.planned: dict[str, Sequence[str]] = {}
        self.traced: list[str] = []
        self.refuses = ""

    @property
    def tree(self) -> Tree:
        return Tree(self.folder)

    def build(self, written: Mapping[str, bytes]) -> None:
        self.builds.append(written["f.c"])
        if self.refuses and self.refuses.encode() in written["f.c"]:
            raise CompilerRefused("f.c:3:20: error: no\n")

    def executing(self, numbers: Mapping[str, int], mutants: Sequence[Mutant]) -> dict[str, list[str]]:
        return {mutant.id: [] if mutant.before == "h(a);" else ["quick", "slow"] for mutant in mutants}

    def program(self, mutant: Mutant, number: int, tests: Sequence[str]) -> Program:
        self.planned[mutant.id] = tests
        log = self.records / f"{number}.log"
        return Program(mutant.id, ("sh", "-c", f"echo BUG: in f; {self.verdict}"), log, self.folder)

    def judge(self, ended: Ended) -> Judged:
        outcome = {0: SURVIVED, 1: CAUGHT}.get(ended.code, BROKEN)
        return Judged(outcome, "slow" if ended.code else "", ended.text)

    def ways(self, caught: Sequence[tuple[Mutant, int, str]]) -> Iterator[tuple[Mutant, list[str]]]:
        for mutant, _, test in caught:
            self.traced.append(f"{mutant.id} in {test}")
            yield mutant, ["g() in f.c: no longer 3"]


def command_line(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    mutate.add_arguments(parser)
    return parser.parse_args(["linux", *words, "--workers", "1"])


def mutation(folder: Path, *words: str, declared: Mapping[str, str] | None = None, **target: Any) -> Mutation:
    (folder / "f.c").write_bytes(TEXT)
    args = command_line(*words)
    return Mutation(Plain(folder, args, **target), args, Progress(), declared or {})


def test_each_mutant_gets_its_class(tmp_path: Path) -> None:
    plain = mutation(tmp_path)
    equivalent = next(mutant.id for mutant in plain.mutants if mutant.operator == "constant")
    found = mutation(tmp_path, declared={equivalent: "why"}).run()
    outcomes = {mutant.id: found[mutant.id].outcome for mutant in plain.mutants}
    assert outcomes[equivalent] == EQUIVALENT
    assert found[equivalent].message == "why"
    for mutant in plain.mutants:
        if mutant.before == "h(a);":
            assert outcomes[mutant.id] == NEVER
        elif mutant.id != equivalent:
            assert outcomes[mutant.id] == CAUGHT
            verdict = found[mutant.id]
            assert (verdict.by, verdict.ran, verdict.known, verdict.grade) == ("slow", 2, 2, 2)


def test_those_that_are_declared_are_tried_when_asked(tmp_path: Path) -> None:
    name = next(mutant.id for mutant in mutation(tmp_path).mutants if mutant.operator == "constant")
    assert mutation(tmp_path, "--equivalent", declared={name: "why"}).run()[name].outcome == CAUGHT


def test_a_message_that_does_not_tell_the_place_gets_it(tmp_path: Path) -> None:
    words = ("--operator", "call", "--where")
    one = mutation(tmp_path, *words)
    one.target.program = lambda mutant, number, tests: Program(  # type: ignore[method-assign]
        mutant.id, ("sh", "-c", "echo timed out; false"), one.target.records / "log", tmp_path
    )
    (verdict,) = [verdict for verdict in one.run().values() if verdict.outcome == CAUGHT]
    assert verdict.message == f"timed out\n\n{WAYS}\ng() in f.c: no longer 3"
    assert verdict.grade == 2
    assert isinstance(one.target, Plain)
    assert one.target.traced == [f"{verdict.id} in slow"]
    path = one.target.records / verdicts.FILE
    path.write_text(path.read_text().replace('"grade": 2', '"grade": 0'))
    again = mutation(tmp_path, *words)
    assert again.run()[verdict.id] == verdict, "the grade is that of today's rule"
    assert isinstance(again.target, Plain)
    assert again.target.traced == [], "it is known"


def test_what_does_not_compile_is_left_out_of_the_next_build(tmp_path: Path) -> None:
    one = mutation(tmp_path)
    target = one.target
    assert isinstance(target, Plain)
    refused = next(name for name, number in one.numbers.items() if one.mutants[number - 1].before == "g(a);")
    target.refuses = f"{SWITCH}({one.numbers[refused]})"
    found = one.run()
    assert found[refused].outcome == UNBUILT
    built = len(target.builds)
    assert built > 1
    again = mutation(tmp_path)
    assert again.run()[refused].outcome == UNBUILT
    assert isinstance(again.target, Plain)
    assert len(again.target.builds) == 1, "what did not compile is remembered"


def test_a_build_that_fails_for_another_reason_ends_it(tmp_path: Path) -> None:
    one = mutation(tmp_path)
    one.target.build = lambda written: (_ for _ in ()).throw(CompilerRefused("no space left"))  # type: ignore[method-assign]
    with pytest.raises(InfrastructureError, match="not because of one"):
        one.run()


def test_a_run_goes_on_where_it_was_ended(tmp_path: Path) -> None:
    first = mutation(tmp_path, "--shard", "1/2")
    half = first.run()
    rest = mutation(tmp_path)
    target = rest.target
    assert isinstance(target, Plain)
    found = rest.run()
    assert set(target.planned).isdisjoint(half)
    assert len(found) == len(rest.mutants)
    assert all(found[name] == verdict for name, verdict in half.items())


def test_shards_have_each_mutant_once(tmp_path: Path) -> None:
    parts = [mutation(tmp_path, "--shard", f"{part}/3").chosen() for part in (1, 2, 3)]
    assert sorted(mutant.id for part in parts for mutant in part) == sorted(m.id for m in mutation(tmp_path).mutants)


def test_the_test_that_caught_most_goes_first_and_no_more_than_wanted(tmp_path: Path) -> None:
    one = mutation(tmp_path, "--most", "1")
    mutant, tests = one.mutants[0], ["quick", "slow"]
    of_its_operator: dict[tuple[str, ...], int] = {("operator", mutant.operator, "slow"): 3}
    assert one._tests(mutant, tests, {("function", "f", "slow"): 3}) == ["slow"]
    assert one._tests(mutant, tests, {("function", "other", "slow"): 3}) == ["quick"]
    assert one._tests(mutant, tests, of_its_operator) == ["slow"]
    assert one._tests(mutant, tests, {("function", "f", "quick"): 1, **of_its_operator}) == ["quick"]


def test_what_was_caught_before_says_which_test_goes_first(tmp_path: Path) -> None:
    mutation(tmp_path, "--shard", "1/2").run()
    rest = mutation(tmp_path, "--most", "1")
    target = rest.target
    assert isinstance(target, Plain)
    rest.run()
    assert {tuple(tests) for tests in target.planned.values()} == {("slow",)}


def test_what_cannot_be_judged_is_tried_again(tmp_path: Path) -> None:
    assert {v.outcome for v in mutation(tmp_path, verdict="exit 3").run().values()} == {BROKEN, NEVER}
    assert {v.outcome for v in mutation(tmp_path, verdict="true").run().values()} == {SURVIVED, NEVER}


def test_a_test_that_fails_without_a_mutant_has_caught_none(tmp_path: Path) -> None:
    one = mutation(tmp_path)
    one.target.passes = lambda test: False  # type: ignore[method-assign]
    found = one.run().values()
    assert {v.outcome for v in found} == {BROKEN, NEVER}
    assert "slow fails without a mutant, too" in {v.message for v in found}


def test_mutants_are_chosen_by_id_operator_and_change(tmp_path: Path) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(tmp_path)]
    (tmp_path / "f.c").write_bytes(TEXT.replace(b"\th(a);\n", b""))
    for words in (["init", "-q"], ["add", "f.c"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True)
    assert {mutant.line for mutant in mutation(tmp_path, "--since", "HEAD").chosen()} == {4}
    assert {m.operator for m in mutation(tmp_path, "--operator", "constant").chosen()} == {"constant"}
    assert {m.operator for m in mutation(tmp_path, "--mutant", "f.c:f:call:*").chosen()} == {"call"}
    with pytest.raises(UsageError, match="no such revision"):
        mutation(tmp_path, "--since", "nothing").chosen()
    with pytest.raises(NothingRan):
        mutation(tmp_path, "--mutant", "nothing").run()
    with pytest.raises(UsageError, match="no such file"):
        mutation(tmp_path, "other.c")


def test_a_mutant_is_a_patch_that_applies(tmp_path: Path) -> None:
    one = mutation(tmp_path)
    name = next(mutant.id for mutant in one.mutants if mutant.before == "h(a);")
    subprocess.run(["git", "apply"], cwd=tmp_path, input=one.patch(name), text=True, check=True)
    assert (tmp_path / "f.c").read_bytes() == TEXT.replace(b"h(a);", b";")
    with pytest.raises(UsageError, match="no such mutant"):
        one.patch("f.c:f:call:0:1")


def test_the_forms_say_the_same(tmp_path: Path) -> None:
    one = mutation(tmp_path, verdict="true")
    found = one.run()
    document = forms.document("linux", one.mutants, found)
    files: Any = document["files"]
    assert files["f.c"]["survived"] == files["all"]["survived"] == sum(v.outcome == SURVIVED for v in found.values())
    assert files["f.c"]["percent"] == 0.0
    assert json.loads(json.dumps(document))["schema"] == forms.SCHEMA
    page = forms.html("linux", one.texts, one.mutants, found)
    assert page.count("survived: ") == files["f.c"]["survived"]
    assert "return 5;" in page
    assert forms.table(one.mutants, found).row_count == 2
    assert any(line.startswith("f.c:3: call: g(a); -> nothing  [f.c:f:call:") for line in mutate.tell(one.mutants))


def ended(text: str, code: int) -> Ended:
    return Ended(Program("m", ("true",), Path("log"), Path()), code, 1.0, text)


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("== a\n1..1\nok 1 - x\n", 0, (SURVIVED, "", "")),
        ("== a\n1..1\nok 1 - x\n== b\n1..1\nnot ok 1 - y - 1 != 2\n", 1, (CAUGHT, "b", "y")),
        ("== a\n1..1\n", 124, (CAUGHT, "a", "")),
        ("== a\n==7==ERROR: AddressSanitizer: heap-use-after-free\n", -6, (CAUGHT, "a", "")),
    ],
)
def test_a_native_test_is_judged_by_its_tap(text: str, code: int, expected: tuple[str, str, str]) -> None:
    target = SimpleNamespace(_limits={"a": 20.0})
    judged = Firmware.judge(target, ended(text, code))  # type: ignore[arg-type]
    assert (judged.outcome, judged.test, judged.part) == expected


@pytest.mark.parametrize(
    ("last", "code", "expected"),
    [
        ("Bail out! ERROR:../a-test.c:9:test_x: assertion failed (get(SR) == 0): (1 == 0)", -6, "get(SR) == 0"),
        ("ok 40 /a/y", 124, "no end within 20 s"),
    ],
)
def test_the_message_is_what_failed_and_not_which_qemu_ran(last: str, code: int, expected: str) -> None:
    begins = "== a\n# random seed: R02S\n1..50\n# Start of a tests\n"
    cases = "".join(f"# starting QEMU: exec qemu -M {'m' * 200}\nok {n} /a/x{n}\n" for n in range(1, 40))
    target = SimpleNamespace(_limits={"a": 20.0})
    judged = Firmware.judge(target, ended(f"{begins}{cases}{last}\n", code))  # type: ignore[arg-type]
    assert expected in judged.message
    assert "starting QEMU" not in judged.message
    assert last in judged.message


class Sleeper(mutated.OnWorkstation):
    """A target whose one test never ends."""

    def __init__(self, folder: Path, limit: float) -> None:
        self.args = argparse.Namespace(target="firmware")
        self.records = folder
        self.builder = SimpleNamespace(cache=SimpleNamespace(work=folder))  # type: ignore[assignment]
        self.checkout.mkdir()
        self.tests = {"sleeps": ("sh", "-c", "echo $$; exec sleep 600")}
        self._limits = {"sleeps": limit}

    def build(self, written: Mapping[str, bytes]) -> None:
        raise NotImplementedError

    def wanted_program(self) -> Program:
        return self.program(File("f.c", TEXT).mutants[0], 1, ["sleeps"])


def sleeps(log: Path) -> bool:
    """Whether the process that has told its number in the log is still there, or has not come to its end in 10 s."""
    number = log.read_text(encoding="utf-8").splitlines()[1]
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            if "sleep" not in Path(f"/proc/{number}/cmdline").read_text(encoding="utf-8"):
                return False
        except (FileNotFoundError, ProcessLookupError):
            return False
    return True


def test_a_test_ends_with_the_run(tmp_path: Path) -> None:
    program = Sleeper(tmp_path, 600).wanted_program()
    running = programs._start(program)
    while program.log.read_text(encoding="utf-8").count("\n") < 2:
        assert running.process.poll() is None
    programs._end({running.descriptor: running}, running.descriptor)
    assert not sleeps(program.log)


def test_a_test_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    target = Sleeper(tmp_path, 0.5)
    end = programs.call(target.wanted_program())
    assert target.judge(end)[:2] == (CAUGHT, "sleeps")
    assert not sleeps(end.program.log)


@pytest.mark.parametrize(
    ("file", "own"),
    [("hw/arm/remote_core.c", "stm32mp1-remote-core-test"), ("hw/timer/stm32mp1_tim.c", "stm32mp1-tim-test")],
)
def test_a_models_own_test_goes_first(file: str, own: str) -> None:
    names = ["stm32mp1-lptim-test", "stm32mp1-tim-more-test", "stm32mp1-remote-core-test", "stm32mp1-tim-test"]
    mutant = SimpleNamespace(file=file)
    first, *others = mutated.Models.sorted(SimpleNamespace(), names, mutant)  # type: ignore[arg-type]
    assert first == own
    assert others == [name for name in names if name != own]


def test_variants_of_a_test_take_turns_and_tests_of_a_file() -> None:
    names = ["f::a[1]", "f::a[2]", "f::b", "f::a[3]", "g::c[1]", "g::c[2]", "h::d"]
    assert mutated.spread(names) == ["f::a[1]", "g::c[1]", "h::d", "f::b", "f::a[2]", "g::c[2]", "f::a[3]"]


def test_a_new_file_and_a_changed_one_are_a_patch(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("a\nb\n")
    patch = mutated.difference("old", b"a\nb\n", b"a\nc\n") + mutated.difference("d/new", None, b"x\n")
    subprocess.run(["git", "apply"], cwd=tmp_path, input=patch, check=True)
    assert (tmp_path / "old").read_text() == "a\nc\n"
    assert (tmp_path / "d/new").read_text() == "x\n"


class Scenarios(mutated.Linux):
    """The kernel's target without a kernel."""

    def __init__(self, folder: Path) -> None:
        builder = SimpleNamespace(board=SimpleNamespace(name="stm32mp157c-dk2"), progress=Progress(), root=folder)
        super().__init__(command_line("--baseline", str(folder)), builder, folder)  # type: ignore[arg-type]


@pytest.fixture
def scenarios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scenarios:
    """Return the kernel's target; a boot executes line 3, three scenarios line 4: one failed, one met a known bug."""
    names = [f"tests/scenarios/test_x.py::test_{name}" for name in ("slow", "quick", "red")]
    names.append("tests/scenarios/test_boot.py::test_smoke")
    record = Results(tmp_path / results.FILE)
    record.begin(["test"])
    for name, outcome, seconds in zip(
        names, ("known", "passed", "failed", "passed"), (9.0, 1.0, 1.0, 2.0), strict=True
    ):
        record.test(Test("scenarios", name, cast("Outcome", outcome), seconds))
    covered = {name: Covered({"f.c": {3: False, 4: True, 5: False}}) for name in names[:3]}
    covered["boot-main-1"] = Covered({"f.c": {3: True, 4: False, 5: False}})
    monkeypatch.setattr(coverage, "load", lambda *_: covered)
    now = [SimpleNamespace(nodeid=name) for name in (*names, "tests/scenarios/test_x.py::test_new")]
    monkeypatch.setattr(listing, "collected", lambda: now)
    return Scenarios(tmp_path)


def test_scenarios_that_the_baseline_does_not_know_are_told(
    scenarios: Scenarios, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(scenarios.progress, "warn", said.append)
    scenarios.executing({}, [])
    scenarios.executing({}, [])
    (warning,) = said
    assert warning.endswith("is of other scenarios; not tried: tests/scenarios/test_x.py::test_new")


def test_a_line_without_code_is_executed_as_what_is_beside_it(scenarios: Scenarios) -> None:
    slow, quick = (f"tests/scenarios/test_x.py::test_{name}" for name in ("slow", "quick"))
    plain = File("f.c", TEXT).mutants[0]
    own = replace(plain, id="own", line=5, last=5, along=(range(4, 5),))
    beside = replace(plain, id="beside", line=6, last=7, along=(range(8, 9), range(4, 6), range(3, 4)))
    bare = replace(plain, id="bare", line=6, last=7, along=(range(9, 10),))
    found = scenarios.executing({}, [own, beside, bare])
    assert found == {"own": [], "beside": [quick, slow], "bare": []}


def test_scenarios_are_those_that_execute_the_line(scenarios: Scenarios, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = File("f.c", TEXT).mutants
    at = {line: next(mutant for mutant in plain if mutant.line == line and mutant.after == "") for line in (3, 4)}
    never = next(mutant for mutant in plain if mutant.line == 5)
    numbers = {mutant.id: number for number, mutant in enumerate(plain, start=1)}
    executing = scenarios.executing(numbers, [*at.values(), never])
    assert executing[at[4].id] == ["tests/scenarios/test_x.py::test_quick", "tests/scenarios/test_x.py::test_slow"]
    smoke, *rest = executing[at[3].id]
    assert (smoke, rest) == ("tests/scenarios/test_boot.py::test_smoke", executing[at[4].id]), "any may see it later"
    assert executing[never.id] == []
    given: list[Sequence[str]] = []

    def command(listing: Path, words: Sequence[str]) -> list[str]:
        given.append(words)
        return ["true"]

    monkeypatch.setattr(mutated, "_checks", lambda *_: SimpleNamespace(scenario_command=command))
    for mutant in at.values():
        scenarios.program(mutant, numbers[mutant.id], executing[mutant.id])
    during, after = given
    assert during == [
        f"--ampstand-mutant={numbers[at[3].id]}",
        "--ampstand-mutant-boot",
        "--exitfirst",
        *executing[at[3].id],
    ]
    assert after == [f"--ampstand-mutant={numbers[at[4].id]}", "--exitfirst", *executing[at[4].id]]


@pytest.mark.parametrize(
    ("outcome", "code", "expected"),
    [
        ("failed", 1, Judged(CAUGHT, "t", "Oops\nand more")),
        ("error", 1, Judged(CAUGHT, "t", "Oops\nand more")),
        ("passed", 0, Judged(SURVIVED)),
        (None, 3, Judged(BROKEN, message="no such option")),
    ],
)
def test_a_scenario_is_judged_by_its_record(
    scenarios: Scenarios, tmp_path: Path, outcome: Any, code: int, expected: Judged
) -> None:
    folder = tmp_path / "tried"
    folder.mkdir()
    record = Results(folder / results.FILE)
    record.begin(["test"])
    if outcome is not None:
        record.test(Test("scenarios", "t", outcome, reason="Oops\nand more", headline="Oops"))
    program = Program("m", ("true",), folder / "scenarios.log", tmp_path)
    assert scenarios.judge(Ended(program, code, 1.0, "no such option\n")) == expected


def test_a_test_is_run_once_without_a_mutant(scenarios: Scenarios, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    checks = SimpleNamespace(scenario_command=lambda listing, words: ["sh", "-c", "exit 0"])
    monkeypatch.setattr(mutated, "_checks", lambda *_: checks)

    def judge(self: Scenarios, end: Ended) -> Judged:
        calls.append(end.program.name)
        return Judged(SURVIVED)

    monkeypatch.setattr(Scenarios, "judge", judge)
    assert scenarios.passes("t")
    assert scenarios.passes("t")
    assert calls == ["t"]
