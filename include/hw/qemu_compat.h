/*
 * What QEMU 10.0 and 10.2 declare differently
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The devices and boards use the names and arguments of QEMU 10.2 as far as C
 * allows it. The version comes from osdep.h, which each file includes first.
 */
#ifndef HW_QEMU_COMPAT_H
#define HW_QEMU_COMPAT_H

#if QEMU_VERSION_MAJOR > 10 || QEMU_VERSION_MINOR >= 2

#include "hw/arm/machines-qom.h"
#include "hw/register.h"
#include "system/address-spaces.h"
#include "system/memory.h"

/* The second argument of a class_init function is const here. */
typedef const void ClassInitData;

/* QOM frees a register array with the device that it is a child of. */
static inline void register_finalize_block(RegisterInfoArray *array)
{
}

#else

#include "chardev/char-fe.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "hw/loader.h"
#include "hw/sd/sd.h"

typedef void ClassInitData;

/* The response has the 16 bytes that it may take. */
#define sdbus_do_command(bus, request, response, size) \
    sdbus_do_command(bus, request, response)

/* No program is for several targets, which its machines have to name. */
#define arm_machine_interfaces NULL
#define aarch64_machine_interfaces NULL

typedef CharBackend CharFrontend;

/* There is no Error: the result says that it failed. */
#define load_image_targphys_as(filename, addr, max_sz, as, errp) \
    load_image_targphys_as(filename, addr, max_sz, as)

#endif

#endif
