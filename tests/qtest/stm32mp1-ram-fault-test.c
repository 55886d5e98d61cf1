/*
 * QTest for a word of RAM that stores wrongly
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "stm32mp1-util.h"

#define SRAM        0x10000000
#define SRAM_HIGH   0x30000000 /* the same memory */
#define SRAM_SIZE   0x60000
#define OFFSET      0x40006    /* the byte, third of its word */
#define WORD        (SRAM + (OFFSET & ~3))
#define PATH        STM32MP1_SOC "sram-fault"

static uint32_t get(QTestState *qts, const char *property)
{
    return stm32mp1_qom_get(qts, PATH, property);
}

static void arm(QTestState *qts, uint32_t address, uint32_t bit, uint32_t flip)
{
    stm32mp1_qom_set(qts, PATH, "x-fault-address", address);
    stm32mp1_qom_set(qts, PATH, "x-fault-bit", bit);
    stm32mp1_qom_set(qts, PATH, "x-fault-flip", flip);
}

/* Just the next write of the byte, through any alias, in any size. */
static void test_flip(void)
{
    static const struct {
        uint64_t address;
        int size;
        int shift; /* of the byte in what is written */
    } writes[] = {
        { SRAM + OFFSET, 1, 0 },
        { SRAM_HIGH + OFFSET, 2, 0 },
        { SRAM_HIGH + OFFSET - 2, 4, 16 },
        { SRAM + OFFSET - 1, 4, 8 },
        { SRAM + OFFSET - 6, 8, 48 },
        { SRAM + OFFSET - 2, 8, 16 },
    };
    const uint64_t value = 0x1122334455667788;
    QTestState *qts = qtest_init(STM32MP1_MACHINE);
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(writes); i++) {
        uint64_t mask = MAKE_64BIT_MASK(0, 8 * writes[i].size);
        uint64_t flipped = (value ^ BIT_ULL(writes[i].shift + 5)) & mask;
        uint8_t bytes[8] = { };
        unsigned again;

        arm(qts, OFFSET, 5, 1);
        for (again = 0; again < 2; again++) {
            for (int byte = 0; byte < 8; byte++) {
                bytes[byte] = value >> (8 * byte);
            }
            qtest_memwrite(qts, writes[i].address, bytes, writes[i].size);
            memset(bytes, 0, sizeof(bytes));
            qtest_memread(qts, writes[i].address, bytes, writes[i].size);
            g_assert_cmphex(ldq_le_p(bytes), ==,
                            again ? value & mask : flipped);
            g_assert_cmpint(get(qts, "x-fault-flip"), ==, 0);
            g_assert_cmpint(get(qts, "x-fault-flip-count"), ==, i + 1);
        }
    }
    qtest_quit(qts);
}

/* Reads, and writes beside the byte, are what they always are. */
static void test_others(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    qtest_writel(qts, WORD, 0x11223344);
    arm(qts, OFFSET, 0, 2);
    g_assert_cmphex(qtest_readl(qts, WORD), ==, 0x11223344);
    g_assert_cmphex(qtest_readb(qts, SRAM_HIGH + OFFSET), ==, 0x22);
    qtest_writew(qts, WORD, 0x5566);
    qtest_writeb(qts, WORD + 3, 0x77);
    qtest_writel(qts, WORD + 4, 0xffffffff);
    qtest_writel(qts, WORD - 4, 0xffffffff);
    g_assert_cmphex(qtest_readl(qts, WORD), ==, 0x77225566);
    g_assert_cmpint(get(qts, "x-fault-flip-count"), ==, 0);

    /* Disarmed, and moved while armed */
    arm(qts, OFFSET, 0, 0);
    qtest_writel(qts, WORD, 0);
    g_assert_cmphex(qtest_readl(qts, WORD), ==, 0);
    arm(qts, OFFSET, 0, 1);
    stm32mp1_qom_set(qts, PATH, "x-fault-address", 0);
    qtest_writel(qts, WORD, 0);
    g_assert_cmphex(qtest_readl(qts, WORD), ==, 0);
    qtest_writel(qts, SRAM, 0);
    g_assert_cmphex(qtest_readl(qts, SRAM), ==, 1);
    qtest_quit(qts);
}

static void check_refused(QTestState *qts, const char *property, uint32_t value)
{
    QDict *rsp = qtest_qmp(qts, "{ 'execute': 'qom-set', 'arguments': {"
                           " 'path': %s, 'property': %s, 'value': %u } }",
                           PATH, property, value);

    g_assert_true(qdict_haskey(rsp, "error"));
    qobject_unref(rsp);
}

static void test_bounds(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    arm(qts, SRAM_SIZE - 1, 7, 1);
    check_refused(qts, "x-fault-address", SRAM_SIZE);
    check_refused(qts, "x-fault-bit", 8);
    qtest_writeb(qts, SRAM + SRAM_SIZE - 1, 0);
    g_assert_cmphex(qtest_readb(qts, SRAM + SRAM_SIZE - 1), ==, 0x80);
    stm32mp1_qom_set(qts, PATH, "x-fault-bit", 8);
    check_refused(qts, "x-fault-flip", 1);
    qtest_quit(qts);
}

static void test_migration(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    arm(qts, OFFSET, 3, 2);
    qtest_writeb(qts, SRAM + OFFSET, 0x40);
    qts = stm32mp1_migrate(qts);
    g_assert_cmphex(qtest_readb(qts, SRAM + OFFSET), ==, 0x48);
    g_assert_cmpint(get(qts, "x-fault-flip-count"), ==, 1);
    qtest_writeb(qts, SRAM + OFFSET, 0x80);
    g_assert_cmphex(qtest_readb(qts, SRAM + OFFSET), ==, 0x88);
    qtest_writeb(qts, SRAM + OFFSET, 0x80);
    g_assert_cmphex(qtest_readb(qts, SRAM + OFFSET), ==, 0x80);
    g_assert_cmpint(get(qts, "x-fault-flip-count"), ==, 2);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/ram_fault/flip", test_flip);
    qtest_add_func("stm32mp1/ram_fault/others", test_others);
    qtest_add_func("stm32mp1/ram_fault/bounds", test_bounds);
    qtest_add_func("stm32mp1/ram_fault/migration", test_migration);
    return g_test_run();
}
