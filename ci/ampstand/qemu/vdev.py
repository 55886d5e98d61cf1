# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""How far a remote and Linux have come with their rpmsg device, as their shared memory says: what is awaited of whom.

Neither is asked: also where one of them hangs. What the indices of a vring mean is in virtio 1.2, section 2.7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ampstand.board import RemoteCore
from ampstand.errors import AmpstandError
from ampstand.formats.resource_table import RPMSG, Table, Vdev
from ampstand.formats.vring import Vring
from ampstand.qemu.machine import Machine

DRIVER_OK = 4
"""Of a virtio device's status: its driver is set up."""


def awaited(machine: Machine, remote: RemoteCore, tables: Callable[[], Iterable[Table]]) -> Iterator[str]:
    """Yield a line for each rpmsg device of a running remote that waits for something; ``tables`` reads them.

    Nothing if they cannot be read any more: a QEMU that has ended is told by others.
    """
    try:
        if not machine.alive or machine.qmp("qom-get", path=remote.control, property="state") != "running":
            return
        for vdev in (vdev for table in tables() for vdev in table.all(Vdev)):
            if vdev.device == RPMSG and len(vdev.vrings) == 2 and (said := _awaited(machine, remote, vdev)):
                yield f"{remote.core} and Linux: {said}"
    except AmpstandError:
        return


def _awaited(machine: Machine, remote: RemoteCore, vdev: Vdev) -> str:
    """Say what of Linux's, or of the remote's, is next; empty if nothing is on its way."""
    if not vdev.status & DRIVER_OK:
        return f"no driver of Linux has set up the rpmsg device yet (status {vdev.status:#x}); rpmsg_probe() does"
    counts = []
    for ring in vdev.vrings:
        address = remote.reach(ring.da, 1)
        if address is None or not ring.num or not ring.align:
            return f"a vring is where nothing is: {ring.num} entries at {ring.da:#x}"
        place = Vring(address, ring.num, ring.align)
        counts += [machine.read_number(at, 2) for at in (place.avail_idx, place.used_idx)]
    lent, used, sent, taken = counts
    if not lent:
        return "Linux has lent the remote no buffer yet; rpmsg_probe() does"
    here, there = (used + vdev.vrings[0].num - lent) % 0x10000, (sent - taken) % 0x10000
    waits = [f"Linux has yet to take {here} of {used} messages; rpmsg_recv_done() does"] if here else []
    waits += [f"the remote has yet to take {there} of {sent} messages"] if there else []
    return "; ".join(waits) or ("" if used else "the remote has sent nothing yet")
