/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* Vectors, start-up, and what remains after a fault. */

#include <string.h>

#include "lib/trace.h"
#include "os/os.h"
#include "port.h"
#include "regs.h"
#include "soc/common.h"
#include "soc/soc.h"

extern uint32_t ld_stack_top[];

int main(void);

__attribute__((noreturn)) void reset_handler(void)
{
    __asm volatile("cpsid i");
    startup_memory();
    (void)main();
    soc_halt();
}

void soc_halt(void)
{
    __asm volatile("cpsid i");
    for (;;) {
        __asm volatile("wfi" ::: "memory");
    }
}

/* Called with the stack pointer that the exception frame was pushed to. */
__attribute__((noreturn, used)) void fault_entry(const uint32_t *frame)
{
    struct crash_record *rec;
    uint32_t ipsr;

    __asm volatile("mrs %0, ipsr" : "=r"(ipsr)::"memory");
    rec = crash_begin(ipsr);
    (void)memcpy(rec->r, frame, sizeof(rec->r));
    rec->lr = frame[5];
    rec->pc = frame[6];
    rec->psr = frame[7];
    rec->sp = (uint32_t)(uintptr_t)frame;
    rec->cfsr = SCB_CFSR;
    rec->hfsr = SCB_HFSR;
    rec->mmfar = SCB_MMFAR;
    rec->bfar = SCB_BFAR;
    crash_end(rec);
}

/* Every exception that nobody handles. */
__attribute__((naked)) void fault_handler(void)
{
    __asm volatile("tst lr, #4\n\t"
                   "ite eq\n\t"
                   "mrseq r0, msp\n\t"
                   "mrsne r0, psp\n\t"
                   "b fault_entry");
}

void soc_report_crash(void)
{
    if ((RCC_MC_RSTSCLRR & RCC_MC_RSTSCLRR_WWDG1RSTF) != 0U) {
        trace_printf("last reset: watchdog\n");
        RCC_MC_RSTSCLRR = RCC_MC_RSTSCLRR_WWDG1RSTF;
    }
    if ((RCC_MC_RSTSCLRR & RCC_MC_RSTSCLRR_MCSYSRSTF) != 0U) {
        trace_printf("last reset: own request\n");
        RCC_MC_RSTSCLRR = RCC_MC_RSTSCLRR_MCSYSRSTF;
    }
    crash_report_last();
}

void soc_fault(void)
{
    REG(0xA0003000U) = 0U; /* the GIC: not on the bus of the M4 */
}

void soc_lockup(void) { __asm volatile("cpsid f\n\tudf #0"); }

void soc_hang(void)
{
    __asm volatile("cpsid i");
    for (;;) {
        __asm volatile("");
    }
}

void soc_reset(void)
{
    SCB_AIRCR = SCB_AIRCR_VECTKEY | SCB_AIRCR_SYSRESETREQ;
    soc_hang();
}

void soc_restart(void)
{
    __asm volatile("cpsid i");
    SYST_CSR = 0U;
    SCB_ICSR = SCB_ICSR_PENDSTCLR | SCB_ICSR_PENDSVCLR;
    for (uint32_t n = 0U; n <= (IRQ_COUNT / 32U); n++) {
        NVIC_ICER(n) = UINT32_MAX;
        NVIC_ICPR(n) = UINT32_MAX;
    }
    __asm volatile("msr control, %0\n\t"
                   "isb\n\t"
                   "msr basepri, %0\n\t"
                   "msr msp, %1\n\t"
                   "bx %2" ::"r"(0U),
                   "r"(ld_stack_top), "r"(reset_handler)
                   : "memory");
    __builtin_unreachable();
}

/* FreeRTOS' CM3 port defines these by the names that its config maps. */
#define FAULT __attribute__((weak, alias("fault_handler")))
void svc_handler(void) FAULT;
void pendsv_handler(void) FAULT;
void os_tick_handler(void) FAULT;
void usart3_handler(void) FAULT;
void ipcc_rx_handler(void) FAULT;
void ipcc_tx_handler(void) FAULT;

union vector {
    void (*handler)(void);
    uint32_t *stack;
};

__attribute__((section(".vectors"),
               used)) static const union vector vectors[16U + IRQ_COUNT] = {
    [0] = {.stack = ld_stack_top},
    [1] = {.handler = reset_handler},
    [2 ... 10] = {.handler = fault_handler},
    [11] = {.handler = svc_handler},
    [12 ... 13] = {.handler = fault_handler},
    [14] = {.handler = pendsv_handler},
    [15] = {.handler = os_tick_handler},
    [16 ... 16 + IRQ_USART3 - 1] = {.handler = fault_handler},
    [16 + IRQ_USART3] = {.handler = usart3_handler},
    [16 + IRQ_USART3 + 1 ... 16 + IRQ_IPCC_RX1 - 1] = {.handler =
                                                           fault_handler},
    [16 + IRQ_IPCC_RX1] = {.handler = ipcc_rx_handler},
    [16 + IRQ_IPCC_TX1] = {.handler = ipcc_tx_handler},
    [16 + IRQ_IPCC_TX1 + 1 ... 16 + IRQ_COUNT - 1] = {.handler = fault_handler},
};
