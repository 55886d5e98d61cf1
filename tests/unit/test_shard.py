# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Parts of the tests for several machines, and the order of each."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ampstand import cli
from ampstand.report.results import Results, Test
from ampstand.report.shard import Shard, failed_first

pytest_plugins = ["pytester"]


@pytest.mark.parametrize("seed", range(20))
def test_each_test_is_in_one_part_in_its_order(seed: int) -> None:
    chance = random.Random(seed)
    names = [f"t{number}" for number in chance.sample(range(60), chance.randrange(50))]
    seconds = {f"t{chance.randrange(60)}": chance.choice((0.0, 1.0, chance.random() * 100)) for _ in range(40)}
    count = chance.randrange(1, 9)
    parts = [Shard(index, count).of(names, seconds) for index in range(1, count + 1)]
    assert sorted(name for part in parts for name in part) == sorted(names)
    for part in parts:
        assert part == [name for name in names if name in part]


def test_parts_are_balanced_by_time() -> None:
    seconds = {"long": 10.0, "a": 4.0, "b": 3.0, "c": 2.0, "d": 1.0}
    names = ["a", "b", "long", "c", "d"]
    assert [Shard(index, 2).of(names, seconds) for index in (1, 2)] == [["long"], ["a", "b", "c", "d"]]
    # A new test counts as the median, 3.
    assert Shard(1, 2).of([*names, "new"], seconds) == ["long", "c"]


@pytest.mark.parametrize(
    ("failed", "workers", "order"),
    [
        ("", 1, "abcdef"),
        ("ec", 1, "ceabdf"),
        ("ec", 2, "cab edf"),
        ("ec", 3, "ca eb df"),
        ("bcdef", 2, "bcd efa"),
        ("abcdef", 4, "a b cd ef"),
        ("f", 4, "f a bc de"),
        ("d", 9, "d a b c e f"),
        ("xyz", 2, "abc def"),
    ],
)
def test_each_worker_begins_with_its_share_of_what_failed(failed: str, workers: int, order: str) -> None:
    assert failed_first("abcdef", failed, workers) == list(order.replace(" ", ""))


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", ""])
def test_what_is_no_part_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="I/N is expected"):
        Shard.parse(text)
    with pytest.raises(SystemExit) as caught:
        cli.parser(["test"]).parse_args(["test", "--shard", text])
    assert caught.value.code == 2
    assert "I/N is expected" in capsys.readouterr().err


def test_workers_are_a_number_or_auto(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.parser(["test"]).parse_args(["test", "--workers", "3"]).workers == 3
    assert cli.parser(["test"]).parse_args(["test", "--workers", "auto"]).workers >= 1
    for text in ("0", "-1", "many"):
        with pytest.raises(SystemExit):
            cli.parser(["test"]).parse_args(["test", f"--workers={text}"])
        assert "a number above 0, or auto" in capsys.readouterr().err


def test_pytest_runs_one_part_also_with_workers(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2] / "ci"))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    path = pytester.makepyfile("def test_slow(): pass\ndef test_b(): pass\ndef test_c(): pass\n")
    record = Results(tmp_path / "results.jsonl")
    record.begin(["test"])
    for name, seconds in (("test_slow", 9.0), ("test_b", 1.0), ("test_c", 1.0)):
        record.test(Test("scenarios", f"{path.name}::{name}", "passed", seconds=seconds))
    options = ["-p", "ampstand.report.pytest_results", f"--ampstand-durations={record.path}", "-v"]
    first = pytester.runpytest_subprocess(*options, "--ampstand-shard=1/2")
    first.assert_outcomes(passed=1, deselected=2)
    first.stdout.fnmatch_lines(["*::test_slow PASSED*"])
    pytester.runpytest_subprocess(*options, "--ampstand-shard=2/2", "-n2").assert_outcomes(passed=2)
    missing = pytester.runpytest_subprocess(*options[:2], "--ampstand-durations=none", "--ampstand-shard=1/2")
    assert missing.ret == pytest.ExitCode.USAGE_ERROR
    missing.stderr.fnmatch_lines(["*none cannot be read*"])
