# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""Every binary layout once: ELF, resource table, vring, trace buffer, cpio."""
