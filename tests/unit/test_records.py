# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

from ampstand.board import AcceptedError
from ampstand.errors import TestsFailed, UnwritableError
from ampstand.report.records import GUEST_ERROR_KINDS, Recorder


def test_merged_log_is_one_clock_with_cores(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.feed("host", "linux", "first li")
    recorder.feed("m4", "usart3", "remote line\n")
    recorder.feed("host", "linux", "ne\r\nunfinished")
    recorder.close()
    lines = [line.split(maxsplit=1) for line in (tmp_path / "merged.log").read_text().splitlines()]
    assert [text for _, text in lines] == ["m4    | remote line", "host  | first line", "host  | unfinished"]
    assert [float(when) for when, _ in lines] == sorted(float(when) for when, _ in lines)
    assert (tmp_path / "linux.log").read_bytes() == b"first line\r\nunfinished"


def test_an_unannounced_bad_line_and_a_missing_announced_one_fail(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.expect_bad("HardFault", "m4")
    recorder.expect_bad("Oops", "host")
    recorder.feed("m4", "usart3", "HardFault\n")
    recorder.feed("host", "linux", "[ 1.0] BUG: sleeping function\n")
    reasons = recorder.verdict()
    assert len(reasons) == 2
    assert "BUG: sleeping function" in reasons[0]
    assert "'Oops'" in reasons[1]


def test_an_announced_line_counts_only_on_its_core(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.expect_bad("HardFault", "m4")
    recorder.feed("r5", "uart", "HardFault\n")
    assert len(recorder.verdict()) == 2


def test_a_tolerated_line_may_come_or_not(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.tolerate_bad("Oops", "a race", "host")
    assert recorder.verdict() == []
    recorder.feed("host", "linux", "Oops\nBUG: other\n")
    assert len(recorder.verdict()) == 1


def test_expecting_bad_ends_with_its_body(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    with recorder.expecting_bad("Oops", "host"):
        recorder.feed("host", "linux", "Oops\n")
    assert recorder.verdict() == []
    with pytest.raises(TestsFailed, match="did not occur"), recorder.expecting_bad("Oops", "host"):
        pass


def test_inputs_can_be_checked_and_results_read(tmp_path: Path) -> None:
    kernel = tmp_path / "zImage"
    kernel.write_bytes(b"kernel")
    recorder = Recorder(tmp_path / "records")
    recorder.inputs({"kernel": kernel})
    text = (recorder.folder / "inputs.sha256").read_text()
    assert text == f"{hashlib.sha256(b'kernel').hexdigest()}  {kernel}\n"
    subprocess.run(["sha256sum", "-c", "--quiet", recorder.folder / "inputs.sha256"], check=True)
    recorder.feed("m4", "usart3", "panic: out of buffers\n")
    recorder.expect_bad("must come", "host")
    recorder.tolerate_bad(r"may \d", "a race", "host")
    recorder.result("failed", extra=1)
    data = json.loads((recorder.folder / "result.json").read_text())
    assert (data["outcome"], data["extra"], data["bad_lines"]) == ("failed", 1, ["panic: out of buffers"])
    assert data["tolerated"] == [{"core": "host", "pattern": r"may \d"}]


def test_the_log_of_guest_errors_is_bounded_attributed_and_counted(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, cpus={2: "m4"}, accepted=[AcceptedError("m4", "^known", "its reason")])
    recorder.expect_bad("announced", "m4")
    polled = "<cpu2> Read of unassigned area of PPB: offset 0x1004\n" * 1000
    for _ in range(1000):
        recorder.guest_errors(polled)
    recorder.guest_errors("<cpu0> announced\n<cpu2> known\n<cpu2> anno")
    recorder.guest_errors("unced\n")
    recorder.guest_errors("".join(f"<cpu2> write of {value}\n" for value in range(2 * GUEST_ERROR_KINDS)))
    recorder.close()
    assert (tmp_path / "guest-errors.log").stat().st_size < 100 * GUEST_ERROR_KINDS
    lines = (tmp_path / "guest-errors.log").read_text().splitlines()
    assert lines[0].split(maxsplit=3) == ["1000000", "m4", "|", "Read of unassigned area of PPB: offset 0x1004"]
    reasons = recorder.verdict()
    assert re.fullmatch("guest error of m4 .*offset 0x1004", reasons[0])
    assert re.fullmatch("guest error of host .*: announced", reasons[1])
    assert not any("known" in reason or reason.endswith("m4 did not occur") for reason in reasons)
    recorder.result("failed")
    data = json.loads((tmp_path / "result.json").read_text())
    assert data["guest_errors"][0] == {
        "core": "m4", "text": "Read of unassigned area of PPB: offset 0x1004", "count": 1000000,
    }  # fmt: skip
    assert data["guest_errors_not_kept"] > 0


def test_what_programs_print_of_the_log_is_judged_once(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    with recorder.quoting():
        recorder.feed("host", "linux", "4 1.0 BUG: quoted\n[ 1.0] BUG: new\r\n")
    assert [line.text for line in recorder.bad] == ["[ 1.0] BUG: new"]


@pytest.mark.parametrize("at", range(1, 60, 7))
def test_what_the_kernel_says_amid_a_line_of_a_program_is_judged_by_itself(tmp_path: Path, at: int) -> None:
    """Whatever else has been said, and wherever what comes from the board is cut."""
    said = "4 1.0 BUG: quo[    2.000000] BUG: new\r\nted\nnext\n[    3.000000] begun"
    recorder = Recorder(tmp_path)
    with recorder.quoting():
        recorder.feed("host", "linux", said[:at])
        recorder.feed("host", "linux", said[at:])
        assert [line.text for line in recorder.bad] == ["[    2.000000] BUG: new"]
    assert recorder.tail("host") == ["[    2.000000] BUG: new", "4 1.0 BUG: quoted", "next", "[    3.000000] begun"]
    recorder.close()
    assert (tmp_path / "linux.log").read_bytes().decode() == said
    assert (tmp_path / "merged.log").read_text().splitlines()[-1].endswith("| [    3.000000] begun")


def test_a_log_that_cannot_grow_is_told_when_the_scenario_is_judged(tmp_path: Path) -> None:
    (tmp_path / "merged.log").symlink_to("/dev/full")
    recorder = Recorder(tmp_path)
    recorder.feed("host", "linux", "BUG: something\n")  # in a thread in which nobody hears an exception
    recorder.note("more")
    assert [line.text for line in recorder.bad] == ["BUG: something"]
    assert (tmp_path / "linux.log").read_text() == "BUG: something\n"
    with pytest.raises(UnwritableError, match=r"merged\.log cannot be written: No space left"):
        recorder.verdict()
    recorder.close()


def test_records_that_cannot_be_begun_or_ended_are_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableError, match="Not a directory"):
        Recorder(tmp_path / "file/records")
    recorder = Recorder(tmp_path / "records")
    (tmp_path / "records/result.json").symlink_to("/dev/full")
    with pytest.raises(UnwritableError, match="No space left"):
        recorder.result("passed")
