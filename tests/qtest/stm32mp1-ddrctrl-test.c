/*
 * QTest for the STM32MP1 controller of the DDR memory
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/units.h"
#include "stm32mp1-util.h"

#define DDRCTRL     0x5a003000
#define MSTR        (DDRCTRL + 0x000)
#define STAT        (DDRCTRL + 0x004)
#define MRCTRL0     (DDRCTRL + 0x010)
#define DERATECTL   (DDRCTRL + 0x02c)
#define PWRCTL      (DDRCTRL + 0x030)
#define DFIMISC     (DDRCTRL + 0x1b0)
#define DBGCAM      (DDRCTRL + 0x308)
#define SWCTL       (DDRCTRL + 0x320)
#define SWSTAT      (DDRCTRL + 0x324)
#define PSTAT       (DDRCTRL + 0x3fc)
#define VERSION     (DDRCTRL + 0xff0)
#define ADDRMAP(n)  (DDRCTRL + 0x200 + 4 * (n))
#define PCTRL_1     (DDRCTRL + 0x540)
#define DDR         0xc0000000

static QTestState *start(const char *memory)
{
    return qtest_initf(STM32MP1_MACHINE "-m %s", memory);
}

/* How many of a register's fields, each this wide, are less than a value */
static unsigned count(QTestState *qts, unsigned n, unsigned fields,
                      unsigned width, unsigned absent)
{
    uint32_t value = qtest_readl(qts, ADDRMAP(n));
    unsigned found = 0;

    for (unsigned i = 0; i < fields; i++) {
        found += extract32(value, 8 * i, width) < absent;
    }
    return found;
}

/* The sum that a boot loader does, written down from the fields' meanings */
static uint64_t told_size(QTestState *qts)
{
    uint32_t narrow = extract32(qtest_readl(qts, MSTR), 12, 2);
    unsigned bank = count(qts, 1, 3, 6, 63);
    unsigned column = 2 + count(qts, 2, 4, 4, 15) + count(qts, 3, 4, 5, 31) +
                      count(qts, 4, 2, 5, 31) + narrow;
    /* One field of ADDRMAP5 stands for nine bits. */
    unsigned row = count(qts, 5, 4, 4, 15) + 8 + count(qts, 6, 4, 4, 15);

    return (4ull >> narrow) << (bank + column + row);
}

static void test_size(void)
{
    static const struct {
        const char *memory;
        uint64_t size;
    } sizes[] = {
        { "4M", 4 * MiB }, { "8M", 8 * MiB }, { "16M", 16 * MiB },
        { "32M", 32 * MiB }, { "64M", 64 * MiB }, { "128M", 128 * MiB },
        { "256M", 256 * MiB }, { "512M", 512 * MiB }, { "1G", 1 * GiB },
        /* What is no power of two cannot be told: never more than is there */
        { "96M", 64 * MiB }, { "1023M", 512 * MiB },
    };

    for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
        QTestState *qts = start(sizes[i].memory);

        g_assert_cmphex(told_size(qts), ==, sizes[i].size);
        qtest_writel(qts, DDR + sizes[i].size - 4, 0x600dbeef);
        g_assert_cmphex(qtest_readl(qts, DDR + sizes[i].size - 4), ==,
                        0x600dbeef);
        qtest_quit(qts);
    }
}

/* One chip of 4 Gbit as on the board, set up as TF-A does it */
static void check_board(QTestState *qts)
{
    static const struct {
        uint64_t addr;
        uint32_t value;
    } regs[] = {
        { MSTR, 0x00041401 },
        { ADDRMAP(1), 0x00070707 }, { ADDRMAP(2), 0 },
        { ADDRMAP(3), 0x1f000000 }, { ADDRMAP(4), 0x00001f1f },
        { ADDRMAP(5), 0x06060606 }, { ADDRMAP(6), 0x0f060606 },
        { ADDRMAP(9), 0 }, { ADDRMAP(10), 0 }, { ADDRMAP(11), 0 },
    };

    for (int i = 0; i < ARRAY_SIZE(regs); i++) {
        stm32mp1_check_readonly(qts, regs[i].addr, regs[i].value);
    }
}

static void test_registers(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    check_board(qts);
    stm32mp1_check_any_access(qts, DDRCTRL);
    check_board(qts);
    qtest_system_reset(qts);
    check_board(qts);
    /* Each size of access finds its bytes. */
    g_assert_cmphex(qtest_readb(qts, MSTR + 1), ==, 0x14);
    g_assert_cmphex(qtest_readw(qts, ADDRMAP(6) + 2), ==, 0x0f06);
    qtest_quit(qts);
}

/* The steps of TF-A, and what the statuses say after each */
static void check_statuses(QTestState *qts)
{
    /* Self-refresh by software, and out of it */
    qtest_writel(qts, PWRCTL, 1 << 5);
    g_assert_cmphex(qtest_readl(qts, STAT), ==, 0x23);
    qtest_writel(qts, PWRCTL, 0);
    g_assert_cmphex(qtest_readl(qts, STAT), ==, 1);
    /* The interface is taken away, and given back. */
    qtest_writel(qts, DFIMISC, 0);
    g_assert_cmphex(qtest_readl(qts, STAT), ==, 0);
    qtest_writel(qts, DFIMISC, 1);
    stm32mp1_check_readonly(qts, STAT, 1);
    /* A change of registers begins and ends. */
    qtest_writel(qts, SWCTL, 0);
    stm32mp1_check_readonly(qts, SWSTAT, 0);
    qtest_writel(qts, SWCTL, 0xffffffff);
    g_assert_cmphex(qtest_readl(qts, SWCTL), ==, 1);
    stm32mp1_check_readonly(qts, SWSTAT, 1);
    /* The write of a mode register is over by then. */
    qtest_writel(qts, MRCTRL0, 0x80000010);
    g_assert_cmphex(qtest_readl(qts, MRCTRL0), ==, 0x10);
    stm32mp1_check_readonly(qts, DBGCAM, 0x36000000);
    stm32mp1_check_readonly(qts, PSTAT, 0);
    qtest_writel(qts, PCTRL_1, 1);
    g_assert_cmphex(qtest_readl(qts, PCTRL_1), ==, 1);
}

static void test_statuses(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    /* Somebody has set it up. */
    g_assert_cmphex(qtest_readl(qts, STAT), ==, 1);
    check_statuses(qts);
    qtest_quit(qts);
}

/* Nobody has set it up: there is nothing yet, and all can be written. */
static void test_cold(void)
{
    QTestState *qts = qtest_init("-M stm32mp157c-dk2,boot-rom=on");

    for (int round = 0; round < 2; round++) {
        g_assert_cmphex(qtest_readl(qts, STAT), ==, 0);
        g_assert_cmphex(qtest_readl(qts, MSTR), ==, 0);
        g_assert_cmphex(qtest_readl(qts, ADDRMAP(5)), ==, 0);
        qtest_writel(qts, DFIMISC, 1);
        check_statuses(qts);
        qtest_writel(qts, MSTR, 0x00041401);
        qtest_writel(qts, ADDRMAP(5), 0x06060606);
        g_assert_cmphex(qtest_readl(qts, MSTR), ==, 0x00041401);
        g_assert_cmphex(qtest_readl(qts, ADDRMAP(5)), ==, 0x06060606);
        qtest_system_reset(qts);
    }
    qtest_quit(qts);
}

/* What is there repeats in the addresses, where it divides them. */
static void test_repeats(void)
{
    static const struct {
        const char *memory;
        uint32_t size;
        bool repeats;
    } sizes[] = {
        { "4M", 4 * MiB, true }, { "256M", 256 * MiB, true },
        { "512M", 512 * MiB, true }, { "768M", 768 * MiB, false },
    };

    for (int i = 0; i < ARRAY_SIZE(sizes); i++) {
        QTestState *qts = start(sizes[i].memory);

        qtest_writel(qts, DDR + sizes[i].size, 0x600dbeef);
        g_assert_cmphex(qtest_readl(qts, DDR), ==,
                        sizes[i].repeats ? 0x600dbeef : 0);
        qtest_writel(qts, DDR + 4, 0x1234abcd);
        g_assert_cmphex(qtest_readl(qts, DDR + sizes[i].size + 4), ==,
                        sizes[i].repeats ? 0x1234abcd : 0);
        qtest_writel(qts, DDR + 1 * GiB - 4, 0x5eed5eed);
        g_assert_cmphex(qtest_readl(qts, DDR + sizes[i].size - 4), ==,
                        sizes[i].repeats ? 0x5eed5eed : 0);
        qtest_quit(qts);
    }
}

/* What is not modelled is there on silicon: it is no guest's mistake. */
static void test_unimplemented(void)
{
    g_autofree char *file = NULL;
    QTestState *qts = stm32mp1_init_logged(&file);

    g_assert_cmphex(qtest_readl(qts, VERSION), ==, 0);
    qtest_writel(qts, DERATECTL, 1);
    qtest_quit(qts);
    stm32mp1_check_log(file,
        "stm32mp1-ddrctrl: read of unimplemented offset 0xff0\n"
        "stm32mp1-ddrctrl: write of unimplemented offset 0x02c\n");
    unlink(file);
}

static void test_migration(void)
{
    QTestState *qts = start("256M");

    qts = migrate_machine(qts, STM32MP1_MACHINE "-m 256M");
    g_assert_cmphex(told_size(qts), ==, 256 * MiB);
    qtest_system_reset(qts);
    g_assert_cmphex(told_size(qts), ==, 256 * MiB);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/ddrctrl/size", test_size);
    qtest_add_func("stm32mp1/ddrctrl/registers", test_registers);
    qtest_add_func("stm32mp1/ddrctrl/statuses", test_statuses);
    qtest_add_func("stm32mp1/ddrctrl/cold", test_cold);
    qtest_add_func("stm32mp1/ddrctrl/repeats", test_repeats);
    qtest_add_func("stm32mp1/ddrctrl/unimplemented", test_unimplemented);
    qtest_add_func("stm32mp1/ddrctrl/migration", test_migration);
    return g_test_run();
}
