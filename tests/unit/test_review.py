# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Series as they come by mail, and what a review says of them."""

from __future__ import annotations

import email
import email.policy
import gzip
import io
import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from stand import artifacts
from test_compare import FAILED, PASSED, side

from ampstand.build import mail
from ampstand.commands.review import Reviewer
from ampstand.commands.subjects import Subject, inputs_of
from ampstand.errors import UsageError
from ampstand.progress import Progress
from ampstand.report import patch_lines
from ampstand.report import review as forms
from ampstand.report.compare import Moved, compare
from ampstand.report.lcov import Covered
from ampstand.report.patch_lines import ChangedLine, State
from ampstand.report.results import Test
from ampstand.report.review import Repeated, Review, Warned

DIFF = """\
--- a/file
+++ b/file
@@ -{line},1 +{line},1 @@
-old {line}
+new {line}
"""


def message(subject: str, body: str, message_id: str = "<1@x>", encoding: str = "8bit") -> str:
    return (
        "From 0123456789 Mon Sep 17 00:00:00 2001\n"
        f"From: A <a@x>\nDate: Sat, 28 Nov 2026 00:00:00 +0000\nSubject: {subject}\nMessage-Id: {message_id}\n"
        f'Content-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding: {encoding}\n\n{body}\n'
    )


def patch(number: int, total: int) -> str:
    body = f"Why {number}.\n---\n file | 2 +-\n\n{DIFF.format(line=number)}-- \n2.47"
    return message(f"[PATCH v2 {number}/{total}] rpmsg: change\n number {number}", body, f"<{number}@x>")


def read(tmp_path: Path, *texts: str) -> list[mail.Patch]:
    files = []
    for number, text in enumerate(texts):
        files.append(tmp_path / f"in-{number}.mbox")
        files[-1].write_text(text)
    folder = tmp_path / "out"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return mail.series(files, folder)


def test_a_mailbox_is_a_series_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    cover = message("[PATCH v2 0/3] rpmsg: all of it", "file | 2 +-\nBlurb.", "<0@x>")
    found = read(tmp_path, patch(2, 3) + cover + patch(3, 3) + patch(1, 3) + message("Re: rpmsg", "Looks good."))
    assert [one.subject for one in found] == [f"rpmsg: change number {n}" for n in (1, 2, 3)]
    assert {one.thread for one in found} == {mail.Mail("<0@x>", "[PATCH v2 0/3] rpmsg: all of it")}
    assert found[0].path.name == "0001-rpmsg-change-number-1.patch"
    (tmp_path / "file").write_text("old 1\nold 2\nold 3\n")
    for one in found:
        subprocess.run(["git", "apply", "--unidiff-zero", str(one.path)], cwd=tmp_path, check=True)
    assert (tmp_path / "file").read_text() == "new 1\nnew 2\nnew 3\n"


def test_single_patches_come_as_they_are_named(tmp_path: Path) -> None:
    plain = f"Bug: it is wrong\n---\n{DIFF.format(line=1)}"
    found = read(tmp_path, plain, patch(1, 1), DIFF.format(line=3))
    assert [one.subject for one in found] == ["it is wrong", "rpmsg: change number 1", "in-2"]
    assert [one.path.name[:5] for one in found] == ["0001-", "0002-", "0003-"]


def test_a_thread_of_the_archive_is_its_last_version_without_the_answers(tmp_path: Path) -> None:
    first = message("[PATCH 1/1] rpmsg: old", DIFF.format(line=9))
    answer = message("Re: [PATCH v2 1/2] rpmsg: change", f"This instead?\n{DIFF.format(line=8)}")
    cover = message("[PATCH v2 0/2] rpmsg: all", "base-commit: 0123456789abcdef0123456789abcdef01234567", "<0@x>")
    (tmp_path / "t.mbox.gz").write_bytes(gzip.compress((first + cover + patch(1, 2) + answer + patch(2, 2)).encode()))
    told: list[str] = []
    found = mail.series([tmp_path / "t.mbox.gz"], tmp_path, told.append)
    assert [one.subject for one in found] == ["rpmsg: change number 1", "rpmsg: change number 2"]
    assert found[0].thread.message_id == "<0@x>"
    assert {one.base for one in found} == {"0123456789abcdef0123456789abcdef01234567"}
    assert "versions 1, 2" in told[0]


def test_a_patch_in_a_part_of_a_message_is_found(tmp_path: Path) -> None:
    parts = f"--b\nContent-Type: text/plain\n\nWhy.\n---\n{DIFF.format(line=1)}--b\nContent-Type: a/x\n\nx\n--b--\n"
    text = message("[PATCH] rpmsg: signed", parts).replace(
        'text/plain; charset="utf-8"', "multipart/signed; boundary=b"
    )
    (one,) = read(tmp_path, text.replace("\n+new 1", "\r\n+new 1"))
    assert one.subject == "rpmsg: signed"
    assert b"\n+new 1" in one.path.read_bytes()
    assert b"\r" not in one.path.read_bytes()


def test_an_encoded_patch_is_decoded(tmp_path: Path) -> None:
    body = DIFF.format(line=1).replace("new 1", "new =3D 1").replace("---", "Intro\n---", 1)
    (one,) = read(tmp_path, message("=?utf-8?q?rpmsg=3A_=C3=A4?=", body, encoding="quoted-printable"))
    assert one.subject == "rpmsg: ä"
    assert "+new = 1" in one.path.read_text()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no patch at all\n", "there is no patch in it"),
        (message("Re: hello", "text"), "there is no patch in it"),
        (patch(1, 3) + patch(3, 3), "patch 2 of 3 is missing"),
        (patch(1, 2) + patch(2, 2) + patch(1, 3), "more than one series"),
        (patch(1, 2) + patch(2, 2) + patch(2, 2), "more than one series"),
        (patch(1, 2) + patch(2, 2) + message("[PATCH v2] other", DIFF.format(line=3)), "more than one series"),
    ],
)
def test_what_is_no_series_is_refused_with_its_file(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(UsageError, match=rf"in-0\.mbox: .*{why}"):
        read(tmp_path, text)
    with pytest.raises(UsageError, match="cannot read"):
        mail.series([tmp_path / "none"], tmp_path)


class Bisected(Reviewer):
    """A review whose tests need no board: they fail from one part on."""

    def __init__(self, parts: int, bad: int) -> None:
        subject = SimpleNamespace(parts=[None] * parts, args=None, progress=Progress(io.StringIO(), live=False))
        super().__init__(cast("Subject", subject), Path())
        self.bad = bad
        self.tried: list[int] = []

    def _failing(self, parts: int, names: Sequence[str], folder: Path) -> set[str]:
        self.tried.append(parts)
        return set(names) if parts >= self.bad else set()


@pytest.mark.parametrize(("parts", "bad"), [(1, 1), (2, 1), (2, 2), (5, 3), (9, 9), (9, 1)])
def test_the_first_bad_part_is_found_in_few_steps(parts: int, bad: int) -> None:
    one = Bisected(parts, bad)
    assert one._culprit(["t"]) == bad
    assert len(one.tried) <= parts.bit_length()
    assert parts not in one.tried


SCENARIOS = ["tests/scenarios/test_boot.py::a", "tests/scenarios/test_leaks.py::b", "tests/scenarios/test_leaks.py::c"]


@pytest.mark.parametrize(
    ("built", "same", "chosen"),
    [
        ("base", set(), "a"),
        ("other", {"drivers/rpmsg/x.c"}, "a"),
        ("other", set(), "ab"),
    ],
)
def test_what_makes_no_other_code_needs_the_smoke_set_only(
    tmp_path: Path, built: str, same: set[str], chosen: str
) -> None:
    reviewer = Reviewer.__new__(Reviewer)
    executed = {name: Covered({"drivers/rpmsg/x.c": {1: name.endswith("b")}}) for name in SCENARIOS}
    subject = SimpleNamespace(
        parts=[object()],
        notes=[],
        identity=lambda number: built if number else "base",
        same_code=lambda: same,
        covered=lambda changed, folder: executed,
    )
    reviewer.subject = cast("Subject", subject)
    reviewer.progress = Progress(io.StringIO())
    found = reviewer._chosen(SCENARIOS, {"drivers/rpmsg/x.c": ("int x;\n", "int y;\n")}, tmp_path)
    assert "".join(name[-1] for name in found) == chosen
    assert len(subject.notes) == (chosen == "a"), "the reader is told why"


def review(tmp_path: Path, before: Test, after: Test, *repeated: Repeated) -> Review:
    inputs = {"kernel": "6.12.118", "kernel source": "Debian linux-source-6.12"}
    sides = side(tmp_path / "a", before, inputs=inputs), side(tmp_path / "b", after, inputs=inputs)
    subjects = ["rpmsg: one", "rpmsg: two"]
    return Review(
        subjects,
        mail.Mail("<1@x>", "[PATCH v2 0/2] rpmsg: ä"),
        inputs,
        compare(*sides),
        *sides,
        repeated=list(repeated),
        again="./again",
    )


def test_a_worse_test_is_told_with_its_counts_and_its_patch(tmp_path: Path) -> None:
    found = review(tmp_path, PASSED, FAILED, Repeated("t.py::test_a", 5, 5, 0))
    found.culprit = 2
    assert found.exit_code() == 1
    mail_text = forms.text(found)
    assert "Tested on Linux 6.12.118, Debian linux-source-6.12" in mail_text.replace("\n", " ")
    assert "  2/2 rpmsg: two  <- the first with which it fails" in mail_text
    told = " ".join(mail_text.split())
    assert "t.py::test_a: failed 5 of 5 with the series, 0 of 5 without: comes of the change" in told
    assert mail_text.endswith("To see it again:\n  ./again\n")
    assert "Tested-by" not in mail_text
    page = forms.markdown(found)
    assert "2. `rpmsg: two` **← the first with which it fails**" in page
    assert "| `t.py::test_a` | 5 of 5 | 0 of 5 | comes of the change |" in page
    document = json.loads(json.dumps(found.document()))
    assert document["thread"] == {"message_id": "<1@x>", "subject": "[PATCH v2 0/2] rpmsg: ä"}
    assert (document["exit_code"], document["repeated"][0]["judgement"]) == (1, "comes of the change")


@pytest.mark.parametrize(
    ("with_change", "without", "judgement", "code"),
    [
        (5, 0, "comes of the change", 1), (2, 0, "fails now and then with the change", 1),
        (0, 0, "did not fail again", 3), (3, 1, "the baseline is flaky", 3),
    ],
)  # fmt: skip
def test_what_is_flaky_or_does_not_fail_again_is_no_verdict(
    tmp_path: Path, with_change: int, without: int, judgement: str, code: int
) -> None:
    one = Repeated("t.py::test_a", 5, with_change, without)
    assert one.judgement == judgement
    found = review(tmp_path, PASSED, FAILED, one)
    assert found.exit_code() == code
    verdict = "1 test is worse" if code == 1 else "could not be judged: what failed is flaky, or did not fail again"
    assert found.verdict() == verdict
    assert f"Verdict: {verdict}." in " ".join(forms.text(found).split())
    assert f"### {verdict.capitalize()}" in forms.markdown(found)


def test_what_did_not_fail_again_is_not_counted_as_worse(tmp_path: Path) -> None:
    found = review(tmp_path, PASSED, FAILED, Repeated("t.py::test_a", 5, 5, 0), Repeated("t.py::test_b", 5, 0, 0))
    (worse,) = found.comparison.of_kind("worse")
    found.comparison.tests.append(replace(worse, name="t.py::test_b"))
    assert found.exit_code() == 1
    assert found.verdict() == "1 test is worse; 1 more failed, and may have nothing to do with the series"


def test_a_board_that_does_not_come_up_with_the_change_is_the_verdict(tmp_path: Path) -> None:
    before = replace(PASSED, stage="scenarios")
    after = replace(before, outcome="error", infrastructure=True, headline="host: Kernel panic - not syncing")
    found = review(tmp_path, before, after, Repeated(before.name, 5, 5, 0))
    assert found.exit_code() == 1
    assert found.verdict() == "the board does not come up with the series: host: Kernel panic - not syncing"
    once = review(tmp_path / "once", before, after, Repeated(before.name, 5, 0, 0))  # somebody has ended QEMU
    assert (once.exit_code(), once.verdict().split(":")[0]) == (3, "could not be judged")


def test_a_mail_is_an_answer_with_the_text(tmp_path: Path) -> None:
    found = review(tmp_path, PASSED, FAILED)
    answer = email.message_from_string(forms.mail(found), policy=email.policy.default)
    assert (answer["Subject"], answer["In-Reply-To"]) == ("Re: [PATCH v2 0/2] rpmsg: ä", "<1@x>")
    assert answer.get_content() == forms.text(found)
    found.thread = mail.Mail()
    answer = email.message_from_string(forms.mail(found), policy=email.policy.default)
    assert (answer["Subject"], answer["In-Reply-To"]) == ("review: rpmsg: one", None)


def test_only_a_green_review_suggests_a_tag(tmp_path: Path) -> None:
    found = review(tmp_path, PASSED, PASSED)
    assert found.exit_code() == 0
    assert "Tested-by, for 1 test that passed on" in forms.text(found)
    assert "scenarios: those" not in forms.text(found)
    found = review(tmp_path / "red", FAILED, FAILED)
    assert found.exit_code() == 0, "it is not worse"
    assert "Tested-by" not in forms.text(found)


LINE = "drivers/rpmsg/a.c"
BEFORE = "one\ntwo\nthree\n\nfour\n"
AFTER = "one\nnew 2\nnew 3\nthree\n\nchanged 6\n/* new 7 */\n"


def test_each_changed_line_is_looked_up(tmp_path: Path) -> None:
    assert patch_lines.numbers(BEFORE, AFTER) == [2, 3, 6, 7]
    assert patch_lines.numbers("", "a\nb\n") == [1, 2]
    assert patch_lines.numbers("a\nb\nc\n", "a\nc\n") == []
    tests = {
        "t1": Covered({LINE: {1: True, 2: True, 3: False, 6: False}}),
        "t2": Covered({LINE: {1: True, 2: True, 3: False, 6: True}}),
    }
    files = {LINE: (BEFORE, AFTER), "drivers/other.c": ("", "new\n"), "Documentation/x.rst": ("", "new\n")}
    assert patch_lines.judge(files, tests) == [
        ChangedLine("drivers/other.c", 1, "new", State.NOT_COMPILED),
        ChangedLine(LINE, 2, "new 2", State.EXECUTED, ["t1", "t2"]),
        ChangedLine(LINE, 3, "new 3", State.NEVER),
        ChangedLine(LINE, 6, "changed 6", State.EXECUTED, ["t2"]),
        ChangedLine(LINE, 7, "/* new 7 */", State.NO_CODE),
    ]


def test_lines_that_were_never_executed_are_shown(tmp_path: Path) -> None:
    found = review(tmp_path, PASSED, PASSED)
    found.lines = [ChangedLine(LINE, 1, "x", State.EXECUTED, ["t1", "t2"]), ChangedLine(LINE, 2, "", State.NO_CODE)]
    found.lines += [ChangedLine(LINE, 10 + n, f"\treturn {n};{'x' * 99}", State.NEVER) for n in range(25)]
    found.scenarios = (12, 250)
    text, page = forms.text(found), forms.markdown(found)
    for form in (" ".join(text.split()), page):
        assert "Changed lines: 1 executed, by 2 scenarios, 25 never executed, 1 no code of its own." in form
        assert "12 of 250 scenarios: those that execute functions which the series changes" in form
    assert "  drivers/rpmsg/a.c:10\n    return 0;" in text
    assert "and 5 more" in text
    assert max(map(len, text[text.index("Changed lines") :].splitlines())) <= 72
    assert "* drivers/rpmsg/a.c:10 `return 0;" in page
    assert len(json.loads(json.dumps(found.document()))["lines"]) == 27


@pytest.mark.parametrize(
    "changed", ["kernel", "initramfs", "dtb", "tests/scenarios/test_a.py", "configs/boards/b.toml", "ci/ampstand/x.py"]
)
def test_a_baseline_is_taken_again_only_if_nothing_else_would_be_tested(tmp_path: Path, changed: str) -> None:
    """A changed file of the same name, and so of the same version, is another."""
    root = tmp_path / "root"
    for name in ("tests/scenarios/test_a.py", "tests/probes/p.toml", "configs/boards/b.toml", "ci/ampstand/x.py"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("one")
    build = artifacts(tmp_path)
    for path in (build.kernel, build.initramfs, build.dtb):
        path.write_text("one")
    before = inputs_of(build, root)
    assert inputs_of(build, root) == before
    (root / changed if "/" in changed else getattr(build, changed)).write_text("another")
    assert inputs_of(build, root) != before


def test_sizes_and_warnings_that_come_with_it_are_shown(tmp_path: Path) -> None:
    found = review(tmp_path, PASSED, PASSED)
    found.sizes = [Moved("sizes", "function rpmsg_send", "B", 100, 112, exact=True)]
    found.sizes += [Moved("sizes", "struct rpmsg_new", "B", None, 64, exact=True)]
    found.warnings = [Warned(2, "drivers/rpmsg/a.c: unused variable 'x' [-Wunused-variable]")]
    text, page = forms.text(found), forms.markdown(found)
    assert "  function rpmsg_send: 100 -> 112 B (+12.00 %)" in text
    assert "  struct rpmsg_new: none -> 64 B" in text
    assert "| `function rpmsg_send` | 100 | 112 | B (+12.00 %) |" in page
    assert "patch 2: drivers/rpmsg/a.c: unused variable 'x'" in " ".join(text.split())
    assert "* patch 2: `drivers/rpmsg/a.c: unused variable" in page
    assert found.exit_code() == 0, "it is for the reader to judge"
    assert json.loads(json.dumps(found.document()))["sizes"][0]["candidate"] == 112
