/*
 * QTest for the STM32F7 I2C controller of the STM32MP1 and the STPMIC1 on it
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "stm32mp1-util.h"

#define I2C2            0x40013000
#define I2C4            0x5c002000
#define I2C5            0x40015000
#define CR1             (I2C4 + 0x00)
#define CR2             (I2C4 + 0x04)
#define OAR1            (I2C4 + 0x08)
#define OAR2            (I2C4 + 0x0c)
#define TIMINGR         (I2C4 + 0x10)
#define TIMEOUTR        (I2C4 + 0x14)
#define ISR             (I2C4 + 0x18)
#define ICR             (I2C4 + 0x1c)
#define PECR            (I2C4 + 0x20)
#define RXDR            (I2C4 + 0x24)
#define TXDR            (I2C4 + 0x28)

#define RCC_I2C46CKSELR 0x500000c0
#define RCC_I2C12CKSELR 0x500008c0
#define RCC_I2C35CKSELR 0x500008c4
#define CKSELR_HSI      2       /* 64 MHz */
#define RCC_APB1RSTSETR 0x50000980
#define RCC_APB1RSTCLRR 0x50000984
#define RCC_I2C2RST     (1u << 22)
#define RCC_MP_GRSTCSETR 0x50000404
#define RCC_MP_RSTSCLRR 0x50000408
#define RCC_MC_RSTSCLRR 0x50000c00
#define MCURST          (1u << 1)
#define PORRSTF         (1u << 0)
#define NRST            0x14    /* PADRSTF, VCORERSTF: any system reset */
#define MCURSTF         (1u << 5)

#define CR1_PE          (1u << 0)
#define CR1_TXIE        (1u << 1)
#define CR1_RXIE        (1u << 2)
#define CR1_ADDRIE      (1u << 3)
#define CR1_NACKIE      (1u << 4)
#define CR1_STOPIE      (1u << 5)
#define CR1_TCIE        (1u << 6)
#define CR1_ERRIE       (1u << 7)
#define CR1_SBC         (1u << 16)
#define CR1_NOSTRETCH   (1u << 17)
#define CR1_GCEN        (1u << 19)
#define CR1_SMBHEN      (1u << 20)
#define CR1_SMBDEN      (1u << 21)
#define CR1_ALERTEN     (1u << 22)
#define CR1_PECEN       (1u << 23)
#define CR1_TXDMAEN     (1u << 14)
#define CR1_RXDMAEN     (1u << 15)

#define CR2_ADDRESS(a)  ((a) << 1)
#define CR2_READ        (1u << 10)
#define CR2_ADD10       (1u << 11)
#define CR2_HEAD10R     (1u << 12)
#define CR2_START       (1u << 13)
#define CR2_STOP        (1u << 14)
#define CR2_NACK        (1u << 15)
#define CR2_NBYTES(n)   ((n) << 16)
#define CR2_RELOAD      (1u << 24)
#define CR2_AUTOEND     (1u << 25)
#define CR2_PECBYTE     (1u << 26)

#define OAR1_OA1MODE    (1u << 10)
#define OAR1_OA1EN      (1u << 15)
#define OAR2_OA2MSK(n)  ((n) << 8)
#define OAR2_OA2EN      (1u << 15)

#define TIMEOUTR_TIMEOUTA(n) (n)
#define TIMEOUTR_TIDLE  (1u << 12)
#define TIMEOUTR_TIMOUTEN (1u << 15)
#define TIMEOUTR_TIMEOUTB(n) ((n) << 16)
#define TIMEOUTR_TEXTEN (1u << 31)

#define ISR_TXE         (1u << 0)
#define ISR_TXIS        (1u << 1)
#define ISR_RXNE        (1u << 2)
#define ISR_ADDR        (1u << 3)
#define ISR_NACKF       (1u << 4)
#define ISR_STOPF       (1u << 5)
#define ISR_TC          (1u << 6)
#define ISR_TCR         (1u << 7)
#define ISR_OVR         (1u << 10)
#define ISR_PECERR      (1u << 11)
#define ISR_TIMEOUT     (1u << 12)
#define ISR_ALERT       (1u << 13)
#define ISR_BUSY        (1u << 15)
#define ISR_DIR         (1u << 16)
#define ISR_ADDCODE(a)  ((a) << 17)

#define PMIC            0x33
#define ABSENT          0x28
#define PMIC_PATH       STM32MP1_SOC "i2c4/i2c4/child[0]"

/* registers of the PMIC */
#define VERSION_SR      0x06
#define MAIN_CR         0x10
#define WCHDG_CR        0x1b
#define WCHDG_TIMER_CR  0x1c
#define BUCK1_ACTIVE_CR 0x20
#define LDO6_ACTIVE_CR  0x2a
#define BUCK1_STDBY_CR  0x30
#define INT_PENDING     0x50
#define INT_DBG_LATCH   0x60
#define INT_CLEAR       0x70
#define INT_MASK        0x80
#define INT_SET_MASK    0x90
#define INT_CLEAR_MASK  0xa0
#define INT_SRC         0xb0

#define NS              1000000000ll

static void assert_isr(QTestState *qts, uint32_t value)
{
    g_assert_cmphex(qtest_readl(qts, ISR), ==, value);
}

static void start(QTestState *qts, uint8_t address, unsigned nbytes,
                  uint32_t flags)
{
    qtest_writel(qts, CR2, CR2_ADDRESS(address) | CR2_NBYTES(nbytes) |
                 CR2_START | flags);
    /* START clears itself */
    g_assert_cmphex(qtest_readl(qts, CR2) & CR2_START, ==, 0);
}

static void stop(QTestState *qts)
{
    assert_isr(qts, ISR_TXE | ISR_BUSY | ISR_TC);
    qtest_writel(qts, CR2, qtest_readl(qts, CR2) | CR2_STOP);
    assert_isr(qts, ISR_TXE | ISR_STOPF);
    qtest_writel(qts, ICR, ISR_STOPF);
    assert_isr(qts, ISR_TXE);
}

static QTestState *init(const char *extra)
{
    QTestState *qts = qtest_initf(STM32MP1_MACHINE "%s", extra);

    stm32mp1_enable_clocks(qts);

    qtest_writel(qts, CR1, CR1_PE);
    return qts;
}

static void pmic_write(QTestState *qts, uint8_t reg, uint8_t value)
{
    start(qts, PMIC, 2, 0);
    qtest_writel(qts, TXDR, reg);
    assert_isr(qts, ISR_TXE | ISR_TXIS | ISR_BUSY);
    qtest_writel(qts, TXDR, value);
    stop(qts);
}

/* Register number, repeated start, value: what regmap does. */
static uint8_t pmic_read(QTestState *qts, uint8_t reg)
{
    uint8_t value;

    start(qts, PMIC, 1, 0);
    qtest_writel(qts, TXDR, reg);
    assert_isr(qts, ISR_TXE | ISR_BUSY | ISR_TC);
    start(qts, PMIC, 1, CR2_READ);
    assert_isr(qts, ISR_TXE | ISR_BUSY | ISR_RXNE | ISR_TC);
    value = qtest_readl(qts, RXDR);
    stop(qts);
    return value;
}

static void check_reset_values(QTestState *qts)
{
    g_assert_cmphex(qtest_readl(qts, CR1), ==, 0);
    g_assert_cmphex(qtest_readl(qts, CR2), ==, 0);
    g_assert_cmphex(qtest_readl(qts, OAR1), ==, 0);
    g_assert_cmphex(qtest_readl(qts, OAR2), ==, 0);
    g_assert_cmphex(qtest_readl(qts, TIMINGR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, TIMEOUTR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, ISR), ==, ISR_TXE);
    g_assert_cmphex(qtest_readl(qts, RXDR), ==, 0);
    g_assert_cmphex(qtest_readl(qts, TXDR), ==, 0);
}

static void test_registers(void)
{
    QTestState *qts = stm32mp1_init();

    check_reset_values(qts);
    stm32mp1_check_mask(qts, TIMINGR, 0xf0ffffff);
    stm32mp1_check_mask(qts, CR1, 0x00ffdfff);
    stm32mp1_check_mask(qts, OAR1, 0x87ff);
    stm32mp1_check_mask(qts, OAR2, 0x87fe);
    stm32mp1_check_mask(qts, TIMEOUTR, 0x8fff9fff);
    /* neither START nor STOP nor PECBYTE stays */
    stm32mp1_check_mask(qts, CR2, 0x03ff9fff);
    stm32mp1_check_readonly(qts, RXDR, 0);
    stm32mp1_check_readonly(qts, I2C4 + 0x3f0, 0x00000111);
    stm32mp1_check_readonly(qts, I2C4 + 0x3f4, 0x00000012);
    stm32mp1_check_readonly(qts, I2C4 + 0x3f8, 0x00130012);
    stm32mp1_check_readonly(qts, I2C4 + 0x3fc, 0xa3c5dd01);

    /* the timing cannot change while enabled */
    qtest_writel(qts, TIMINGR, 0x12345678 & 0xf0ffffff);
    qtest_writel(qts, CR1, CR1_PE);
    stm32mp1_check_readonly(qts, TIMINGR, 0x10345678);

    stm32mp1_system_reset(qts);
    check_reset_values(qts);
    stm32mp1_check_any_access(qts, I2C4);
    check_reset_values(qts);
    qtest_quit(qts);
}

/* With the address not acknowledged, the stop comes after @ns, not before. */
static void assert_nack(QTestState *qts, int64_t ns)
{
    assert_isr(qts, ISR_TXE | ISR_BUSY | ISR_NACKF);
    qtest_clock_step(qts, ns - 1);
    assert_isr(qts, ISR_TXE | ISR_BUSY | ISR_NACKF);
    qtest_clock_step(qts, 2);
    assert_isr(qts, ISR_TXE | ISR_NACKF | ISR_STOPF);
    qtest_writel(qts, ICR, ISR_NACKF);
    assert_isr(qts, ISR_TXE | ISR_STOPF);
    qtest_writel(qts, ICR, ISR_STOPF);
    assert_isr(qts, ISR_TXE);
}

/* An absent chip is known at once, and the master stops by itself. */
static void test_nack(void)
{
    QTestState *qts = init("");

    /* TIMINGR is 0: two cycles of 64 MHz */
    for (unsigned read = 0; read < 2; read++) {
        start(qts, ABSENT, 1, read ? CR2_READ : 0);
        assert_nack(qts, 31);
    }
    start(qts, PMIC, 1, CR2_ADD10);
    assert_nack(qts, 31);

    /* a start to another chip within a transfer does not reach the first */
    start(qts, PMIC, 1, 0);
    qtest_writel(qts, TXDR, VERSION_SR);
    start(qts, ABSENT, 1, CR2_READ);
    assert_nack(qts, 31);
    g_assert_cmphex(pmic_read(qts, VERSION_SR), ==, 0x10);
    qtest_quit(qts);
}

/* The stop after a NACK: a bit's time, by TIMINGR and the kernel clock */
static void test_nack_time(void)
{
    /* SCLL + 1 + SCLH + 1 cycles, times PRESC + 1, in ns rounded down */
    static const struct {
        uint32_t timingr;
        uint32_t source;    /* I2C46CKSELR */
        int64_t ns;
    } times[] = {
        { 0x000000ff, 2, 257 * 1000 / 64 },
        { 0x0000ff00, 2, 257 * 1000 / 64 },
        { 0x10707dbc, 2, (189 + 126) * 2 * 1000 / 64 },
        { 0xf0ffffff, 2, 512 * 16 * 1000 / 64 },
        { 0x10707dbc, 3, (189 + 126) * 2 * 1000 / 4 },
        { 0x00007dbc, 0, (189 + 126) * 1000000 / 66625 },
        /* the kernel clock stands still: standard mode */
        { 0x10707dbc, 7, 10000 },
    };
    QTestState *qts = init("");
    int i;

    for (i = 0; i < ARRAY_SIZE(times); i++) {
        g_test_message("TIMINGR 0x%08x", times[i].timingr);
        qtest_writel(qts, CR1, 0);
        qtest_writel(qts, TIMINGR, times[i].timingr);
        qtest_writel(qts, RCC_I2C46CKSELR, times[i].source);
        qtest_writel(qts, CR1, CR1_PE);
        start(qts, ABSENT, 1, 0);
        assert_nack(qts, times[i].ns);
    }
    qtest_quit(qts);
}

/* What software does between a NACK and its stop */
static void test_nack_pending(void)
{
    QTestState *qts = stm32mp1_init();

    qtest_writel(qts, TIMINGR, 0x10707dbc);
    qtest_writel(qts, CR1, CR1_PE);

    /* a START waits until the bus is free (the clock restarts at 0) */
    start(qts, ABSENT, 1, 0);
    qtest_writel(qts, CR2, CR2_ADDRESS(PMIC) | CR2_NBYTES(1) | CR2_START);
    g_assert_cmphex(qtest_readl(qts, CR2) & CR2_START, ==, CR2_START);
    assert_isr(qts, ISR_TXE | ISR_BUSY | ISR_NACKF);
    qts = stm32mp1_migrate(qts);
    assert_isr(qts, ISR_TXE | ISR_BUSY | ISR_NACKF);
    qtest_clock_step(qts, 9845);
    g_assert_cmphex(qtest_readl(qts, CR2) & CR2_START, ==, 0);
    assert_isr(qts, ISR_TXE | ISR_TXIS | ISR_BUSY | ISR_NACKF | ISR_STOPF);
    qtest_writel(qts, ICR, ISR_NACKF | ISR_STOPF);
    qtest_writel(qts, TXDR, VERSION_SR);
    stop(qts);

    /* a STOP is what comes anyway, and data goes nowhere */
    start(qts, ABSENT, 1, 0);
    qtest_writel(qts, CR2, CR2_ADDRESS(ABSENT) | CR2_STOP);
    qtest_writel(qts, TXDR, 0x55);
    assert_isr(qts, ISR_BUSY | ISR_NACKF);
    qtest_clock_step(qts, 9845);
    assert_isr(qts, ISR_NACKF | ISR_STOPF);
    qtest_writel(qts, ISR, ISR_TXE);
    qtest_writel(qts, ICR, ISR_NACKF | ISR_STOPF);

    /* without PE, and after a reset, none comes any more */
    start(qts, ABSENT, 1, 0);
    qtest_writel(qts, CR1, 0);
    qtest_clock_step(qts, 100000);
    assert_isr(qts, ISR_TXE);
    qtest_writel(qts, CR1, CR1_PE);
    start(qts, ABSENT, 1, 0);
    stm32mp1_system_reset(qts);
    qtest_clock_step(qts, 100000);
    assert_isr(qts, ISR_TXE);
    qtest_quit(qts);
}

/* No address on the bus without PE; clearing PE ends a transfer. */
static void test_enable(void)
{
    QTestState *qts = stm32mp1_init();

    start(qts, PMIC, 1, 0);
    assert_isr(qts, ISR_TXE);
    qtest_writel(qts, CR1, CR1_PE);
    start(qts, PMIC, 2, 0);
    assert_isr(qts, ISR_TXE | ISR_TXIS | ISR_BUSY);
    qtest_writel(qts, CR1, 0);
    assert_isr(qts, ISR_TXE);
    qtest_writel(qts, CR1, CR1_PE);
    g_assert_cmphex(pmic_read(qts, VERSION_SR), ==, 0x10);
    qtest_quit(qts);
}

/*
 * What ST's HAL writes for a master, who has an own address that is answered by
 * NACK, is nothing to log; what is not modelled is.
 */
static void test_log(void)
{
    g_autofree char *file = NULL;
    QTestState *qts = stm32mp1_init_logged(&file);

    stm32mp1_enable_clocks(qts);
    qtest_writel(qts, CR1, 0);
    qtest_writel(qts, TIMINGR, 0x10707dbc);
    qtest_writel(qts, OAR1, 0);
    qtest_writel(qts, OAR1, OAR1_OA1EN);
    qtest_writel(qts, CR2, CR2_AUTOEND | CR2_NACK);
    qtest_writel(qts, OAR2, 0);
    qtest_writel(qts, CR1, 0);
    qtest_writel(qts, CR1, CR1_PE);
    start(qts, PMIC, 1, CR2_AUTOEND | CR2_NACK);
    qtest_writel(qts, TXDR, VERSION_SR);
    qtest_writel(qts, CR1, 0);
    g_assert_cmphex(qtest_readl(qts, CR2) & CR2_NACK, ==, 0);
    stm32mp1_check_log(file, "");

    /* a timeout may change while it is not enabled */
    qtest_writel(qts, TIMEOUTR, TIMEOUTR_TIMOUTEN | TIMEOUTR_TIMEOUTA(5));
    qtest_writel(qts, TIMEOUTR, TIMEOUTR_TIMOUTEN | TIMEOUTR_TIMEOUTA(5) |
                                TIMEOUTR_TIMEOUTB(7));
    qtest_writel(qts, TIMEOUTR, TIMEOUTR_TEXTEN | TIMEOUTR_TIMEOUTA(5) |
                                TIMEOUTR_TIMEOUTB(7));
    qtest_writel(qts, TIMEOUTR, TIMEOUTR_TEXTEN | TIMEOUTR_TIMEOUTB(7));
    stm32mp1_check_log(file, "");
    qtest_writel(qts, TIMEOUTR, TIMEOUTR_TEXTEN | TIMEOUTR_TIMEOUTB(6));
    qtest_writel(qts, TIMEOUTR, TIMEOUTR_TIMOUTEN);
    qtest_writel(qts, TIMEOUTR, TIMEOUTR_TIMOUTEN | TIMEOUTR_TIDLE);
    stm32mp1_check_log(file,
                       "stm32f7-i2c: TIMEOUTR changes while enabled\n"
                       "stm32f7-i2c: TIMEOUTR changes while enabled\n"
                       "stm32f7-i2c: TIMEOUTR changes while enabled\n");
    qtest_quit(qts);
    unlink(file);
}

static void test_autoend(void)
{
    QTestState *qts = init("");

    start(qts, PMIC, 2, CR2_AUTOEND);
    qtest_writel(qts, TXDR, BUCK1_STDBY_CR);
    qtest_writel(qts, TXDR, 0x5a);
    assert_isr(qts, ISR_TXE | ISR_STOPF);
    qtest_writel(qts, ICR, ISR_STOPF);

    start(qts, PMIC, 1, CR2_AUTOEND);
    qtest_writel(qts, TXDR, BUCK1_STDBY_CR);
    assert_isr(qts, ISR_TXE | ISR_STOPF);
    qtest_writel(qts, ICR, ISR_STOPF);
    start(qts, PMIC, 1, CR2_READ | CR2_AUTOEND);
    assert_isr(qts, ISR_TXE | ISR_RXNE | ISR_STOPF);
    g_assert_cmphex(qtest_readl(qts, RXDR), ==, 0x5a);
    assert_isr(qts, ISR_TXE | ISR_STOPF);
    qtest_writel(qts, ICR, ISR_STOPF);

    /* no data at all: only asks whether the chip is there */
    start(qts, PMIC, 0, CR2_AUTOEND);
    assert_isr(qts, ISR_TXE | ISR_STOPF);
    qtest_quit(qts);
}

static void test_reload(void)
{
    QTestState *qts = init("");

    /* 2 + 1 bytes: register number and two values */
    start(qts, PMIC, 2, CR2_RELOAD);
    qtest_writel(qts, TXDR, BUCK1_STDBY_CR);
    qtest_writel(qts, TXDR, 0x11);
    assert_isr(qts, ISR_TXE | ISR_BUSY | ISR_TCR);
    qtest_writel(qts, CR2, CR2_ADDRESS(PMIC) | CR2_NBYTES(1));
    assert_isr(qts, ISR_TXE | ISR_TXIS | ISR_BUSY);
    qtest_writel(qts, TXDR, 0x22);
    stop(qts);
    g_assert_cmphex(pmic_read(qts, BUCK1_STDBY_CR), ==, 0x11);
    g_assert_cmphex(pmic_read(qts, BUCK1_STDBY_CR + 1), ==, 0x22);

    /* and back in 1 + 1 bytes */
    start(qts, PMIC, 1, 0);
    qtest_writel(qts, TXDR, BUCK1_STDBY_CR);
    start(qts, PMIC, 1, CR2_READ | CR2_RELOAD);
    assert_isr(qts, ISR_TXE | ISR_RXNE | ISR_BUSY | ISR_TCR);
    /* the next byte waits for a free RXDR */
    qtest_writel(qts, CR2, CR2_ADDRESS(PMIC) | CR2_READ | CR2_NBYTES(1));
    assert_isr(qts, ISR_TXE | ISR_RXNE | ISR_BUSY);
    g_assert_cmphex(qtest_readl(qts, RXDR), ==, 0x11);
    assert_isr(qts, ISR_TXE | ISR_RXNE | ISR_BUSY | ISR_TC);
    g_assert_cmphex(qtest_readl(qts, RXDR), ==, 0x22);
    stop(qts);
    qtest_quit(qts);
}

/* The event line is a level: enabled flags, one after the other. */
static void test_irq(void)
{
    QTestState *qts = init("");

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "i2c4", "sysbus-irq");

    start(qts, PMIC, 1, 0);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_writel(qts, CR1, CR1_PE | CR1_TXIE);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_writel(qts, TXDR, VERSION_SR);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_writel(qts, CR1, CR1_PE | CR1_TCIE);
    g_assert_true(qtest_get_irq(qts, 0));

    start(qts, PMIC, 2, CR2_READ);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_writel(qts, CR1, CR1_PE | CR1_RXIE);
    g_assert_true(qtest_get_irq(qts, 0));
    g_assert_cmphex(qtest_readl(qts, RXDR), ==, 0x10);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_readl(qts, RXDR);
    g_assert_false(qtest_get_irq(qts, 0));

    qtest_writel(qts, CR2, CR2_STOP);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_writel(qts, CR1, CR1_PE | CR1_STOPIE);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_writel(qts, ICR, ISR_STOPF);
    g_assert_false(qtest_get_irq(qts, 0));

    start(qts, ABSENT, 1, 0);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_clock_step(qts, 32);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_writel(qts, CR1, CR1_PE | CR1_NACKIE);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_writel(qts, ICR, ISR_NACKF);
    g_assert_false(qtest_get_irq(qts, 0));
    /* nothing of that is an error */
    g_assert_false(qtest_get_irq(qts, 1));
    qtest_quit(qts);
}

static void test_migration(void)
{
    QTestState *qts = init("");

    /* in the middle of a transfer */
    start(qts, PMIC, 2, 0);
    qtest_writel(qts, TXDR, BUCK1_STDBY_CR);
    qts = stm32mp1_migrate(qts);
    assert_isr(qts, ISR_TXE | ISR_TXIS | ISR_BUSY);
    qtest_writel(qts, TXDR, 0x77);
    stop(qts);
    g_assert_cmphex(pmic_read(qts, BUCK1_STDBY_CR), ==, 0x77);
    qtest_quit(qts);
}

static void test_pmic_registers(void)
{
    QTestState *qts = init("");

    g_assert_cmphex(pmic_read(qts, VERSION_SR), ==, 0x10);
    pmic_write(qts, VERSION_SR, 0xff);
    g_assert_cmphex(pmic_read(qts, VERSION_SR), ==, 0x10);
    for (unsigned reg = BUCK1_ACTIVE_CR; reg <= LDO6_ACTIVE_CR; reg++) {
        /* on, as the boot firmware leaves them */
        g_assert_cmphex(pmic_read(qts, reg) & 1, ==, 1);
        pmic_write(qts, reg, reg);
    }
    for (unsigned reg = BUCK1_ACTIVE_CR; reg <= LDO6_ACTIVE_CR; reg++) {
        g_assert_cmphex(pmic_read(qts, reg), ==, reg);
    }
    /* reserved */
    pmic_write(qts, 0x2b, 0xff);
    g_assert_cmphex(pmic_read(qts, 0x2b), ==, 0);

    stm32mp1_system_reset(qts);
    qtest_writel(qts, CR1, CR1_PE);
    g_assert_cmphex(pmic_read(qts, BUCK1_ACTIVE_CR), ==, 24 << 2 | 1);
    qtest_quit(qts);
}

static void test_pmic_irq(void)
{
    QTestState *qts = init("");

    qtest_irq_intercept_out(qts, PMIC_PATH);
    /* INTn is active low, everything masked */
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmphex(pmic_read(qts, INT_MASK + i), ==, 0xff);
        g_assert_cmphex(pmic_read(qts, INT_PENDING + i), ==, 0);
        pmic_write(qts, INT_DBG_LATCH + i, 1u << i);
        g_assert_cmphex(pmic_read(qts, INT_PENDING + i), ==, 1u << i);
        g_assert_true(qtest_get_irq(qts, 0));
        pmic_write(qts, INT_CLEAR_MASK + i, 1u << i);
        g_assert_cmphex(pmic_read(qts, INT_MASK + i), ==, 0xff ^ 1u << i);
        g_assert_false(qtest_get_irq(qts, 0));
        pmic_write(qts, INT_SET_MASK + i, 1u << i);
        g_assert_true(qtest_get_irq(qts, 0));
        pmic_write(qts, INT_CLEAR_MASK + i, 1u << i);
        g_assert_false(qtest_get_irq(qts, 0));
        pmic_write(qts, INT_CLEAR + i, 1u << i);
        g_assert_cmphex(pmic_read(qts, INT_PENDING + i), ==, 0);
        g_assert_true(qtest_get_irq(qts, 0));
        /* commands, not storage */
        g_assert_cmphex(pmic_read(qts, INT_CLEAR_MASK + i), ==, 0);
        g_assert_cmphex(pmic_read(qts, INT_SET_MASK + i), ==, 0);
    }
    qtest_quit(qts);
}

static void test_pmic_ponkey(void)
{
    QTestState *qts = init("");

    qtest_irq_intercept_out(qts, PMIC_PATH);
    pmic_write(qts, INT_CLEAR_MASK, 0x3);
    g_assert_cmphex(pmic_read(qts, INT_SRC) & 0x3, ==, 0x2);

    /* pressing it is a falling edge */
    qtest_set_irq_in(qts, PMIC_PATH, "ponkey", 0, 1);
    g_assert_false(qtest_get_irq(qts, 0));
    g_assert_cmphex(pmic_read(qts, INT_PENDING), ==, 0x1);
    g_assert_cmphex(pmic_read(qts, INT_SRC) & 0x3, ==, 0x1);
    pmic_write(qts, INT_CLEAR, 0x1);
    g_assert_true(qtest_get_irq(qts, 0));

    qtest_set_irq_in(qts, PMIC_PATH, "ponkey", 0, 0);
    g_assert_false(qtest_get_irq(qts, 0));
    g_assert_cmphex(pmic_read(qts, INT_PENDING), ==, 0x2);
    pmic_write(qts, INT_CLEAR, 0x2);

    /* WAKEUP is not inverted, and masked here */
    qtest_set_irq_in(qts, PMIC_PATH, "wakeup", 0, 1);
    g_assert_cmphex(pmic_read(qts, INT_PENDING), ==, 0x8);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

static void test_pmic_switch_off(void)
{
    QTestState *qts = init("-no-shutdown");

    stm32mp1_system_reset(qts);
    qtest_writel(qts, RCC_MP_GRSTCSETR, MCURST);
    g_assert_cmphex(qtest_readl(qts, RCC_MP_RSTSCLRR), ==, NRST);
    g_assert_cmphex(qtest_readl(qts, RCC_MC_RSTSCLRR), ==,
                    NRST | PORRSTF | MCURSTF);
    qtest_writel(qts, CR1, CR1_PE);

    /* restart request on its own does nothing yet */
    pmic_write(qts, MAIN_CR, 0x2);
    g_assert_cmphex(pmic_read(qts, MAIN_CR), ==, 0x2);
    /* it may take effect before the transfer is over */
    start(qts, PMIC, 2, 0);
    qtest_writel(qts, TXDR, MAIN_CR);
    qtest_writel(qts, TXDR, 0x3);
    qtest_qmp_eventwait(qts, "RESET");
    stm32mp1_enable_clocks(qts);
    /* the power was off: no flag of an earlier reset is left */
    g_assert_cmphex(qtest_readl(qts, RCC_MP_RSTSCLRR), ==, NRST | PORRSTF);
    g_assert_cmphex(qtest_readl(qts, RCC_MC_RSTSCLRR), ==, NRST | PORRSTF);

    qtest_writel(qts, CR1, CR1_PE);
    g_assert_cmphex(pmic_read(qts, MAIN_CR), ==, 0);
    pmic_write(qts, MAIN_CR, 0x1);
    qtest_qmp_eventwait(qts, "SHUTDOWN");
    qtest_quit(qts);
}

/* The answer to a command comes after all events before it. */
static void assert_no_watchdog_event(QTestState *qts)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'query-status' }");
    g_assert_null(qtest_qmp_event_ref(qts, "WATCHDOG"));
}

static void test_pmic_watchdog(void)
{
    QTestState *qts = init("-action watchdog=none");
    QDict *event;

    /* 10 s, reloaded after 9, then not any more */
    pmic_write(qts, WCHDG_TIMER_CR, 9);
    pmic_write(qts, WCHDG_CR, 0x1);
    qtest_clock_step(qts, 9 * NS);
    pmic_write(qts, WCHDG_CR, 0x3);
    g_assert_cmphex(pmic_read(qts, WCHDG_CR), ==, 0x1);
    qtest_clock_step(qts, 9 * NS);
    assert_no_watchdog_event(qts);
    qtest_clock_step(qts, 2 * NS);
    event = qtest_qmp_eventwait_ref(qts, "WATCHDOG");
    qobject_unref(event);

    /* stopped, it never expires */
    pmic_write(qts, WCHDG_CR, 0x3);
    pmic_write(qts, WCHDG_CR, 0x0);
    qtest_clock_step(qts, 1000 * NS);
    assert_no_watchdog_event(qts);
    qtest_quit(qts);
}

/* A channel of the MDMA for one of I2C4's requests, a byte each */
static void mdma_channel(QTestState *qts, unsigned n, uint32_t request,
                         uint32_t src, uint32_t dst, uint32_t increments,
                         uint32_t bytes)
{
    uint32_t channel = 0x58000040 + 0x40 * n;

    qtest_writel(qts, channel + 0x28, request);
    qtest_writel(qts, channel + 0x10, increments);
    qtest_writel(qts, channel + 0x14, bytes);
    qtest_writel(qts, channel + 0x18, src);
    qtest_writel(qts, channel + 0x1c, dst);
    qtest_writel(qts, channel + 0x0c, 1);
}

/* A register of the PMIC is written and read back by DMA. */
static void test_dma(void)
{
    enum { I2C4_RX = 36, I2C4_TX = 37, BUFFER = 0x10000000, TURN_NS = 100 };
    QTestState *qts = stm32mp1_init();

    qtest_writeb(qts, BUFFER, BUCK1_ACTIVE_CR);
    qtest_writeb(qts, BUFFER + 1, 0x79);
    mdma_channel(qts, 0, I2C4_TX, BUFFER, TXDR, 2, 2);
    mdma_channel(qts, 1, I2C4_RX, RXDR, BUFFER + 8, 2 << 2, 2);
    qtest_writel(qts, CR1, CR1_PE);
    qtest_writel(qts, CR2, CR2_ADDRESS(PMIC) | CR2_NBYTES(2) | CR2_AUTOEND |
                           CR2_START);
    qtest_clock_step(qts, TURN_NS);
    g_assert_cmphex(qtest_readl(qts, ISR) & ISR_TXIS, ==, ISR_TXIS);
    qtest_writel(qts, CR1, CR1_PE | CR1_TXDMAEN | CR1_RXDMAEN);
    qtest_clock_step(qts, TURN_NS);
    g_assert_cmphex(qtest_readl(qts, ISR) & (ISR_TXIS | ISR_STOPF), ==,
                    ISR_STOPF);

    qtest_writel(qts, ICR, ISR_STOPF);
    mdma_channel(qts, 0, I2C4_TX, BUFFER, TXDR, 2, 1);
    qtest_writel(qts, CR2, CR2_ADDRESS(PMIC) | CR2_NBYTES(1) | CR2_START);
    qtest_clock_step(qts, TURN_NS);
    g_assert_cmphex(qtest_readl(qts, ISR) & ISR_TC, ==, ISR_TC);
    qtest_writel(qts, CR2, CR2_ADDRESS(PMIC) | CR2_READ | CR2_NBYTES(2) |
                           CR2_AUTOEND | CR2_START);
    g_assert_cmphex(qtest_readl(qts, ISR) & ISR_RXNE, ==, ISR_RXNE);
    qtest_clock_step(qts, TURN_NS);
    g_assert_cmphex(qtest_readl(qts, ISR) & (ISR_RXNE | ISR_STOPF), ==,
                    ISR_STOPF);
    g_assert_cmphex(qtest_readb(qts, BUFFER + 8), ==, 0x79);
    qtest_quit(qts);
}

/* I2C5 is wired to I2C2, and can address it. */
#define MASTER(reg)     (I2C5 + (reg) - I2C4)
#define SLAVE(reg)      (I2C2 + (reg) - I2C4)
#define OWN             0x2a
#define WIRE            "-device stm32f7-i2c-wire,bus=i2c5,"                \
                        "controller=/machine/soc/i2c2"
#define CALLED          (ISR_BUSY | ISR_ADDCODE(OWN))

static QTestState *init_wired(uint32_t slave_cr1)
{
    QTestState *qts = init(WIRE);

    qtest_writel(qts, MASTER(CR1), CR1_PE);
    qtest_writel(qts, SLAVE(OAR1), OAR1_OA1EN | OWN << 1);
    qtest_writel(qts, SLAVE(CR1), CR1_PE | slave_cr1);
    return qts;
}

/* The master's START to @address for @nbytes */
static void call(QTestState *qts, uint8_t address, unsigned nbytes,
                 uint32_t flags)
{
    qtest_writel(qts, MASTER(CR2), CR2_ADDRESS(address) | CR2_NBYTES(nbytes) |
                                   CR2_START | flags);
}

static void assert_both(QTestState *qts, uint32_t master, uint32_t slave)
{
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)), ==, master);
    g_assert_cmphex(qtest_readl(qts, SLAVE(ISR)), ==, slave);
}

static void test_slave_receives(void)
{
    QTestState *qts = init_wired(0);

    call(qts, OWN, 2, CR2_AUTOEND);
    assert_both(qts, ISR_TXE | ISR_TXIS | ISR_BUSY,
                ISR_TXE | ISR_ADDR | CALLED);
    /* the clock is held: the byte is in TXDR until ADDR is cleared */
    qtest_writel(qts, MASTER(TXDR), 0x11);
    assert_both(qts, ISR_BUSY, ISR_TXE | ISR_ADDR | CALLED);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    assert_both(qts, ISR_TXE | ISR_TXIS | ISR_BUSY,
                ISR_TXE | ISR_RXNE | CALLED);
    qts = migrate_machine(qts, STM32MP1_MACHINE WIRE);
    /* and again until the one before it is read */
    qtest_writel(qts, MASTER(TXDR), 0x22);
    assert_both(qts, ISR_BUSY, ISR_TXE | ISR_RXNE | CALLED);
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, 0x11);
    assert_both(qts, ISR_TXE | ISR_STOPF,
                ISR_TXE | ISR_RXNE | ISR_STOPF | ISR_ADDCODE(OWN));
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, 0x22);
    qtest_writel(qts, SLAVE(ICR), ISR_STOPF);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);

    /* no data: the stop waits for ADDR, too */
    call(qts, OWN, 0, CR2_AUTOEND);
    assert_both(qts, ISR_TXE | ISR_BUSY, ISR_TXE | ISR_ADDR | CALLED);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    assert_both(qts, ISR_TXE | ISR_STOPF,
                ISR_TXE | ISR_STOPF | ISR_ADDCODE(OWN));
    qtest_quit(qts);
}

/* NACK is set before the byte that is not wanted any more. */
static void test_slave_refuses(void)
{
    QTestState *qts = init_wired(0);

    call(qts, OWN, 3, CR2_AUTOEND);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, MASTER(TXDR), 0x11);
    qtest_writel(qts, SLAVE(CR2), CR2_NACK);
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, 0x11);
    qtest_writel(qts, MASTER(TXDR), 0x22);
    assert_both(qts, ISR_TXE | ISR_BUSY | ISR_NACKF,
                ISR_TXE | ISR_RXNE | CALLED);
    g_assert_cmphex(qtest_readl(qts, SLAVE(CR2)) & CR2_NACK, ==, 0);
    qtest_clock_step(qts, 1000);
    assert_both(qts, ISR_TXE | ISR_NACKF | ISR_STOPF,
                ISR_TXE | ISR_RXNE | ISR_STOPF | ISR_ADDCODE(OWN));
    qtest_quit(qts);
}

static void test_slave_transmits(void)
{
    QTestState *qts = init_wired(0);

    call(qts, OWN, 2, CR2_READ | CR2_AUTOEND);
    assert_both(qts, ISR_TXE | ISR_BUSY, ISR_TXE | ISR_ADDR | ISR_DIR | CALLED);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    assert_both(qts, ISR_TXE | ISR_BUSY, ISR_TXE | ISR_TXIS | ISR_DIR | CALLED);
    qtest_writel(qts, SLAVE(TXDR), 0x33);
    assert_both(qts, ISR_TXE | ISR_BUSY | ISR_RXNE,
                ISR_TXE | ISR_TXIS | ISR_DIR | CALLED);
    qts = migrate_machine(qts, STM32MP1_MACHINE WIRE);
    /* the second waits for the master */
    qtest_writel(qts, SLAVE(TXDR), 0x44);
    assert_both(qts, ISR_TXE | ISR_BUSY | ISR_RXNE, ISR_DIR | CALLED);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0x33);
    /* which does not acknowledge its last one */
    assert_both(qts, ISR_TXE | ISR_RXNE | ISR_STOPF,
                ISR_TXE | ISR_NACKF | ISR_STOPF | ISR_DIR | ISR_ADDCODE(OWN));
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0x44);
    qtest_writel(qts, SLAVE(ICR), ISR_NACKF | ISR_STOPF);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);

    /* a byte that is in TXDR before the call goes, unless it is thrown away */
    qtest_writel(qts, SLAVE(TXDR), 0x55);
    call(qts, OWN, 2, CR2_READ | CR2_AUTOEND);
    qtest_writel(qts, SLAVE(ISR), ISR_TXE);
    assert_both(qts, ISR_TXE | ISR_BUSY, ISR_TXE | ISR_ADDR | ISR_DIR | CALLED);
    qtest_writel(qts, SLAVE(TXDR), 0x66);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    /* nor does a later one that the master has not taken yet */
    qtest_writel(qts, SLAVE(TXDR), 0x77);
    qtest_writel(qts, SLAVE(ISR), ISR_TXE);
    assert_both(qts, ISR_TXE | ISR_BUSY | ISR_RXNE,
                ISR_TXE | ISR_TXIS | ISR_DIR | CALLED);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0x66);
    qtest_writel(qts, SLAVE(TXDR), 0x78);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0x78);
    /* and after a NACK nothing more is asked for */
    qtest_writel(qts, SLAVE(TXDR), 0x79);
    qtest_writel(qts, SLAVE(ISR), ISR_TXE);
    assert_both(qts, ISR_TXE | ISR_STOPF,
                ISR_TXE | ISR_NACKF | ISR_STOPF | ISR_DIR | ISR_ADDCODE(OWN));
    qtest_quit(qts);
}

/* Until a stop, after which the slave may be called again */
static void test_slave_nack_ends(void)
{
    QTestState *qts = init_wired(0);

    call(qts, OWN, 1, CR2_AUTOEND);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, SLAVE(CR2), CR2_NACK);
    qtest_writel(qts, MASTER(CR2), CR2_STOP);
    g_assert_cmphex(qtest_readl(qts, SLAVE(CR2)) & CR2_NACK, ==, 0);
    qtest_quit(qts);
}

/* Register number, repeated start, value: ADDR comes twice. */
static void test_slave_restart(void)
{
    QTestState *qts = init_wired(0);

    call(qts, OWN, 1, 0);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, MASTER(TXDR), 0x10);
    assert_both(qts, ISR_TXE | ISR_TC | ISR_BUSY,
                ISR_TXE | ISR_RXNE | CALLED);
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, 0x10);
    call(qts, OWN, 1, CR2_READ);
    assert_both(qts, ISR_TXE | ISR_BUSY, ISR_TXE | ISR_ADDR | ISR_DIR | CALLED);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, SLAVE(TXDR), 0x77);
    assert_both(qts, ISR_TXE | ISR_RXNE | ISR_TC | ISR_BUSY,
                ISR_TXE | ISR_NACKF | ISR_DIR | CALLED);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0x77);
    qtest_writel(qts, MASTER(CR2), CR2_STOP);
    assert_both(qts, ISR_TXE | ISR_STOPF,
                ISR_TXE | ISR_NACKF | ISR_STOPF | ISR_DIR | ISR_ADDCODE(OWN));
    qtest_quit(qts);
}

/* Which addresses are its own */
static void test_slave_address(void)
{
    static const struct {
        uint32_t cr1;
        uint32_t cr2;
        uint32_t oar1;
        uint32_t oar2;
        uint8_t first;
        uint8_t last;
    } cases[] = {
        { CR1_PE, 0, OAR1_OA1EN | 0x2a << 1, 0, 0x2a, 0x2a },
        { CR1_PE, 0, OAR1_OA1EN | 0x2a << 1 | 1, 0, 0x2a, 0x2a },
        { CR1_PE, 0, 0x2a << 1, 0x2a << 1, 1, 0 },
        { CR1_PE, CR2_NACK, OAR1_OA1EN | 0x2a << 1, 0, 1, 0 },
        { 0, 0, OAR1_OA1EN | 0x2a << 1, 0, 1, 0 },
        { CR1_PE, 0, 0, OAR2_OA2EN | 0x2a << 1, 0x2a, 0x2a },
        { CR1_PE, 0, 0, OAR2_OA2EN | OAR2_OA2MSK(1) | 0x2a << 1, 0x2a, 0x2b },
        { CR1_PE, 0, 0, OAR2_OA2EN | OAR2_OA2MSK(4) | 0x2a << 1, 0x20, 0x2f },
        { CR1_PE, 0, 0, OAR2_OA2EN | OAR2_OA2MSK(6) | 0x2a << 1, 1, 0x3f },
        { CR1_PE, 0, 0, OAR2_OA2EN | OAR2_OA2MSK(7), 0x08, 0x77 },
        { CR1_PE | CR1_GCEN, 0, 0, 0, 0, 0 },
        { CR1_PE | CR1_SMBHEN, 0, 0, 0, 0x08, 0x08 },
        { CR1_PE | CR1_SMBDEN, 0, 0, 0, 0x61, 0x61 },
        { CR1_PE | CR1_ALERTEN, 0, 0, 0, 0x0c, 0x0c },
        { CR1_PE | CR1_ALERTEN | CR1_SMBHEN, 0, 0, 0, 0x08, 0x08 },
    };
    QTestState *qts = init_wired(0);

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        qtest_writel(qts, SLAVE(CR1), 0);
        qtest_writel(qts, SLAVE(OAR1), cases[i].oar1);
        qtest_writel(qts, SLAVE(OAR2), cases[i].oar2);
        qtest_writel(qts, SLAVE(CR1), cases[i].cr1);
        for (unsigned address = 0; address < 0x80; address++) {
            bool own = address >= cases[i].first && address <= cases[i].last;

            g_test_message("case %u, address 0x%02x", i, address);
            qtest_writel(qts, SLAVE(CR2), cases[i].cr2);
            call(qts, address, 0, CR2_AUTOEND);
            assert_both(qts, ISR_TXE | ISR_BUSY | (own ? 0 : ISR_NACKF),
                        own ? ISR_TXE | ISR_ADDR | ISR_BUSY |
                              ISR_ADDCODE(address) :
                        qtest_readl(qts, SLAVE(ISR)) & ~ISR_ADDR);
            qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
            qtest_clock_step(qts, 1000);
            qtest_writel(qts, SLAVE(ICR), ISR_STOPF);
            qtest_writel(qts, MASTER(ICR), ISR_STOPF | ISR_NACKF);
        }
    }
    qtest_quit(qts);
}

/* SBC: the clock is held after each block, until NBYTES says how many more. */
static void test_slave_counts(void)
{
    QTestState *qts = init_wired(CR1_SBC);

    qtest_writel(qts, SLAVE(CR2), CR2_RELOAD | CR2_NBYTES(1));
    call(qts, OWN, 2, CR2_AUTOEND);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, MASTER(TXDR), 0x11);
    qtest_writel(qts, MASTER(TXDR), 0x22);
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, 0x11);
    assert_both(qts, ISR_BUSY, ISR_TXE | ISR_TCR | CALLED);
    qtest_writel(qts, SLAVE(CR2), CR2_RELOAD | CR2_NBYTES(0));
    assert_both(qts, ISR_BUSY, ISR_TXE | ISR_TCR | CALLED);
    qtest_writel(qts, SLAVE(CR2), CR2_RELOAD | CR2_NBYTES(1));
    /* the stop waits for the last one, too */
    assert_both(qts, ISR_TXE | ISR_BUSY,
                ISR_TXE | ISR_RXNE | ISR_TCR | CALLED);
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, 0x22);
    qtest_writel(qts, SLAVE(CR2), CR2_RELOAD | CR2_NBYTES(1));
    assert_both(qts, ISR_TXE | ISR_STOPF,
                ISR_TXE | ISR_STOPF | ISR_ADDCODE(OWN));
    qtest_quit(qts);
}

/* So it does for bytes to the master; without RELOAD nothing is left to say. */
static void test_slave_counts_sent(void)
{
    QTestState *qts = init_wired(CR1_SBC);

    qtest_writel(qts, SLAVE(CR2), CR2_RELOAD | CR2_NBYTES(1));
    call(qts, OWN, 3, CR2_READ | CR2_AUTOEND);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, SLAVE(TXDR), 0x11);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0x11);
    qtest_writel(qts, SLAVE(TXDR), 0x22);
    assert_both(qts, ISR_TXE | ISR_BUSY, ISR_TCR | ISR_DIR | CALLED);
    qtest_writel(qts, SLAVE(CR2), CR2_NBYTES(1));
    assert_both(qts, ISR_TXE | ISR_RXNE | ISR_BUSY,
                ISR_TXE | ISR_TXIS | ISR_DIR | CALLED);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0x22);
    qtest_writel(qts, SLAVE(TXDR), 0x33);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0x33);
    qtest_quit(qts);
}

/* Wires both ways, and from a third: only who is free can be called. */
static void test_slave_is_free(void)
{
    const uint32_t third = 0x40012000 - I2C4;   /* I2C1 */
    QTestState *qts = init(WIRE " -device stm32f7-i2c-wire,bus=i2c2,"
                           "controller=/machine/soc/i2c5"
                           " -device stm32f7-i2c-wire,bus=i2c1,"
                           "controller=/machine/soc/i2c2");

    qtest_writel(qts, SLAVE(OAR1), OAR1_OA1EN | OWN << 1);
    qtest_writel(qts, MASTER(OAR1), OAR1_OA1EN | (OWN + 1) << 1);
    qtest_writel(qts, SLAVE(CR1), CR1_PE);
    qtest_writel(qts, MASTER(CR1), CR1_PE);
    qtest_writel(qts, CR1 + third, CR1_PE);

    call(qts, OWN, 1, 0);
    qtest_writel(qts, CR2 + third, CR2_ADDRESS(OWN) | CR2_START);
    g_assert_cmphex(qtest_readl(qts, ISR + third), ==,
                    ISR_TXE | ISR_BUSY | ISR_NACKF);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    /* a master is not called, the other way round */
    qtest_writel(qts, SLAVE(CR2), CR2_ADDRESS(OWN + 1) | CR2_START);
    qtest_writel(qts, MASTER(CR2), CR2_STOP);
    qtest_writel(qts, MASTER(CR2), CR2_ADDRESS(ABSENT) | CR2_START);
    qtest_clock_step(qts, 1000);
    qtest_writel(qts, SLAVE(ICR), ISR_STOPF | ISR_NACKF);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF | ISR_NACKF);
    /* but it is when it has let go of the bus */
    qtest_writel(qts, SLAVE(CR2), CR2_ADDRESS(OWN + 1) | CR2_START);
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)) & ISR_ADDR, ==, ISR_ADDR);
    qtest_quit(qts);
}

/* NOSTRETCH: who is late has lost. */
static void test_slave_no_stretch(void)
{
    QTestState *qts = init_wired(CR1_NOSTRETCH);

    call(qts, OWN, 2, CR2_AUTOEND);
    qtest_writel(qts, MASTER(TXDR), 0x11);
    assert_both(qts, ISR_TXE | ISR_TXIS | ISR_BUSY,
                ISR_TXE | ISR_ADDR | ISR_RXNE | CALLED);
    qtest_writel(qts, MASTER(TXDR), 0x22);
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)) & ISR_NACKF, ==, ISR_NACKF);
    g_assert_cmphex(qtest_readl(qts, SLAVE(ISR)) & ISR_OVR, ==, ISR_OVR);
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, 0x11);
    qtest_clock_step(qts, 1000);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF | ISR_NACKF);
    qtest_writel(qts, SLAVE(ICR), ISR_STOPF | ISR_OVR | ISR_ADDR);

    call(qts, OWN, 2, CR2_READ);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0xff);
    g_assert_cmphex(qtest_readl(qts, SLAVE(ISR)) & ISR_OVR, ==, ISR_OVR);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0xff);
    qtest_writel(qts, MASTER(CR2), CR2_STOP);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);
    qtest_writel(qts, SLAVE(ICR), ~0u);
    qtest_writel(qts, SLAVE(TXDR), 0x33);
    call(qts, OWN, 2, CR2_READ | CR2_AUTOEND);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0x33);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0xff);
    g_assert_cmphex(qtest_readl(qts, SLAVE(ISR)), ==,
                    ISR_TXE | ISR_ADDR | ISR_NACKF | ISR_STOPF | ISR_OVR |
                    ISR_DIR | ISR_ADDCODE(OWN));
    qtest_quit(qts);
}

/* A slave's own START waits until the bus is free. */
static void test_slave_start(void)
{
    QTestState *qts = init_wired(0);

    call(qts, OWN, 1, 0);
    qtest_writel(qts, SLAVE(CR2), CR2_ADDRESS(ABSENT) | CR2_START);
    qtest_writel(qts, SLAVE(CR2), CR2_ADDRESS(ABSENT));
    g_assert_cmphex(qtest_readl(qts, SLAVE(CR2)) & CR2_START, ==, CR2_START);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, MASTER(CR2), CR2_STOP);
    g_assert_cmphex(qtest_readl(qts, SLAVE(CR2)) & CR2_START, ==, CR2_START);
    qts = migrate_machine(qts, STM32MP1_MACHINE WIRE);
    qtest_clock_step(qts, 32);
    g_assert_cmphex(qtest_readl(qts, SLAVE(CR2)) & CR2_START, ==, 0);
    g_assert_cmphex(qtest_readl(qts, SLAVE(ISR)), ==,
                    ISR_TXE | ISR_BUSY | ISR_NACKF | ISR_STOPF |
                    ISR_ADDCODE(OWN));

    /* without PE, it waits no more */
    qtest_clock_step(qts, 1000);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);
    call(qts, OWN, 1, 0);
    qtest_writel(qts, SLAVE(CR2), CR2_ADDRESS(ABSENT) | CR2_START);
    qtest_writel(qts, SLAVE(CR1), 0);
    g_assert_cmphex(qtest_readl(qts, SLAVE(CR2)) & CR2_START, ==, 0);
    qtest_quit(qts);
}

/* One of the two is gone in the middle of a transfer. */
static void test_slave_leaves(void)
{
    QTestState *qts = init_wired(0);

    call(qts, OWN, 2, 0);
    qtest_writel(qts, MASTER(TXDR), 0x11);
    qtest_writel(qts, SLAVE(CR1), 0);
    assert_both(qts, ISR_TXE | ISR_BUSY | ISR_NACKF, ISR_TXE);
    qtest_clock_step(qts, 1000);
    assert_both(qts, ISR_TXE | ISR_NACKF | ISR_STOPF, ISR_TXE);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF | ISR_NACKF);

    qtest_writel(qts, SLAVE(CR1), CR1_PE);
    call(qts, OWN, 2, CR2_READ);
    qtest_writel(qts, RCC_APB1RSTSETR, RCC_I2C2RST);
    assert_both(qts, ISR_TXE | ISR_BUSY | ISR_RXNE, ISR_TXE);
    qtest_writel(qts, RCC_APB1RSTCLRR, RCC_I2C2RST);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0xff);
    qtest_writel(qts, MASTER(CR2), CR2_STOP);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);

    qtest_writel(qts, SLAVE(OAR1), OAR1_OA1EN | OWN << 1);
    qtest_writel(qts, SLAVE(CR1), CR1_PE);
    call(qts, OWN, 2, 0);
    qtest_writel(qts, MASTER(CR1), 0);
    assert_both(qts, ISR_TXE,
                ISR_TXE | ISR_ADDR | ISR_STOPF | ISR_ADDCODE(OWN));

    /* and both at once */
    qtest_writel(qts, MASTER(CR1), CR1_PE);
    call(qts, OWN, 2, 0);
    stm32mp1_system_reset(qts);
    stm32mp1_enable_clocks(qts);
    assert_both(qts, ISR_TXE, ISR_TXE);
    qtest_quit(qts);
}

static void test_slave_irq(void)
{
    QTestState *qts = init_wired(CR1_ADDRIE);

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "i2c2", "sysbus-irq");
    g_assert_false(qtest_get_irq(qts, 0));
    call(qts, OWN, 1, CR2_READ | CR2_AUTOEND);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_writel(qts, SLAVE(CR1), CR1_PE | CR1_TXIE);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_writel(qts, SLAVE(TXDR), 0x11);
    g_assert_false(qtest_get_irq(qts, 0));
    qtest_writel(qts, SLAVE(CR1), CR1_PE | CR1_NACKIE);
    g_assert_true(qtest_get_irq(qts, 0));
    qtest_quit(qts);
}

/* A 10-bit address: 0x7a, which is reserved for them, and 0xa5 */
#define OWN10           0x2a5
#define HEADER          0x7a
#define CALLED10        (ISR_BUSY | ISR_ADDCODE(HEADER))
/* a second one with the same first byte, for I2C1 */
#define I2C1            0x40012000
#define OTHER(reg)      (I2C1 + (reg) - I2C4)
#define WIRE_OTHER      " -device stm32f7-i2c-wire,bus=i2c5,"               \
                        "controller=/machine/soc/i2c1"

static QTestState *init_10bit(void)
{
    QTestState *qts = init(WIRE WIRE_OTHER);

    qtest_writel(qts, MASTER(CR1), CR1_PE);
    qtest_writel(qts, SLAVE(OAR1), OAR1_OA1EN | OAR1_OA1MODE | OWN10);
    qtest_writel(qts, SLAVE(CR1), CR1_PE);
    qtest_writel(qts, OTHER(OAR1), OAR1_OA1EN | OAR1_OA1MODE | (OWN10 + 1));
    qtest_writel(qts, OTHER(CR1), CR1_PE);
    return qts;
}

static void call10(QTestState *qts, uint16_t address, unsigned nbytes,
                   uint32_t flags)
{
    qtest_writel(qts, MASTER(CR2), address | CR2_ADD10 | CR2_NBYTES(nbytes) |
                                   CR2_START | flags);
}

static void assert_refused(QTestState *qts)
{
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)), ==,
                    ISR_TXE | ISR_BUSY | ISR_NACKF);
    qtest_clock_step(qts, 1000);
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)), ==,
                    ISR_TXE | ISR_STOPF | ISR_NACKF);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF | ISR_NACKF);
}

static void test_10bit_write(void)
{
    static const uint16_t nobody[] = { 0x1a5, 0x3a5, 0x0a5, 0x2a4, 0x225 };
    QTestState *qts = init_10bit();

    for (unsigned i = 0; i < ARRAY_SIZE(nobody); i++) {
        for (unsigned read = 0; read < 2; read++) {
            g_test_message("address 0x%03x, read %u", nobody[i], read);
            call10(qts, nobody[i], 1, read ? CR2_READ : 0);
            assert_refused(qts);
            g_assert_cmphex(qtest_readl(qts, SLAVE(ISR)), ==, ISR_TXE);
        }
    }
    call10(qts, OWN10, 1, CR2_AUTOEND);
    assert_both(qts, ISR_TXE | ISR_TXIS | ISR_BUSY,
                ISR_TXE | ISR_ADDR | CALLED10);
    g_assert_cmphex(qtest_readl(qts, OTHER(ISR)), ==, ISR_TXE);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, MASTER(TXDR), 0x11);
    assert_both(qts, ISR_TXE | ISR_STOPF,
                ISR_TXE | ISR_RXNE | ISR_STOPF | ISR_ADDCODE(HEADER));
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, 0x11);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);
    qtest_writel(qts, SLAVE(ICR), ISR_STOPF);

    call10(qts, OWN10 + 1, 0, 0);
    g_assert_cmphex(qtest_readl(qts, OTHER(ISR)), ==,
                    ISR_TXE | ISR_ADDR | CALLED10);
    /* a start for another one of the same first byte is no more for this one */
    qtest_writel(qts, OTHER(ICR), ISR_ADDR);
    call10(qts, OWN10, 0, CR2_AUTOEND);
    g_assert_cmphex(qtest_readl(qts, OTHER(ISR)) & ISR_BUSY, ==, 0);
    g_assert_cmphex(qtest_readl(qts, SLAVE(ISR)), ==,
                    ISR_TXE | ISR_ADDR | CALLED10);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, SLAVE(ICR), ISR_STOPF);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);

    /* nobody, without an own address, with NACK or without PE */
    qtest_writel(qts, SLAVE(CR2), CR2_NACK);
    call10(qts, OWN10, 1, 0);
    assert_refused(qts);
    qtest_writel(qts, SLAVE(CR2), 0);
    qtest_writel(qts, SLAVE(OAR1), OAR1_OA1MODE | OWN10);
    call10(qts, OWN10, 1, 0);
    assert_refused(qts);
    qtest_writel(qts, SLAVE(OAR1), OAR1_OA1EN | OAR1_OA1MODE | OWN10);
    qtest_writel(qts, SLAVE(CR1), 0);
    call10(qts, OWN10, 1, 0);
    assert_refused(qts);
    qtest_quit(qts);
}

/* The whole address for writing, and its first byte again for reading */
static void test_10bit_read(void)
{
    QTestState *qts = init_10bit();

    call10(qts, OWN10, 1, CR2_READ | CR2_AUTOEND);
    assert_both(qts, ISR_TXE | ISR_BUSY, ISR_TXE | ISR_ADDR | CALLED10);
    /* the second start waits, as ADDR holds the clock */
    qts = migrate_machine(qts, STM32MP1_MACHINE WIRE WIRE_OTHER);
    assert_both(qts, ISR_TXE | ISR_BUSY, ISR_TXE | ISR_ADDR | CALLED10);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    assert_both(qts, ISR_TXE | ISR_BUSY,
                ISR_TXE | ISR_ADDR | ISR_DIR | CALLED10);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, SLAVE(TXDR), 0x33);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0x33);
    assert_both(qts, ISR_TXE | ISR_STOPF, ISR_TXE | ISR_NACKF | ISR_STOPF |
                                          ISR_DIR | ISR_ADDCODE(HEADER));
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);
    qtest_writel(qts, SLAVE(ICR), ISR_STOPF | ISR_NACKF);

    /* HEAD10R: the first byte alone is enough after something was written */
    call10(qts, OWN10, 1, CR2_READ | CR2_HEAD10R);
    assert_refused(qts);
    call10(qts, OWN10, 0, 0);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    assert_both(qts, ISR_TXE | ISR_BUSY | ISR_TC,
                ISR_TXE | CALLED10);
    call10(qts, OWN10, 1, CR2_READ | CR2_HEAD10R);
    assert_both(qts, ISR_TXE | ISR_BUSY,
                ISR_TXE | ISR_ADDR | ISR_DIR | CALLED10);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, SLAVE(TXDR), 0x44);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0x44);

    /* a stop, or the end of PE, is the end also while ADDR holds the clock */
    call10(qts, OWN10, 1, CR2_READ);
    qtest_writel(qts, MASTER(CR2), CR2_STOP);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    g_assert_cmphex(qtest_readl(qts, SLAVE(ISR)) & (ISR_ADDR | ISR_BUSY), ==,
                    0);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);
    call(qts, ABSENT, 0, 0);
    assert_refused(qts);
    call10(qts, OWN10, 1, CR2_READ);
    qtest_writel(qts, SLAVE(CR1), 0);
    assert_refused(qts);
    qtest_quit(qts);
}

/* The same, when software makes it of a 7-bit address and its first byte */
static void test_10bit_software(void)
{
    QTestState *qts = init_10bit();

    qtest_writel(qts, OTHER(CR1), 0);
    call(qts, HEADER, 2, CR2_AUTOEND);
    assert_both(qts, ISR_TXE | ISR_TXIS | ISR_BUSY, ISR_TXE);
    qts = migrate_machine(qts, STM32MP1_MACHINE WIRE WIRE_OTHER);
    qtest_writel(qts, MASTER(TXDR), 0xa5);
    assert_both(qts, ISR_TXE | ISR_TXIS | ISR_BUSY,
                ISR_TXE | ISR_ADDR | CALLED10);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, MASTER(TXDR), 0x77);
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, 0x77);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);
    qtest_writel(qts, SLAVE(ICR), ISR_STOPF);

    call(qts, HEADER, 2, CR2_AUTOEND);
    qtest_writel(qts, MASTER(TXDR), 0xa4);
    assert_refused(qts);
    call(qts, HEADER, 0, CR2_AUTOEND);
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)), ==, ISR_TXE | ISR_STOPF);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);
    /* nothing is left of that */
    call(qts, HEADER, 1, CR2_READ);
    assert_refused(qts);
    g_assert_cmphex(qtest_readl(qts, SLAVE(ISR)) & ISR_ADDR, ==, 0);
    qtest_quit(qts);
}

/* CRC-8, polynomial 0x07, of 0x54 (the address), 0x11 and 0x22 */
#define PEC_WRITE       0x23
/* of 0x54, 0x10, 0x55, 0x77 */
#define PEC_READ        0x09
/* of 0xf4, 0xa5, 0x11, and of 0xf4, 0xa5, 0xf5, 0x22 */
#define PEC_10BIT_WRITE 0xe9
#define PEC_10BIT_READ  0x68

static void test_pec_write(void)
{
    QTestState *qts = init_wired(CR1_SBC | CR1_PECEN);

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "i2c2", "sysbus-irq");
    qtest_writel(qts, MASTER(CR1), CR1_PE | CR1_PECEN);
    call(qts, OWN, 3, CR2_AUTOEND | CR2_PECBYTE);
    /* how many is known when the slave is called */
    qtest_writel(qts, SLAVE(CR2), CR2_NBYTES(3) | CR2_PECBYTE);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, MASTER(TXDR), 0x11);
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, 0x11);
    /* 0 takes PECBYTE back for neither of them */
    qtest_writel(qts, MASTER(CR2), CR2_NBYTES(3) | CR2_AUTOEND);
    qtest_writel(qts, SLAVE(CR2), CR2_NBYTES(3));
    g_assert_cmphex(qtest_readl(qts, MASTER(CR2)) & CR2_PECBYTE, ==,
                    CR2_PECBYTE);
    qts = migrate_machine(qts, STM32MP1_MACHINE WIRE);
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "i2c2", "sysbus-irq");
    qtest_writel(qts, MASTER(TXDR), 0x22);
    /* nobody asks for the PEC */
    assert_both(qts, ISR_TXE | ISR_BUSY, ISR_TXE | ISR_RXNE | CALLED);
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, 0x22);
    assert_both(qts, ISR_TXE | ISR_STOPF,
                ISR_TXE | ISR_RXNE | ISR_STOPF | ISR_ADDCODE(OWN));
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, PEC_WRITE);
    g_assert_cmphex(qtest_readl(qts, SLAVE(PECR)), ==, PEC_WRITE);
    g_assert_cmphex(qtest_readl(qts, MASTER(PECR)), ==, PEC_WRITE);
    g_assert_cmphex(qtest_readl(qts, MASTER(CR2)) & CR2_PECBYTE, ==, 0);
    g_assert_cmphex(qtest_readl(qts, SLAVE(CR2)) & CR2_PECBYTE, ==, 0);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);
    qtest_writel(qts, SLAVE(ICR), ISR_STOPF);

    /* another one than the slave has: it is refused; RELOAD first, TCR */
    qtest_writel(qts, MASTER(CR1), CR1_PE);
    g_assert_cmphex(qtest_readl(qts, MASTER(PECR)), ==, 0);
    qtest_writel(qts, SLAVE(CR1), CR1_PE | CR1_SBC | CR1_PECEN | CR1_ERRIE);
    call(qts, OWN, 2, CR2_AUTOEND);
    qtest_writel(qts, SLAVE(CR2), CR2_NBYTES(1) | CR2_RELOAD | CR2_PECBYTE);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, MASTER(TXDR), 0x11);
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, 0x11);
    g_assert_cmphex(qtest_readl(qts, SLAVE(CR2)) & CR2_PECBYTE, ==,
                    CR2_PECBYTE);
    qtest_writel(qts, SLAVE(CR2), CR2_NBYTES(1));
    g_assert_false(qtest_get_irq(qts, 1));
    qtest_writel(qts, MASTER(TXDR), PEC_WRITE);
    assert_both(qts, ISR_TXE | ISR_BUSY | ISR_NACKF,
                ISR_TXE | ISR_RXNE | ISR_PECERR | CALLED);
    g_assert_true(qtest_get_irq(qts, 1));
    qtest_writel(qts, SLAVE(ICR), ISR_PECERR);
    g_assert_false(qtest_get_irq(qts, 1));
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, PEC_WRITE);
    qtest_writel(qts, SLAVE(CR1), 0);
    qtest_writel(qts, SLAVE(CR1), CR1_PE | CR1_PECEN);
    g_assert_cmphex(qtest_readl(qts, SLAVE(PECR)), ==, 0);
    qtest_quit(qts);
}

/* A command, a repeated start, a byte and the PEC of all that */
static void test_pec_read(void)
{
    QTestState *qts = init_wired(CR1_SBC | CR1_PECEN);

    for (unsigned good = 0; good < 2; good++) {
        g_test_message("good %u", good);
        qtest_writel(qts, MASTER(CR1), CR1_PE | CR1_PECEN);
        call(qts, OWN, 1, 0);
        qtest_writel(qts, SLAVE(CR2), CR2_NBYTES(1));
        qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
        qtest_writel(qts, MASTER(TXDR), 0x10);
        g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, 0x10);
        call(qts, OWN, 2, CR2_READ | CR2_AUTOEND | CR2_PECBYTE);
        qtest_writel(qts, SLAVE(CR2),
                     CR2_NBYTES(2) | (good ? CR2_PECBYTE : 0));
        qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
        qtest_writel(qts, SLAVE(TXDR), 0x77);
        g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0x77);
        if (!good) {
            qtest_writel(qts, SLAVE(TXDR), PEC_READ + 1);
        }
        /* the slave is not asked for its PEC, and the master refuses it */
        assert_both(qts, ISR_TXE | ISR_RXNE | ISR_STOPF |
                         (good ? 0 : ISR_PECERR),
                    ISR_TXE | ISR_DIR | ISR_NACKF | ISR_STOPF |
                    ISR_ADDCODE(OWN));
        g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==,
                        good ? PEC_READ : PEC_READ + 1);
        g_assert_cmphex(qtest_readl(qts, MASTER(PECR)), ==, PEC_READ);
        qtest_writel(qts, MASTER(ICR), ISR_STOPF | ISR_PECERR);
        qtest_writel(qts, SLAVE(ICR), ISR_STOPF | ISR_NACKF);
    }

    /* it is of the message, so that a start with nothing before it is anew */
    call(qts, OWN, 3, CR2_AUTOEND | CR2_PECBYTE);
    qtest_writel(qts, SLAVE(CR2), CR2_NBYTES(4));
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, MASTER(TXDR), 0x11);
    qtest_readl(qts, SLAVE(RXDR));
    qtest_writel(qts, MASTER(TXDR), 0x22);
    qtest_readl(qts, SLAVE(RXDR));
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, PEC_WRITE);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);

    /* it is taken back when it came, without a stop, too */
    qtest_readl(qts, SLAVE(RXDR));
    qtest_writel(qts, SLAVE(ICR), ISR_STOPF);
    call(qts, OWN, 1, CR2_READ | CR2_PECBYTE);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, SLAVE(TXDR), 0x77);
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)) & ISR_TC, ==, ISR_TC);
    g_assert_cmphex(qtest_readl(qts, MASTER(CR2)) & CR2_PECBYTE, ==, 0);
    qtest_readl(qts, MASTER(RXDR));
    qtest_writel(qts, MASTER(CR2), CR2_STOP);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF | ISR_PECERR);
    qtest_writel(qts, SLAVE(ICR), ISR_STOPF | ISR_NACKF);

    call(qts, OWN, 1, CR2_PECBYTE);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)) & ISR_TC, ==, ISR_TC);
    g_assert_cmphex(qtest_readl(qts, MASTER(CR2)) & CR2_PECBYTE, ==, 0);
    qtest_writel(qts, MASTER(CR2), CR2_STOP);
    qtest_readl(qts, SLAVE(RXDR));
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);
    qtest_writel(qts, SLAVE(ICR), ISR_STOPF);

    /* a stop before it takes it back */
    call(qts, OWN, 3, CR2_PECBYTE);
    qtest_writel(qts, MASTER(CR2), CR2_STOP);
    g_assert_cmphex(qtest_readl(qts, MASTER(CR2)) & CR2_PECBYTE, ==, 0);
    qtest_quit(qts);
}

/* A 10-bit address is three bytes of the message: 0xf4, 0xa5 and 0xf5 */
static void test_pec_10bit(void)
{
    QTestState *qts = init_10bit();

    qtest_writel(qts, SLAVE(CR1), CR1_PE | CR1_PECEN | CR1_SBC);
    qtest_writel(qts, MASTER(CR1), CR1_PE | CR1_PECEN);
    call10(qts, OWN10, 2, CR2_AUTOEND | CR2_PECBYTE);
    qtest_writel(qts, SLAVE(CR2), CR2_NBYTES(2) | CR2_PECBYTE);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, MASTER(TXDR), 0x11);
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, 0x11);
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, PEC_10BIT_WRITE);
    g_assert_cmphex(qtest_readl(qts, SLAVE(ISR)) & ISR_PECERR, ==, 0);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);
    qtest_writel(qts, SLAVE(ICR), ISR_STOPF);

    call10(qts, OWN10, 2, CR2_READ | CR2_AUTOEND | CR2_PECBYTE);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, SLAVE(CR2), CR2_NBYTES(2) | CR2_PECBYTE);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, SLAVE(TXDR), 0x22);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, 0x22);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, PEC_10BIT_READ);
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)) & ISR_PECERR, ==, 0);
    qtest_quit(qts);
}

/* 2048 cycles of 64 MHz */
#define LOW_NS          32000

/* SCL is low for too long: the master stops. */
static void test_timeout_low(void)
{
    QTestState *qts = init("");

    qtest_writel(qts, RCC_I2C46CKSELR, CKSELR_HSI);
    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "i2c4", "sysbus-irq");
    qtest_writel(qts, TIMEOUTR, TIMEOUTR_TIMOUTEN | TIMEOUTR_TIMEOUTA(1));
    qtest_clock_step(qts, 10 * LOW_NS);
    assert_isr(qts, ISR_TXE);
    qtest_writel(qts, CR1, CR1_PE | CR1_ERRIE);
    start(qts, PMIC, 3, 0);
    qtest_clock_step(qts, 2 * LOW_NS - 1);
    qtest_writel(qts, TXDR, BUCK1_STDBY_CR);
    /* from the last byte */
    qtest_clock_step(qts, LOW_NS);
    /* software does nothing about it with an access */
    qtest_writel(qts, CR1, CR1_PE | CR1_ERRIE);
    qtest_clock_step(qts, LOW_NS - 1);
    assert_isr(qts, ISR_TXE | ISR_TXIS | ISR_BUSY);
    g_assert_false(qtest_get_irq(qts, 1));
    qtest_clock_step(qts, 1);
    assert_isr(qts, ISR_TXE | ISR_STOPF | ISR_TIMEOUT);
    g_assert_true(qtest_get_irq(qts, 1));
    qtest_writel(qts, ICR, ISR_TIMEOUT | ISR_STOPF);
    g_assert_false(qtest_get_irq(qts, 1));
    qtest_clock_step(qts, 10 * LOW_NS);
    assert_isr(qts, ISR_TXE);
    g_assert_cmphex(pmic_read(qts, VERSION_SR), ==, 0x10);

    /* TC holds it, too; the clock of a restored machine starts at 0 */
    start(qts, PMIC, 0, 0);
    qts = stm32mp1_migrate(qts);
    qtest_clock_step(qts, 26 * LOW_NS - 2);
    assert_isr(qts, ISR_TXE | ISR_BUSY | ISR_TC);
    qtest_clock_step(qts, 1);
    assert_isr(qts, ISR_TXE | ISR_STOPF | ISR_TIMEOUT);
    qtest_writel(qts, ICR, ISR_TIMEOUT | ISR_STOPF);

    /* a repeated start is high for a while, too */
    start(qts, PMIC, 0, 0);
    qtest_clock_step(qts, 2 * LOW_NS - 1);
    start(qts, PMIC, 0, 0);
    qtest_clock_step(qts, 2 * LOW_NS - 1);
    assert_isr(qts, ISR_TXE | ISR_BUSY | ISR_TC);
    qtest_clock_step(qts, 1);
    assert_isr(qts, ISR_TXE | ISR_STOPF | ISR_TIMEOUT);
    qtest_writel(qts, ICR, ISR_TIMEOUT | ISR_STOPF);

    /* it starts when it is enabled, and ends without it, without PE or clock */
    qtest_writel(qts, TIMEOUTR, 0);
    start(qts, PMIC, 0, 0);
    qtest_clock_step(qts, 10 * LOW_NS);
    qtest_writel(qts, TIMEOUTR, TIMEOUTR_TIMOUTEN);
    qtest_clock_step(qts, LOW_NS - 1);
    assert_isr(qts, ISR_TXE | ISR_BUSY | ISR_TC);
    qtest_writel(qts, TIMEOUTR, 0);
    qtest_clock_step(qts, 10 * LOW_NS);
    assert_isr(qts, ISR_TXE | ISR_BUSY | ISR_TC);
    qtest_writel(qts, TIMEOUTR, TIMEOUTR_TIMOUTEN);
    qtest_writel(qts, RCC_I2C46CKSELR, 7);
    qtest_clock_step(qts, 10 * LOW_NS);
    assert_isr(qts, ISR_TXE | ISR_BUSY | ISR_TC);
    qtest_writel(qts, RCC_I2C46CKSELR, CKSELR_HSI);
    qtest_clock_step(qts, LOW_NS - 1);
    assert_isr(qts, ISR_TXE | ISR_BUSY | ISR_TC);
    qtest_writel(qts, CR1, 0);
    qtest_clock_step(qts, 10 * LOW_NS);
    assert_isr(qts, ISR_TXE);
    qtest_quit(qts);
}

/* SCL and SDA are high for long enough: once in each pause */
static void test_timeout_idle(void)
{
    QTestState *qts = init("");

    qtest_writel(qts, RCC_I2C46CKSELR, CKSELR_HSI);
    qtest_writel(qts, TIMEOUTR, TIMEOUTR_TIMOUTEN | TIMEOUTR_TIDLE |
                                TIMEOUTR_TIMEOUTA(15));
    qtest_clock_step(qts, 999);
    assert_isr(qts, ISR_TXE);
    qtest_clock_step(qts, 1);
    assert_isr(qts, ISR_TXE | ISR_TIMEOUT);
    qtest_writel(qts, ICR, ISR_TIMEOUT);
    qtest_clock_step(qts, 100000);
    assert_isr(qts, ISR_TXE);

    start(qts, PMIC, 0, 0);
    qtest_clock_step(qts, 100000);
    assert_isr(qts, ISR_TXE | ISR_BUSY | ISR_TC);
    qtest_writel(qts, CR2, CR2_STOP);
    qtest_clock_step(qts, 999);
    assert_isr(qts, ISR_TXE | ISR_STOPF);
    qtest_clock_step(qts, 1);
    assert_isr(qts, ISR_TXE | ISR_STOPF | ISR_TIMEOUT);

    qtest_writel(qts, CR1, 0);
    qtest_clock_step(qts, 100000);
    qtest_writel(qts, CR1, CR1_PE);
    qtest_clock_step(qts, 999);
    assert_isr(qts, ISR_TXE);
    qtest_clock_step(qts, 1);
    assert_isr(qts, ISR_TXE | ISR_TIMEOUT);
    /* before a stop is on the bus, it is not idle */
    qtest_writel(qts, ICR, ISR_TIMEOUT);
    qtest_writel(qts, CR1, 0);
    qtest_writel(qts, TIMINGR, 0xf0ffffff);
    qtest_writel(qts, CR1, CR1_PE);
    start(qts, ABSENT, 0, 0);
    qtest_clock_step(qts, 2000);
    assert_isr(qts, ISR_TXE | ISR_BUSY | ISR_NACKF);
    qtest_quit(qts);
}

/* TIMEOUTB: what a master holds in a byte */
static void test_timeout_master_extends(void)
{
    QTestState *qts = init_wired(0);

    qtest_writel(qts, RCC_I2C35CKSELR, CKSELR_HSI);
    qtest_writel(qts, MASTER(TIMEOUTR), TIMEOUTR_TEXTEN);
    call(qts, OWN, 3, 0);
    /* it waits for its own software, whatever the slave does */
    qtest_clock_step(qts, LOW_NS / 2);
    qtest_writel(qts, MASTER(TXDR), 0x11);
    /* now for the slave, and then not again: a new byte */
    qtest_clock_step(qts, 10 * LOW_NS);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_clock_step(qts, LOW_NS - 1);
    assert_both(qts, ISR_TXE | ISR_TXIS | ISR_BUSY,
                ISR_TXE | ISR_RXNE | CALLED);
    qtest_clock_step(qts, 1);
    assert_both(qts, ISR_TXE | ISR_STOPF | ISR_TIMEOUT,
                ISR_TXE | ISR_RXNE | ISR_STOPF | ISR_ADDCODE(OWN));
    qtest_quit(qts);
}

/* and a slave in a message */
static void test_timeout_slave_extends(void)
{
    QTestState *qts = init_wired(0);

    qtest_writel(qts, RCC_I2C12CKSELR, CKSELR_HSI);
    qtest_writel(qts, SLAVE(TIMEOUTR), TIMEOUTR_TEXTEN | TIMEOUTR_TIMEOUTB(1));
    call(qts, OWN, 3, CR2_AUTOEND);
    /* the master has nothing to send: it is not for the slave */
    qtest_clock_step(qts, 10 * LOW_NS);
    qtest_writel(qts, MASTER(TXDR), 0x11);
    qtest_clock_step(qts, LOW_NS);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_clock_step(qts, 10 * LOW_NS);
    qtest_writel(qts, MASTER(TXDR), 0x22);
    qts = migrate_machine(qts, STM32MP1_MACHINE WIRE);
    qtest_clock_step(qts, 1);
    assert_both(qts, ISR_BUSY, ISR_TXE | ISR_RXNE | CALLED);
    /* the clock of a restored machine starts at 0 */
    qtest_clock_step(qts, 22 * LOW_NS - 2);
    assert_both(qts, ISR_BUSY, ISR_TXE | ISR_RXNE | CALLED);
    qtest_clock_step(qts, 1);
    /* it lets the lines go, and does not acknowledge what comes */
    assert_both(qts, ISR_TXE | ISR_BUSY | ISR_NACKF,
                ISR_TXE | ISR_RXNE | ISR_TIMEOUT | ISR_ADDCODE(OWN));
    qtest_clock_step(qts, 1000);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF | ISR_NACKF);
    qtest_writel(qts, SLAVE(ICR), ISR_TIMEOUT);
    qtest_readl(qts, SLAVE(RXDR));

    /* another message starts from 0, and TIMEOUTA is a slave's, too */
    call(qts, OWN, 1, CR2_AUTOEND);
    qtest_writel(qts, MASTER(TXDR), 0x11);
    qtest_clock_step(qts, 2 * LOW_NS - 1);
    g_assert_cmphex(qtest_readl(qts, SLAVE(ISR)), ==,
                    ISR_TXE | ISR_ADDR | CALLED);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    g_assert_cmphex(qtest_readl(qts, SLAVE(RXDR)), ==, 0x11);
    qtest_writel(qts, SLAVE(ICR), ISR_STOPF);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);
    qtest_writel(qts, SLAVE(TIMEOUTR), 0);
    qtest_writel(qts, SLAVE(TIMEOUTR), TIMEOUTR_TIMOUTEN);
    call(qts, OWN, 1, CR2_AUTOEND);
    qtest_clock_step(qts, LOW_NS - 1);
    g_assert_cmphex(qtest_readl(qts, SLAVE(ISR)), ==,
                    ISR_TXE | ISR_ADDR | CALLED);
    qtest_clock_step(qts, 1);
    g_assert_cmphex(qtest_readl(qts, SLAVE(ISR)), ==,
                    ISR_TXE | ISR_ADDR | ISR_TIMEOUT | ISR_ADDCODE(OWN));
    qtest_quit(qts);
}

/* A device pulls SMBALERT# low; the host asks who it was. */
static void test_alert(void)
{
    QTestState *qts = init_wired(0);

    qtest_irq_intercept_out_named(qts, STM32MP1_SOC "i2c5", "sysbus-irq");
    qtest_writel(qts, MASTER(CR1), CR1_PE | CR1_SMBHEN | CR1_ALERTEN |
                                   CR1_ERRIE);
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)), ==, ISR_TXE);
    qtest_writel(qts, SLAVE(CR1), CR1_PE | CR1_ALERTEN);
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)), ==, ISR_TXE | ISR_ALERT);
    g_assert_true(qtest_get_irq(qts, 1));
    /* it is the edge that counts */
    qtest_writel(qts, MASTER(ICR), ISR_ALERT);
    qtest_writel(qts, SLAVE(CR1), CR1_PE | CR1_ALERTEN | CR1_ADDRIE);
    qts = migrate_machine(qts, STM32MP1_MACHINE WIRE);
    qtest_writel(qts, SLAVE(CR1), CR1_PE | CR1_ALERTEN);
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)), ==, ISR_TXE);

    call(qts, 0x0c, 1, CR2_READ | CR2_AUTOEND);
    g_assert_cmphex(qtest_readl(qts, SLAVE(ISR)), ==,
                    ISR_TXE | ISR_ADDR | ISR_DIR | ISR_BUSY |
                    ISR_ADDCODE(0x0c));
    qtest_writel(qts, SLAVE(CR1), CR1_PE);
    qtest_writel(qts, SLAVE(ICR), ISR_ADDR);
    qtest_writel(qts, SLAVE(TXDR), OWN << 1);
    g_assert_cmphex(qtest_readl(qts, MASTER(RXDR)), ==, OWN << 1);
    qtest_writel(qts, MASTER(ICR), ISR_STOPF);
    call(qts, 0x0c, 1, CR2_READ | CR2_AUTOEND);
    assert_refused(qts);

    /* another source, and both */
    qtest_set_irq_in(qts, STM32MP1_SOC "i2c5", "smba", 0, 0);
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)), ==, ISR_TXE | ISR_ALERT);
    qtest_writel(qts, MASTER(ICR), ISR_ALERT);
    qtest_writel(qts, SLAVE(CR1), CR1_PE | CR1_ALERTEN);
    qtest_set_irq_in(qts, STM32MP1_SOC "i2c5", "smba", 0, 1);
    qtest_set_irq_in(qts, STM32MP1_SOC "i2c5", "smba", 0, 0);
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)), ==, ISR_TXE);
    qtest_set_irq_in(qts, STM32MP1_SOC "i2c5", "smba", 0, 1);

    /* a reset of the device lets it go */
    qtest_writel(qts, RCC_APB1RSTSETR, RCC_I2C2RST);
    qtest_writel(qts, RCC_APB1RSTCLRR, RCC_I2C2RST);
    qtest_writel(qts, SLAVE(CR1), CR1_PE | CR1_ALERTEN);
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)), ==, ISR_TXE | ISR_ALERT);
    qtest_writel(qts, MASTER(ICR), ISR_ALERT);

    /* neither without PE nor a host pulls it, and only a host hears it */
    qtest_writel(qts, SLAVE(CR1), CR1_ALERTEN);
    qtest_writel(qts, SLAVE(CR1), CR1_PE | CR1_ALERTEN | CR1_SMBHEN);
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)), ==, ISR_TXE);
    qtest_writel(qts, MASTER(CR1), CR1_PE | CR1_ALERTEN);
    qtest_writel(qts, SLAVE(CR1), CR1_PE | CR1_ALERTEN);
    qtest_writel(qts, SLAVE(CR1), CR1_PE);
    qtest_writel(qts, MASTER(CR1), CR1_PE | CR1_SMBHEN);
    qtest_writel(qts, SLAVE(CR1), CR1_PE | CR1_ALERTEN);
    g_assert_cmphex(qtest_readl(qts, MASTER(ISR)), ==, ISR_TXE);
    qtest_quit(qts);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("stm32mp1/i2c/registers", test_registers);
    qtest_add_func("stm32mp1/i2c/nack", test_nack);
    qtest_add_func("stm32mp1/i2c/nack_time", test_nack_time);
    qtest_add_func("stm32mp1/i2c/nack_pending", test_nack_pending);
    qtest_add_func("stm32mp1/i2c/enable", test_enable);
    qtest_add_func("stm32mp1/i2c/log", test_log);
    qtest_add_func("stm32mp1/i2c/autoend", test_autoend);
    qtest_add_func("stm32mp1/i2c/reload", test_reload);
    qtest_add_func("stm32mp1/i2c/irq", test_irq);
    qtest_add_func("stm32mp1/i2c/migration", test_migration);
    qtest_add_func("stm32mp1/stpmic1/registers", test_pmic_registers);
    qtest_add_func("stm32mp1/stpmic1/irq", test_pmic_irq);
    qtest_add_func("stm32mp1/stpmic1/ponkey", test_pmic_ponkey);
    qtest_add_func("stm32mp1/stpmic1/switch-off", test_pmic_switch_off);
    qtest_add_func("stm32mp1/stpmic1/watchdog", test_pmic_watchdog);
    qtest_add_func("stm32mp1/i2c/dma", test_dma);
    qtest_add_func("stm32mp1/i2c/slave/receives", test_slave_receives);
    qtest_add_func("stm32mp1/i2c/slave/refuses", test_slave_refuses);
    qtest_add_func("stm32mp1/i2c/slave/transmits", test_slave_transmits);
    qtest_add_func("stm32mp1/i2c/slave/restart", test_slave_restart);
    qtest_add_func("stm32mp1/i2c/slave/address", test_slave_address);
    qtest_add_func("stm32mp1/i2c/slave/counts", test_slave_counts);
    qtest_add_func("stm32mp1/i2c/slave/nack-ends", test_slave_nack_ends);
    qtest_add_func("stm32mp1/i2c/slave/counts-sent", test_slave_counts_sent);
    qtest_add_func("stm32mp1/i2c/slave/is-free", test_slave_is_free);
    qtest_add_func("stm32mp1/i2c/slave/no-stretch", test_slave_no_stretch);
    qtest_add_func("stm32mp1/i2c/slave/start", test_slave_start);
    qtest_add_func("stm32mp1/i2c/slave/leaves", test_slave_leaves);
    qtest_add_func("stm32mp1/i2c/slave/irq", test_slave_irq);
    qtest_add_func("stm32mp1/i2c/10-bit/write", test_10bit_write);
    qtest_add_func("stm32mp1/i2c/10-bit/read", test_10bit_read);
    qtest_add_func("stm32mp1/i2c/10-bit/software", test_10bit_software);
    qtest_add_func("stm32mp1/i2c/pec/write", test_pec_write);
    qtest_add_func("stm32mp1/i2c/pec/read", test_pec_read);
    qtest_add_func("stm32mp1/i2c/pec/10-bit", test_pec_10bit);
    qtest_add_func("stm32mp1/i2c/timeout/low", test_timeout_low);
    qtest_add_func("stm32mp1/i2c/timeout/idle", test_timeout_idle);
    qtest_add_func("stm32mp1/i2c/timeout/master", test_timeout_master_extends);
    qtest_add_func("stm32mp1/i2c/timeout/slave", test_timeout_slave_extends);
    qtest_add_func("stm32mp1/i2c/alert", test_alert);
    return g_test_run();
}
