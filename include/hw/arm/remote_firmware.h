/*
 * The firmware of a remote core, as a boot loader loads it
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A 32-bit little-endian Arm ELF executable. Unlike QEMU's own ELF loaders
 * this goes through the remote core's view of the memory, and it copies the
 * resource table to where the running firmware looks for it.
 */

#ifndef HW_ARM_REMOTE_FIRMWARE_H
#define HW_ARM_REMOTE_FIRMWARE_H

#include "hw/qemu_compat.h"

typedef struct ArmRemoteFirmware ArmRemoteFirmware;

/**
 * arm_remote_firmware_new: Read and check a firmware file
 * @path: the file
 * @as: what the remote core sees; everything in the file must fit its RAM
 * @errp: tells what is wrong with the file, which it names
 *
 * Writes nothing to memory. Returns NULL on error. The firmware is the
 * caller's, and there is no way to free it: it lives as long as the machine.
 */
ArmRemoteFirmware *arm_remote_firmware_new(const char *path, AddressSpace *as,
                                           Error **errp);

/**
 * arm_remote_firmware_load: Write the firmware to the remote core's memory
 *
 * Each PT_LOAD goes to its physical address and its rest is zeroed; then the
 * section .resource_table goes to its own address, if it holds a table.
 */
void arm_remote_firmware_load(const ArmRemoteFirmware *firmware);

/**
 * arm_remote_firmware_touches: Whether the firmware has something in the @size
 * bytes from @addr on, which are not 0, as the remote core sees them
 */
bool arm_remote_firmware_touches(const ArmRemoteFirmware *firmware, hwaddr addr,
                                 uint64_t size);

/**
 * arm_remote_firmware_entry: The remote core's address of what the ELF header
 * names as the entry point, whatever is there; bit 0 is set for Thumb
 */
uint32_t arm_remote_firmware_entry(const ArmRemoteFirmware *firmware);

/**
 * arm_remote_firmware_table: The remote core's address of the resource table,
 * 0 if the firmware has none, or only a section of that name that holds none
 */
uint32_t arm_remote_firmware_table(const ArmRemoteFirmware *firmware);

#endif
