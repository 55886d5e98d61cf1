/*
 * QTest for the STM32MP1 physical interface of the DDR memory
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "stm32mp1-util.h"

#define DDRPHYC     0x5a004000
#define RIDR        (DDRPHYC + 0x000)
#define PIR         (DDRPHYC + 0x004)
#define PGSR        (DDRPHYC + 0x00c)
#define DX0GSR0     (DDRPHYC + 0x1c4)

#define INIT        BIT(0)
#define DLLLOCK     BIT(2)
#define ZCAL        BIT(3)
#define DRAMINIT    BIT(6)
#define QSTRN       BIT(7)

#define IDONE       BIT(0)
#define DLDONE      BIT(1)
#define ZCDONE      BIT(2)
#define DIDONE      BIT(3)
#define DTDONE      BIT(4)

static const uint16_t parameters[] = {
    0x008, 0x010, 0x014, 0x018, 0x01c, 0x020, 0x024, 0x028, 0x02c, 0x030, 0x034,
    0x038, 0x03c, 0x040, 0x044, 0x048, 0x04c, 0x050, 0x054, 0x180, 0x184, 0x1c0,
    0x1cc, 0x1d0, 0x1d4, 0x200, 0x20c, 0x240, 0x24c, 0x280, 0x28c, 0x294,
};

/* The steps that TF-A takes, and what the status says after each */
static void test_training(void)
{
    static const struct {
        uint32_t command;
        uint32_t done;
    } steps[] = {
        { INIT | DLLLOCK | ZCAL | DRAMINIT, IDONE | DLDONE | ZCDONE | DIDONE },
        { INIT | QSTRN, IDONE | DTDONE },
        { INIT | ZCAL, IDONE | ZCDONE },
    };
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    /* By itself after a reset */
    stm32mp1_check_readonly(qts, PGSR, IDONE | DLDONE | ZCDONE);
    for (int i = 0; i < ARRAY_SIZE(steps); i++) {
        qtest_writel(qts, PIR, steps[i].command);
        g_assert_cmphex(qtest_readl(qts, PGSR), ==, steps[i].done);
        g_assert_cmphex(qtest_readl(qts, PIR), ==, steps[i].command & ~INIT);
    }
    /* Without the command nothing is done. */
    qtest_writel(qts, PIR, QSTRN);
    g_assert_cmphex(qtest_readl(qts, PGSR), ==, IDONE | ZCDONE);
    qtest_system_reset(qts);
    g_assert_cmphex(qtest_readl(qts, PGSR), ==, IDONE | DLDONE | ZCDONE);
    qtest_quit(qts);
}

static void test_parameters(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    for (int i = 0; i < ARRAY_SIZE(parameters); i++) {
        qtest_writel(qts, DDRPHYC + parameters[i], 0xa5a50000 + i);
    }
    qts = stm32mp1_migrate(qts);
    for (int i = 0; i < ARRAY_SIZE(parameters); i++) {
        g_assert_cmphex(qtest_readl(qts, DDRPHYC + parameters[i]), ==,
                        0xa5a50000 + i);
    }
    qtest_system_reset(qts);
    for (int i = 0; i < ARRAY_SIZE(parameters); i++) {
        g_assert_cmphex(qtest_readl(qts, DDRPHYC + parameters[i]), ==, 0);
    }
    stm32mp1_check_any_access(qts, DDRPHYC);
    qtest_quit(qts);
}

static void test_unimplemented(void)
{
    g_autofree char *file = NULL;
    QTestState *qts = stm32mp1_init_logged(&file);

    g_assert_cmphex(qtest_readl(qts, RIDR), ==, 0);
    qtest_writel(qts, DX0GSR0, 1);
    qtest_quit(qts);
    stm32mp1_check_log(file,
        "stm32mp1-ddrphyc: read of unimplemented offset 0x000\n"
        "stm32mp1-ddrphyc: write of unimplemented offset 0x1c4\n");
    unlink(file);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/ddrphyc/training", test_training);
    qtest_add_func("stm32mp1/ddrphyc/parameters", test_parameters);
    qtest_add_func("stm32mp1/ddrphyc/unimplemented", test_unimplemented);
    return g_test_run();
}
