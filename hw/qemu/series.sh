#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# series.sh QEMU_DIR BASE: write the commits of QEMU_DIR since BASE, in which is
# plain QEMU, into this folder, in place of the patches that are there.
set -eu
qemu=${1:?usage: series.sh QEMU_DIR BASE}
base=${2:?usage: series.sh QEMU_DIR BASE}
here=$(cd "$(dirname "$0")" && pwd)

if [ -n "$(git -C "$qemu" status --porcelain --untracked-files=no)" ]; then
    echo "$qemu: there are edits that no commit has" >&2
    exit 1
fi
rm -f "$here"/*.patch
git -C "$qemu" format-patch -q -N --zero-commit --signature=Ampstand --no-ext-diff --output-directory "$here" "$base"
