# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Our additions to QEMU as a series: how it is cut, and that each step is what it says."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from ampstand import paths
from ampstand.build import overlay
from ampstand.build.overlay import Tree
from ampstand.commands import series
from ampstand.commands.series import Part, Plan
from ampstand.errors import UsageError

KCONFIG = """\
config OLD
    bool
"""
MESON = """\
system_ss.add(when: 'CONFIG_OLD', if_true: files('old.c'))
system_ss.add(when: 'CONFIG_LAST', if_true: files('last.c'))
"""
NEW_KCONFIG = """\
config OLD
    bool

config DEV_ONE
    bool

config BOARD
    bool
    select DEV_ONE
    select DEV_TWO

config DEV_TWO
    bool
"""
NEW_MESON = """\
system_ss.add(when: 'CONFIG_OLDER', if_true: files('old.c'))
system_ss.add(when: 'CONFIG_DEV_TWO', if_true: files(
    'dev_two.c'))
system_ss.add(when: 'CONFIG_BOARD', if_true: files('board.c'))
system_ss.add(when: 'CONFIG_DEV_ONE', if_true: files('dev_one.c'))
system_ss.add(when: 'CONFIG_LAST', if_true: files('last.c'))
"""
TRACE = '# old.c\nold(void) ")"\n'
NEW_TRACE = (
    TRACE + '\n# dev_two.c\ndev_two_read(int x) "(%d"\ndev_two_write(void) ""\n\n# dev_one.c\ndev_one(void) ""\n'
)
PLAN = """
glue = ["0002"]
private = ["0003"]
private_files = ["hw/misc/secret.c", "configs/*"]
last = ["0004"]
[[part]]
subject = "hw/misc: add one"
why = "It is the first."
files = ["*/misc/dev_one.*"]
[[part]]
subject = "hw/misc: add two"
why = "It is the second."
files = ["*/misc/dev_two.*"]
[[part]]
subject = "hw/arm: add the board"
why = "It has both."
files = ["hw/misc/board.c"]
tokens = ["OLDER"]
"""


def patch(subject: str, changes: Mapping[str, tuple[str | None, str]]) -> str:
    diff = "".join(series.difference(name, before, after) for name, (before, after) in changes.items())
    return f"From 0 Mon Sep 17 00:00:00 2001\nSubject: [PATCH] {subject}\n\nwhy of {subject}\n---\n{diff}--\n2.0\n"


@pytest.fixture
def pristine(tmp_path: Path) -> Path:
    tree = tmp_path / "qemu"
    for name, text in {
        "hw/misc/Kconfig": KCONFIG,
        "hw/misc/meson.build": MESON,
        "hw/misc/trace-events": TRACE,
        "hw/misc/old.c": "int wrong;\n",
        "VERSION": "10.0.1\n",
    }.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    return tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    top = tmp_path / "root"
    glue = {
        "hw/misc/Kconfig": (KCONFIG, NEW_KCONFIG),
        "hw/misc/meson.build": (MESON, NEW_MESON),
        "hw/misc/trace-events": (TRACE, NEW_TRACE),
    }
    for name, text in {
        "hw/misc/dev_one.c": "int one;\n",
        "include/hw/misc/dev_one.h": "extern int one;\n",
        "hw/misc/dev_two.c": "int two;",
        "hw/misc/board.c": "int board;\n",
        "hw/misc/secret.c": "int secret;\n",
        "configs/qemu/devices.mak": "CONFIG_BOARD=y\n",
        "hw/qemu/0001-mend.patch": patch("hw/misc: mend old", {"hw/misc/old.c": ("int wrong;\n", "int right;\n")}),
        "hw/qemu/0002-glue.patch": patch("hw: build them", glue),
        "hw/qemu/0003-private.patch": patch("hw/misc: ours", {"hw/misc/ours": (None, "ours\n")}),
        "hw/qemu/0004-docs.patch": patch("docs: say so", {"docs/board.rst": (None, "Board\n")}),
        f"hw/qemu/{series.PLAN}": PLAN,
    }.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    return top


def git(tree: Path, *words: str) -> str:
    argv = ["git", "-c", "user.name=t", "-c", "user.email=t@example", *words]
    return subprocess.run(argv, cwd=tree, check=True, capture_output=True, text=True).stdout


def test_each_step_applies_and_is_about_one_thing(root: Path, pristine: Path, tmp_path: Path) -> None:
    layer = overlay.layer(pristine, root)
    written = series.write(tmp_path / "out", pristine, root)
    assert [path.name for path in written] == [
        "0001-hw-misc-mend-old.patch",
        "0002-hw-misc-add-one.patch",
        "0003-hw-misc-add-two.patch",
        "0004-hw-arm-add-the-board.patch",
        "0005-docs-say-so.patch",
    ]
    assert "Subject: [PATCH 2/5] hw/misc: add one\n\nIt is the first.\n\nSigned-off-by: " in written[1].read_text()
    git(pristine, "init", "-q")
    git(pristine, "add", "-A")
    git(pristine, "commit", "-q", "-m", "plain")
    seen = []
    for path in written:
        git(pristine, "am", "-q", str(path))
        added = git(pristine, "show", "--format=", "--unified=0").splitlines()
        seen.append([line[1:] for line in added if line.startswith("+") and line[1:2] not in ("+", "")])
    assert seen[0] == ["int right;"]
    assert seen[1] == [  # by the names of the files
        "config DEV_ONE",
        "    bool",
        "int one;",
        "system_ss.add(when: 'CONFIG_DEV_ONE', if_true: files('dev_one.c'))",
        "# dev_one.c",
        'dev_one(void) ""',
        "extern int one;",
    ]
    assert seen[2] == [
        "config DEV_TWO",
        "    bool",
        "int two;",
        "system_ss.add(when: 'CONFIG_DEV_TWO', if_true: files(",
        "    'dev_two.c'))",
        "# dev_two.c",
        'dev_two_read(int x) "(%d"',
        'dev_two_write(void) ""',
    ]
    assert "system_ss.add(when: 'CONFIG_OLDER', if_true: files('old.c'))" in seen[3]
    for name, data in layer.items():
        there = (pristine / name).read_bytes() if (pristine / name).exists() else None
        assert there == (None if name in ("hw/misc/secret.c", "hw/misc/ours", overlay.DEVICES) else data), name


def test_it_does_not_write_into_a_full_folder(root: Path, pristine: Path) -> None:
    with pytest.raises(UsageError, match="not empty"):
        series.write(root, pristine, root)


def test_what_belongs_nowhere_is_told(root: Path, pristine: Path, tmp_path: Path) -> None:
    (root / "hw/misc/forgotten.c").touch()
    with pytest.raises(UsageError, match=r"series.toml:\d+: in no part, and not private: hw/misc/forgotten.c"):
        series.write(tmp_path / "out", pristine, root)
    (root / "hw/misc/forgotten.c").unlink()
    text = (root / "hw/qemu" / series.PLAN).read_text()
    (root / "hw/qemu" / series.PLAN).write_text(text.replace("dev_two", "dev_2"))
    with pytest.raises(UsageError, match=r"no file is left that matches \*/misc/dev_2"):
        series.write(tmp_path / "out", pristine, root)
    assert not (tmp_path / "out").exists()


def test_a_line_of_the_build_that_names_nothing_is_told() -> None:
    parts = [Part("s", "w", ("hw/a.c",), frozenset(["a.c", "A"]))]
    with pytest.raises(UsageError, match="whose is this in meson"):
        series.stanzas("meson.build", "x\n", "x\nsystem_ss.add(files('b.c'))\n", parts)


def test_the_projects_own_plan_has_every_file_once() -> None:
    files = overlay.own_files()
    plan = Plan.load(paths.ROOT / "hw/qemu" / series.PLAN, files)
    named = [name for part in plan.parts for name in part.files]
    assert len(named) == len(set(named))
    patches = [path.name for path in overlay.patches()]
    for number in (*plan.glue, *plan.last):
        assert any(name.startswith(number) for name in patches), number
    assert all(len(part.subject) < 72 for part in plan.parts)


def test_a_tree_that_changed_is_told_by_the_patch(root: Path, pristine: Path, tmp_path: Path) -> None:
    (pristine / "hw/misc/old.c").write_text("other\n")
    with pytest.raises(Exception, match=r"0001-mend.patch does not apply to the tree"):
        list(series.patches(Tree(pristine), root))
