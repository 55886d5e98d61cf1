/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/*
 * Uses converters, timers, DMA and the CRC unit as firmware of a controller
 * does, by the registers. A message says what to do, and comes back; what was
 * measured is said in a line of the trace:
 *
 *  c DATA   the CRC-32 of DATA, which DMA2 feeds to CRC2
 *  s N      N samples (1 to 8), 1 kHz: TIM6 triggers ADC2, DMA1 takes them
 *  d LO HI  a value for the first channel of the DAC
 *  u        what UART7 gets next, 16 characters, goes back: both by DMA1
 */

#include <stddef.h>
#include <string.h>

#include "lib/rpmsg.h"
#include "lib/trace.h"
#include "os/os.h"
#include "os/runtime.h"
#include "regs.h"

#define POLL_MS 5U
#define SAMPLES_MAX 8U
#define SAMPLED_CHANNEL 6UL
#define UART_CHARS 16U
#define CRC_MAX 64U

/* A clear register comes after each of these; clocks and resets of a bus have
 * the same bits. */
#define RCC_APB1RSTSETR REG(0x50000980U)
#define RCC_APB1_TIM6 BIT(4)
#define RCC_APB1_UART7 BIT(18)
#define RCC_APB1_DAC12 BIT(29)
#define RCC_AHB2RSTSETR REG(0x50000998U)
#define RCC_MC_AHB2ENSETR REG(0x50000A98U)
#define RCC_AHB2_DMA1 BIT(0)
#define RCC_AHB2_DMA2 BIT(1)
#define RCC_AHB2_DMAMUX BIT(2)
#define RCC_AHB2_ADC12 BIT(5)
#define RCC_AHB3RSTSETR REG(0x500009A0U)
#define RCC_AHB3_CRC2 BIT(7)

#define RCC_ADCCKSELR REG(0x50000928U)
#define RCC_ADCCKSELR_PER 1UL

/* Streams of the DMAs, and the channels of DMAMUX1 that lead to them. */
#define DMA1 0x48000000U
#define DMA2 0x48001000U
#define DMA_LISR(dma) REG(dma)
#define DMA_LIFCR(dma) REG((dma) + 0x08U)
#define DMA_CR(dma, n) REG((dma) + 0x10U + (0x18U * (n)))
#define DMA_NDTR(dma, n) REG((dma) + 0x14U + (0x18U * (n)))
#define DMA_PAR(dma, n) REG((dma) + 0x18U + (0x18U * (n)))
#define DMA_M0AR(dma, n) REG((dma) + 0x1CU + (0x18U * (n)))
#define DMA_FCR(dma, n) REG((dma) + 0x24U + (0x18U * (n)))
#define DMA_CR_EN BIT(0)
#define DMA_CR_M2P (1UL << 6)
#define DMA_CR_M2M (2UL << 6)
#define DMA_CR_PINC BIT(9)
#define DMA_CR_MINC BIT(10)
#define DMA_CR_HALF_WORDS ((1UL << 11) | (1UL << 13))
#define DMA_ALL 0x3DUL /* flags of a stream, from its bit 0 on */
#define DMA_TC 0x20UL
#define DMA_SHIFT(n) (6U * (n)) /* of streams 0 and 1 */
#define DMAMUX_CCR(n) REG(0x48002000U + (4U * (n)))
#define REQUEST_ADC2 10U
#define REQUEST_UART7_RX 79U
#define REQUEST_UART7_TX 80U

#define ADC2_ISR REG(0x48003100U)
#define ADC_ISR_ADRDY BIT(0)
#define ADC2_CR REG(0x48003108U)
#define ADC_CR_ADEN BIT(0)
#define ADC_CR_ADSTART BIT(2)
#define ADC_CR_ADSTP BIT(4)
#define ADC_CR_ADVREGEN BIT(28)
#define ADC_CR_ADCAL BIT(31)
#define ADC2_CFGR REG(0x4800310CU)
#define ADC_CFGR_DMA (3UL << 0)
#define ADC_CFGR_RES_12 (2UL << 2)
#define ADC_CFGR_TIM6_TRGO (13UL << 5)
#define ADC_CFGR_RISING (1UL << 10)
#define ADC_CFGR_OVRMOD BIT(12)
#define ADC2_PCSEL REG(0x4800311CU)
#define ADC2_SQR1 REG(0x48003130U)
#define ADC2_DR 0x48003140U

#define TIM6_CR1 REG(0x40004000U)
#define TIM6_CR2 REG(0x40004004U)
#define TIM6_EGR REG(0x40004014U)
#define TIM6_PSC REG(0x40004028U)
#define TIM6_ARR REG(0x4000402CU)

#define DAC_CR REG(0x40017000U)
#define DAC_DHR12R1 REG(0x40017008U)

#define CRC2_DR 0x4C004000U
#define CRC2_CR REG(0x4C004008U)
#define CRC_CR_RESET BIT(0)
#define CRC_CR_REV_IN_BYTE (1UL << 5)
#define CRC_CR_REV_OUT BIT(7)

#define UART7_CR1 REG(0x40018000U)
#define UART7_CR3 REG(0x40018008U)
#define UART7_BRR REG(0x4001800CU)
#define UART7_RDR 0x40018024U
#define UART7_TDR 0x40018028U
#define USART_CR1_RE BIT(2)
#define USART_CR3_DMAR BIT(6)
#define USART_CR3_DMAT BIT(7)
#define BRR_115200 907U /* from pclk1, 104.439 MHz */

static struct rsc_table table RSC_SECTION =
    RSC_TABLE(trace_buffer, AMP_TRACE_SIZE);
static struct rpmsg rp;

static uint16_t samples[SAMPLES_MAX];
static uint8_t chars[UART_CHARS];
static uint8_t crc_data[CRC_MAX];
static enum { IDLE, CRC, SAMPLING, RECEIVING, SENDING } doing;
static uint32_t count;

/* With their clocks on, and as a reset leaves them: an earlier life of this
 * core may have used them, and its reset does not reach them. */
static void enable(volatile uint32_t *clocks, volatile uint32_t *resets,
                   uint32_t bits)
{
    *clocks = bits;
    resets[0] = bits;
    resets[1] = bits;
}

static void dma_start(uint32_t dma, uint32_t n, uint32_t periph, void *mem,
                      uint32_t items, uint32_t cr)
{
    DMA_CR(dma, n) = 0U;
    while ((DMA_CR(dma, n) & DMA_CR_EN) != 0U) {
    }
    DMA_LIFCR(dma) = DMA_ALL << DMA_SHIFT(n);
    DMA_PAR(dma, n) = periph;
    DMA_M0AR(dma, n) = (uint32_t)(uintptr_t)mem;
    DMA_NDTR(dma, n) = items;
    DMA_FCR(dma, n) = 0U;
    DMA_CR(dma, n) = cr;
    DMA_CR(dma, n) = cr | DMA_CR_EN;
}

static bool dma_done(uint32_t dma, uint32_t n)
{
    return (DMA_LISR(dma) & (DMA_TC << DMA_SHIFT(n))) != 0U;
}

static void crc_start(const uint8_t *data, uint32_t len)
{
    count = (len < CRC_MAX) ? len : CRC_MAX;
    (void)memcpy(crc_data, data, count);
    CRC2_CR = CRC_CR_RESET | CRC_CR_REV_IN_BYTE | CRC_CR_REV_OUT;
    /* From memory to memory: "periph" is where it comes from. */
    dma_start(DMA2, 0U, (uint32_t)(uintptr_t)crc_data,
              (void *)(uintptr_t)CRC2_DR, count, DMA_CR_M2M | DMA_CR_PINC);
    doing = CRC;
}

static void adc_init(void)
{
    /* HSE: Linux may have switched off the PLL that is the default. */
    RCC_ADCCKSELR = RCC_ADCCKSELR_PER;
    ADC2_CR = ADC_CR_ADVREGEN;
    ADC2_CR = ADC_CR_ADVREGEN | ADC_CR_ADCAL;
    while ((ADC2_CR & ADC_CR_ADCAL) != 0U) {
    }
    ADC2_CR = ADC_CR_ADVREGEN | ADC_CR_ADEN;
    while ((ADC2_ISR & ADC_ISR_ADRDY) == 0U) {
    }
    ADC2_PCSEL = BIT(SAMPLED_CHANNEL);
    ADC2_SQR1 = SAMPLED_CHANNEL << 6;
    ADC2_CFGR = ADC_CFGR_DMA | ADC_CFGR_RES_12 | ADC_CFGR_TIM6_TRGO |
                ADC_CFGR_RISING | ADC_CFGR_OVRMOD;
    /* 208.878 MHz / 209 / 999 is about 1 kHz. */
    TIM6_PSC = 208U;
    TIM6_ARR = 998U;
    TIM6_CR2 = 2UL << 4; /* an update is the trigger */
    TIM6_EGR = 1U;
}

static void sample_start(uint32_t n)
{
    count = (n < SAMPLES_MAX) ? n : SAMPLES_MAX;
    ADC2_ISR = UINT32_MAX;
    DMAMUX_CCR(0) = REQUEST_ADC2;
    dma_start(DMA1, 0U, ADC2_DR, samples, count,
              DMA_CR_MINC | DMA_CR_HALF_WORDS);
    ADC2_CR = ADC_CR_ADVREGEN | ADC_CR_ADSTART;
    TIM6_CR1 = 1U;
    doing = SAMPLING;
}

static void uart_init(void)
{
    UART7_CR1 = 0U;
    UART7_BRR = BRR_115200;
    UART7_CR3 = USART_CR3_DMAR | USART_CR3_DMAT;
    UART7_CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE;
}

static void report(void)
{
    switch (doing) {
    case CRC:
        trace_printf("crc 0x%x of %u bytes\n", (unsigned)~REG(CRC2_DR),
                     (unsigned)count);
        doing = IDLE;
        break;
    case SAMPLING:
        TIM6_CR1 = 0U;
        ADC2_CR = ADC_CR_ADVREGEN | ADC_CR_ADSTP;
        for (uint32_t i = 0U; i < count; i++) {
            trace_printf("sample %u: %u\n", (unsigned)i, (unsigned)samples[i]);
        }
        trace_printf("sampled %u\n", (unsigned)count);
        doing = IDLE;
        break;
    case RECEIVING:
        DMAMUX_CCR(1) = REQUEST_UART7_TX;
        dma_start(DMA1, 1U, UART7_TDR, chars, UART_CHARS,
                  DMA_CR_M2P | DMA_CR_MINC);
        doing = SENDING;
        break;
    case SENDING:
        trace_printf("sent %u characters\n", UART_CHARS);
        doing = IDLE;
        break;
    default:
        break;
    }
}

static void order(const uint8_t *data, uint32_t len)
{
    switch (data[0]) {
    case 'c':
        crc_start(&data[1], len - 1U);
        break;
    case 's':
        sample_start((len > 1U) ? data[1] : 1U);
        break;
    case 'd':
        DAC_CR = 1U;
        DAC_DHR12R1 = (len > 2U) ? ((uint32_t)data[2] << 8) | data[1] : 0U;
        trace_printf("dac set\n");
        break;
    case 'u':
        DMAMUX_CCR(0) = REQUEST_UART7_RX;
        dma_start(DMA1, 0U, UART7_RDR, chars, UART_CHARS, DMA_CR_MINC);
        doing = RECEIVING;
        trace_printf("uart7 is ready\n");
        break;
    default:
        break;
    }
}

static enum rpmsg_verdict command(struct rpmsg_ept *ept,
                                  const struct rpmsg_buf *in, uint32_t src)
{
    uint8_t data[1U + CRC_MAX];
    uint32_t len = (in->len < sizeof(data)) ? in->len : (uint32_t)sizeof(data);

    if ((doing != IDLE) ||
        (rpmsg_send(ept, src, in->data, in->len) == AMP_EAGAIN)) {
        return RPMSG_RETRY;
    }
    (void)memcpy(data, in->data, len);
    if (len > 0U) {
        order(data, len);
    }
    return RPMSG_DONE;
}

static struct rpmsg_ept ept = {
    .name = "rpmsg-raw", .addr = RPMSG_ADDR_ANY, .cb = command};

static int poll(void)
{
    bool done = (doing == CRC)       ? dma_done(DMA2, 0U)
                : (doing == SENDING) ? dma_done(DMA1, 1U)
                : (doing != IDLE)    ? dma_done(DMA1, 0U)
                                     : false;

    if (done) {
        report();
    }
    return rpmsg_poll(&rp);
}

void app_main(void)
{
    enable(&RCC_MC_AHB2ENSETR, &RCC_AHB2RSTSETR,
           RCC_AHB2_DMA1 | RCC_AHB2_DMA2 | RCC_AHB2_DMAMUX | RCC_AHB2_ADC12);
    enable(&RCC_MC_AHB3ENSETR, &RCC_AHB3RSTSETR, RCC_AHB3_CRC2);
    enable(&RCC_MC_APB1ENSETR, &RCC_APB1RSTSETR,
           RCC_APB1_TIM6 | RCC_APB1_UART7 | RCC_APB1_DAC12);
    adc_init();
    uart_init();
    rpmsg_init(&rp, &table.vdev);
    (void)rpmsg_create(&rp, &ept);
    os_tick(POLL_MS);
    runtime_loop(poll);
}
