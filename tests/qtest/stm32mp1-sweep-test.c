/*
 * QTest testcase: every register access to every block of the STM32MP157
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A guest may access any offset at any size. Whatever it gets, QEMU survives.
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

static const struct {
    const char *name;
    uint32_t addr;
    uint32_t size;
} blocks[] = {
    { "tim2", 0x40000000, 0x400 },
    { "tim3", 0x40001000, 0x400 },
    { "tim4", 0x40002000, 0x400 },
    { "tim5", 0x40003000, 0x400 },
    { "tim6", 0x40004000, 0x400 },
    { "tim7", 0x40005000, 0x400 },
    { "tim1", 0x44000000, 0x400 },
    { "tim8", 0x44001000, 0x400 },
    { "tim15", 0x44006000, 0x400 },
    { "tim16", 0x44007000, 0x400 },
    { "tim17", 0x44008000, 0x400 },
    { "tim12", 0x40006000, 0x400 },
    { "tim13", 0x40007000, 0x400 },
    { "tim14", 0x40008000, 0x400 },
    { "lptim1", 0x40009000, 0x400 },
    { "wwdg1", 0x4000a000, 0x400 },
    { "spi2", 0x4000b000, 0x400 },
    { "spi3", 0x4000c000, 0x400 },
    { "usart2", 0x4000e000, 0x400 },
    { "usart3", 0x4000f000, 0x400 },
    { "uart4", 0x40010000, 0x400 },
    { "uart5", 0x40011000, 0x400 },
    { "i2c1", 0x40012000, 0x400 },
    { "i2c2", 0x40013000, 0x400 },
    { "i2c3", 0x40014000, 0x400 },
    { "i2c5", 0x40015000, 0x400 },
    { "uart7", 0x40018000, 0x400 },
    { "uart8", 0x40019000, 0x400 },
    { "usart6", 0x44003000, 0x400 },
    { "spi1", 0x44004000, 0x400 },
    { "spi4", 0x44005000, 0x400 },
    { "spi5", 0x44009000, 0x400 },
    { "fdcan1", 0x4400e000, 0x400 },
    { "fdcan2", 0x4400f000, 0x400 },
    { "adc", 0x48003000, 0x400 },
    { "crc1", 0x58009000, 0x400 },
    { "crc2", 0x4c004000, 0x400 },
    { "dac", 0x40017000, 0x400 },
    { "dma1", 0x48000000, 0x400 },
    { "dma2", 0x48001000, 0x400 },
    { "mdma", 0x58000000, 0x1000 },
    { "dmamux1", 0x48002000, 0x400 },
    { "sdmmc3", 0x48004000, 0x400 },
    { "hsem", 0x4c000000, 0x400 },
    { "ipcc", 0x4c001000, 0x400 },
    { "hash2", 0x4c002000, 0x400 },
    { "rng2", 0x4c003000, 0x400 },
    { "cryp2", 0x4c005000, 0x400 },
    { "rcc", 0x50000000, 0x1000 },
    { "pwr", 0x50001000, 0x400 },
    { "gpioa", 0x50002000, 0x400 },
    { "gpiob", 0x50003000, 0x400 },
    { "gpioc", 0x50004000, 0x400 },
    { "gpiod", 0x50005000, 0x400 },
    { "gpioe", 0x50006000, 0x400 },
    { "gpiof", 0x50007000, 0x400 },
    { "gpiog", 0x50008000, 0x400 },
    { "gpioh", 0x50009000, 0x400 },
    { "gpioi", 0x5000a000, 0x400 },
    { "gpioj", 0x5000b000, 0x400 },
    { "gpiok", 0x5000c000, 0x400 },
    { "exti", 0x5000d000, 0x400 },
    { "syscfg", 0x50020000, 0x400 },
    { "lptim2", 0x50021000, 0x400 },
    { "lptim3", 0x50022000, 0x400 },
    { "lptim4", 0x50023000, 0x400 },
    { "lptim5", 0x50024000, 0x400 },
    { "vrefbuf", 0x50025000, 0x400 },
    { "dbgmcu", 0x50081000, 0x400 },
    { "cryp1", 0x54001000, 0x400 },
    { "hash1", 0x54002000, 0x400 },
    { "rng1", 0x54003000, 0x400 },
    { "gpioz", 0x54004000, 0x400 },
    { "quadspi", 0x58003000, 0x1000 },
    { "iwdg2", 0x5a002000, 0x400 },
    { "ddrctrl", 0x5a003000, 0x1000 },
    { "ddrphyc", 0x5a004000, 0x1000 },
    { "usart1", 0x5c000000, 0x400 },
    { "spi6", 0x5c001000, 0x400 },
    { "i2c4", 0x5c002000, 0x400 },
    { "iwdg1", 0x5c003000, 0x400 },
    { "rtc", 0x5c004000, 0x400 },
    { "bsec", 0x5c005000, 0x400 },
    { "etzpc", 0x5c007000, 0x400 },
    { "stgen", 0x5c008000, 0x400 },
    { "i2c6", 0x5c009000, 0x400 },
    { "tamp", 0x5c00a000, 0x400 },
    { "sdmmc1", 0x58005000, 0x400 },
    { "sdmmc2", 0x58007000, 0x400 },
    { "unimplemented", 0x58008000, 0x400 },
    { "eth", 0x5800a000, 0x2000 },
    { "gic", 0xa0020000, 0x8000 },
};

static const uint64_t patterns[] = {
    0, ~0ull, 0x5555555555555555, 0xaaaaaaaaaaaaaaaa, 0x0123456789abcdef,
};

static void access_all(QTestState *qts, uint64_t addr, int size)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(patterns); i++) {
        switch (size) {
        case 1:
            qtest_writeb(qts, addr, patterns[i]);
            qtest_readb(qts, addr);
            break;
        case 2:
            qtest_writew(qts, addr, patterns[i]);
            qtest_readw(qts, addr);
            break;
        case 4:
            qtest_writel(qts, addr, patterns[i]);
            qtest_readl(qts, addr);
            break;
        case 8:
            qtest_writeq(qts, addr, patterns[i]);
            qtest_readq(qts, addr);
            break;
        }
    }
}

/* Aligned at each size, and one byte off it */
static void sweep(QTestState *qts, uint32_t addr, uint32_t size)
{
    uint32_t offset;
    int width;

    for (width = 8; width >= 1; width /= 2) {
        for (offset = 0; offset + width <= size; offset += width) {
            access_all(qts, addr + offset, width);
            if (width > 1 && offset + width < size) {
                access_all(qts, addr + offset + 1, width);
            }
        }
    }
}

static void test_block(const void *data)
{
    int n = GPOINTER_TO_INT(data);
    /* A watchdog that this starts must not be the one that ends the test. */
    QTestState *qts = qtest_init("-M stm32mp157c-dk2 -action watchdog=none");
    uint32_t size = g_test_quick() ? MIN(blocks[n].size, 0x1000) :
                                     blocks[n].size;

    stm32mp1_enable_clocks(qts);
    sweep(qts, blocks[n].addr, size);
    /* With all that state: run what it started, reset, go over it again. */
    qtest_clock_step(qts, 100 * 1000 * 1000);
    qtest_system_reset(qts);
    qtest_writel(qts, 0x10000000, 0x600dbeef);
    g_assert_cmphex(qtest_readl(qts, 0x30000000), ==, 0x600dbeef);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    int i;

    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < ARRAY_SIZE(blocks); i++) {
        g_autofree char *path = g_strdup_printf("stm32mp1/sweep/%s",
                                                blocks[i].name);

        qtest_add_data_func(path, GINT_TO_POINTER(i), test_block);
    }
    return g_test_run();
}
