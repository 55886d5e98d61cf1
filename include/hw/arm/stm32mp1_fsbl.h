/*
 * STM32MP1: the first-stage boot loader (FSBL) on an SD card
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ARM_STM32MP1_FSBL_H
#define HW_ARM_STM32MP1_FSBL_H

#include "system/block-backend.h"

/* SYSRAM: its first 0x2400 bytes are the ROM's, then come header and payload */
#define STM32MP1_FSBL_HEADER_SIZE 0x100
#define STM32MP1_FSBL_LOAD_ADDR 0x2ffc2500
#define STM32MP1_FSBL_END_ADDR 0x30000000

/* Partitions that the ROM tries, in their order on the card */
#define STM32MP1_FSBL_COPIES 2

typedef struct STM32MP1Fsbl {
    uint8_t *data;      /* header and payload, to be freed by g_free() */
    uint32_t size;      /* of both, in bytes */
    uint32_t entry;     /* where the payload begins to run */
    int copy;           /* which partition it is of, from 1 */
} STM32MP1Fsbl;

/**
 * stm32mp1_fsbl_read: find a boot loader as the boot ROM does
 * @card: what is in the slot; NULL without a card
 * @closed: the fuses say that only what is signed may run
 * @fsbl: what was found; not touched if nothing was
 * @skipped: why copies before it are no good, NULL if none is before it; to be
 *           freed by g_free()
 * @errp: why nothing was found
 *
 * The first two partitions of the card's GPT whose names begin with "fsbl" are
 * tried (wiki.st.com, "STM32 MPU ROM code overview"). Each begins with a header
 * of version 1 (TF-A: boot_api_image_header_t).
 *
 * Return true if there is one.
 */
bool stm32mp1_fsbl_read(BlockBackend *card, bool closed, STM32MP1Fsbl *fsbl,
                        char **skipped, Error **errp);

#endif
