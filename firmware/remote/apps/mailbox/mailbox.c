/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/*
 * The other end of two channels of the mailbox that remoteproc does not use:
 * Linux writes a letter into the memory that both know and kicks channel 4. The
 * letter is taken, its answer, which is the same with every bit changed, put
 * where Linux looks for it, and channel 5 kicked.
 *
 * By message, as one letter of text; the answer is one digit:
 *
 *  h  leave letters where they are, as if nobody were there
 *  g  take them again
 *  n  how many have been taken since the start, its last digit
 *  k  kick channel 5 though nothing was taken: 1, or 0 if Linux has yet to take
 *     the last kick
 *
 * The channels' interrupts stay masked: they are looked at every millisecond.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/rpmsg.h"
#include "lib/trace.h"
#include "os/os.h"
#include "os/runtime.h"
#include "regs.h"

#define POLL_MS 1U
#define CH_LETTER 4U
#define CH_ANSWER 5U
#define LETTER 128U /* bytes */

/* As the overlay mailbox-client.dts has them, beyond the vrings' buffers. */
static volatile const uint8_t *const letter =
    (volatile const uint8_t *)0x10047000U;
static volatile uint8_t *const answer = (volatile uint8_t *)0x10047080U;

static struct rsc_table table RSC_SECTION =
    RSC_TABLE(trace_buffer, AMP_TRACE_SIZE);
static struct rpmsg rp;

static bool held;
static uint32_t taken;

static bool kick(void)
{
    bool room = (IPCC_C2TOC1SR & BIT(CH_ANSWER)) == 0U;

    if (room) {
        IPCC_C2SCR = IPCC_TX(CH_ANSWER);
    }
    return room;
}

static void take(void)
{
    for (uint32_t i = 0U; i < LETTER; i++) {
        answer[i] = (uint8_t)~letter[i];
    }
    taken = taken + 1U;
    IPCC_C2SCR = BIT(CH_LETTER);
    (void)kick();
}

static enum rpmsg_verdict command(struct rpmsg_ept *ept,
                                  const struct rpmsg_buf *in, uint32_t src)
{
    uint8_t what = (in->len != 0U) ? in->data[0] : 0U;
    uint32_t found = 0U;
    uint8_t digit;

    switch (what) {
    case (uint8_t)'h':
        held = true;
        break;
    case (uint8_t)'g':
        held = false;
        break;
    case (uint8_t)'k':
        found = kick() ? 1U : 0U;
        break;
    default:
        found = taken % 10U;
        break;
    }
    digit = (uint8_t)((uint32_t)'0' + found);
    return (rpmsg_send(ept, src, &digit, sizeof(digit)) == AMP_EAGAIN)
               ? RPMSG_RETRY
               : RPMSG_DONE;
}

static struct rpmsg_ept ept = {
    .name = "rpmsg-raw", .addr = 5003U, .cb = command};

static int poll(void)
{
    if (!held && ((IPCC_C1TOC2SR & BIT(CH_LETTER)) != 0U)) {
        take();
    }
    return rpmsg_poll(&rp);
}

void app_main(void)
{
    rpmsg_init(&rp, &table.vdev);
    (void)rpmsg_create(&rp, &ept);
    os_tick(POLL_MS);
    runtime_loop(poll);
}
