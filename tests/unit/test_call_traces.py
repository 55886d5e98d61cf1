# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Which tasks sleep in what is tested, and where Linux was in trouble, as its call traces say."""

from __future__ import annotations

import pytest

from ampstand.linux.kernel_log import sleepers, traces

ARM = """\
[    5.100000] task:kworker/0:1     state:I stack:0     pid:10    tgid:10    ppid:2      flags:0x00000000
[    5.100001]  __schedule from schedule+0x2c/0x98
[    5.100002]  schedule from worker_thread+0x1c8/0x3a8
[    5.124651] task:sh              state:D stack:0     pid:72    tgid:72    ppid:68     flags:0x00000000
[    5.124921]  __schedule from schedule+0x2c/0x98
[    5.125240]  schedule from schedule_preempt_disabled+0x14/0x20
[    5.136735]  schedule_preempt_disabled from __mutex_lock.constprop.0+0x2c0/0x5d4
[    5.136959]  __mutex_lock.constprop.0 from rproc_shutdown+0x1c/0xd0
[    5.137095]  rproc_shutdown from state_store+0x48/0xdc
"""
ARM64 = """\
[    5.124651] task:cat             state:S stack:0     pid:72    tgid:72    ppid:68     flags:0x00000000
[    5.124910] Call trace:
[    5.124921]  __switch_to+0xf0/0x150
[    5.124931]  __schedule+0x2fc/0xa58
[    5.125240]  schedule+0x34/0x110
[    5.136735]  rpmsg_eptdev_read_iter+0x144/0x1f0
[    5.136959]  vfs_read+0x224/0x300
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(ARM, ["sh sleeps (D) in __mutex_lock.constprop.0 < rproc_shutdown < state_store"], id="arm"),
        pytest.param(ARM64, ["cat sleeps (S) in rpmsg_eptdev_read_iter"], id="arm64"),
        pytest.param(ARM.partition("task:sh")[0], [], id="nobody"),
    ],
)
def test_tasks_in_what_is_tested_are_told(text: str, told: list[str]) -> None:
    assert sleepers(text.splitlines()) == told


OOPS = """\
[    4.000000] 8<--- cut here ---
[    4.000001] Unable to handle kernel NULL pointer dereference at virtual address 00000004 when write
[    4.000002] Internal error: Oops: 805 [#1] PREEMPT SMP ARM
[    4.000003] PC is at rpmsg_ept_cb+0x3c/0x90
[    4.000004] LR is at rpmsg_recv_done+0x12c/0x2e0
[    4.000005] Call trace:
[    4.000006]  rpmsg_ept_cb from rpmsg_recv_done+0x12c/0x2e0
[    4.000007]  rpmsg_recv_done from vring_interrupt+0x74/0x9c
[    4.000008] ---[ end trace 0000000000000000 ]---
"""
WARNING = """\
[    5.000000] WARNING: CPU: 0 PID: 90 at lib/refcount.c:28 refcount_warn_saturate+0xec/0x148
[    5.000001] refcount_t: underflow; use-after-free.
[    5.000002]  unwind_backtrace from show_stack+0x10/0x14
[    5.000003]  show_stack from dump_stack_lvl+0x50/0x64
[    5.000004]  refcount_warn_saturate from rpmsg_eptdev_release+0x9c/0xa0
[    5.000005]  rpmsg_eptdev_release from __fput+0xd0/0x2a8
[    5.000006] ---[ end trace 0000000000000000 ]---
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(OOPS, ["at rpmsg_ept_cb < rpmsg_recv_done < vring_interrupt"], id="oops"),
        pytest.param(WARNING, ["at rpmsg_eptdev_release < __fput"], id="warning"),
        pytest.param(ARM, [], id="nothing"),
    ],
)
def test_where_linux_was_in_trouble_is_told(text: str, told: list[str]) -> None:
    assert traces(text.splitlines()) == told
