# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
# The boards that our QEMU is built with; each selects the devices it needs.
CONFIG_STM32MP157C_DK2=y
CONFIG_ZCU102_AMP=y
# The references that a board is measured against.
CONFIG_ARM_VIRT=y
CONFIG_XLNX_ZYNQMP_ARM=y
