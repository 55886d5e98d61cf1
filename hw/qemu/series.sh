#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# series.sh QEMU_DIR BASE [SINCE]: write the commits of QEMU_DIR since BASE, in
# which is plain QEMU, into this folder, in place of the patches that are there.
# With SINCE, such as 10.2, write those that do not apply in the form that they
# have here into the folder SINCE. A commit without changes stands for a patch
# that QEMU does not need from then on.
set -eu
qemu=${1:?usage: series.sh QEMU_DIR BASE [SINCE]}
base=${2:?usage: series.sh QEMU_DIR BASE [SINCE]}
since=${3:-}
here=$(cd "$(dirname "$0")" && pwd)

if [ -n "$(git -C "$qemu" status --porcelain --untracked-files=no)" ]; then
    echo "$qemu: there are edits that no commit has" >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Two lines of context rather than three: more patches apply to both releases.
git -C "$qemu" format-patch -q -N -U2 --always --zero-commit --signature=Ampstand --no-ext-diff \
    --output-directory "$work" "$base"

mkdir -p "$here/$since"
rm -f "$here/$since"/*.patch
if [ -n "$since" ]; then
    # Leave those out that make the same tree of the commit before theirs.
    for commit in $(git -C "$qemu" rev-list --reverse "$base"..HEAD); do
        set -- "$work"/*.patch
        name=${1##*/}
        export GIT_INDEX_FILE="$work/index"
        git -C "$qemu" read-tree "$commit^"
        if git -C "$qemu" apply --cached "$here/$name" 2>/dev/null &&
            [ "$(git -C "$qemu" write-tree)" = "$(git -C "$qemu" rev-parse "$commit^{tree}")" ]; then
            rm "$work/$name"
        else
            mv "$work/$name" "$here/$since/"
        fi
    done
else
    mv "$work"/*.patch "$here/"
fi
