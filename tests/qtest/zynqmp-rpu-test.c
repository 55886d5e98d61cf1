/*
 * QTest for the RPU of the ZynqMP, what controls it, and what interrupts it
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The Cortex-R5F really run here, under TCG, a program poked into their TCM;
 * the test plays TF-A and the PMU.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "elf.h"
#include "given-files.h"
#include "libqtest.h"
#include "qobject/qdict.h"

#define MACHINE         "-M zcu102-amp"

#define RPU_GLBL_CNTL   0xff9a0000
#define SPLIT           0x208
#define LOCKSTEP        0x250
#define RPU_CFG(n)      (0xff9a0100 + 0x100 * (n))
#define NCPUHALT        BIT(0)
#define VINITHI         BIT(2)
#define RST_LPD_TOP     0xff5e023c
#define AMBA_RESET      BIT(2)

#define ATCM_0          0xffe00000
#define BTCM_0          0xffe20000
#define ATCM_1          0xffe90000
#define BTCM_1          0xffeb0000
#define ATCM_1_COMBINED 0xffe10000
#define BTCM_1_COMBINED 0xffe30000
#define OCM_HIGH        0xffff0000

#define IPI_APU         0xff300000
#define IPI_RPU(n)      (0xff310000 + 0x10000 * (n))
#define TRIG            0x00
#define OBS             0x04
#define ISR             0x10
#define IMR             0x14
#define IER             0x18
#define IDR             0x1c
#define BIT_APU         BIT(0)
#define BIT_RPU(n)      BIT(8 + (n))

/* Variables of the program, in the ATCM of the core that runs it */
#define STARTS          0x1000
#define CORE            0x1004
#define INTERRUPTS      0x1008
#define SCTLR           0x100c
#define LAST_IAR        0x1010

#define TIMEOUT_US      (30 * G_USEC_PER_SEC)

/*
 * ARM code for any address: STARTS += 1; CORE = MPIDR & 1; SCTLR; has the GIC
 * give it the interrupt of its IPI agent, unmasks that for the APU, and waits
 * for ever. The handler: LAST_IAR, INTERRUPTS += 1, acknowledges the APU's IPI.
 */
static const uint32_t program[] = {
    0xea000005, 0xeafffffe, 0xeafffffe, 0xeafffffe, 0xeafffffe, 0xe320f000,
    0xea00001e, 0xe3a04a01, 0xe5940000, 0xe2800001, 0xe5840000, 0xee101fb0,
    0xe2011001, 0xe5841004, 0xee110f10, 0xe584000c, 0xe3a054f9, 0xe3a00001,
    0xe5850000, 0xe3a00006, 0xe5850108, 0xe59f2064, 0xe59f3064, 0xe7c52003,
    0xe1a02422, 0xe2833001, 0xe7c52003, 0xe2856a01, 0xe3a000ff, 0xe5860004,
    0xe3a00001, 0xe5860000, 0xe59f7040, 0xe0877801, 0xe5870018, 0xf1080080,
    0xe320f003, 0xeafffffd, 0xe596800c, 0xe5848010, 0xe5940008, 0xe2800001,
    0xe5840008, 0xe3a00001, 0xe5870010, 0xe5970010, 0xe5868010, 0xe25ef004,
    0x00000201, 0x00000841, 0xff310000,
};

static const uint32_t atcm[] = { ATCM_0, ATCM_1 };

static void poke_program(QTestState *qts, uint32_t where)
{
    for (int i = 0; i < ARRAY_SIZE(program); i++) {
        qtest_writel(qts, where + 4 * i, program[i]);
    }
}

static QTestState *board_start(uint32_t mode)
{
    QTestState *qts = qtest_init(MACHINE " -accel tcg");

    qtest_writel(qts, RPU_GLBL_CNTL, mode);
    return qts;
}

static void set_reset(QTestState *qts, uint32_t bits, bool on)
{
    uint32_t value = qtest_readl(qts, RST_LPD_TOP);

    qtest_writel(qts, RST_LPD_TOP, on ? value | bits : value & ~bits);
}

static void assert_state(QTestState *qts, int n, const char *expected)
{
    g_autofree char *path = g_strdup_printf("/machine/soc/rpu/control[%d]", n);
    QDict *r = qtest_qmp(qts, "{ 'execute': 'qom-get', 'arguments': {"
                         " 'path': %s, 'property': 'state' } }", path);

    g_assert_cmpstr(qdict_get_str(r, "return"), ==, expected);
    qobject_unref(r);
}

static void wait_word(QTestState *qts, uint32_t addr, uint32_t expected)
{
    int64_t end = g_get_monotonic_time() + TIMEOUT_US;

    while (qtest_readl(qts, addr) != expected &&
           g_get_monotonic_time() < end) {
        g_usleep(1000);
    }
    g_assert_cmphex(qtest_readl(qts, addr), ==, expected);
}

static void test_registers(void)
{
    QTestState *qts = qtest_init(MACHINE);

    g_assert_cmphex(qtest_readl(qts, RPU_GLBL_CNTL), ==, LOCKSTEP);
    for (int i = 0; i < 2; i++) {
        uint32_t base = RPU_CFG(i);

        g_assert_cmphex(qtest_readl(qts, base), ==, NCPUHALT | VINITHI);
        qtest_writel(qts, base, 0xffffffff);
        g_assert_cmphex(qtest_readl(qts, base), ==, 0xf);
        g_assert_cmphex(qtest_readl(qts, base + 0x04), ==, 0x3f);
        g_assert_cmphex(qtest_readl(qts, base + 0x18), ==, 0x01ffffff);
        qtest_writel(qts, base + 0x1c, 0x00ff0000);     /* IEN */
        g_assert_cmphex(qtest_readl(qts, base + 0x18), ==, 0x0100ffff);
        qtest_writel(qts, base + 0x20, 0x00f00000);     /* IDS */
        g_assert_cmphex(qtest_readl(qts, base + 0x18), ==, 0x01f0ffff);
    }
    /* the first boot loader has let go of the bus, not of the cores */
    g_assert_cmphex(qtest_readl(qts, RST_LPD_TOP), ==, 0x3);
    g_assert_cmphex(qtest_readl(qts, 0xff5e0200), ==, 0);
    qtest_system_reset(qts);
    g_assert_cmphex(qtest_readl(qts, RPU_CFG(0)), ==, NCPUHALT | VINITHI);
    qtest_quit(qts);
}

static void test_tcm(void)
{
    static const uint32_t split[] = { ATCM_0, BTCM_0, ATCM_1, BTCM_1 };
    QTestState *qts = qtest_init(MACHINE);

    qtest_writel(qts, RPU_GLBL_CNTL, SPLIT);
    for (int i = 0; i < ARRAY_SIZE(split); i++) {
        qtest_writel(qts, split[i], i + 1);
        qtest_writel(qts, split[i] + 0xfffc, i + 0x101);
    }
    g_assert_cmphex(qtest_readl(qts, ATCM_1_COMBINED), ==, 0);

    qtest_writel(qts, RPU_GLBL_CNTL, LOCKSTEP);
    g_assert_cmphex(qtest_readl(qts, ATCM_0), ==, 1);
    g_assert_cmphex(qtest_readl(qts, BTCM_0), ==, 2);
    g_assert_cmphex(qtest_readl(qts, ATCM_1_COMBINED), ==, 3);
    g_assert_cmphex(qtest_readl(qts, BTCM_1_COMBINED), ==, 4);
    g_assert_cmphex(qtest_readl(qts, ATCM_1_COMBINED + 0xfffc), ==, 0x103);
    g_assert_cmphex(qtest_readl(qts, ATCM_1), ==, 0);
    g_assert_cmphex(qtest_readl(qts, BTCM_1), ==, 0);

    qtest_writel(qts, RPU_GLBL_CNTL, SPLIT);
    g_assert_cmphex(qtest_readl(qts, BTCM_1), ==, 4);
    qtest_quit(qts);
}

static void test_split(void)
{
    QTestState *qts = board_start(SPLIT);

    for (int i = 0; i < 2; i++) {
        poke_program(qts, atcm[i]);
        qtest_writel(qts, RPU_CFG(i), NCPUHALT);
        assert_state(qts, i, "held");
        set_reset(qts, BIT(i), false);
        wait_word(qts, atcm[i] + STARTS, 1);
        g_assert_cmphex(qtest_readl(qts, atcm[i] + CORE), ==, i);
        assert_state(qts, i, "running");
    }
    /* each by itself */
    set_reset(qts, BIT(0), true);
    assert_state(qts, 0, "held");
    assert_state(qts, 1, "running");
    set_reset(qts, BIT(0), false);
    wait_word(qts, ATCM_0 + STARTS, 2);
    g_assert_cmphex(qtest_readl(qts, ATCM_1 + STARTS), ==, 1);
    /* the bus is of both */
    set_reset(qts, AMBA_RESET, true);
    assert_state(qts, 0, "held");
    assert_state(qts, 1, "held");
    qtest_quit(qts);
}

static void test_halt(void)
{
    QTestState *qts = board_start(SPLIT);

    poke_program(qts, ATCM_0);
    qtest_writel(qts, RPU_CFG(0), 0);
    set_reset(qts, BIT(0), false);
    assert_state(qts, 0, "held");
    qtest_writel(qts, RPU_CFG(0), NCPUHALT);
    wait_word(qts, ATCM_0 + STARTS, 1);
    assert_state(qts, 0, "running");
    qtest_quit(qts);
}

static void test_lockstep(void)
{
    QTestState *qts = board_start(LOCKSTEP);

    poke_program(qts, ATCM_0);
    qtest_writel(qts, RPU_CFG(0), NCPUHALT);
    qtest_writel(qts, RPU_CFG(1), NCPUHALT);
    set_reset(qts, BIT(0) | BIT(1), false);
    wait_word(qts, ATCM_0 + STARTS, 1);
    assert_state(qts, 0, "running");
    assert_state(qts, 1, "held");
    /* split, the second one runs by itself; back, it is held again */
    poke_program(qts, ATCM_1_COMBINED);
    qtest_writel(qts, RPU_GLBL_CNTL, SPLIT);
    wait_word(qts, ATCM_1 + STARTS, 1);
    qtest_writel(qts, RPU_GLBL_CNTL, LOCKSTEP);
    assert_state(qts, 1, "held");
    assert_state(qts, 0, "running");
    qtest_quit(qts);
}

static void test_high_vectors(void)
{
    QTestState *qts = board_start(SPLIT);

    poke_program(qts, OCM_HIGH);
    qtest_writel(qts, RPU_CFG(0), NCPUHALT | VINITHI);
    set_reset(qts, BIT(0), false);
    wait_word(qts, ATCM_0 + STARTS, 1);
    g_assert_cmphex(qtest_readl(qts, ATCM_0 + SCTLR) & BIT(13), ==, BIT(13));
    /* and low ones again */
    set_reset(qts, BIT(0), true);
    poke_program(qts, ATCM_0);
    qtest_writel(qts, RPU_CFG(0), NCPUHALT);
    set_reset(qts, BIT(0), false);
    wait_word(qts, ATCM_0 + STARTS, 2);
    g_assert_cmphex(qtest_readl(qts, ATCM_0 + SCTLR) & BIT(13), ==, 0);
    qtest_quit(qts);
}

/* An executable with the program at @where; the caller frees its name. */
static char *write_image(uint32_t where, uint32_t entry)
{
    struct {
        Elf32_Ehdr ehdr;
        Elf32_Phdr phdr;
        uint32_t program[ARRAY_SIZE(program)];
    } image = {
        .ehdr = {
            .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32,
                         ELFDATA2LSB, EV_CURRENT },
            .e_type = cpu_to_le16(ET_EXEC),
            .e_machine = cpu_to_le16(EM_ARM),
            .e_entry = cpu_to_le32(entry),
            .e_phoff = cpu_to_le32(sizeof(Elf32_Ehdr)),
            .e_phentsize = cpu_to_le16(sizeof(Elf32_Phdr)),
            .e_phnum = cpu_to_le16(1),
        },
        .phdr = {
            .p_type = cpu_to_le32(PT_LOAD),
            .p_offset = cpu_to_le32(sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr)),
            .p_paddr = cpu_to_le32(where),
            .p_filesz = cpu_to_le32(sizeof(program)),
            .p_memsz = cpu_to_le32(sizeof(program)),
        },
    };

    for (int i = 0; i < ARRAY_SIZE(program); i++) {
        image.program[i] = cpu_to_le32(program[i]);
    }
    return write_file(&image, sizeof(image));
}

/* What a boot loader starts, wherever it is */
static void test_firmware(void)
{
    static const struct {
        uint32_t where;
        uint32_t entry;
        uint32_t high;
        int core;
    } cases[] = {
        { 0, 0, 0, 0 },
        { 0, 0x18, 0, 1 },          /* vectors win */
        { ATCM_0, 0x18, 0, 0 },     /* by the address that others use */
        { ATCM_1, 0x18, 0, 1 },
        { OCM_HIGH, OCM_HIGH, BIT(13), 0 },
        { 0x10000000, 0x10000000, 0, 0 },
        { 0x10000000, 0x10000000, 0, 1 },
        { 0x00100000, 0x00100000, 0, 0 },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        int core = cases[i].core;
        g_autofree char *path = write_image(cases[i].where, cases[i].entry);
        QTestState *qts = qtest_initf(MACHINE ",rpu%d-firmware=%s -accel tcg",
                                      core, path);

        wait_word(qts, atcm[core] + STARTS, 1);
        g_assert_cmphex(qtest_readl(qts, atcm[core] + CORE), ==, core);
        g_assert_cmphex(qtest_readl(qts, atcm[core] + SCTLR) & BIT(13), ==,
                        cases[i].high);
        assert_state(qts, !core, "held");
        qtest_quit(qts);
        unlink(path);
    }
}

/* Nor may it lie over what the APU is started with. */
static void test_firmware_over_other_files(void)
{
    static const struct {
        uint32_t where;
        const char *over;
    } cases[] = {
        { 0x001fff80, "-kernel, which is at 0x200000 to 0x200fff" },
        { 0x00200ffc, "-kernel, which is at 0x200000 to 0x200fff" },
        { 0x10000000, "-initrd, which is at 0x10000000 to 0x10000fff" },
        { OCM_HIGH, "-bios, which is at 0xffff0000 to 0xffff0fff" },
    };
    struct {
        Elf64_Ehdr ehdr;
        Elf64_Phdr phdr;
        uint8_t code[4 * KiB];
    } bl31 = {
        .ehdr = {
            .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
                         ELFDATA2LSB, EV_CURRENT },
            .e_type = cpu_to_le16(ET_EXEC),
            .e_machine = cpu_to_le16(EM_AARCH64),
            .e_entry = cpu_to_le64(OCM_HIGH),
            .e_phoff = cpu_to_le64(sizeof(Elf64_Ehdr)),
            .e_phentsize = cpu_to_le16(sizeof(Elf64_Phdr)),
            .e_phnum = cpu_to_le16(1),
        },
        .phdr = {
            .p_type = cpu_to_le32(PT_LOAD),
            .p_offset = cpu_to_le64(sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr)),
            .p_vaddr = cpu_to_le64(OCM_HIGH),
            .p_paddr = cpu_to_le64(OCM_HIGH),
            .p_filesz = cpu_to_le64(sizeof(bl31.code)),
            .p_memsz = cpu_to_le64(sizeof(bl31.code)),
        },
    };
    g_autofree char *bios = write_file(&bl31, sizeof(bl31));
    g_autofree char *page = write_file(bl31.code, sizeof(bl31.code));

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        g_autofree char *path = write_image(cases[i].where, cases[i].where);
        g_autofree char *arguments = g_strdup_printf(
            MACHINE ",rpu1-firmware=%s -bios %s -kernel %s -initrd %s", path,
            bios, page, page);

        assert_refused(arguments, path, cases[i].over);
        unlink(path);
    }
    unlink(bios);
    unlink(page);
}

/* Each core has an interface of its own at the one GIC. */
static void test_interrupts(void)
{
    QTestState *qts = board_start(SPLIT);

    for (int i = 0; i < 2; i++) {
        poke_program(qts, atcm[i]);
        qtest_writel(qts, RPU_CFG(i), NCPUHALT);
        set_reset(qts, BIT(i), false);
        wait_word(qts, IPI_RPU(i) + IMR, 0x0f0f0300);
    }
    for (int i = 0; i < 2; i++) {
        for (int count = 1; count <= 3; count++) {
            qtest_writel(qts, IPI_APU + TRIG, BIT_RPU(i));
            wait_word(qts, atcm[i] + INTERRUPTS, count);
            wait_word(qts, IPI_APU + OBS, 0);
        }
        g_assert_cmpuint(qtest_readl(qts, atcm[i] + LAST_IAR), ==, 65 + i);
    }
    g_assert_cmpuint(qtest_readl(qts, ATCM_0 + INTERRUPTS), ==, 3);
    qtest_quit(qts);
}

/* An interrupt that comes while the core is held is there when it starts. */
static void test_interrupt_while_held(void)
{
    QTestState *qts = board_start(SPLIT);

    poke_program(qts, ATCM_0);
    qtest_writel(qts, RPU_CFG(0), NCPUHALT);
    set_reset(qts, BIT(0), false);
    wait_word(qts, IPI_RPU(0) + IMR, 0x0f0f0300);
    set_reset(qts, BIT(0), true);
    assert_state(qts, 0, "held");
    qtest_writel(qts, IPI_APU + TRIG, BIT_RPU(0));
    g_assert_cmphex(qtest_readl(qts, IPI_APU + OBS), ==, BIT_RPU(0));
    set_reset(qts, BIT(0), false);
    wait_word(qts, ATCM_0 + INTERRUPTS, 1);
    wait_word(qts, IPI_APU + OBS, 0);
    qtest_quit(qts);
}

/* Every agent reaches every other one, and sees that it has answered. */
static void arm_fault(QTestState *qts, const char *which, uint32_t mask)
{
    g_autofree char *path = g_strdup_printf("/machine/soc/ipi-%s-fault", which);

    qtest_qmp_assert_success(qts, "{ 'execute': 'qom-set', 'arguments': {"
                             " 'path': %s, 'property': 'x-fault-mask',"
                             " 'value': %u } }", path, mask);
    qtest_qmp_assert_success(qts, "{ 'execute': 'qom-set', 'arguments': {"
                             " 'path': %s, 'property': 'x-fault-drop',"
                             " 'value': 1 } }", path);
}

/* A kick gets lost, or an acknowledgement: only those meant, and only once. */
static void test_ipi_faults(void)
{
    static const struct {
        const char *from;
        const char *to;
        uint32_t sender;
        uint32_t receiver;
        uint32_t sends;
        uint32_t comes;
    } ways[] = {
        { "apu-trig", "rpu0-isr", IPI_APU, IPI_RPU(0), BIT_RPU(0), BIT_APU },
        { "rpu0-trig", "apu-isr", IPI_RPU(0), IPI_APU, BIT_APU, BIT_RPU(0) },
    };
    QTestState *qts = qtest_init(MACHINE);

    for (int i = 0; i < ARRAY_SIZE(ways); i++) {
        uint32_t isr = ways[i].receiver + ISR;

        arm_fault(qts, ways[i].from, ways[i].sends);
        qtest_writel(qts, ways[i].sender + TRIG, BIT_RPU(1));
        g_assert_cmphex(qtest_readl(qts, IPI_RPU(1) + ISR), !=, 0);
        qtest_writel(qts, ways[i].sender + TRIG, ways[i].sends);
        g_assert_cmphex(qtest_readl(qts, isr), ==, 0);
        qtest_writel(qts, ways[i].sender + TRIG, ways[i].sends);
        g_assert_cmphex(qtest_readl(qts, isr), ==, ways[i].comes);

        arm_fault(qts, ways[i].to, ways[i].comes);
        qtest_writel(qts, isr, ways[i].comes);
        g_assert_cmphex(qtest_readl(qts, isr), ==, ways[i].comes);
        qtest_writel(qts, isr, ways[i].comes);
        g_assert_cmphex(qtest_readl(qts, isr), ==, 0);
    }
    qtest_quit(qts);
}

static void test_ipi(void)
{
    static const struct {
        uint32_t base;
        uint32_t bit;
    } agents[] = {
        { 0xff300000, BIT(0) }, { 0xff310000, BIT(8) }, { 0xff320000, BIT(9) },
        { 0xff340000, BIT(24) }, { 0xff350000, BIT(25) },
        { 0xff360000, BIT(26) }, { 0xff370000, BIT(27) },
    };
    QTestState *qts = qtest_init(MACHINE);

    for (int i = 0; i < ARRAY_SIZE(agents); i++) {
        for (int j = 0; j < ARRAY_SIZE(agents); j++) {
            uint32_t from = agents[i].base, to = agents[j].base;

            g_assert_cmphex(qtest_readl(qts, to + IMR), ==, 0x0f0f0301);
            qtest_writel(qts, from + TRIG, agents[j].bit);
            g_assert_cmphex(qtest_readl(qts, to + ISR), ==, agents[i].bit);
            g_assert_cmphex(qtest_readl(qts, from + OBS), ==, agents[j].bit);
            /* once more changes nothing */
            qtest_writel(qts, from + TRIG, agents[j].bit);
            g_assert_cmphex(qtest_readl(qts, to + ISR), ==, agents[i].bit);
            qtest_writel(qts, to + ISR, ~agents[i].bit);
            g_assert_cmphex(qtest_readl(qts, from + OBS), ==, agents[j].bit);
            qtest_writel(qts, to + ISR, agents[i].bit);
            g_assert_cmphex(qtest_readl(qts, to + ISR), ==, 0);
            g_assert_cmphex(qtest_readl(qts, from + OBS), ==, 0);
        }
    }
    /* two senders: one answer is for one of them */
    qtest_writel(qts, IPI_APU + TRIG, BIT_RPU(0));
    qtest_writel(qts, IPI_RPU(1) + TRIG, BIT_RPU(0));
    g_assert_cmphex(qtest_readl(qts, IPI_RPU(0) + ISR), ==,
                    BIT_APU | BIT_RPU(1));
    qtest_writel(qts, IPI_RPU(0) + ISR, BIT_RPU(1));
    g_assert_cmphex(qtest_readl(qts, IPI_APU + OBS), ==, BIT_RPU(0));
    g_assert_cmphex(qtest_readl(qts, IPI_RPU(1) + OBS), ==, 0);
    qtest_quit(qts);
}

static void test_ipi_masks(void)
{
    QTestState *qts = qtest_init(MACHINE);

    qtest_irq_intercept_in(qts, "/machine/soc/rpu/gic");
    qtest_writel(qts, IPI_APU + TRIG, BIT_RPU(0));
    g_assert_false(qtest_get_irq(qts, 33));
    qtest_writel(qts, IPI_RPU(0) + IER, BIT_APU);
    g_assert_cmphex(qtest_readl(qts, IPI_RPU(0) + IMR), ==, 0x0f0f0300);
    g_assert_true(qtest_get_irq(qts, 33));
    qtest_writel(qts, IPI_RPU(0) + IDR, BIT_APU);
    g_assert_false(qtest_get_irq(qts, 33));
    qtest_writel(qts, IPI_RPU(0) + IER, BIT_APU);
    qtest_writel(qts, IPI_RPU(0) + ISR, BIT_APU);
    g_assert_false(qtest_get_irq(qts, 33));
    qtest_quit(qts);
}

/* The timers count 32 bits of 100 MHz, and reach the RPU's GIC. */
static void test_timer(void)
{
    const uint32_t ttc1 = 0xff120000, interval = 1000000;
    QTestState *qts = qtest_init(MACHINE);

    qtest_irq_intercept_in(qts, "/machine/soc/rpu/gic");
    qtest_writel(qts, ttc1 + 0x24, interval);
    g_assert_cmpuint(qtest_readl(qts, ttc1 + 0x24), ==, interval);
    qtest_writel(qts, ttc1 + 0x30, 0xfedcba98);
    g_assert_cmphex(qtest_readl(qts, ttc1 + 0x30), ==, 0xfedcba98);
    qtest_writel(qts, ttc1 + 0x60, 0x1);    /* IER: interval */
    qtest_writel(qts, ttc1 + 0x0c, 0x32);   /* interval mode, begin at 0 */
    qtest_clock_step(qts, 5 * 1000 * 1000);
    g_assert_cmpuint(qtest_readl(qts, ttc1 + 0x18) / 1000, ==, 500);
    g_assert_false(qtest_get_irq(qts, 39));
    qtest_clock_step(qts, 5 * 1000 * 1000 + 100);
    g_assert_true(qtest_get_irq(qts, 39));
    g_assert_cmphex(qtest_readl(qts, ttc1 + 0x54) & 0x1, ==, 0x1);
    g_assert_false(qtest_get_irq(qts, 39));
    qtest_system_reset(qts);
    g_assert_cmpuint(qtest_readl(qts, ttc1 + 0x24), ==, 0);
    g_assert_cmphex(qtest_readl(qts, ttc1 + 0x0c), ==, 0x21);
    qtest_quit(qts);
}

/* The first word of each block in UG1085's system address map is there. */
static void test_map(void)
{
    static const uint32_t blocks[] = {
        0xfd000000, 0xfd010000, 0xfd020000, 0xfd030000, 0xfd040000, 0xfd050000,
        0xfd070000, 0xfd080000, 0xfd090000, 0xfd0b0000, 0xfd0c0000, 0xfd0e0000,
        0xfd0f0000, 0xfd1a0000, 0xfd360000, 0xfd370000, 0xfd380000, 0xfd390000,
        0xfd3a0000, 0xfd3b0000, 0xfd3d0000, 0xfd400000, 0xfd480000, 0xfd490000,
        0xfd4a0000, 0xfd4b0000, 0xfd4c0000, 0xfd4d0000, 0xfd4f0000, 0xfd500000,
        0xfd5c0000, 0xfd5d0000, 0xfd5e0000, 0xfd5f0000, 0xfd610000, 0xfd690000,
        0xfd6e0000, 0xfd700000, 0xfd800000, 0xfe000000, 0xfe100000, 0xfe200000,
        0xfe300000, 0xfe800000, 0xff000000, 0xff010000, 0xff020000, 0xff030000,
        0xff040000, 0xff050000, 0xff060000, 0xff070000, 0xff0a0000, 0xff0b0000,
        0xff0c0000, 0xff0d0000, 0xff0e0000, 0xff0f0000, 0xff100000, 0xff110000,
        0xff120000, 0xff130000, 0xff140000, 0xff150000, 0xff160000, 0xff170000,
        0xff180000, 0xff240000, 0xff250000, 0xff260000, 0xff300000, 0xff310000,
        0xff320000, 0xff340000, 0xff350000, 0xff360000, 0xff370000, 0xff410000,
        0xff4b0000, 0xff5e0000, 0xff960000, 0xff980000, 0xff990000, 0xff9a0000,
        0xff9b0000, 0xff9c0000, 0xff9d0000, 0xff9e0000, 0xffa00000, 0xffa10000,
        0xffa50000, 0xffa60000, 0xffa70000, 0xffa80000, 0xffc80000, 0xffca0000,
        0xffcb0000, 0xffcc0000, 0xffcd0000, 0xffce0000, 0xffcf0000, 0xffd40000,
        0xffd80000, 0xffdc0000, 0xffe00000, 0xffe20000, 0xfffc0000,
        /* registers of the USB device, of which QEMU's DWC3 has nothing */
        0xfe20c704, 0xfe30c704,
    };
    QTestState *qts = qtest_init(MACHINE);

    for (int i = 0; i < ARRAY_SIZE(blocks); i++) {
        g_autofree char *got = qtest_hmp(qts, "xp /1wx 0x%x", blocks[i]);

        if (strstr(got, "Cannot access")) {
            g_test_message("nothing is at 0x%08x", blocks[i]);
            g_test_fail();
        }
    }
    qtest_quit(qts);
}

/* What does not fit below 2 GiB is at 32 GiB. */
static void test_memory(void)
{
    static const struct {
        const char *size;
        uint64_t last;
        uint64_t none;
    } cases[] = {
        { "512M", 0x1ffffffc, 0x20000000 },
        { "2G", 0x7ffffffc, 0x800000000 },
        { "3G", 0x83ffffffc, 0x840000000 },
        { "4G", 0x87ffffffc, 0x880000000 },
    };

    for (int i = 0; i < ARRAY_SIZE(cases); i++) {
        QTestState *qts = qtest_initf(MACHINE " -m %s", cases[i].size);
        g_autofree char *none = qtest_hmp(qts, "xp /1wx 0x%" PRIx64,
                                          cases[i].none);

        qtest_writel(qts, cases[i].last, 0x12345678);
        g_assert_cmphex(qtest_readl(qts, cases[i].last), ==, 0x12345678);
        g_assert_nonnull(strstr(none, "Cannot access"));
        qtest_quit(qts);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/zynqmp/map", test_map);
    qtest_add_func("/zynqmp/memory", test_memory);
    qtest_add_func("/zynqmp/rpu/registers", test_registers);
    qtest_add_func("/zynqmp/rpu/tcm", test_tcm);
    qtest_add_func("/zynqmp/rpu/split", test_split);
    qtest_add_func("/zynqmp/rpu/halt", test_halt);
    qtest_add_func("/zynqmp/rpu/lockstep", test_lockstep);
    qtest_add_func("/zynqmp/rpu/high-vectors", test_high_vectors);
    qtest_add_func("/zynqmp/rpu/firmware", test_firmware);
    qtest_add_func("/zynqmp/rpu/firmware-over-other-files",
                   test_firmware_over_other_files);
    qtest_add_func("/zynqmp/rpu/interrupts", test_interrupts);
    qtest_add_func("/zynqmp/rpu/interrupt-while-held",
                   test_interrupt_while_held);
    qtest_add_func("/zynqmp/ipi/agents", test_ipi);
    qtest_add_func("/zynqmp/ipi/faults", test_ipi_faults);
    qtest_add_func("/zynqmp/ipi/masks", test_ipi_masks);
    qtest_add_func("/zynqmp/ttc", test_timer);
    return g_test_run();
}
