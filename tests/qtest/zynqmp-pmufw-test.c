/*
 * QTest for the firmware of the ZynqMP's platform management unit
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "migrate-machine.h"
#include "qobject/qdict.h"

#define MACHINE     "-M zcu102-amp"
#define TRIG        0xff300000
#define OBS         0xff300004
#define PMU_0       0x00010000
#define REQUEST     0xff9905c0
#define ANSWER      0xff9905e0
#define RPU_GLBL_CNTL 0xff9a0000
#define RESET_CTRL  0xff5e0218
#define SOFT_RESET  0x10
#define RESET_REASON 0xff5e0220
#define EXTERNAL_POR 0x01
#define PSONLY_RESET_REQ 0x08
#define SRST        0x10
#define SOFT        0x20
#define RST_LPD_TOP 0xff5e023c

#define OK                  0
#define ERROR_ARGS          1
#define ERROR_NOT_SUPPORTED 4
#define ERROR_NO_FEATURE    19
#define ERROR_ACCESS        2002

/* Send a request and return its status. */
static uint32_t request(QTestState *qts, uint32_t api, uint32_t arg1,
                        uint32_t arg2, uint32_t arg3)
{
    const uint32_t words[] = { api, arg1, arg2, arg3, 0, 0, 0, 0 };

    for (int i = 0; i < ARRAY_SIZE(words); i++) {
        qtest_writel(qts, REQUEST + 4 * i, words[i]);
        qtest_writel(qts, ANSWER + 4 * i, 0xdeadbeef);
    }
    qtest_writel(qts, TRIG, PMU_0);
    g_assert_cmphex(qtest_readl(qts, OBS), ==, 0);
    return qtest_readl(qts, ANSWER);
}

static uint32_t answer(QTestState *qts, int n)
{
    return qtest_readl(qts, ANSWER + 4 + 4 * n);
}

/* Send a request that is granted, and return the first word of the answer. */
static uint32_t ask(QTestState *qts, uint32_t api, uint32_t arg1, uint32_t arg2)
{
    g_assert_cmpuint(request(qts, api, arg1, arg2, 0), ==, OK);
    return answer(qts, 0);
}

static void test_identity(void)
{
    QTestState *qts = qtest_init(MACHINE);

    g_assert_cmphex(ask(qts, 1, 0, 0), ==, 0x00010001);
    g_assert_cmphex(ask(qts, 24, 0, 0), ==, 0x24738093);
    g_assert_cmphex(qtest_readl(qts, 0xffca0040), ==, 0x24738093);
    g_assert_cmphex(answer(qts, 1), ==, qtest_readl(qts, 0xffca0044));
    qtest_quit(qts);
}

/* What Linux and TF-A ask for is there, in the versions that they want. */
static void test_features(void)
{
    static const struct {
        uint32_t api;
        uint32_t version;
    } features[] = {
        { 1, 1 }, { 2, 1 }, { 3, 2 }, { 7, 1 }, { 8, 1 }, { 10, 1 }, { 13, 1 },
        { 14, 1 }, { 15, 1 }, { 21, 1 }, { 32, 2 }, { 33, 2 }, { 36, 1 },
        { 44, 1 }, { 51, 1 }, { 63, 2 },
    };
    static const uint32_t unknown[] = {
        0, 4, 52, 62, 64, 1000, 0xa00, UINT32_MAX
    };
    QTestState *qts = qtest_init(MACHINE);

    for (int i = 0; i < ARRAY_SIZE(features); i++) {
        g_assert_cmpuint(ask(qts, 63, features[i].api, 0), ==,
                         features[i].version);
    }
    for (int i = 0; i < ARRAY_SIZE(unknown); i++) {
        g_assert_cmpuint(request(qts, 63, unknown[i], 0, 0), ==,
                         ERROR_NO_FEATURE);
        g_assert_cmpuint(request(qts, unknown[i], 0, 0, 0), ==,
                         ERROR_NOT_SUPPORTED);
    }
    qtest_quit(qts);
}

static void set_fault(QTestState *qts, const char *property, uint32_t value)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'qom-set', 'arguments': {"
                             " 'path': '/machine/soc/pmufw', 'property': %s,"
                             " 'value': %u } }", property, value);
}

/* PM_SET_CONFIGURATION is there, and closed. */
static void test_configuration(void)
{
    QTestState *qts = qtest_init(MACHINE);

    g_assert_cmpuint(request(qts, 2, 0x8000000, 0, 0), ==, ERROR_ACCESS);
    qtest_quit(qts);
}

/* So many requests of a kind are refused, and do nothing. */
static void test_refused(void)
{
    QTestState *qts = qtest_init(MACHINE);

    set_fault(qts, "x-fault-api", 13);
    set_fault(qts, "x-fault-refuse", 2);
    ask(qts, 1, 0, 0);
    for (int i = 0; i < 2; i++) {
        g_assert_cmpuint(request(qts, 13, 33, 0x1, 0), ==, ERROR_ACCESS);
        g_assert_cmpuint(ask(qts, 3, 33, 0), ==, 0);
    }
    ask(qts, 13, 33, 0x1);
    g_assert_cmpuint(ask(qts, 3, 33, 0), ==, 1);
    qtest_quit(qts);
}

static void test_nodes(void)
{
    QTestState *qts = qtest_init(MACHINE);

    g_assert_cmpuint(ask(qts, 3, 33, 0), ==, 0);        /* UART0 */
    ask(qts, 13, 33, 0x1);
    g_assert_cmpuint(ask(qts, 3, 33, 0), ==, 1);
    g_assert_cmpuint(answer(qts, 1), ==, 0x1);
    ask(qts, 15, 33, 0x7);
    g_assert_cmpuint(ask(qts, 3, 33, 0), ==, 1);
    g_assert_cmpuint(answer(qts, 1), ==, 0x7);
    ask(qts, 14, 33, 0);
    g_assert_cmpuint(ask(qts, 3, 33, 0), ==, 0);
    for (uint32_t api = 13; api <= 15; api++) {
        g_assert_cmpuint(request(qts, api, 79, 1, 0), ==, ERROR_ARGS);
    }
    g_assert_cmpuint(request(qts, 3, UINT32_MAX, 0, 0), ==, ERROR_ARGS);
    qtest_quit(qts);
}

static void test_clocks(void)
{
    QTestState *qts = qtest_init(MACHINE);

    g_assert_cmpuint(ask(qts, 40, 56, 0), ==, 15);      /* UART0: 100 MHz */
    g_assert_cmpuint(ask(qts, 38, 56, 0), ==, 1);
    ask(qts, 37, 56, 0);
    g_assert_cmpuint(ask(qts, 38, 56, 0), ==, 0);
    ask(qts, 36, 56, 0);
    g_assert_cmpuint(ask(qts, 38, 56, 0), ==, 1);
    g_assert_cmpuint(request(qts, 39, 56, 1, 7), ==, OK);
    g_assert_cmpuint(ask(qts, 40, 56, 1), ==, 7);
    g_assert_cmpuint(ask(qts, 40, 56, 0), ==, 15);
    ask(qts, 43, 56, 2);
    g_assert_cmpuint(ask(qts, 44, 56, 0), ==, 2);
    for (uint32_t api = 36; api <= 40; api++) {
        g_assert_cmpuint(request(qts, api, 113, 0, 0), ==, ERROR_ARGS);
    }
    g_assert_cmpuint(request(qts, 40, 56, 2, 0), ==, ERROR_ARGS);

    g_assert_cmpuint(ask(qts, 49, 54, 1), ==, 90);      /* IOPLL: FBDIV */
    g_assert_cmpuint(request(qts, 48, 54, 1, 45), ==, OK);
    g_assert_cmpuint(ask(qts, 49, 54, 1), ==, 45);
    ask(qts, 50, 54, 2);
    g_assert_cmpuint(ask(qts, 51, 54, 0), ==, 2);
    g_assert_cmpuint(request(qts, 49, 49, 1, 0), ==, ERROR_ARGS);
    g_assert_cmpuint(request(qts, 49, 55, 1, 0), ==, ERROR_ARGS);
    g_assert_cmpuint(request(qts, 49, 54, 10, 0), ==, ERROR_ARGS);

    /* a reset brings back what the boot loader leaves */
    qtest_system_reset(qts);
    g_assert_cmpuint(ask(qts, 49, 54, 1), ==, 90);
    g_assert_cmpuint(ask(qts, 40, 56, 1), ==, 1);
    qtest_quit(qts);
}

static void test_pins(void)
{
    QTestState *qts = qtest_init(MACHINE);

    ask(qts, 28, 18, 0);
    ask(qts, 31, 18, 40);
    g_assert_cmpuint(ask(qts, 30, 18, 0), ==, 40);
    g_assert_cmpuint(ask(qts, 32, 18, 5), ==, 1);       /* 1.8 V */
    g_assert_cmpuint(request(qts, 33, 18, 0, 1), ==, OK);
    g_assert_cmpuint(ask(qts, 32, 18, 0), ==, 1);
    ask(qts, 29, 18, 0);
    g_assert_cmpuint(request(qts, 30, 78, 0, 0), ==, ERROR_ARGS);
    g_assert_cmpuint(request(qts, 32, 18, 7, 0), ==, ERROR_ARGS);
    qtest_quit(qts);
}

/* Registers of its own, and nothing else. */
static void test_registers(void)
{
    QTestState *qts = qtest_init(MACHINE);

    g_assert_cmphex(ask(qts, 20, 0xff5e0200, 0), ==, 0);
    qtest_writel(qts, 0xffd80048, 0x12345678);
    g_assert_cmpuint(request(qts, 19, 0xffd80048, 0x0000ff00, 0xaaaaaaaa), ==,
                     OK);
    g_assert_cmphex(ask(qts, 20, 0xffd80048, 0), ==, 0x1234aa78);
    g_assert_cmpuint(request(qts, 20, 0x00000000, 0, 0), ==, ERROR_ACCESS);
    g_assert_cmpuint(request(qts, 20, 0xffd80049, 0, 0), ==, ERROR_ACCESS);
    g_assert_cmpuint(request(qts, 19, 0xff990000, ~0, 1), ==, ERROR_ACCESS);
    qtest_quit(qts);
}

/* A core that cannot be there is refused; one that is, is off and then on. */
static void test_cores(void)
{
    QTestState *qts = qtest_init(MACHINE);

    g_assert_cmpuint(ask(qts, 3, 3, 0), ==, 0);
    g_assert_cmpuint(request(qts, 7, 1, 0, 0), ==, ERROR_ARGS);
    g_assert_cmpuint(request(qts, 10, 6, 1, 0), ==, ERROR_ARGS);
    g_assert_cmpuint(request(qts, 8, 6, 1, 0), ==, ERROR_NOT_SUPPORTED);
    qtest_quit(qts);
}

/* Cores of the RPU: what holds them says whether they are on. */
static void test_rpu(void)
{
    QTestState *qts = qtest_init(MACHINE);

    qtest_writel(qts, RPU_GLBL_CNTL, 0x208);
    for (int n = 0; n < 2; n++) {
        uint32_t node = 7 + n, cfg = 0xff9a0100 + 0x100 * n;

        g_assert_cmpuint(ask(qts, 3, node, 0), ==, 0);
        g_assert_cmpuint(request(qts, 10, node, 1, 0), ==, OK);
        g_assert_cmphex(qtest_readl(qts, RST_LPD_TOP) & (1 << n), ==, 0);
        g_assert_cmphex(qtest_readl(qts, cfg), ==, 0x1);
        g_assert_cmpuint(ask(qts, 3, node, 0), ==, 1);
        g_assert_cmpuint(request(qts, 10, node, 0xffff0001, 0), ==, OK);
        g_assert_cmphex(qtest_readl(qts, cfg), ==, 0x5);
    }
    g_assert_cmpuint(request(qts, 8, 7, 1, 0), ==, OK);
    g_assert_cmphex(qtest_readl(qts, RST_LPD_TOP), ==, 0x1);
    g_assert_cmpuint(ask(qts, 3, 7, 0), ==, 0);
    g_assert_cmpuint(ask(qts, 3, 8, 0), ==, 1);
    /* in lockstep there is no second one */
    qtest_writel(qts, RPU_GLBL_CNTL, 0x250);
    g_assert_cmpuint(ask(qts, 3, 8, 0), ==, 0);
    g_assert_cmpuint(request(qts, 10, 8, 1, 0), ==, ERROR_ACCESS);
    g_assert_cmpuint(request(qts, 10, 7, 1, 0), ==, OK);
    qtest_quit(qts);
}

/* Each sender has its own place for messages. */
static void test_senders(void)
{
    static const struct {
        uint32_t trig;
        uint32_t request;
    } senders[] = {
        { 0xff310000, 0xff9901c0 }, { 0xff320000, 0xff9903c0 },
    };
    QTestState *qts = qtest_init(MACHINE);

    for (int i = 0; i < ARRAY_SIZE(senders); i++) {
        qtest_writel(qts, ANSWER + 4, 0xdeadbeef);
        qtest_writel(qts, senders[i].request, 1);
        qtest_writel(qts, senders[i].trig, PMU_0);
        g_assert_cmphex(qtest_readl(qts, senders[i].request + 0x20), ==, OK);
        g_assert_cmphex(qtest_readl(qts, senders[i].request + 0x24), ==,
                        0x00010001);
        g_assert_cmphex(qtest_readl(qts, ANSWER + 4), ==, 0xdeadbeef);
    }
    qtest_quit(qts);
}

static void test_shutdown(void)
{
    QTestState *qts = qtest_init(MACHINE " -no-shutdown");

    g_assert_cmpuint(request(qts, 12, 3, 0, 0), ==, ERROR_ARGS);
    g_assert_cmpuint(request(qts, 12, 2, 1, 0), ==, OK);
    ask(qts, 12, 1, 0);
    qtest_qmp_eventwait(qts, "RESET");
    ask(qts, 12, 0, 0);
    qtest_qmp_eventwait(qts, "SHUTDOWN");
    qtest_quit(qts);
}

/* Why there was a reset: the flags add up until they are cleared. */
static void test_reset_reason(void)
{
    static const struct {
        uint32_t scope;
        uint32_t flag;
    } resets[] = {
        { 0, SOFT }, { 1, PSONLY_RESET_REQ }, { 2, SOFT },
    };
    QTestState *qts = qtest_init(MACHINE);

    g_assert_cmphex(qtest_readl(qts, RESET_REASON), ==, EXTERNAL_POR);
    qtest_system_reset(qts);
    g_assert_cmphex(qtest_readl(qts, RESET_REASON), ==, EXTERNAL_POR | SRST);
    qtest_writel(qts, RESET_REASON, EXTERNAL_POR);
    g_assert_cmphex(qtest_readl(qts, RESET_REASON), ==, SRST);
    for (int i = 0; i < ARRAY_SIZE(resets); i++) {
        qtest_writel(qts, RESET_REASON, 0x7f);
        g_assert_cmphex(qtest_readl(qts, RESET_REASON), ==, 0);
        ask(qts, 12, 1, resets[i].scope);
        qtest_qmp_eventwait(qts, "RESET");
        g_assert_cmphex(qtest_readl(qts, RESET_REASON), ==, resets[i].flag);
    }
    qtest_writel(qts, RESET_REASON, 0x7f);
    qtest_writel(qts, RESET_CTRL, 1);
    g_assert_null(qtest_qmp_event_ref(qts, "RESET"));
    qtest_writel(qts, RESET_CTRL, SOFT_RESET);
    qtest_qmp_eventwait(qts, "RESET");
    g_assert_cmphex(qtest_readl(qts, RESET_CTRL), ==, 0);
    g_assert_cmphex(qtest_readl(qts, RESET_REASON), ==, SOFT);

    /* The next life of QEMU is none of the board's. */
    qtest_writel(qts, RST_LPD_TOP, 0x1);
    qts = migrate_machine(qts, MACHINE);
    g_assert_cmphex(qtest_readl(qts, RESET_REASON), ==, SOFT);
    g_assert_cmphex(qtest_readl(qts, RST_LPD_TOP), ==, 0x1);
    qtest_system_reset(qts);
    g_assert_cmphex(qtest_readl(qts, RESET_REASON), ==, SOFT | SRST);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("zynqmp/pmufw/identity", test_identity);
    qtest_add_func("zynqmp/pmufw/features", test_features);
    qtest_add_func("zynqmp/pmufw/nodes", test_nodes);
    qtest_add_func("zynqmp/pmufw/configuration", test_configuration);
    qtest_add_func("zynqmp/pmufw/refused", test_refused);
    qtest_add_func("zynqmp/pmufw/clocks", test_clocks);
    qtest_add_func("zynqmp/pmufw/pins", test_pins);
    qtest_add_func("zynqmp/pmufw/registers", test_registers);
    qtest_add_func("zynqmp/pmufw/cores", test_cores);
    qtest_add_func("zynqmp/pmufw/rpu", test_rpu);
    qtest_add_func("zynqmp/pmufw/senders", test_senders);
    qtest_add_func("zynqmp/pmufw/shutdown", test_shutdown);
    qtest_add_func("zynqmp/pmufw/reset-reason", test_reset_reason);
    return g_test_run();
}
