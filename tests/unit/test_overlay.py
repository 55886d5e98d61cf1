# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Our files over a QEMU tree."""

from __future__ import annotations

import subprocess
import unittest.mock
from pathlib import Path

import pytest

from ampstand import paths
from ampstand.build import overlay
from ampstand.errors import InfrastructureError

PATCH = """\
From 0 Mon Sep 17 00:00:00 2001
Subject: [PATCH] hw/misc: make it known

why
---
 hw/misc/Kconfig | 1 +

diff --git a/hw/misc/Kconfig b/hw/misc/Kconfig
--- a/hw/misc/Kconfig
+++ b/hw/misc/Kconfig
@@ -1,2 +1,3 @@
 config A
     bool
+config B
--
2.39.0
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    top = tmp_path / "root"
    for name, text in {
        "hw/misc/dev.c": "int dev;\n",
        "include/hw/misc/dev.h": "extern int dev;\n",
        "tests/qtest/dev-test.c": "int main(void)\n{\n}\n",
        "configs/qemu/devices.mak": "CONFIG_B=y\n",
        "hw/qemu/0001-known.patch": PATCH,
        "hw/qemu/README.c": "not for QEMU\n",
    }.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    return top


@pytest.fixture
def pristine(tmp_path: Path) -> Path:
    tree = tmp_path / "qemu"
    (tree / "hw/misc").mkdir(parents=True)
    (tree / "hw/misc/Kconfig").write_text("config A\n    bool\n")
    (tree / "hw/misc/other.c").write_text("other\n")
    return tree


def copy(pristine: Path, tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    subprocess.run(["cp", "-a", pristine, tree], check=True)
    return tree


def test_layer_holds_our_files_and_the_patched_ones(root: Path, pristine: Path) -> None:
    layer = overlay.layer(pristine, root)
    assert layer["hw/misc/Kconfig"] == b"config A\n    bool\nconfig B\n"
    assert set(layer) == {
        "hw/misc/Kconfig",
        "hw/misc/dev.c",
        "include/hw/misc/dev.h",
        "tests/qtest/dev-test.c",
        overlay.DEVICES,
    }
    assert (pristine / "hw/misc/Kconfig").read_text() == "config A\n    bool\n"


def test_only_what_differs_is_written(root: Path, pristine: Path, tmp_path: Path) -> None:
    tree = copy(pristine, tmp_path)
    assert set(overlay.lay(overlay.Tree(pristine), tree, overlay.layer(pristine, root))) == set(
        overlay.layer(pristine, root)
    )
    assert overlay.lay(overlay.Tree(pristine), tree, overlay.layer(pristine, root)) == []
    (root / "hw/misc/dev.c").write_text("int dev = 1;\n")
    assert overlay.lay(overlay.Tree(pristine), tree, overlay.layer(pristine, root)) == ["hw/misc/dev.c"]
    assert (tree / "hw/misc/dev.c").read_text() == "int dev = 1;\n"


def test_what_is_taken_away_is_taken_back(root: Path, pristine: Path, tmp_path: Path) -> None:
    tree = copy(pristine, tmp_path)
    overlay.lay(overlay.Tree(pristine), tree, overlay.layer(pristine, root))
    (root / "hw/misc/dev.c").unlink()
    (root / "hw/qemu/0001-known.patch").unlink()
    changed = overlay.lay(overlay.Tree(pristine), tree, overlay.layer(pristine, root))
    assert sorted(changed) == ["hw/misc/Kconfig", "hw/misc/dev.c"]
    assert not (tree / "hw/misc/dev.c").exists()
    assert (tree / "hw/misc/Kconfig").read_text() == "config A\n    bool\n"


def test_a_patch_that_does_not_apply_is_named(root: Path, pristine: Path) -> None:
    (pristine / "hw/misc/Kconfig").write_text("something else\n")
    with pytest.raises(InfrastructureError, match=r"0001-known.patch does not apply"):
        overlay.layer(pristine, root)


def test_a_later_version_gets_its_form_of_a_patch(root: Path, pristine: Path) -> None:
    for name, text in {
        "10.2/0001-known.patch": PATCH.replace("+config B", "+config C"),
        "11.0/0001-known.patch": "Subject: [PATCH] hw/misc: make it known\n\nIt is.\n",
        "11.0/0002-only-there.patch": PATCH.replace("+config B", "+config D"),
    }.items():
        (root / "hw/qemu" / name).parent.mkdir(exist_ok=True)
        (root / "hw/qemu" / name).write_text(text)
    own = pristine / "hw/misc/Kconfig"
    forms = {"": "B", "10.0.13": "B", "10.1.4": "B", "10.2.2": "C", "10.10.0": "C", "11.1.50": "D"}
    for version, last in forms.items():
        (pristine / "VERSION").write_text(f"{version}\n")
        layer = overlay.layer(pristine, root)
        assert layer["hw/misc/Kconfig"] == own.read_bytes() + f"config {last}\n".encode(), version


def test_each_form_for_a_later_version_is_one_of_a_patch() -> None:
    common = sorted(path.name for path in overlay.patches())
    for patch in (paths.ROOT / "hw/qemu").glob("*/*.patch"):
        assert patch.name in common or patch.name > common[-1], "neither in place of a patch nor after all of them"


RENAMED = """\
diff --git a/hw/misc/other.c b/hw/misc/new.c
similarity index 100%
rename from hw/misc/other.c
rename to hw/misc/new.c
diff --git a/hw/misc/Kconfig b/hw/misc/Kconfig
deleted file mode 100644
--- a/hw/misc/Kconfig
+++ /dev/null
@@ -1,2 +0,0 @@
-config A
-    bool
"""


def test_files_are_moved_and_removed_and_put_back(pristine: Path, tmp_path: Path) -> None:
    patch, tree = tmp_path / "moved.patch", copy(pristine, tmp_path)
    patch.write_text(RENAMED)
    found = overlay.patched(overlay.Tree(pristine), [patch])
    assert found == {"hw/misc/Kconfig": None, "hw/misc/other.c": None, "hw/misc/new.c": b"other\n"}
    overlay.lay(overlay.Tree(pristine), tree, found)
    assert [path.name for path in (tree / "hw/misc").iterdir()] == ["new.c"]
    overlay.lay(overlay.Tree(pristine), tree, {})
    assert {path.name for path in (tree / "hw/misc").iterdir()} == {"Kconfig", "other.c"}


def test_a_patch_goes_where_its_context_is_and_nowhere_else(pristine: Path, tmp_path: Path) -> None:
    """Not by fuzz, nor to the files of a repository that the temporary folder is in."""
    (tmp_path / "fuzzy.patch").write_text(
        "--- a/hw/misc/Kconfig\n+++ b/hw/misc/Kconfig\n@@ -1,2 +1,2 @@\n config B\n-    bool\n+    int\n"
    )
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    with (
        unittest.mock.patch("tempfile.tempdir", str(tmp_path)),
        pytest.raises(InfrastructureError, match=r"fuzzy.patch does not apply to the tree .*qemu"),
    ):
        overlay.patched(overlay.Tree(pristine), [tmp_path / "fuzzy.patch"])
    (tmp_path / "right.patch").write_text((tmp_path / "fuzzy.patch").read_text().replace("config B", "config A"))
    with unittest.mock.patch("tempfile.tempdir", str(tmp_path)):
        found = overlay.patched(overlay.Tree(pristine), [tmp_path / "right.patch"])
    assert found == {"hw/misc/Kconfig": b"config A\n    int\n"}
