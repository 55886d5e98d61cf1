# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The split virtqueue ("vring") as it lies in memory: virtio 1.2, section 2.7; ``vring_size()`` of Linux."""

from __future__ import annotations

import struct
from dataclasses import dataclass

DESCRIPTOR = struct.Struct("<QI2H")
"""Address, length, flags, next."""
_AVAIL = 6  # flags, index, used_event
_USED = 6  # flags, index, avail_event
_USED_ENTRY = 8
_WORD = 1 << 32


def size(num: int, align: int) -> int:
    """Return the bytes that Linux reserves for a vring, as a 32-bit machine counts them; ``align`` is not 0."""
    used = (DESCRIPTOR.size * num + 2 * num + _AVAIL + align - 1) & ~(align - 1)
    return (used + _USED + _USED_ENTRY * num) % _WORD


@dataclass(frozen=True)
class Vring:
    """Where the parts of a vring are; ``address`` is the descriptor table's."""

    address: int
    num: int
    align: int

    def descriptor(self, number: int) -> int:
        """Address of a descriptor; its first eight bytes are the address of a buffer."""
        return self.address + DESCRIPTOR.size * number

    @property
    def avail(self) -> int:
        """Address of the available ring."""
        return self.address + DESCRIPTOR.size * self.num

    @property
    def avail_idx(self) -> int:
        """Address of the index of the available ring."""
        return self.avail + 2

    @property
    def used_event(self) -> int:
        """Address of the used index that the host wants to be told of, if it is passed (VIRTIO_RING_F_EVENT_IDX)."""
        return self.avail + 4 + 2 * self.num

    @property
    def used(self) -> int:
        """Address of the used ring."""
        end = self.avail + 2 * self.num + _AVAIL
        return end + -end % self.align

    @property
    def used_size(self) -> int:
        """Bytes of the used ring, with the available index that the remote wants to be told of (avail_event)."""
        return _USED + _USED_ENTRY * self.num

    @property
    def used_idx(self) -> int:
        """Address of the index of the used ring."""
        return self.used + 2
