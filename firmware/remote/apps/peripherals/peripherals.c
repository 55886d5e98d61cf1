/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/*
 * Drives blocks of the STM32MP157 by their registers, as firmware does that
 * polls, and says for each in the trace what it found: SPI4 with a wire from
 * MOSI to MISO, I2C5 as the master of I2C2, FDCAN1 looped back to itself, HASH2
 * and CRYP2 against published results, LPTIM1 as a delay.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/rsc_table.h"
#include "lib/trace.h"
#include "os/runtime.h"
#include "regs.h"

#define RCC_MC_APB1ENSETR_LPTIM1EN BIT(9)
#define RCC_MC_APB1ENSETR_I2C2EN BIT(22)
#define RCC_MC_APB1ENSETR_I2C5EN BIT(24)
#define RCC_MC_APB2ENSETR REG(0x50000A88U)
#define RCC_MC_APB2ENSETR_SPI4EN BIT(9)
#define RCC_MC_APB2ENSETR_FDCANEN BIT(24)
#define RCC_MC_AHB3ENSETR_CRYP2EN BIT(4)
#define RCC_MC_AHB3ENSETR_HASH2EN BIT(5)

#define SPI4_CR1 REG(0x44005000U)
#define SPI4_CR1_SPE BIT(0)
#define SPI4_CR1_CSTART BIT(9)
#define SPI4_CR2 REG(0x44005004U)
#define SPI4_CFG1 REG(0x44005008U)
#define SPI4_CFG1_8BIT_DIV256 (7UL << 28 | 7UL)
#define SPI4_CFG2 REG(0x4400500CU)
#define SPI4_CFG2_MASTER BIT(22)
#define SPI4_SR REG(0x44005014U)
#define SPI4_SR_EOT BIT(3)
#define SPI4_IFCR REG(0x44005018U)
#define SPI4_TXDR REG(0x44005020U)
#define SPI4_RXDR REG(0x44005030U)

#define I2C2 0x40013000U
#define I2C5 0x40015000U
#define I2C_CR1(i2c) REG(i2c)
#define I2C_CR1_PE BIT(0)
#define I2C_CR2(i2c) REG((i2c) + 0x04U)
#define I2C_CR2_RD_WRN BIT(10)
#define I2C_CR2_START BIT(13)
#define I2C_CR2_AUTOEND BIT(25)
#define I2C_OAR1(i2c) REG((i2c) + 0x08U)
#define I2C_OAR1_OA1EN BIT(15)
#define I2C_TIMINGR(i2c) REG((i2c) + 0x10U)
#define I2C_TIMINGR_100K 0x10707DBCUL
#define I2C_ISR(i2c) REG((i2c) + 0x18U)
#define I2C_ISR_TXIS BIT(1)
#define I2C_ISR_RXNE BIT(2)
#define I2C_ISR_ADDR BIT(3)
#define I2C_ISR_NACKF BIT(4)
#define I2C_ISR_STOPF BIT(5)
#define I2C_ICR(i2c) REG((i2c) + 0x1CU)
#define I2C_RXDR(i2c) REG((i2c) + 0x24U)
#define I2C_TXDR(i2c) REG((i2c) + 0x28U)
#define I2C_ADDRESS (0x2AUL << 1)
#define I2C_BYTES 4U

#define FDCAN1_REG(offset) REG(0x4400E000U + (offset))
#define FDCAN1_TEST FDCAN1_REG(0x10U)
#define FDCAN1_CCCR FDCAN1_REG(0x18U)
#define FDCAN1_NBTP FDCAN1_REG(0x1CU)
#define FDCAN1_RXF0C FDCAN1_REG(0xA0U)
#define FDCAN1_RXF0S FDCAN1_REG(0xA4U)
#define FDCAN1_RXF0A FDCAN1_REG(0xA8U)
#define FDCAN1_TXBC FDCAN1_REG(0xC0U)
#define FDCAN1_TXBAR FDCAN1_REG(0xD0U)
#define FDCAN1_TXBTO FDCAN1_REG(0xD8U)
#define FDCAN_CCCR_INIT BIT(0)
#define FDCAN_CCCR_CCE BIT(1)
#define FDCAN_CCCR_MON BIT(5)
#define FDCAN_CCCR_TEST BIT(7)
#define FDCAN_TEST_LBCK BIT(4)
#define FDCAN_NBTP_1M (1UL << 16 | 8UL << 8 | 1UL) /* of 24 MHz */
#define FDCAN_RAM(offset) REG(0x44011000U + (offset))
#define FDCAN_TX_OFFSET 0x100U
#define FDCAN_DLC(n) ((uint32_t)(n) << 16)
#define FDCAN_STD(id) ((uint32_t)(id) << 18)

#define HASH2_CR REG(0x4C002000U)
#define HASH_CR_INIT_SHA256_BYTES (BIT(18) | BIT(7) | BIT(5) | BIT(2))
#define HASH2_DIN REG(0x4C002004U)
#define HASH2_STR REG(0x4C002008U)
#define HASH_STR_DCAL BIT(8)
#define HASH2_SR REG(0x4C002024U)
#define HASH_SR_DCIS BIT(1)
#define HASH2_HR(n) REG(0x4C002310U + 4U * (n))

#define CRYP2_CR REG(0x4C005000U)
#define CRYP_CR_AES_ECB (4UL << 3)
#define CRYP_CR_CRYPEN BIT(15)
#define CRYP2_SR REG(0x4C005004U)
#define CRYP_SR_OFNE BIT(2)
#define CRYP2_DIN REG(0x4C005008U)
#define CRYP2_DOUT REG(0x4C00500CU)
#define CRYP2_K2LR(n) REG(0x4C005030U + 4U * (n))

#define LPTIM1_ISR REG(0x40009000U)
#define LPTIM_ISR_ARRM BIT(1)
#define LPTIM_ISR_ARROK BIT(4)
#define LPTIM1_ICR REG(0x40009004U)
#define LPTIM1_CR REG(0x40009010U)
#define LPTIM1_ARR REG(0x40009018U)
#define LPTIM_CR_ENABLE BIT(0)
#define LPTIM_CR_SNGSTRT BIT(1)

#define PATIENCE 10000000UL /* readings of a flag before it is given up */

static struct {
    struct rsc_header header;
    uint32_t offset[1];
    struct rsc_trace trace;
} table RSC_SECTION = {
    .header = RSC_HEADER(1U),
    .offset = {sizeof(struct rsc_header) + sizeof(uint32_t)},
    .trace = RSC_TRACE_ENTRY(trace_buffer, AMP_TRACE_SIZE),
};

static bool wait_for(volatile uint32_t *reg, uint32_t flag)
{
    for (uint32_t i = 0U; i < PATIENCE; i++) {
        if ((*reg & flag) != 0U) {
            return true;
        }
    }
    return false;
}

static void say(const char *block, bool done, uint32_t got, uint32_t wanted)
{
    if (done && (got == wanted)) {
        trace_printf("%s: right\n", block);
    } else {
        trace_printf("%s: %s 0x%x, not 0x%x\n", block,
                     done ? "found" : "timeout,", (unsigned int)got,
                     (unsigned int)wanted);
    }
}

static void try_spi(void)
{
    bool done;

    RCC_MC_APB2ENSETR = RCC_MC_APB2ENSETR_SPI4EN;
    SPI4_CFG1 = SPI4_CFG1_8BIT_DIV256;
    SPI4_CFG2 = SPI4_CFG2_MASTER;
    SPI4_CR2 = 4U;
    SPI4_CR1 = SPI4_CR1_SPE;
    SPI4_TXDR = 0x12345678U;
    SPI4_CR1 = SPI4_CR1_SPE | SPI4_CR1_CSTART;
    done = wait_for(&SPI4_SR, SPI4_SR_EOT);
    say("spi", done, SPI4_RXDR, 0x12345678U);
    SPI4_IFCR = 0xFF8U;
    SPI4_CR1 = 0U;
}

/* I2C_BYTES bytes from one to the other, which is addressed already; the first
 * in the low bits of what is returned */
static uint32_t i2c_pass(uint32_t from, uint32_t to, uint32_t data, bool *done)
{
    uint32_t got = 0U;

    for (uint32_t i = 0U; *done && (i < I2C_BYTES); i++) {
        *done = wait_for(&I2C_ISR(from), I2C_ISR_TXIS);
        I2C_TXDR(from) = (data >> (8U * i)) & 0xFFU;
        *done = *done && wait_for(&I2C_ISR(to), I2C_ISR_RXNE);
        got |= I2C_RXDR(to) << (8U * i);
    }
    *done = *done && wait_for(&I2C_ISR(to), I2C_ISR_STOPF) &&
            wait_for(&I2C_ISR(from), I2C_ISR_STOPF);
    I2C_ICR(from) = UINT32_MAX;
    I2C_ICR(to) = UINT32_MAX;
    return got;
}

/* The master's call, and the slave's answer to it */
static bool i2c_call(uint32_t flags)
{
    I2C_CR2(I2C5) =
        I2C_ADDRESS | I2C_BYTES << 16 | I2C_CR2_AUTOEND | I2C_CR2_START | flags;
    for (uint32_t i = 0U; i < PATIENCE; i++) {
        if ((I2C_ISR(I2C2) & I2C_ISR_ADDR) != 0U) {
            I2C_ICR(I2C2) = I2C_ISR_ADDR;
            return true;
        }
        if ((I2C_ISR(I2C5) & I2C_ISR_NACKF) != 0U) {
            return false;
        }
    }
    return false;
}

static void try_i2c(void)
{
    uint32_t got;
    bool done;

    RCC_MC_APB1ENSETR = RCC_MC_APB1ENSETR_I2C2EN | RCC_MC_APB1ENSETR_I2C5EN;
    I2C_TIMINGR(I2C2) = I2C_TIMINGR_100K;
    I2C_TIMINGR(I2C5) = I2C_TIMINGR_100K;
    I2C_OAR1(I2C2) = I2C_OAR1_OA1EN | I2C_ADDRESS;
    I2C_CR1(I2C2) = I2C_CR1_PE;
    I2C_CR1(I2C5) = I2C_CR1_PE;
    done = i2c_call(0U);
    got = i2c_pass(I2C5, I2C2, 0x12345678U, &done);
    done = done && i2c_call(I2C_CR2_RD_WRN);
    got ^= ~i2c_pass(I2C2, I2C5, ~0x12345678UL, &done);
    say("i2c", done, got, 0U);
    I2C_CR1(I2C5) = 0U;
    I2C_CR1(I2C2) = 0U;
}

static void try_can(void)
{
    bool done;
    uint32_t got;

    RCC_MC_APB2ENSETR = RCC_MC_APB2ENSETR_FDCANEN;
    FDCAN1_CCCR = FDCAN_CCCR_INIT;
    FDCAN1_CCCR = FDCAN_CCCR_INIT | FDCAN_CCCR_CCE;
    FDCAN1_CCCR =
        FDCAN_CCCR_INIT | FDCAN_CCCR_CCE | FDCAN_CCCR_TEST | FDCAN_CCCR_MON;
    FDCAN1_TEST = FDCAN_TEST_LBCK;
    FDCAN1_NBTP = FDCAN_NBTP_1M;
    FDCAN1_RXF0C = 1UL << 16;
    FDCAN1_TXBC = 1UL << 16 | FDCAN_TX_OFFSET;
    FDCAN_RAM(FDCAN_TX_OFFSET) = FDCAN_STD(0x123U);
    FDCAN_RAM(FDCAN_TX_OFFSET + 4U) = FDCAN_DLC(4U);
    FDCAN_RAM(FDCAN_TX_OFFSET + 8U) = 0xCAFEF00DU;
    FDCAN1_CCCR = FDCAN_CCCR_TEST | FDCAN_CCCR_MON;
    FDCAN1_TXBAR = BIT(0);
    done = wait_for(&FDCAN1_TXBTO, BIT(0)) && ((FDCAN1_RXF0S & 0x7FU) == 1U) &&
           (FDCAN_RAM(0U) == FDCAN_STD(0x123U));
    got = FDCAN_RAM(8U);
    FDCAN1_RXF0A = 0U;
    say("can", done, got, 0xCAFEF00DU);
    FDCAN1_CCCR = FDCAN_CCCR_INIT;
}

/* FIPS 180-4: "abc" */
static void try_hash(void)
{
    static const uint32_t wanted[8] = {
        0xBA7816BFU, 0x8F01CFEAU, 0x414140DEU, 0x5DAE2223U,
        0xB00361A3U, 0x96177A9CU, 0xB410FF61U, 0xF20015ADU,
    };
    uint32_t differs = 0U;
    bool done;

    RCC_MC_AHB3ENSETR = RCC_MC_AHB3ENSETR_HASH2EN;
    HASH2_CR = HASH_CR_INIT_SHA256_BYTES;
    HASH2_DIN = 0x00636261U;
    HASH2_STR = 24U;
    HASH2_STR = 24U | HASH_STR_DCAL;
    done = wait_for(&HASH2_SR, HASH_SR_DCIS);
    for (uint32_t i = 0U; i < 8U; i++) {
        differs |= HASH2_HR(i) ^ wanted[i];
    }
    say("hash", done, differs, 0U);
}

/* NIST SP 800-38A, F.1.1 */
static void try_cryp(void)
{
    static const uint32_t key[4] = {0x2B7E1516U, 0x28AED2A6U, 0xABF71588U,
                                    0x09CF4F3CU};
    static const uint32_t plain[4] = {0x6BC1BEE2U, 0x2E409F96U, 0xE93D7E11U,
                                      0x7393172AU};
    static const uint32_t wanted[4] = {0x3AD77BB4U, 0x0D7A3660U, 0xA89ECAF3U,
                                       0x2466EF97U};
    uint32_t differs = 0U;
    bool done;

    RCC_MC_AHB3ENSETR = RCC_MC_AHB3ENSETR_CRYP2EN;
    for (uint32_t i = 0U; i < 4U; i++) {
        CRYP2_K2LR(i) = key[i];
    }
    CRYP2_CR = CRYP_CR_AES_ECB;
    CRYP2_CR = CRYP_CR_AES_ECB | CRYP_CR_CRYPEN;
    for (uint32_t i = 0U; i < 4U; i++) {
        CRYP2_DIN = plain[i];
    }
    done = wait_for(&CRYP2_SR, CRYP_SR_OFNE);
    for (uint32_t i = 0U; i < 4U; i++) {
        differs |= CRYP2_DOUT ^ wanted[i];
    }
    CRYP2_CR = 0U;
    say("cryp", done, differs, 0U);
}

static void try_lptim(void)
{
    bool done;

    RCC_MC_APB1ENSETR = RCC_MC_APB1ENSETR_LPTIM1EN;
    LPTIM1_CR = LPTIM_CR_ENABLE;
    LPTIM1_ARR = 1000U;
    done = wait_for(&LPTIM1_ISR, LPTIM_ISR_ARROK);
    LPTIM1_CR = LPTIM_CR_ENABLE | LPTIM_CR_SNGSTRT;
    done = done && wait_for(&LPTIM1_ISR, LPTIM_ISR_ARRM);
    say("lptim", done, LPTIM1_ARR, 1000U);
    LPTIM1_ICR = 0x7FU;
    LPTIM1_CR = 0U;
}

void app_main(void)
{
    try_spi();
    try_i2c();
    try_can();
    try_hash();
    try_cryp();
    try_lptim();
    trace_printf("all blocks tried\n");
    runtime_loop(NULL);
}
