/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/*
 * Stops its core as low-power firmware does: CStop, in which the EXTI wakes it
 * up. Each message comes back; what comes before the sleep is up to its first
 * character:
 *
 *  m      sleep until there is a message
 *  t N    sleep for N milliseconds (two bytes, little-endian), which LPTIM1
 *         counts by LSE, then send "awake". Messages before are answered.
 *  w N    the same, and send it again each 5 s until there is a message: the
 *         first one may have come before its receiver fell asleep.
 *
 * The end of a sleep is said in the trace.
 */

#include <stddef.h>

#include "lib/rpmsg.h"
#include "lib/trace.h"
#include "os/runtime.h"
#include "port.h"
#include "regs.h"

#define RCC_MC_APB1ENSETR_LPTIM1EN BIT(9)
#define RCC_LPTIM1CKSELR REG(0x50000934U)
#define RCC_LPTIM1CKSELR_LSE 3UL
#define RCC_MC_CIFR REG(0x50000C18U)
#define RCC_MC_CIFR_WKUPF BIT(20)

#define SCB_SCR REG(0xE000ED10U)
#define SCB_SCR_SLEEPDEEP BIT(2)

#define LPTIM1_ISR REG(0x40009000U)
#define LPTIM1_ICR REG(0x40009004U)
#define LPTIM1_IER REG(0x40009008U)
#define LPTIM_ARRM BIT(1)
#define LPTIM1_CFGR REG(0x4000900CU)
#define LPTIM_CFGR_DIV32 (5UL << 9)
#define LPTIM1_CR REG(0x40009010U)
#define LPTIM_CR_ENABLE BIT(0)
#define LPTIM_CR_SNGSTRT BIT(1)
#define LPTIM1_ARR REG(0x40009018U)
#define LPTIM_HZ 1024U /* of LSE */

#define IRQ_LPTIM1 93U

static struct rsc_table table RSC_SECTION =
    RSC_TABLE(trace_buffer, AMP_TRACE_SIZE);
static struct rpmsg rp;

#define AGAIN_MS 5000U

static enum { AWAKE, UNTIL_MESSAGE, UNTIL_TIMER, UNTIL_HEARD } asleep;
static uint32_t sleeper; /* who is told that the time is over */
static bool insists;     /* on being heard then */

static void timer_start(uint32_t ms)
{
    RCC_LPTIM1CKSELR = RCC_LPTIM1CKSELR_LSE;
    RCC_MC_APB1ENSETR = RCC_MC_APB1ENSETR_LPTIM1EN;
    LPTIM1_CR = 0U;
    LPTIM1_CFGR = LPTIM_CFGR_DIV32;
    LPTIM1_IER = LPTIM_ARRM;
    LPTIM1_CR = LPTIM_CR_ENABLE;
    LPTIM1_ICR = LPTIM_ARRM;
    LPTIM1_ARR = ms * LPTIM_HZ / 1000U;
    LPTIM1_CR = LPTIM_CR_ENABLE | LPTIM_CR_SNGSTRT;
}

static void timer_stop(void)
{
    LPTIM1_ICR = LPTIM_ARRM;
    LPTIM1_CR = 0U;
    NVIC_ICPR(IRQ_LPTIM1 / 32U) = BIT(IRQ_LPTIM1 % 32U);
}

static bool timer_over(void)
{
    if ((LPTIM1_ISR & LPTIM_ARRM) == 0U) {
        return false;
    }
    timer_stop();
    return true;
}

static void wake(const char *by)
{
    bool stopped = (RCC_MC_CIFR & RCC_MC_CIFR_WKUPF) != 0U;

    asleep = AWAKE;
    RCC_MC_CIFR = RCC_MC_CIFR_WKUPF;
    trace_printf("woken up by a %s%s\n", by, stopped ? ", from CStop" : "");
}

static enum rpmsg_verdict command(struct rpmsg_ept *ept,
                                  const struct rpmsg_buf *in, uint32_t src)
{
    if (rpmsg_send(ept, src, in->data, in->len) == AMP_EAGAIN) {
        return RPMSG_RETRY;
    }
    if (asleep == UNTIL_MESSAGE) {
        wake("message");
    } else if (asleep == UNTIL_HEARD) {
        timer_stop();
        asleep = AWAKE;
    } else {
        /* It goes on as it is. */
    }
    if ((in->len == 1U) && (in->data[0] == (uint8_t)'m')) {
        asleep = UNTIL_MESSAGE;
        RCC_MC_CIFR = RCC_MC_CIFR_WKUPF;
    } else if ((in->len == 3U) && ((in->data[0] == (uint8_t)'t') ||
                                   (in->data[0] == (uint8_t)'w'))) {
        asleep = UNTIL_TIMER;
        insists = in->data[0] == (uint8_t)'w';
        RCC_MC_CIFR = RCC_MC_CIFR_WKUPF;
        sleeper = src;
        timer_start((uint32_t)in->data[1] | ((uint32_t)in->data[2] << 8));
    } else {
        /* It has been answered. */
    }
    return RPMSG_DONE;
}

static struct rpmsg_ept ept = {
    .name = "rpmsg-raw", .addr = RPMSG_ADDR_ANY, .cb = command};

static void say_awake(void)
{
    if (asleep == UNTIL_TIMER) {
        wake("timer");
    } else {
        trace_printf("not heard, again\n");
    }
    (void)rpmsg_send(&ept, sleeper, "awake", 5U);
    if (insists) {
        asleep = UNTIL_HEARD;
        timer_start(AGAIN_MS);
    }
}

/* The timer's interrupt is enabled here alone, where all are masked: to be
 * pending is enough for it to end WFI, and none is taken. */
static void stop(void)
{
    irq_enable(IRQ_LPTIM1);
    SCB_SCR |= SCB_SCR_SLEEPDEEP;
    __asm volatile("dsb\n\twfi" ::: "memory");
    SCB_SCR &= ~SCB_SCR_SLEEPDEEP;
    NVIC_ICER(IRQ_LPTIM1 / 32U) = BIT(IRQ_LPTIM1 % 32U);
}

/* With interrupts masked, so that a kick after the look at the rings ends WFI.
 * None is lost: WFI ends, too, for one that was there before. */
static int poll(void)
{
    uint32_t key = amp_lock();
    int handled = rpmsg_poll(&rp);

    if ((handled == 0) && (asleep != AWAKE)) {
        stop();
        if ((asleep != UNTIL_MESSAGE) && timer_over()) {
            say_awake();
        }
        handled = 1;
    }
    amp_unlock(key);
    return handled;
}

void app_main(void)
{
    rpmsg_init(&rp, &table.vdev);
    (void)rpmsg_create(&rp, &ept);
    runtime_loop(poll);
}
