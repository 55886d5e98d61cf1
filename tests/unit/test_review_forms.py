# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The forms of a review that programs read, and the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import kcidb_io
import pytest
from test_compare import FAILED, PASSED, side

from ampstand.build.mail import Mail
from ampstand.report import kcidb, page, patch_lines, sarif
from ampstand.report import review as forms
from ampstand.report.compare import Moved, compare
from ampstand.report.detours import Detour
from ampstand.report.lcov import Covered
from ampstand.report.results import Figure, Test
from ampstand.report.review import Repeated, Review, Warned

FILE = "drivers/rpmsg/a.c"
TIMES = {"boot": 1e9, "stop": 1e7}
BEFORE = "int f(void)\n{\n\treturn 1;\n}\n"
AFTER = "int f(void)\n{\n\tif (x < 3)\n\t\treturn 2;\n\treturn 1;\n}\n"
INPUTS = {"kernel": "6.12.118", "kernel source": "git /linux", "kernel git": "v6.12-3-gabc", "compiler": "gcc 12"}


@pytest.fixture
def review(tmp_path: Path) -> Callable[..., Review]:
    """Return a function that makes a review in which one test became worse."""

    def make(after: Test = FAILED) -> Review:
        for name in ("a", "b"):
            folder = tmp_path / "logs" / name
            folder.mkdir(parents=True)
            (folder / "linux.log").write_text("")
            (folder / "merged.log").write_text(
                f"   1.000000 host  | <b>said by {name}</b>\n   1.500000 m4    | count 1\n"
            )
        before = replace(PASSED, records=str(tmp_path / "logs/a"))
        after = replace(after, records=str(tmp_path / "logs/b"))
        figure = Figure("measure", "echo[bare]/round trip", 100, "insns")
        sides = (
            side(tmp_path / "a", before, figure, inputs=INPUTS),
            side(tmp_path / "b", after, replace(figure, value=150), inputs=INPUTS),
        )
        files = {FILE: (BEFORE, AFTER)}
        return Review(
            ["rpmsg: <script> one"], Mail("<1@x.org>", "[PATCH] rpmsg: one"), INPUTS, compare(*sides), *sides,
            patches=["ab" * 32],
            repeated=[Repeated(PASSED.name, 5, 5, 0)], again="./again",
            lines=patch_lines.judge(files, {"t1": Covered({FILE: {3: True, 4: False, 5: True}})}),
            difference=patch_lines.difference(files),
            sizes=[Moved("sizes", "function f", "B", 8, 16, exact=True)],
            warnings=[Warned(1, f"{FILE}: unused variable 'y'")],
            detours={
                PASSED.name: [Detour(FILE, "rproc_handle_resources", [640, 641, 642], [633], True, "return -EINVAL;")]
            },
        )  # fmt: skip

    return make


def test_every_form_says_where_linux_goes_another_way(review: Callable[..., Review]) -> None:
    found = review()
    told = f"rproc_handle_resources() in {FILE}: no longer 640-642, now 633: return -EINVAL;"
    text = forms.text(found)
    assert f"Where Linux goes another way in {PASSED.name}: {told}" in " ".join(text.split())
    assert max(len(line) for line in text.partition("Where Linux")[2].partition("To see it")[0].splitlines()) <= 72
    assert f"* `{told}`" in forms.markdown(found)
    assert f'<li class="mono">{told}</li>' in page.html(found)
    document = json.loads(json.dumps(found.document()))
    assert document["detours"][PASSED.name][0]["with_change"] == [633]
    found.detours = {PASSED.name: []}
    assert f"Where Linux goes another way in {PASSED.name}:\n  {forms.NOWHERE}\n" in forms.text(found)


def test_kcidb_takes_it(review: Callable[..., Review]) -> None:
    document = json.loads(kcidb.text(review()))
    kcidb_io.schema.LATEST.validate(document)
    assert [checkout["patchset_hash"] == "" for checkout in document["checkouts"]] == [True, False]
    assert document["checkouts"][1]["message_id"] == "1@x.org"
    by_build = {build["id"]: build["checkout_id"] for build in document["builds"]}
    tests = [test for test in document["tests"] if test["status"] != "DONE"]
    assert [(by_build[test["build_id"]], test["status"]) for test in tests] == [
        (document["checkouts"][0]["id"], "PASS"), (document["checkouts"][1]["id"], "FAIL")
    ]  # fmt: skip
    assert [test["number"] for test in document["tests"] if test["status"] == "DONE"] == [
        {"value": 100, "unit": "insns"}, {"value": 150, "unit": "insns"}
    ]  # fmt: skip
    every = [entry["id"] for part in ("checkouts", "builds", "tests") for entry in document[part]]
    assert len(set(every)) == len(every)


@pytest.mark.parametrize(
    ("test", "status"),
    [
        (replace(FAILED, infrastructure=True, outcome="error"), "MISS"),
        (replace(FAILED, outcome="known", known="poll-race"), "FAIL"),
        (replace(FAILED, outcome="skipped"), "SKIP"),
        (replace(FAILED, outcome="error", headline="\0" + "x" * 20000), "ERROR"),
    ],
)
def test_each_outcome_has_its_status(review: Callable[..., Review], test: Test, status: str) -> None:
    document = kcidb.document(review(test))
    kcidb_io.schema.LATEST.validate(document)
    assert document["tests"][2]["status"] == status


def test_sarif_has_the_lines_of_the_patch(review: Callable[..., Review]) -> None:
    document = json.loads(sarif.text(review()))
    (run,) = document["runs"]
    found = [
        (
            one["ruleId"],
            one["locations"][0]["physicalLocation"].get("region", {}).get("startLine"),
            one["message"]["text"],
        )
        for one in run["results"]
    ]
    assert found == [
        ("never-executed", 4, "never executed: return 2;"),
        ("new-warning", None, "patch 1: unused variable 'y'"),
    ]
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {one["ruleId"] for one in run["results"]}
    assert {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"]} == {FILE}


class Page(HTMLParser):
    """What a page shows, and the tags that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_shows_all_and_needs_nothing_else(review: Callable[..., Review]) -> None:
    found = Page()
    found.feed(page.html(review()))
    assert found.open == []
    for text in (
        "1 test is worse", "rpmsg: <script> one", "5 of 5 with", "0 of 5 without", "<b>said by a</b>", "said by b",
        "1 executed, 1 never executed", "if (x < 3)", "function f", "+100.00 %", "+50.00 %", "unused variable 'y'",
        "./again",
    ):  # fmt: skip
        assert text in found.text, text
    assert "script" not in {tag for tag, _ in found.tags}
    assert not [attrs for _, attrs in found.tags if {"src", "href"} & attrs.keys()]
    rows = [attrs["class"] for tag, attrs in found.tags if tag == "tr" and attrs.get("class")]
    assert rows == ["worse", "head", "executed", "never"], "the unchanged 'return 1' has no colour"


def test_distributions_and_phases_are_plotted(review: Callable[..., Review]) -> None:
    found = review()
    values = {"min": 10.0, "p10": 20.0, "median": 30.0, "p99": 40.0, "max": 50.0}
    for one, factor in ((found.baseline, 1), (found.candidate, 2)):
        one.run.figures += [
            Figure("measure", f"p[bare]/echo: insns, {q}", v * factor, "insns") for q, v in values.items()
        ]
        one.run.figures += [Figure("measure", f"p[bare]/{name}: time", t * factor, "ns") for name, t in TIMES.items()]
    found.baseline.run.figures.append(Figure("measure", "p[bare]/gone: insns, min", 1, "insns"))
    (plot,) = page.distributions(found)
    assert (plot.name, plot.sides) == ("p[bare]/echo: insns", ((10, 20, 30, 40, 50), (20, 40, 60, 80, 100)))
    assert [plot.at(value) for value in plot.sides[0]] == [10, 20, 30, 40, 50], "100 fills the width"
    assert [(one.name, one.sides, one.at(one.sides[1][0])) for one in page.phases(found)] == [
        ("p[bare]/boot", ((1000,), (2000,)), 100), ("p[bare]/stop", ((10,), (20,)), 100)
    ]  # fmt: skip
    shown = Page()
    shown.feed(page.html(found))
    assert shown.open == []
    titles = [attrs["title"] for _, attrs in shown.tags if attrs.get("title")]
    assert "insns: min 20, p10 40, median 60, p99 80, max 100" in titles
    assert "2,000 ms" in titles
    assert "10 → 20 ms" in shown.text


def test_a_difference_has_the_numbers_of_the_new_file() -> None:
    lines = patch_lines.difference({FILE: (BEFORE, AFTER), "b.c": ("one\n", "two\n"), "same.c": ("x\n", "x\n")})
    assert [(line.file, line.kind, line.line) for line in lines if line.kind in "+-"] == [
        ("b.c", "-", 1), ("b.c", "+", 1), (FILE, "+", 3), (FILE, "+", 4)
    ]  # fmt: skip
    assert [line.line for line in lines if line.kind == " " and line.file == FILE] == [1, 2, 5, 6]
