/*
 * A wire from MOSI to MISO of an SSI bus
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/qemu_compat.h"
#include "hw/ssi/ssi_loopback.h"
#include "migration/vmstate.h"

static uint32_t ssi_loopback_transfer(SSIPeripheral *dev, uint32_t value)
{
    return value;
}

static void ssi_loopback_realize(SSIPeripheral *dev, Error **errp)
{
}

static const VMStateDescription vmstate_ssi_loopback = {
    .name = TYPE_SSI_LOOPBACK,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_SSI_PERIPHERAL(parent_obj, SSILoopbackState),
        VMSTATE_END_OF_LIST()
    },
};

static void ssi_loopback_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    SSIPeripheralClass *sc = SSI_PERIPHERAL_CLASS(klass);

    dc->desc = "Wire from MOSI to MISO";
    dc->vmsd = &vmstate_ssi_loopback;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    sc->realize = ssi_loopback_realize;
    sc->transfer = ssi_loopback_transfer;
    sc->cs_polarity = SSI_CS_NONE;
}

static const TypeInfo ssi_loopback_types[] = {
    {
        .name = TYPE_SSI_LOOPBACK,
        .parent = TYPE_SSI_PERIPHERAL,
        .instance_size = sizeof(SSILoopbackState),
        .class_init = ssi_loopback_class_init,
    },
};

DEFINE_TYPES(ssi_loopback_types)
