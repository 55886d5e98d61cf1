/*
 * QTest helpers shared by the STM32MP1 device tests
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_STM32MP1_UTIL_H
#define TESTS_QTEST_STM32MP1_UTIL_H

#include "libqtest.h"
#include "migrate-machine.h"
#include "qobject/qdict.h"

#define STM32MP1_MACHINE "-M stm32mp157c-dk2 "
#define STM32MP1_SOC "/machine/soc/"

/* Longest time that anything here may take before the test gives up. */
#define STM32MP1_TIMEOUT_S 30

/*
 * Enable the clocks of all blocks: for the A7, and for the M4 that of WWDG1,
 * which is the only one to have it.
 */
static inline void stm32mp1_enable_clocks(QTestState *qts)
{
    static const uint32_t setr[] = {
        0x50000200, 0x50000208, 0x50000210, 0x50000218, 0x50000a00, 0x50000a08,
        0x50000a10, 0x50000a18, 0x50000a20, 0x50000a28,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(setr); i++) {
        qtest_writel(qts, setr[i], 0xffffffff);
    }
    qtest_writel(qts, 0x50000a80, 1u << 28);
}

/* Start the machine, with the clocks of all blocks. */
static inline QTestState *stm32mp1_init(void)
{
    QTestState *qts = qtest_init(STM32MP1_MACHINE);

    stm32mp1_enable_clocks(qts);
    return qts;
}

/* Reset the system, and enable the clocks of all blocks again. */
static inline void stm32mp1_system_reset(QTestState *qts)
{
    qtest_system_reset(qts);
    stm32mp1_enable_clocks(qts);
}

/*
 * Copy a word by DMA1, from memory to memory; it is the normal world's, on the
 * bus of the M4. Return whether it says that it could.
 */
static inline bool stm32mp1_copy_by_dma(QTestState *qts, uint32_t from,
                                        uint32_t to)
{
    enum {
        DMA1_LISR = 0x48000000, DMA1_LIFCR = 0x48000008,
        DMA1_S0CR = 0x48000010, DMA1_S0NDTR = 0x48000014,
        DMA1_S0PAR = 0x48000018, DMA1_S0M0AR = 0x4800001c,
        DMA1_S0FCR = 0x48000024, TCIF0 = 1 << 5, TEIF0 = 1 << 3,
    };
    uint32_t flags;

    qtest_writel(qts, DMA1_LIFCR, 0x3f);
    qtest_writel(qts, DMA1_S0PAR, from);
    qtest_writel(qts, DMA1_S0M0AR, to);
    qtest_writel(qts, DMA1_S0NDTR, 1);
    qtest_writel(qts, DMA1_S0FCR, 0x7);
    /* memory to memory, words */
    qtest_writel(qts, DMA1_S0CR, 2 << 13 | 2 << 11 | 2 << 6 | 1);
    qtest_clock_step(qts, 1000 * 1000);
    flags = qtest_readl(qts, DMA1_LISR);
    qtest_writel(qts, DMA1_S0CR, 0);
    return (flags & TCIF0) && !(flags & TEIF0);
}

/* Copy a word by channel 0 of the MDMA, a master of the normal world. */
static inline void stm32mp1_copy_by_mdma(QTestState *qts, uint32_t from,
                                         uint32_t to)
{
    enum {
        MDMA = 0x58000000, CIFCR = MDMA + 0x44, CCR = MDMA + 0x4c,
        CTCR = MDMA + 0x50, CBNDTR = MDMA + 0x54, CSAR = MDMA + 0x58,
        CDAR = MDMA + 0x5c,
    };

    qtest_writel(qts, CCR, 0);
    qtest_writel(qts, CIFCR, 0x1f);
    qtest_writel(qts, CSAR, from);
    qtest_writel(qts, CDAR, to);
    qtest_writel(qts, CBNDTR, 4);
    /* by software, a block, words, addresses as they are */
    qtest_writel(qts, CTCR, 1 << 30 | 1 << 28 | 3 << 18 | 2 << 6 | 2 << 4);
    qtest_writel(qts, CCR, 1);
    qtest_writel(qts, CCR, 1 | 1 << 16);
    qtest_clock_step(qts, 1000 * 1000);
}

/*
 * Start the machine with QEMU's log of guests' mistakes in a temporary file,
 * whose name stm32mp1_check_log() wants.
 */
static inline QTestState *stm32mp1_init_logged(char **file)
{
    GError *error = NULL;
    int fd = g_file_open_tmp("ampstand-XXXXXX", file, &error);

    g_assert_no_error(error);
    close(fd);
    return qtest_initf(STM32MP1_MACHINE "-d guest_errors,unimp -D %s", *file);
}

/* Check what the log has by now. */
static inline void stm32mp1_check_log(const char *file, const char *expected)
{
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
}

/* Check that a register keeps just the bits of mask. */
static inline void stm32mp1_check_mask(QTestState *qts, uint64_t addr,
                                       uint32_t mask)
{
    qtest_writel(qts, addr, 0xffffffff);
    g_assert_cmphex(qtest_readl(qts, addr), ==, mask);
    qtest_writel(qts, addr, 0);
    g_assert_cmphex(qtest_readl(qts, addr), ==, 0);
}

/* Check that writing does not change what a register reads. */
static inline void stm32mp1_check_readonly(QTestState *qts, uint64_t addr,
                                           uint32_t value)
{
    g_assert_cmphex(qtest_readl(qts, addr), ==, value);
    qtest_writel(qts, addr, ~value);
    g_assert_cmphex(qtest_readl(qts, addr), ==, value);
}

/* Access every size at every offset of a block; QEMU has to survive. */
static inline void stm32mp1_check_any_access(QTestState *qts, uint64_t base)
{
    for (unsigned offset = 0; offset < 0x400; offset++) {
        qtest_readb(qts, base + offset);
        qtest_readw(qts, base + offset);
        qtest_readl(qts, base + offset);
        qtest_readq(qts, base + offset);
        qtest_writeb(qts, base + offset, 0xa5);
        qtest_writew(qts, base + offset, 0x5aa5);
        qtest_writel(qts, base + offset, 0xdeadbeef);
        qtest_writeq(qts, base + offset, UINT64_MAX);
    }
    stm32mp1_system_reset(qts);
}

/*
 * Check that what was asked of QEMU last had this event. It is there already:
 * QEMU resets the system before it takes the next command.
 */
static inline void stm32mp1_check_event(QTestState *qts, const char *name)
{
    QDict *event;

    qtest_qmp_assert_success(qts, "{ 'execute': 'query-status' }");
    event = qtest_qmp_event_ref(qts, name);
    g_assert_nonnull(event);
    qobject_unref(event);
}

/* Read an integer property of an object. */
static inline int64_t stm32mp1_qom_get(QTestState *qts, const char *path,
                                       const char *property)
{
    QDict *rsp = qtest_qmp(qts, "{ 'execute': 'qom-get', 'arguments': {"
                           " 'path': %s, 'property': %s } }", path, property);
    int64_t value = qdict_get_int(rsp, "return");

    qobject_unref(rsp);
    return value;
}

/* Set an integer property of an object. */
static inline void stm32mp1_qom_set(QTestState *qts, const char *path,
                                    const char *property, int64_t value)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'qom-set', 'arguments': {"
                             " 'path': %s, 'property': %s, 'value': %" PRId64
                             " } }", path, property, value);
}

/* Migrate to a new QEMU, started with the same machine; quits the old one. */
static inline QTestState *stm32mp1_migrate(QTestState *from)
{
    return migrate_machine(from, STM32MP1_MACHINE);
}

/*
 * Write @program to a temporary file, for -kernel. Return its path: unlink it
 * and free that with g_free().
 */
static inline char *stm32mp1_kernel_file(const uint32_t *program, size_t size)
{
    GError *error = NULL;
    char *path;
    int fd = g_file_open_tmp("ampstand-XXXXXX", &path, &error);

    g_assert_no_error(error);
    g_assert_cmpint(write(fd, program, size), ==, size);
    close(fd);
    return path;
}

/* A test that runs in each of several ways to run the CPUs. */
typedef struct STM32MP1Test {
    const char *name;
    void (*run)(const void *accel);
} STM32MP1Test;

/* A way to run them: its name in the path of a test, and QEMU's -accel. */
typedef struct STM32MP1Accel {
    const char *name;
    const char *accel;
} STM32MP1Accel;

/* Add all of @tests for all of @accels, as stm32mp1/GROUP/ACCEL/TEST. */
static inline void stm32mp1_add_tests(const char *group,
                                      const STM32MP1Accel *accels,
                                      size_t num_accels,
                                      const STM32MP1Test *tests,
                                      size_t num_tests)
{
    size_t i, j;

    for (i = 0; i < num_accels; i++) {
        for (j = 0; j < num_tests; j++) {
            g_autofree char *path = g_strdup_printf("stm32mp1/%s/%s/%s", group,
                                                    accels[i].name,
                                                    tests[j].name);

            qtest_add_data_func(path, accels[i].accel, tests[j].run);
        }
    }
}

#endif
