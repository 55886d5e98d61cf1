#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# series.sh QEMU_DIR: write the edits of QEMU's own files in QEMU_DIR back into
# the patches of this folder. QEMU_DIR is a git tree whose last commit is plain
# QEMU and whose working copy has the edits.
set -eu
qemu=${1:?usage: series.sh QEMU_DIR}
here=$(cd "$(dirname "$0")" && pwd)

named=$(sed -n 's,^diff --git a/.* b/,,p' "$here"/*.patch | sort)
doubled=$(echo "$named" | uniq -d)
if [ -n "$doubled" ]; then
    echo "in two patches: $doubled" >&2
    exit 1
fi
edited=$(git -C "$qemu" diff --name-only HEAD | sort)
for file in $edited; do
    if ! echo "$named" | grep -qxF "$file"; then
        echo "in no patch: $file" >&2
        exit 1
    fi
done

for patch in "$here"/*.patch; do
    files=$(sed -n 's,^diff --git a/.* b/,,p' "$patch")
    {
        sed '/^---$/q' "$patch"
        # shellcheck disable=SC2086 # one word a file
        git -C "$qemu" diff --no-color --no-ext-diff --stat HEAD -- $files
        echo
        # shellcheck disable=SC2086
        git -C "$qemu" diff --no-color --no-ext-diff HEAD -- $files
        echo "-- "
        echo "Ampstand"
    } > "$patch.new"
    mv "$patch.new" "$patch"
done
