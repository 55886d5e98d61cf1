#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# steps.sh SERIES_DIR QEMU_SRC WORK_DIR: see that each patch of an exported
# series applies to plain QEMU with git am, passes checkpatch, builds, and that
# those of our tests that are there by then pass. WORK_DIR is new, or that of a
# call that ended at a patch, and goes on from there.
set -eu
series=$(cd "${1:?usage: steps.sh SERIES_DIR QEMU_SRC WORK_DIR}" && pwd)
source=$(cd "${2:?}" && pwd)
work=${3:?}
here=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$work"
work=$(cd "$work" && pwd)
tree=$work/qemu build=$work/build
git="git -C $tree -c user.name=series -c user.email=series@localhost"

if [ ! -e "$tree/.git" ]; then
    cp -a "$source" "$tree"
    git -C "$tree" init -q
    $git add -A
    $git commit -q -m plain
fi
# The boards that are there by then are the ones that get built.
devices=$tree/configs/devices/aarch64-softmmu/steps.mak
if [ ! -e "$build/build.ninja" ]; then
    mkdir -p "$build"
    echo CONFIG_XLNX_ZYNQMP_ARM=y >"$devices"
    arguments=$(sed 's/#.*//; s/ampstand/steps/' "$here/../../configs/qemu/configure.args")
    # shellcheck disable=SC2086
    (cd "$build" && ../qemu/configure $arguments --cc='ccache gcc') >"$work/configure.log"
fi
done=$($git rev-list --count HEAD)
number=0
for patch in "$series"/*.patch; do
    number=$((number + 1))
    [ "$number" -ge "$done" ] || continue
    $git am -q "$patch"
    # A file is not in MAINTAINERS before the patch that has them all.
    perl "$tree/scripts/checkpatch.pl" --terse -q "$patch" 2>/dev/null |
        grep -v -e 'added, moved or deleted file(s)' -e '^total:' && exit 1
    {
        echo CONFIG_XLNX_ZYNQMP_ARM=y
        grep -q 'config STM32MP157C_DK2' "$tree/hw/arm/Kconfig" && echo CONFIG_STM32MP157C_DK2=y
        grep -q 'config ZCU102_AMP' "$tree/hw/arm/Kconfig" && echo CONFIG_ZCU102_AMP=y
    } >"$work/devices" || true
    cmp -s "$work/devices" "$devices" || cp "$work/devices" "$devices"
    tests=$(cd "$tree" && find tests/qtest -name 'stm32mp1-*-test.c' -o -name 'zynqmp-*-test.c' | sed 's/\.c$//')
    # shellcheck disable=SC2086
    ninja -C "$build" qemu-system-aarch64 $tests >"$work/build.log" 2>&1 || {
        tail -n 20 "$work/build.log" >&2
        exit 1
    }
    for test in $tests; do
        (cd "$build" && QTEST_QEMU_BINARY=./qemu-system-aarch64 "$test" --tap >"$work/test.log" 2>&1) || {
            tail -n 20 "$work/test.log" >&2
            exit 1
        }
    done
    echo "$(basename "$patch"): builds, $(echo "$tests" | grep -c test || true) test programs pass"
done
