/*
 * QTest for the GPIO banks of the STM32MP1 and their way to the EXTI
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * The banks are QEMU's own stm32l4x5-gpio, which has a test of its own. This
 * one checks what the STM32MP1 needs of it and how it is wired.
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define GPIOA       0x50002000
#define GPIOH       0x50009000
#define GPIOZ       0x54004000
#define MODER       0x00
#define OTYPER      0x04
#define OSPEEDR     0x08
#define PUPDR       0x0c
#define IDR         0x10
#define ODR         0x14
#define BSRR        0x18
#define LCKR        0x1c
#define AFRL        0x20
#define AFRH        0x24
#define BRR         0x28
#define SECCFGR     0x30

#define SRAM        0x10048000

#define EXTI        0x5000d000
#define RTSR1       (EXTI + 0x00)
#define FTSR1       (EXTI + 0x04)
#define RPR1        (EXTI + 0x0c)
#define FPR1        (EXTI + 0x10)
#define EXTICR(n)   (EXTI + 0x60 + 4 * (n))

#define NUM_PORTS   12
#define PORT_Z      11
#define NUM_PINS    16
#define LCKK        0x10000
#define RCC_AHB4RSTSETR 0x500009a8
#define RCC_AHB4RSTCLRR 0x500009ac

static uint64_t bank(unsigned port)
{
    return port == PORT_Z ? GPIOZ : GPIOA + 0x1000 * port;
}

static void test_registers(void)
{
    QTestState *qts = stm32mp1_init();

    for (unsigned port = 0; port < NUM_PORTS; port++) {
        uint64_t base = bank(port);

        /* all analog, no pulls */
        g_assert_cmphex(qtest_readl(qts, base + MODER), ==, 0xffffffff);
        g_assert_cmphex(qtest_readl(qts, base + OTYPER), ==, 0);
        g_assert_cmphex(qtest_readl(qts, base + OSPEEDR), ==, 0);
        g_assert_cmphex(qtest_readl(qts, base + PUPDR), ==, 0);
        g_assert_cmphex(qtest_readl(qts, base + ODR), ==, 0);
        g_assert_cmphex(qtest_readl(qts, base + AFRL), ==, 0);
        g_assert_cmphex(qtest_readl(qts, base + AFRH), ==, 0);

        stm32mp1_check_mask(qts, base + OTYPER, 0xffff);
        stm32mp1_check_mask(qts, base + OSPEEDR, 0xffffffff);
        stm32mp1_check_mask(qts, base + ODR, 0xffff);
        stm32mp1_check_mask(qts, base + AFRL, 0xffffffff);
        stm32mp1_check_mask(qts, base + AFRH, 0xffffffff);
        stm32mp1_check_mask(qts, base + PUPDR, 0xffffffff);
        stm32mp1_check_mask(qts, base + MODER, 0xffffffff);
        qtest_writel(qts, base + BSRR, 0x8001);
        g_assert_cmphex(qtest_readl(qts, base + BSRR), ==, 0);
        qtest_writel(qts, base + BRR, 0x8000);
        g_assert_cmphex(qtest_readl(qts, base + BRR), ==, 0);
        g_assert_cmphex(qtest_readl(qts, base + ODR), ==, 1);
    }
    qtest_quit(qts);
}

/* What ST's HAL writes to set a pin up changes nothing that it could miss. */
static void test_log(void)
{
    static const struct {
        unsigned reg;
        uint32_t value;
    } writes[] = {
        { OSPEEDR, 3u << 14 }, { OTYPER, 1u << 7 }, { OTYPER, 0 },
        { PUPDR, 1u << 14 }, { AFRL, 7u << 28 }, { AFRH, 7 },
        /* alternate function, output, input, analog */
        { MODER, 0xffffbfff }, { MODER, 0xffff7fff }, { MODER, 0xffff3fff },
        { MODER, 0xffffffff },
    };
    g_autofree char *file = NULL;
    QTestState *qts = stm32mp1_init_logged(&file);

    stm32mp1_enable_clocks(qts);
    for (unsigned i = 0; i < ARRAY_SIZE(writes); i++) {
        g_test_message("offset 0x%02x", writes[i].reg);
        qtest_writel(qts, GPIOH + writes[i].reg, writes[i].value);
        stm32mp1_check_log(file, "");
    }
    qtest_quit(qts);
    unlink(file);
}

/* The LED of the firmware examples, as their HAL drives it. */
static void test_output(void)
{
    QTestState *qts = stm32mp1_init();
    const uint32_t pin = 1u << 7;

    qtest_irq_intercept_out(qts, STM32MP1_SOC "gpioh");
    qtest_writel(qts, GPIOH + MODER, ~(2u << 14));
    g_assert_false(qtest_get_irq(qts, 7));
    qtest_writel(qts, GPIOH + BSRR, pin);
    g_assert_true(qtest_get_irq(qts, 7));
    g_assert_cmphex(qtest_readl(qts, GPIOH + ODR), ==, pin);
    g_assert_cmphex(qtest_readl(qts, GPIOH + IDR) & pin, ==, pin);
    qtest_writel(qts, GPIOH + BSRR, pin << 16);
    g_assert_false(qtest_get_irq(qts, 7));
    /* set wins over reset */
    qtest_writel(qts, GPIOH + BSRR, pin << 16 | pin);
    g_assert_true(qtest_get_irq(qts, 7));
    qtest_writel(qts, GPIOH + BRR, pin);
    g_assert_false(qtest_get_irq(qts, 7));
    qtest_quit(qts);
}

/* Each pin of each bank ends at the EXTI line and port code of its own. */
static void test_exti(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_writel(qts, RTSR1, 0xffff);
    qtest_writel(qts, FTSR1, 0xffff);
    for (unsigned port = 0; port < NUM_PORTS; port++) {
        uint64_t base = bank(port);

        for (unsigned n = 0; n < 4; n++) {
            qtest_writel(qts, EXTICR(n), port * 0x01010101);
        }
        qtest_writel(qts, RPR1, 0xffff);
        qtest_writel(qts, FPR1, 0xffff);
        qtest_writel(qts, base + ODR, 0);
        qtest_writel(qts, base + MODER, 0x55555555);
        qtest_writel(qts, RPR1, 0xffff);
        qtest_writel(qts, FPR1, 0xffff);
        for (unsigned pin = 0; pin < NUM_PINS; pin++) {
            qtest_writel(qts, base + BSRR, 1u << pin);
            g_assert_cmphex(qtest_readl(qts, RPR1), ==, 1u << pin);
            qtest_writel(qts, RPR1, 0xffff);
            qtest_writel(qts, base + BSRR, 0x10000u << pin);
            g_assert_cmphex(qtest_readl(qts, FPR1), ==, 1u << pin);
            qtest_writel(qts, FPR1, 0xffff);
        }
    }
    qtest_quit(qts);
}

/* Write LCKR three times, and read it as ST's HAL does. */
static uint32_t lock(QTestState *qts, const uint32_t writes[3])
{
    for (unsigned i = 0; i < 3; i++) {
        qtest_writel(qts, GPIOH + LCKR, writes[i]);
    }
    qtest_readl(qts, GPIOH + LCKR);
    return qtest_readl(qts, GPIOH + LCKR);
}

/* Locked pins keep their configuration until a reset, and can still be set. */
static void test_lock(void)
{
    static const uint32_t right[] = { LCKK | 0x8081, 0x8081, LCKK | 0x8081 };
    static const uint32_t wrong[][3] = {
        { 0x8081, LCKK | 0x8081, 0x8081 },
        { LCKK | 0x8081, LCKK | 0x8081, LCKK | 0x8081 },
        { LCKK | 0x8081, 0x8081, 0x8081 },
        { LCKK | 0x8081, 0x8080, LCKK | 0x8081 },
        { LCKK | 0x8081, 0x8081, LCKK | 0x8001 },
    };
    static const struct {
        unsigned reg;
        uint32_t locked;    /* fields of pins 0, 7 and 15 */
    } regs[] = {
        { MODER, 0xc000c003 }, { OTYPER, 0x8081 }, { OSPEEDR, 0xc000c003 },
        { PUPDR, 0xc000c003 }, { AFRL, 0xf000000f }, { AFRH, 0xf0000000 },
    };
    QTestState *qts = stm32mp1_init();
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(wrong); i++) {
        g_assert_cmphex(lock(qts, wrong[i]) & LCKK, ==, 0);
        qtest_writel(qts, GPIOH + OTYPER, 0xffff);
        g_assert_cmphex(qtest_readl(qts, GPIOH + OTYPER), ==, 0xffff);
        qtest_writel(qts, GPIOH + OTYPER, 0);
    }
    /* All writes and no read yet; a restored machine knows. */
    for (i = 0; i < 3; i++) {
        qtest_writel(qts, GPIOH + LCKR, right[i]);
    }
    qtest_writel(qts, GPIOH + OTYPER, 0);
    qts = stm32mp1_migrate(qts);
    qtest_readl(qts, GPIOH + LCKR);
    g_assert_cmphex(qtest_readl(qts, GPIOH + LCKR), ==, LCKK | 0x8081);

    for (i = 0; i < ARRAY_SIZE(regs); i++) {
        uint64_t reg = GPIOH + regs[i].reg;
        uint32_t before = qtest_readl(qts, reg);
        uint32_t all = regs[i].reg == OTYPER ? 0xffff : 0xffffffff;

        qtest_writel(qts, reg, ~before);
        g_assert_cmphex(qtest_readl(qts, reg), ==,
                        (before & regs[i].locked) |
                        (~before & all & ~regs[i].locked));
    }
    qtest_writel(qts, GPIOH + BSRR, 0xffff);
    g_assert_cmphex(qtest_readl(qts, GPIOH + ODR), ==, 0xffff);
    /* Nor can the lock be changed. */
    qtest_writel(qts, GPIOH + LCKR, 0);
    g_assert_cmphex(qtest_readl(qts, GPIOH + LCKR), ==, LCKK | 0x8081);
    qtest_writel(qts, RCC_AHB4RSTSETR, 1u << 7);
    qtest_writel(qts, RCC_AHB4RSTCLRR, 1u << 7);
    g_assert_cmphex(qtest_readl(qts, GPIOH + LCKR), ==, 0);
    qtest_writel(qts, GPIOH + OTYPER, 0xffff);
    g_assert_cmphex(qtest_readl(qts, GPIOH + OTYPER), ==, 0xffff);
    qtest_quit(qts);
}

static void test_any_access(void)
{
    QTestState *qts = stm32mp1_init();

    stm32mp1_check_any_access(qts, GPIOA);
    stm32mp1_check_any_access(qts, GPIOZ);
    g_assert_cmphex(qtest_readl(qts, GPIOZ + MODER), ==, 0xffffffff);
    qtest_quit(qts);
}

/* Pins can be secure on port Z alone, which has eight; OP-TEE asks for all. */
static void test_secure(void)
{
    QTestState *qts = stm32mp1_init();

    for (unsigned port = 0; port < NUM_PORTS; port++) {
        stm32mp1_check_mask(qts, bank(port) + SECCFGR,
                            port == PORT_Z ? 0xff : 0);
    }
    qtest_writel(qts, GPIOZ + SECCFGR, 0x5a);
    qts = stm32mp1_migrate(qts);
    g_assert_cmphex(qtest_readl(qts, GPIOZ + SECCFGR), ==, 0x5a);
    stm32mp1_system_reset(qts);
    g_assert_cmphex(qtest_readl(qts, GPIOZ + SECCFGR), ==, 0);
    qtest_quit(qts);
}

/* By the DMA, which is of the normal world */
static void write_normal(QTestState *qts, uint32_t address, uint32_t value)
{
    qtest_writel(qts, SRAM, value);
    g_assert_true(stm32mp1_copy_by_dma(qts, SRAM, address));
}

static uint32_t read_normal(QTestState *qts, uint32_t address)
{
    qtest_writel(qts, SRAM, 0xdeadbeef);
    g_assert_true(stm32mp1_copy_by_dma(qts, address, SRAM));
    return qtest_readl(qts, SRAM);
}

/* All bits of a secure pin read as 0 for the normal world, and stay. */
static void test_normal_world(void)
{
    static const struct {
        uint32_t offset;
        uint32_t secure;    /* of pins 1 and 4 */
    } registers[] = {
        { MODER, 0x30c }, { OTYPER, 0x12 }, { OSPEEDR, 0x30c },
        { PUPDR, 0x30c }, { ODR, 0x12 }, { AFRL, 0xf00f0 }, { AFRH, 0 },
    };
    QTestState *qts = stm32mp1_init();

    for (int i = 0; i < ARRAY_SIZE(registers); i++) {
        uint32_t address = GPIOZ + registers[i].offset;
        uint32_t secure = registers[i].secure, all;

        g_test_message("register 0x%02x", registers[i].offset);
        qtest_writel(qts, GPIOZ + SECCFGR, 0);
        write_normal(qts, address, ~0u);
        all = qtest_readl(qts, address);
        g_assert_cmphex(all & secure, ==, secure);
        g_assert_cmphex(read_normal(qts, address), ==, all);
        qtest_writel(qts, GPIOZ + SECCFGR, 0x12);
        g_assert_cmphex(read_normal(qts, address), ==, all & ~secure);
        write_normal(qts, address, 0);
        g_assert_cmphex(qtest_readl(qts, address), ==, secure);
        qtest_writel(qts, address, 0);
        write_normal(qts, address, ~0u);
        g_assert_cmphex(qtest_readl(qts, address), ==, all & ~secure);
    }
    qtest_writel(qts, GPIOZ + ODR, 0x10);
    write_normal(qts, GPIOZ + BSRR, 0x13);
    g_assert_cmphex(qtest_readl(qts, GPIOZ + ODR), ==, 0x11);
    write_normal(qts, GPIOZ + BSRR, 0x130000);
    g_assert_cmphex(qtest_readl(qts, GPIOZ + ODR), ==, 0x10);
    qtest_writel(qts, GPIOZ + ODR, 0x13);
    write_normal(qts, GPIOZ + BRR, 0x13);
    g_assert_cmphex(qtest_readl(qts, GPIOZ + ODR), ==, 0x12);
    write_normal(qts, GPIOZ + SECCFGR, 0);
    g_assert_cmphex(qtest_readl(qts, GPIOZ + SECCFGR), ==, 0x12);
    g_assert_cmphex(read_normal(qts, GPIOZ + SECCFGR), ==, 0x12);
    qtest_quit(qts);
}

static void test_migration(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_writel(qts, GPIOH + MODER, 0x55555555);
    qtest_writel(qts, GPIOH + BSRR, 0x1234);
    qts = stm32mp1_migrate(qts);
    g_assert_cmphex(qtest_readl(qts, GPIOH + MODER), ==, 0x55555555);
    g_assert_cmphex(qtest_readl(qts, GPIOH + IDR), ==, 0x1234);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/gpio/registers", test_registers);
    qtest_add_func("stm32mp1/gpio/log", test_log);
    qtest_add_func("stm32mp1/gpio/output", test_output);
    qtest_add_func("stm32mp1/gpio/exti", test_exti);
    qtest_add_func("stm32mp1/gpio/lock", test_lock);
    qtest_add_func("stm32mp1/gpio/any_access", test_any_access);
    qtest_add_func("stm32mp1/gpio/secure", test_secure);
    qtest_add_func("stm32mp1/gpio/normal-world", test_normal_world);
    qtest_add_func("stm32mp1/gpio/migration", test_migration);
    return g_test_run();
}
