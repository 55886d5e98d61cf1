# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Of all tasks that Linux shows those are told that sleep in what is tested."""

from __future__ import annotations

import pytest

from ampstand.linux.kernel_log import sleepers

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
