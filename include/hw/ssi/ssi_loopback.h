/*
 * A wire from MOSI to MISO of an SSI bus
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What one plugs between the two pins to test a driver: each word comes back
 * as it was sent. It needs no chip select: "-device ssi-loopback,bus=BUS".
 */
#ifndef HW_SSI_SSI_LOOPBACK_H
#define HW_SSI_SSI_LOOPBACK_H

#include "hw/ssi/ssi.h"
#include "qom/object.h"

#define TYPE_SSI_LOOPBACK "ssi-loopback"
OBJECT_DECLARE_SIMPLE_TYPE(SSILoopbackState, SSI_LOOPBACK)

struct SSILoopbackState {
    SSIPeripheral parent_obj;
};

#endif
