/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/*
 * Takes and releases the hardware semaphores that it shares with Linux, as it
 * is told by a message: a letter and the number of a semaphore, as text. The
 * answer is one digit.
 *
 *  t  take it in two steps, which name who does: whether it is ours now
 *  s  take it in a single step, by reading: the same
 *  o  whose it is: 0 nobody's, 1 Linux's, 2 ours
 *  r  release it: whose it is then
 *  w  the answer comes once it has been released, by anyone
 *  c  from now on add 1 to a word in memory whenever it is ours
 *  e  no more: whether it did at all
 *
 * The word and how often it was added to are variables for whoever looks into
 * the memory: semaphores_word, semaphores_added.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/rpmsg.h"
#include "lib/trace.h"
#include "os/os.h"
#include "os/runtime.h"
#include "regs.h"

#define POLL_MS 1U
#define SEMAPHORES 32U
#define BATCH 200U /* additions between two looks for a message */

#define RCC_AHB3_HSEM BIT(11)
#define HSEM_R(n) REG(0x4C000000U + (4U * (n)))
#define HSEM_RLR(n) REG(0x4C000080U + (4U * (n)))
#define HSEM_R_LOCK BIT(31)
#define HSEM_R_COREID(r) (((r) >> 8) & 0xFFUL)
#define HSEM_C2ICR REG(0x4C000114U)
#define HSEM_C2ISR REG(0x4C000118U)
#define OURS 2UL
#define OWN (OURS << 8)

static struct rsc_table table RSC_SECTION =
    RSC_TABLE(trace_buffer, AMP_TRACE_SIZE);
static struct rpmsg rp;

volatile uint32_t semaphores_word;
volatile uint32_t semaphores_added;

#define NONE UINT32_MAX
static uint32_t counting = NONE;
static uint32_t awaited = NONE;
static uint32_t waiter;

static bool take(uint32_t n)
{
    HSEM_R(n) = HSEM_R_LOCK | OWN;
    return HSEM_R(n) == (HSEM_R_LOCK | OWN);
}

static void release(uint32_t n) { HSEM_R(n) = OWN; }

static uint32_t owner(uint32_t n) { return (uint32_t)HSEM_R_COREID(HSEM_R(n)); }

static void order(uint8_t what, uint32_t n, uint32_t *answer)
{
    switch (what) {
    case (uint8_t)'t':
        *answer = take(n) ? 1U : 0U;
        break;
    case (uint8_t)'s':
        *answer = (HSEM_RLR(n) == (HSEM_R_LOCK | OWN)) ? 1U : 0U;
        break;
    case (uint8_t)'r':
        release(n);
        *answer = owner(n);
        break;
    case (uint8_t)'c':
        semaphores_added = 0U;
        counting = n;
        *answer = 1U;
        break;
    case (uint8_t)'e':
        counting = NONE;
        *answer = (semaphores_added != 0U) ? 1U : 0U;
        break;
    default:
        *answer = owner(n);
        break;
    }
}

static bool answered(struct rpmsg_ept *ept, uint32_t dst, uint32_t answer)
{
    uint8_t digit = (uint8_t)((uint32_t)'0' + answer);

    return rpmsg_send(ept, dst, &digit, sizeof(digit)) != AMP_EAGAIN;
}

static uint32_t number(const uint8_t *text, uint32_t len)
{
    uint32_t n = 0U;

    for (uint32_t i = 0U; i < len; i++) {
        n = (n * 10U) + ((uint32_t)text[i] - (uint32_t)'0');
    }
    return n % SEMAPHORES;
}

static enum rpmsg_verdict command(struct rpmsg_ept *ept,
                                  const struct rpmsg_buf *in, uint32_t src)
{
    uint32_t answer = 0U;
    uint32_t n;

    if (in->len == 0U) {
        return RPMSG_DONE;
    }
    n = number(&in->data[1], in->len - 1U);
    if (in->data[0] == (uint8_t)'w') {
        HSEM_C2ICR = BIT(n);
        awaited = n;
        waiter = src;
        return RPMSG_DONE;
    }
    order(in->data[0], n, &answer);
    return answered(ept, src, answer) ? RPMSG_DONE : RPMSG_RETRY;
}

static struct rpmsg_ept ept = {
    .name = "rpmsg-raw", .addr = 5003U, .cb = command};

static int poll(void)
{
    for (uint32_t i = 0U; (counting != NONE) && (i < BATCH); i++) {
        if (take(counting)) {
            semaphores_word = semaphores_word + 1U;
            semaphores_added = semaphores_added + 1U;
            release(counting);
        }
    }
    if ((awaited != NONE) && ((HSEM_C2ISR & BIT(awaited)) != 0U) &&
        answered(&ept, waiter, owner(awaited))) {
        awaited = NONE;
    }
    return rpmsg_poll(&rp);
}

void app_main(void)
{
    /* Without a reset, which would release what Linux has. */
    RCC_MC_AHB3ENSETR = RCC_AHB3_HSEM;
    rpmsg_init(&rp, &table.vdev);
    (void)rpmsg_create(&rp, &ept);
    os_tick(POLL_MS);
    runtime_loop(poll);
}
