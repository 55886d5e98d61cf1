/*
 * STM32MP15 reset and clock controller (RCC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * STM32MP157 reference manual (RM0436), chapter "Reset and clock control".
 *
 * The reset values are those that the boot firmware of the STM32MP157C-DK2
 * leaves behind, since Linux is started without one: HSE, LSE and the PLLs run,
 * and the RCC is not secure (TZCR = 0). An oscillator or a PLL is ready as soon
 * as it is on, and a divider or a multiplexer takes effect at once.
 *
 * A block has its clock while one of the processors has enabled it for itself.
 * The processor that waits for an interrupt (CSleep) keeps those whose bit in
 * *LPENSETR is set, too; one in its mode CStop keeps none.
 *
 * The enables that the boot firmware leaves behind: TF-A's SP_MIN keeps those
 * of RTCAPB, TZC1, TZC2, TZPC, BSEC and STGEN (sync_earlyboot_clocks_state())
 * and of the debug components (stm32mp1_dbgmcu_init()), U-Boot those of UART4,
 * its console, and SYSCFG (stm32mp_syscon_probe()). It also leaves on what it
 * loaded Linux with, which differs.
 *
 * What only the secure world may write once TZCR says so is in a table. A write
 * by the other is ignored, and leaves a line in the log.
 *
 * Not modelled: clock spread, calibration, security system.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "qapi/error.h"
#include "hw/irq.h"
#include "hw/misc/stm32mp1_rcc.h"
#include "hw/qdev-clock.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "system/watchdog.h"
#include "trace.h"

REG32(TZCR, 0x000)
    FIELD(TZCR, TZEN, 0, 1)
    FIELD(TZCR, MCKPROT, 1, 1)
REG32(OCENSETR, 0x00c)
    FIELD(OCENSETR, HSION, 0, 1)
    FIELD(OCENSETR, CSION, 4, 1)
    FIELD(OCENSETR, HSEON, 8, 1)
    FIELD(OCENSETR, HSECSSON, 11, 1)
REG32(OCENCLRR, 0x010)
REG32(HSICFGR, 0x018)
    FIELD(HSICFGR, HSIDIV, 0, 2)
REG32(ASSCKSELR, 0x024)
REG32(RCK12SELR, 0x028)
REG32(AXIDIVR, 0x030)
REG32(APB4DIVR, 0x03c)
REG32(APB5DIVR, 0x040)
REG32(MSSCKSELR, 0x048)
REG32(PLL1CR, 0x080)
    FIELD(PLLCR, PLLON, 0, 1)
    FIELD(PLLCR, PLLRDY, 1, 1)
    FIELD(PLLCR, DIVPEN, 4, 1)
REG32(PLL2CR, 0x094)
REG32(I2C46CKSELR, 0x0c0)
REG32(SPI6CKSELR, 0x0c4)
REG32(UART1CKSELR, 0x0c8)
REG32(CPERCKSELR, 0x0d0)
REG32(MP_SREQSETR, 0x104)
    FIELD(MP_SREQSETR, STPREQ, 0, 2) /* of either core of the MPU */
REG32(MP_GCR, 0x10c)
    FIELD(MP_GCR, BOOT_MCU, 0, 1)
REG32(BDCR, 0x140)
    FIELD(BDCR, LSEON, 0, 1)
    FIELD(BDCR, LSERDY, 2, 1)
REG32(RDLSICR, 0x144)
    FIELD(RDLSICR, LSION, 0, 1)
    FIELD(RDLSICR, LSIRDY, 1, 1)
REG32(BR_RSTSCLRR, 0x400)
    FIELD(BR_RSTSCLRR, MPUPRSTF, 13, 2) /* of core 0, of core 1 */
REG32(MP_GRSTCSETR, 0x404)
    FIELD(MP_GRSTCSETR, MPSYSRST, 0, 1)
    FIELD(MP_GRSTCSETR, MCURST, 1, 1)
    FIELD(MP_GRSTCSETR, MPUPRST, 4, 2)  /* of core 0, of core 1 */
REG32(MP_RSTSCLRR, 0x408)
REG32(MP_CIER, 0x414)
REG32(MP_CIFR, 0x418)
    FIELD(CIFR, WKUPF, 20, 1) /* the same in MC_CIFR, and in either CIER */
REG32(OCRDYR, 0x808)
    FIELD(OCRDYR, HSIRDY, 0, 1)
    FIELD(OCRDYR, HSIDIVRDY, 2, 1)
    FIELD(OCRDYR, CSIRDY, 4, 1)
    FIELD(OCRDYR, HSERDY, 8, 1)
    FIELD(OCRDYR, MPUCKRDY, 23, 1)
    FIELD(OCRDYR, AXICKRDY, 24, 1)
REG32(RCK3SELR, 0x820)
REG32(RCK4SELR, 0x824)
REG32(TIMG1PRER, 0x828)
REG32(TIMG2PRER, 0x82c)
REG32(MCUDIVR, 0x830)
REG32(APB1DIVR, 0x834)
REG32(APB2DIVR, 0x838)
REG32(APB3DIVR, 0x83c)
REG32(PLL3CR, 0x880)
REG32(PLL4CR, 0x894)
REG32(I2C12CKSELR, 0x8c0)
REG32(I2C35CKSELR, 0x8c4)
REG32(SPI2S1CKSELR, 0x8d8)
REG32(SPI2S23CKSELR, 0x8dc)
REG32(SPI45CKSELR, 0x8e0)
REG32(UART6CKSELR, 0x8e4)
REG32(UART24CKSELR, 0x8e8)
REG32(UART35CKSELR, 0x8ec)
REG32(UART78CKSELR, 0x8f0)
REG32(QSPICKSELR, 0x900)
REG32(FDCANCKSELR, 0x90c)
REG32(LPTIM45CKSELR, 0x92c)
REG32(LPTIM23CKSELR, 0x930)
REG32(LPTIM1CKSELR, 0x934)
REG32(ADCCKSELR, 0x928)
REG32(SDMMC12CKSELR, 0x8f4)
REG32(SDMMC3CKSELR, 0x8f8)
REG32(MC_RSTSCLRR, 0xc00)
    FIELD(MC_RSTSCLRR, PORRSTF, 0, 1)
    FIELD(MC_RSTSCLRR, PADRSTF, 2, 1)
    FIELD(MC_RSTSCLRR, VCORERSTF, 4, 1)
    FIELD(MC_RSTSCLRR, MCURSTF, 5, 1)
    FIELD(MC_RSTSCLRR, MPSYSRSTF, 6, 1)
    FIELD(MC_RSTSCLRR, MCSYSRSTF, 7, 1)
    FIELD(MC_RSTSCLRR, IWDG1RSTF, 8, 1)
    FIELD(MC_RSTSCLRR, IWDG2RSTF, 9, 1)
    FIELD(MC_RSTSCLRR, WWDG1RSTF, 10, 1)
REG32(MC_CIER, 0xc14)
REG32(MC_CIFR, 0xc18)

/* Every system reset drives the pad NRST and resets the core domain. */
#define SYSTEM_RESET_FLAGS (R_MC_RSTSCLRR_PADRSTF_MASK | \
                            R_MC_RSTSCLRR_VCORERSTF_MASK)

/* Of the cores that say whether they wait: those of the MPU are the others. */
#define SLEEPING_MCU BIT(STM32MP1_RCC_NUM_CORES - 1)

#define READY BIT(31)
#define HSI_HZ 64000000
#define CSI_HZ 4000000
#define HSE_HZ 24000000
#define LSE_HZ 32768
#define LSI_HZ 32000

/* How a register answers. */
typedef enum RccKind {
    RCC_RO,   /* reads its reset value, or a value computed at each read */
    RCC_RW,   /* storage of the bits of the mask; the others keep their reset */
    RCC_W1C,  /* writing 1 clears a bit */
    RCC_PAIR, /* writing 1 sets a bit, and at the next address clears it */
} RccKind;

typedef struct RccReg {
    uint16_t offset;
    RccKind kind;
    const char *name;
    uint32_t mask;
    uint32_t reset;
} RccReg;

#define RO(offset, name, reset) { offset, RCC_RO, name, 0, reset }
#define RW(offset, name, mask, reset) { offset, RCC_RW, name, mask, reset }
#define W1C(offset, name, mask, reset) { offset, RCC_W1C, name, mask, reset }
/* nameSETR at the offset, nameCLRR after it */
#define PAIR(offset, name, mask, reset) { offset, RCC_PAIR, name, mask, reset }
/* A selector or a divider with the ready bit */
#define RDY(offset, name, mask, reset) RW(offset, name, mask, READY | (reset))
/* PLLxCR without PLLRDY, CFGR1: DIVN, DIVM, IFRGE, FRACR: FRACV, FRACLE */
#define PLLCR(offset, name, reset) RW(offset, name, 0x75, reset)
#define PLLCFGR1(offset, name, reset) RW(offset, name, 0x033f01ff, reset)
#define PLLCFGR2(offset, name, reset) RW(offset, name, 0x007f7f7f, reset)
#define PLLFRACR(offset, name, reset) RW(offset, name, 0x0001fff8, reset)
#define PLLCSGR(offset, name) RW(offset, name, ~0u, 0)

static const RccReg stm32mp1_rcc_regs[] = {
    RW(0x000, "TZCR", 0x3, 0),
    PAIR(0x00c, "OCEN", 0xfb3, 0x591),
    RW(0x018, "HSICFGR", 0x7f03, 0),
    RW(0x01c, "CSICFGR", 0x1f00, 0x1000),
    RDY(0x020, "MPCKSELR", 0x3, 2),
    RDY(0x024, "ASSCKSELR", 0x7, 2),
    RDY(0x028, "RCK12SELR", 0x3, 1),
    RDY(0x02c, "MPCKDIVR", 0x7, 1),
    RDY(0x030, "AXIDIVR", 0x7, 0),
    RDY(0x03c, "APB4DIVR", 0x7, 1),
    RDY(0x040, "APB5DIVR", 0x7, 2),
    RW(0x044, "RTCDIVR", 0x3f, 0),
    RDY(0x048, "MSSCKSELR", 0x3, 3),
    PLLCR(0x080, "PLL1CR", 0x11),
    PLLCFGR1(0x084, "PLL1CFGR1", 0x00020050),
    PLLCFGR2(0x088, "PLL1CFGR2", 0x00000000),
    PLLFRACR(0x08c, "PLL1FRACR", 0x00014000),
    PLLCSGR(0x090, "PLL1CSGR"),
    PLLCR(0x094, "PLL2CR", 0x71),
    PLLCFGR1(0x098, "PLL2CFGR1", 0x00020041),
    PLLCFGR2(0x09c, "PLL2CFGR2", 0x00000001),
    PLLFRACR(0x0a0, "PLL2FRACR", 0x0001a000),
    PLLCSGR(0x0a4, "PLL2CSGR"),
    RW(0x0c0, "I2C46CKSELR", 0x7, 2),
    RW(0x0c4, "SPI6CKSELR", 0x7, 0),
    RW(0x0c8, "UART1CKSELR", 0x7, 0),
    RW(0x0cc, "RNG1CKSELR", 0x3, 0),
    RW(0x0d0, "CPERCKSELR", 0x3, 2),
    RW(0x0d4, "STGENCKSELR", 0x3, 1),
    RW(0x0d8, "DDRITFCR", ~0u, 0x000fd02a),
    RW(0x100, "MP_BOOTCR", 0x3, 0),
    PAIR(0x104, "MP_SREQ", 0x3, 0),
    RW(0x10c, "MP_GCR", R_MP_GCR_BOOT_MCU_MASK, 0),
    RW(0x110, "MP_APRSTCR", 0x00007f01, 0x7f00),
    RO(0x114, "MP_APRSTSR", 0),
    RW(0x140, "BDCR", 0x8013013b, 0x00110021),
    RW(0x144, "RDLSICR", 0xf81f0001, 0x1),
    PAIR(0x180, "APB4RST", ~0u, 0),
    PAIR(0x188, "APB5RST", ~0u, 0),
    PAIR(0x190, "AHB5RST", ~0u, 0),
    PAIR(0x198, "AHB6RST", ~0u, 0),
    PAIR(0x1a0, "TZAHB6RST", ~0u, 0),
    PAIR(0x200, "MP_APB4EN", 0x00118111, 0),
    PAIR(0x208, "MP_APB5EN", 0x0011b91d, 0x00113900),
    PAIR(0x210, "MP_AHB5EN", 0x00010171, 0x00010000),
    PAIR(0x218, "MP_AHB6EN", 0x011357a1, 0),
    PAIR(0x220, "MP_TZAHB6EN", 0x1, 0),
    PAIR(0x280, "MC_APB4EN", 0x00110111, 0),
    PAIR(0x288, "MC_APB5EN", 0x0011391d, 0),
    PAIR(0x290, "MC_AHB5EN", 0x00000171, 0),
    PAIR(0x298, "MC_AHB6EN", 0x011357a1, 0),
    PAIR(0x300, "MP_APB4LPEN", 0x00118111, 0x00118111),
    PAIR(0x308, "MP_APB5LPEN", 0x0011391d, 0x0011391d),
    PAIR(0x310, "MP_AHB5LPEN", 0x00000171, 0x00000171),
    PAIR(0x318, "MP_AHB6LPEN", 0x01135fa1, 0x011357a1),
    PAIR(0x320, "MP_TZAHB6LPEN", 0x1, 0x1),
    PAIR(0x380, "MC_APB4LPEN", 0x00110111, 0x00110111),
    PAIR(0x388, "MC_APB5LPEN", 0x0011391d, 0x0011391d),
    PAIR(0x390, "MC_AHB5LPEN", 0x00000171, 0x00000171),
    PAIR(0x398, "MC_AHB6LPEN", 0x01135fa1, 0x011357a1),
    W1C(0x400, "BR_RSTSCLRR", 0x63ff, 0),
    RW(0x404, "MP_GRSTCSETR", 0, 0),
    W1C(0x408, "MP_RSTSCLRR", 0xffff, 0),
    PAIR(0x40c, "MP_IWDGFZ", 0x3, 0),
    RW(0x414, "MP_CIER", 0x00111f1f, 0),
    W1C(0x418, "MP_CIFR", 0x00111f1f, 0),
    RW(0x41c, "PWRLPDLYCR", 0x013fffff, 0),
    RW(0x420, "MP_RSTSSETR", 0xffff, 0),
    RW(0x800, "MCO1CFGR", 0x000010f7, 0),
    RW(0x804, "MCO2CFGR", 0x000010f7, 0),
    /* and the ready bits of the oscillators */
    RO(0x808, "OCRDYR", R_OCRDYR_HSIDIVRDY_MASK | R_OCRDYR_MPUCKRDY_MASK |
                        R_OCRDYR_AXICKRDY_MASK),
    RW(0x80c, "DBGCFGR", 0x1307, 0x101),
    RDY(0x820, "RCK3SELR", 0x3, 1),
    RDY(0x824, "RCK4SELR", 0x3, 1),
    RDY(0x828, "TIMG1PRER", 0x1, 0),
    RDY(0x82c, "TIMG2PRER", 0x1, 0),
    RDY(0x830, "MCUDIVR", 0xf, 0),
    RDY(0x834, "APB1DIVR", 0x7, 1),
    RDY(0x838, "APB2DIVR", 0x7, 1),
    RDY(0x83c, "APB3DIVR", 0x7, 1),
    PLLCR(0x880, "PLL3CR", 0x71),
    PLLCFGR1(0x884, "PLL3CFGR1", 0x01010021),
    PLLCFGR2(0x888, "PLL3CFGR2", 0x00241001),
    PLLFRACR(0x88c, "PLL3FRACR", 0x0001d020),
    PLLCSGR(0x890, "PLL3CSGR"),
    PLLCR(0x894, "PLL4CR", 0x71),
    PLLCFGR1(0x898, "PLL4CFGR1", 0x00030062),
    PLLCFGR2(0x89c, "PLL4CFGR2", 0x00070705),
    PLLFRACR(0x8a0, "PLL4FRACR", 0x00000000),
    PLLCSGR(0x8a4, "PLL4CSGR"),
    RW(0x8c0, "I2C12CKSELR", 0x7, 0),
    RW(0x8c4, "I2C35CKSELR", 0x7, 0),
    RW(0x8c8, "SAI1CKSELR", 0x7, 0),
    RW(0x8cc, "SAI2CKSELR", 0x7, 0),
    RW(0x8d0, "SAI3CKSELR", 0x7, 0),
    RW(0x8d4, "SAI4CKSELR", 0x7, 0),
    RW(0x8d8, "SPI2S1CKSELR", 0x7, 0),
    RW(0x8dc, "SPI2S23CKSELR", 0x7, 0),
    RW(0x8e0, "SPI45CKSELR", 0x7, 0),
    RW(0x8e4, "UART6CKSELR", 0x7, 0),
    RW(0x8e8, "UART24CKSELR", 0x7, 2),
    RW(0x8ec, "UART35CKSELR", 0x7, 0),
    RW(0x8f0, "UART78CKSELR", 0x7, 0),
    RW(0x8f4, "SDMMC12CKSELR", 0x7, 2),
    RW(0x8f8, "SDMMC3CKSELR", 0x7, 0x3),
    RW(0x8fc, "ETHCKSELR", 0xf3, 0),
    RW(0x900, "QSPICKSELR", 0x3, 0),
    RW(0x904, "FMCCKSELR", 0x3, 0),
    RW(0x90c, "FDCANCKSELR", 0x3, 0),
    RW(0x914, "SPDIFCKSELR", 0x3, 0),
    RW(0x918, "CECCKSELR", 0x3, 0),
    RW(0x91c, "USBCKSELR", 0x13, 0),
    RW(0x920, "RNG2CKSELR", 0x3, 0),
    RW(0x924, "DSICKSELR", 0x1, 0),
    RW(0x928, "ADCCKSELR", 0x3, 0),
    RW(0x92c, "LPTIM45CKSELR", 0x7, 0),
    RW(0x930, "LPTIM23CKSELR", 0x7, 0),
    RW(0x934, "LPTIM1CKSELR", 0x7, 0),
    PAIR(0x980, "APB1RST", ~0u, 0),
    PAIR(0x988, "APB2RST", ~0u, 0),
    PAIR(0x990, "APB3RST", ~0u, 0),
    PAIR(0x998, "AHB2RST", ~0u, 0),
    PAIR(0x9a0, "AHB3RST", ~0u, 0),
    PAIR(0x9a8, "AHB4RST", ~0u, 0),
    PAIR(0xa00, "MP_APB1EN", 0xadefdbff, BIT(16)),
    PAIR(0xa08, "MP_APB2EN", 0x0137271f, 0),
    PAIR(0xa10, "MP_APB3EN", 0x0013290f, BIT(11)),
    PAIR(0xa18, "MP_AHB2EN", 0x00010127, 0),
    PAIR(0xa20, "MP_AHB3EN", 0x000018f1, 0),
    PAIR(0xa28, "MP_AHB4EN", 0x000007ff, 0),
    PAIR(0xa30, "MP_AXIMEN", 0x00000001, 0),
    PAIR(0xa38, "MP_MLAHBEN", 0x00000010, 0x10),
    PAIR(0xa80, "MC_APB1EN", 0xbdefdbff, 0),
    PAIR(0xa88, "MC_APB2EN", 0x0137271f, 0),
    PAIR(0xa90, "MC_APB3EN", 0x0013290f, 0),
    PAIR(0xa98, "MC_AHB2EN", 0x00010127, 0),
    PAIR(0xaa0, "MC_AHB3EN", 0x000018f1, 0),
    PAIR(0xaa8, "MC_AHB4EN", 0x000007ff, 0),
    PAIR(0xab0, "MC_AXIMEN", 0x00000001, 0),
    PAIR(0xab8, "MC_MLAHBEN", 0x00000010, 0x10),
    PAIR(0xb00, "MP_APB1LPEN", 0xadefdbff, 0xadefdbff),
    PAIR(0xb08, "MP_APB2LPEN", 0x0137271f, 0x0137271f),
    PAIR(0xb10, "MP_APB3LPEN", 0x0003290f, 0x0003290f),
    PAIR(0xb18, "MP_AHB2LPEN", 0x00010127, 0x00010127),
    PAIR(0xb20, "MP_AHB3LPEN", 0x000018f1, 0x000018f1),
    PAIR(0xb28, "MP_AHB4LPEN", 0x000007ff, 0x000007ff),
    PAIR(0xb30, "MP_AXIMLPEN", 0x00000001, 0x00000001),
    PAIR(0xb38, "MP_MLAHBLPEN", 0x00000017, 0x00000017),
    PAIR(0xb80, "MC_APB1LPEN", 0xbdefdbff, 0xbdefdbff),
    PAIR(0xb88, "MC_APB2LPEN", 0x0137271f, 0x0137271f),
    PAIR(0xb90, "MC_APB3LPEN", 0x0003290f, 0x0003290f),
    PAIR(0xb98, "MC_AHB2LPEN", 0x00010127, 0x00010127),
    PAIR(0xba0, "MC_AHB3LPEN", 0x000018f1, 0x000018f1),
    PAIR(0xba8, "MC_AHB4LPEN", 0x000007ff, 0x000007ff),
    PAIR(0xbb0, "MC_AXIMLPEN", 0x00000001, 0x00000001),
    PAIR(0xbb8, "MC_MLAHBLPEN", 0x00000017, 0x00000017),
    W1C(0xc00, "MC_RSTSCLRR", 0x7ff, 0),
    RW(0xc14, "MC_CIER", 0x00111f1f, 0),
    W1C(0xc18, "MC_CIFR", 0x00111f1f, 0),
    RO(0xff4, "VERR", 0x11),
    RO(0xff8, "IPIDR", 0x1),
    RO(0xffc, "SIDR", 0xa3c5dd04),
};

/*
 * Registers, each range by its first and last, that only the secure world may
 * write while these bits of TZCR are all set. ST's register descriptions say so
 * of each (the SVD file of the STM32MP157); of MP_APB5EN and MP_GRSTCSETR they
 * do not, but OP-TEE relies on it: it has a service for the normal world to
 * write them (clk-stm32mp15.c, resets of scmi_server.c). TZCR itself is always
 * for the secure world alone.
 */
#define TZEN R_TZCR_TZEN_MASK
#define MCKPROT (R_TZCR_TZEN_MASK | R_TZCR_MCKPROT_MASK)
static const struct {
    uint16_t first;
    uint16_t last;
    uint32_t tzcr;
} stm32mp1_rcc_protected[] = {
    { 0x000, 0x000, 0 },        /* TZCR */
    { 0x00c, 0x00c, MCKPROT },  /* OCENSETR */
    { 0x010, 0x018, TZEN },     /* OCENCLRR, HSICFGR */
    { 0x01c, 0x01c, MCKPROT },  /* CSICFGR */
    { 0x020, 0x044, TZEN },     /* MPCKSELR to RTCDIVR */
    { 0x048, 0x048, MCKPROT },  /* MSSCKSELR */
    { 0x080, 0x0cc, TZEN },     /* PLL1, PLL2, I2C46CKSELR to RNG1CKSELR */
    { 0x0d4, 0x144, TZEN },     /* STGENCKSELR to RDLSICR, MP_GCR among them */
    { 0x188, 0x194, TZEN },     /* APB5RST, AHB5RST */
    { 0x1a0, 0x1a4, TZEN },     /* TZAHB6RST */
    { 0x208, 0x214, TZEN },     /* MP_APB5EN, MP_AHB5EN */
    { 0x220, 0x224, TZEN },     /* MP_TZAHB6EN */
    { 0x290, 0x294, TZEN },     /* MC_AHB5EN */
    { 0x308, 0x314, TZEN },     /* MP_APB5LPEN, MP_AHB5LPEN */
    { 0x320, 0x324, TZEN },     /* MP_TZAHB6LPEN */
    { 0x390, 0x394, TZEN },     /* MC_AHB5LPEN */
    { 0x400, 0x420, TZEN },     /* BR_RSTSCLRR to MP_RSTSSETR */
    { 0x820, 0x820, MCKPROT },  /* RCK3SELR */
    { 0x830, 0x830, TZEN },     /* MCUDIVR */
    { 0x880, 0x890, MCKPROT },  /* PLL3 */
};

/* The set register of each bus's resets, see STM32MP1RccBus. */
static const uint16_t stm32mp1_rcc_reset_regs[STM32MP1_RCC_NUM_BUSES] = {
    [STM32MP1_RCC_APB1] = 0x980,
    [STM32MP1_RCC_APB2] = 0x988,
    [STM32MP1_RCC_APB3] = 0x990,
    [STM32MP1_RCC_APB4] = 0x180,
    [STM32MP1_RCC_APB5] = 0x188,
    [STM32MP1_RCC_AHB2] = 0x998,
    [STM32MP1_RCC_AHB3] = 0x9a0,
    [STM32MP1_RCC_AHB4] = 0x9a8,
    [STM32MP1_RCC_AHB5] = 0x190,
    [STM32MP1_RCC_AHB6] = 0x198,
    [STM32MP1_RCC_TZAHB6] = 0x1a0,
};

/*
 * The set registers of each bus's clock enables: those of the MPU and the MCU,
 * and which of them hold while that processor waits for an interrupt. 0 stands
 * for a register that there is not.
 */
static const struct {
    uint16_t en[STM32MP1_RCC_NUM_PROCESSORS];
    uint16_t lpen[STM32MP1_RCC_NUM_PROCESSORS];
} stm32mp1_rcc_enable_regs[STM32MP1_RCC_NUM_BUSES] = {
    [STM32MP1_RCC_APB1] = { { 0xa00, 0xa80 }, { 0xb00, 0xb80 } },
    [STM32MP1_RCC_APB2] = { { 0xa08, 0xa88 }, { 0xb08, 0xb88 } },
    [STM32MP1_RCC_APB3] = { { 0xa10, 0xa90 }, { 0xb10, 0xb90 } },
    [STM32MP1_RCC_APB4] = { { 0x200, 0x280 }, { 0x300, 0x380 } },
    [STM32MP1_RCC_APB5] = { { 0x208, 0x288 }, { 0x308, 0x388 } },
    [STM32MP1_RCC_AHB2] = { { 0xa18, 0xa98 }, { 0xb18, 0xb98 } },
    [STM32MP1_RCC_AHB3] = { { 0xa20, 0xaa0 }, { 0xb20, 0xba0 } },
    [STM32MP1_RCC_AHB4] = { { 0xa28, 0xaa8 }, { 0xb28, 0xba8 } },
    [STM32MP1_RCC_AHB5] = { { 0x210, 0x290 }, { 0x310, 0x390 } },
    [STM32MP1_RCC_AHB6] = { { 0x218, 0x298 }, { 0x318, 0x398 } },
    [STM32MP1_RCC_TZAHB6] = { { 0x220, 0 }, { 0x320, 0 } },
    /* The debug components are on or off, whoever sleeps. */
    [STM32MP1_RCC_DBG] = { { 0x80c, 0 }, { 0, 0 } },
};

static const char *const stm32mp1_rcc_clocks[STM32MP1_RCC_NUM_CLOCKS] = {
    [STM32MP1_RCC_CK_MCU] = "ck_mcu",
    [STM32MP1_RCC_FCLK_MCU] = "fclk_mcu",
    [STM32MP1_RCC_SYSTICK] = "systick",
    [STM32MP1_RCC_PCLK1] = "pclk1",
    [STM32MP1_RCC_PCLK2] = "pclk2",
    [STM32MP1_RCC_PCLK3] = "pclk3",
    [STM32MP1_RCC_HCLK4] = "hclk4",
    [STM32MP1_RCC_PCLK4] = "pclk4",
    [STM32MP1_RCC_PCLK5] = "pclk5",
    [STM32MP1_RCC_TIMG1] = "timg1",
    [STM32MP1_RCC_TIMG2] = "timg2",
    [STM32MP1_RCC_USART1] = "usart1",
    [STM32MP1_RCC_USART24] = "usart24",
    [STM32MP1_RCC_USART35] = "usart35",
    [STM32MP1_RCC_USART6] = "usart6",
    [STM32MP1_RCC_USART78] = "usart78",
    [STM32MP1_RCC_I2C12] = "i2c12",
    [STM32MP1_RCC_I2C35] = "i2c35",
    [STM32MP1_RCC_I2C46] = "i2c46",
    [STM32MP1_RCC_SPI1] = "spi1",
    [STM32MP1_RCC_SPI23] = "spi23",
    [STM32MP1_RCC_SPI45] = "spi45",
    [STM32MP1_RCC_SPI6] = "spi6",
    [STM32MP1_RCC_QUADSPI] = "quadspi",
    [STM32MP1_RCC_FDCAN] = "fdcan",
    [STM32MP1_RCC_LPTIM1] = "lptim1",
    [STM32MP1_RCC_LPTIM23] = "lptim23",
    [STM32MP1_RCC_LPTIM45] = "lptim45",
    [STM32MP1_RCC_ADC] = "adc",
    [STM32MP1_RCC_SDMMC12] = "sdmmc12",
    [STM32MP1_RCC_SDMMC3] = "sdmmc3",
    [STM32MP1_RCC_LSI] = "lsi",
    [STM32MP1_RCC_LSE] = "lse",
};

Clock *stm32mp1_rcc_clock(STM32MP1RccState *s, STM32MP1RccClock clock)
{
    return s->clk[clock];
}

static const RccReg *stm32mp1_rcc_find(hwaddr offset)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(stm32mp1_rcc_regs); i++) {
        const RccReg *reg = &stm32mp1_rcc_regs[i];

        if (reg->offset == offset ||
            (reg->kind == RCC_PAIR && reg->offset + 4 == offset)) {
            return reg;
        }
    }
    return NULL;
}

/* Oscillators and PLLs, with their enable bit and their ready bit */
typedef enum RccSource {
    RCC_HSI,
    RCC_CSI,
    RCC_HSE,
    RCC_LSI,
    RCC_LSE,
    RCC_PLL1,
    RCC_PLL2,
    RCC_PLL3,
    RCC_PLL4,
} RccSource;

#define OSCILLATOR(_name, _reg, _on, _ready_reg, _ready, _flag)         \
    { _name, R_##_reg, R_##_reg##_##_on##_MASK, R_##_ready_reg,         \
      R_##_ready_reg##_##_ready##_MASK, BIT(_flag) }
#define PLL(_name, _reg, _flag)                                         \
    { _name, R_##_reg, R_PLLCR_PLLON_MASK, R_##_reg, R_PLLCR_PLLRDY_MASK, \
      BIT(_flag) }

static const struct {
    const char *name;
    uint16_t reg;
    uint32_t on;
    uint16_t ready_reg;
    uint32_t ready;
    uint32_t flag; /* in MP_CIFR and MC_CIFR, and either CIER */
} stm32mp1_rcc_sources[] = {
    [RCC_HSI] = OSCILLATOR("hsi", OCENSETR, HSION, OCRDYR, HSIRDY, 2),
    [RCC_CSI] = OSCILLATOR("csi", OCENSETR, CSION, OCRDYR, CSIRDY, 4),
    [RCC_HSE] = OSCILLATOR("hse", OCENSETR, HSEON, OCRDYR, HSERDY, 3),
    [RCC_LSI] = OSCILLATOR("lsi", RDLSICR, LSION, RDLSICR, LSIRDY, 0),
    [RCC_LSE] = OSCILLATOR("lse", BDCR, LSEON, BDCR, LSERDY, 1),
    [RCC_PLL1] = PLL("pll1", PLL1CR, 8),
    [RCC_PLL2] = PLL("pll2", PLL2CR, 9),
    [RCC_PLL3] = PLL("pll3", PLL3CR, 10),
    [RCC_PLL4] = PLL("pll4", PLL4CR, 11),
};

static bool stm32mp1_rcc_ready(STM32MP1RccState *s, RccSource source)
{
    return (s->regs[stm32mp1_rcc_sources[source].reg] &
            stm32mp1_rcc_sources[source].on) && s->not_ready != source + 1;
}

/* The ready bits of a register, as they read */
static uint32_t stm32mp1_rcc_ready_bits(STM32MP1RccState *s, int reg)
{
    uint32_t bits = 0;
    int i;

    for (i = 0; i < ARRAY_SIZE(stm32mp1_rcc_sources); i++) {
        if (stm32mp1_rcc_sources[i].ready_reg != reg) {
            continue;
        }
        if (stm32mp1_rcc_ready(s, i)) {
            bits |= stm32mp1_rcc_sources[i].ready;
        } else if (s->regs[stm32mp1_rcc_sources[i].reg] &
                   stm32mp1_rcc_sources[i].on) {
            s->not_ready_count++;
        }
    }
    return bits;
}

/* Clock tree: frequencies in Hz, 0 for a clock that is off. */

static uint64_t stm32mp1_rcc_hsi(STM32MP1RccState *s)
{
    return stm32mp1_rcc_ready(s, RCC_HSI) ?
           HSI_HZ >> FIELD_EX32(s->regs[R_HSICFGR], HSICFGR, HSIDIV) : 0;
}

static uint64_t stm32mp1_rcc_csi(STM32MP1RccState *s)
{
    return stm32mp1_rcc_ready(s, RCC_CSI) ? CSI_HZ : 0;
}

static uint64_t stm32mp1_rcc_hse(STM32MP1RccState *s)
{
    return stm32mp1_rcc_ready(s, RCC_HSE) ? HSE_HZ : 0;
}

/* Output 0 (P), 1 (Q) or 2 (R) of a PLL. */
static uint64_t stm32mp1_rcc_pll(STM32MP1RccState *s, RccSource pll, int output)
{
    int cr = stm32mp1_rcc_sources[pll].reg;
    uint32_t cfgr1 = s->regs[cr + 1];
    uint32_t cfgr2 = s->regs[cr + 2];
    uint32_t fracr = s->regs[cr + 3];
    uint32_t frac = fracr & BIT(16) ? extract32(fracr, 3, 13) : 0;
    int sel = cr == R_PLL3CR ? R_RCK3SELR :
              cr == R_PLL4CR ? R_RCK4SELR : R_RCK12SELR;
    uint64_t ref;

    if (!stm32mp1_rcc_ready(s, pll) ||
        !(s->regs[cr] & (R_PLLCR_DIVPEN_MASK << output))) {
        return 0;
    }
    switch (s->regs[sel] & 3) {
    case 0:
        ref = stm32mp1_rcc_hsi(s);
        break;
    case 1:
        ref = stm32mp1_rcc_hse(s);
        break;
    case 2:
        ref = sel == R_RCK12SELR ? 0 : stm32mp1_rcc_csi(s);
        break;
    default:
        return 0;
    }
    return ref * (8192 * (extract32(cfgr1, 0, 9) + 1) + frac) / 8192 /
           (extract32(cfgr1, 16, 6) + 1) /
           (extract32(cfgr2, 8 * output, 7) + 1);
}

static uint64_t stm32mp1_rcc_ck_mcu(STM32MP1RccState *s)
{
    uint64_t hz;

    switch (s->regs[R_MSSCKSELR] & 3) {
    case 0:
        hz = stm32mp1_rcc_hsi(s);
        break;
    case 1:
        hz = stm32mp1_rcc_hse(s);
        break;
    case 2:
        hz = stm32mp1_rcc_csi(s);
        break;
    default:
        hz = stm32mp1_rcc_pll(s, RCC_PLL3, 0);
        break;
    }
    return hz >> MIN(s->regs[R_MCUDIVR] & 0xf, 9);
}

static uint64_t stm32mp1_rcc_ck_axi(STM32MP1RccState *s)
{
    uint64_t hz;

    switch (s->regs[R_ASSCKSELR] & 7) {
    case 0:
        hz = stm32mp1_rcc_hsi(s);
        break;
    case 1:
        hz = stm32mp1_rcc_hse(s);
        break;
    case 2:
        hz = stm32mp1_rcc_pll(s, RCC_PLL2, 0);
        break;
    default:
        return 0;
    }
    return hz / (MIN(s->regs[R_AXIDIVR] & 7, 3) + 1);
}

static uint64_t stm32mp1_rcc_apb(STM32MP1RccState *s, uint64_t hz, int divr)
{
    return hz >> MIN(s->regs[divr] & 7, 4);
}

/* Clock of the timers on an APB; TIMGxPRER doubles it once more. */
static uint64_t stm32mp1_rcc_timer(STM32MP1RccState *s, uint64_t ck_mcu,
                                   int divr, int prer)
{
    int div = MIN(s->regs[divr] & 7, 4);
    int shift = 1 + (s->regs[prer] & 1);

    return div <= shift ? ck_mcu : (ck_mcu >> div) << shift;
}

/* What a field of a register selects; a value without an entry is no clock. */
typedef enum RccSelected {
    SEL_NONE, SEL_BUS, SEL_HSI, SEL_CSI, SEL_HSE, SEL_LSI, SEL_LSE, SEL_PER,
    SEL_PLL3_Q, SEL_PLL3_R, SEL_PLL4_P, SEL_PLL4_Q, SEL_PLL4_R,
} RccSelected;

static const struct {
    STM32MP1RccClock clock;
    int selr;
    STM32MP1RccClock bus;
    RccSelected selected[8];
    /* The blocks that go on in CStop with LSE or LSI, by their enable bits */
    STM32MP1RccBus users_bus;
    uint32_t users;
} stm32mp1_rcc_muxes[] = {
    { STM32MP1_RCC_USART1, R_UART1CKSELR, STM32MP1_RCC_PCLK5,
      { SEL_BUS, SEL_PLL3_Q, SEL_HSI, SEL_CSI, SEL_PLL4_Q, SEL_HSE } },
    { STM32MP1_RCC_USART6, R_UART6CKSELR, STM32MP1_RCC_PCLK2,
      { SEL_BUS, SEL_PLL4_Q, SEL_HSI, SEL_CSI, SEL_HSE } },
    { STM32MP1_RCC_USART24, R_UART24CKSELR, STM32MP1_RCC_PCLK1,
      { SEL_BUS, SEL_PLL4_Q, SEL_HSI, SEL_CSI, SEL_HSE } },
    { STM32MP1_RCC_USART35, R_UART35CKSELR, STM32MP1_RCC_PCLK1,
      { SEL_BUS, SEL_PLL4_Q, SEL_HSI, SEL_CSI, SEL_HSE } },
    { STM32MP1_RCC_USART78, R_UART78CKSELR, STM32MP1_RCC_PCLK1,
      { SEL_BUS, SEL_PLL4_Q, SEL_HSI, SEL_CSI, SEL_HSE } },
    { STM32MP1_RCC_I2C12, R_I2C12CKSELR, STM32MP1_RCC_PCLK1,
      { SEL_BUS, SEL_PLL4_R, SEL_HSI, SEL_CSI } },
    { STM32MP1_RCC_I2C35, R_I2C35CKSELR, STM32MP1_RCC_PCLK1,
      { SEL_BUS, SEL_PLL4_R, SEL_HSI, SEL_CSI } },
    { STM32MP1_RCC_I2C46, R_I2C46CKSELR, STM32MP1_RCC_PCLK5,
      { SEL_BUS, SEL_PLL3_Q, SEL_HSI, SEL_CSI } },
    /* The pin I2S_CKIN, which comes third, has no clock. */
    { STM32MP1_RCC_SPI1, R_SPI2S1CKSELR, 0,
      { SEL_PLL4_P, SEL_PLL3_Q, SEL_NONE, SEL_PER, SEL_PLL3_R } },
    { STM32MP1_RCC_SPI23, R_SPI2S23CKSELR, 0,
      { SEL_PLL4_P, SEL_PLL3_Q, SEL_NONE, SEL_PER, SEL_PLL3_R } },
    { STM32MP1_RCC_SPI45, R_SPI45CKSELR, STM32MP1_RCC_PCLK2,
      { SEL_BUS, SEL_PLL4_Q, SEL_HSI, SEL_CSI, SEL_HSE } },
    { STM32MP1_RCC_SPI6, R_SPI6CKSELR, STM32MP1_RCC_PCLK5,
      { SEL_BUS, SEL_PLL4_Q, SEL_HSI, SEL_CSI, SEL_HSE, SEL_PLL3_Q } },
    { STM32MP1_RCC_QUADSPI, R_QSPICKSELR, STM32MP1_RCC_HCLK4,
      { SEL_BUS, SEL_PLL3_R, SEL_PLL4_P, SEL_PER } },
    { STM32MP1_RCC_FDCAN, R_FDCANCKSELR, 0,
      { SEL_HSE, SEL_PLL3_Q, SEL_PLL4_Q, SEL_PLL4_R } },
    { STM32MP1_RCC_ADC, R_ADCCKSELR, 0, { SEL_PLL4_R, SEL_PER, SEL_PLL3_Q } },
    { STM32MP1_RCC_SDMMC12, R_SDMMC12CKSELR, STM32MP1_RCC_HCLK4,
      { SEL_BUS, SEL_PLL3_R, SEL_PLL4_P, SEL_HSI } },
    { STM32MP1_RCC_SDMMC3, R_SDMMC3CKSELR, STM32MP1_RCC_CK_MCU,
      { SEL_BUS, SEL_PLL3_R, SEL_PLL4_P, SEL_HSI } },
    { STM32MP1_RCC_LPTIM1, R_LPTIM1CKSELR, STM32MP1_RCC_PCLK1,
      { SEL_BUS, SEL_PLL4_P, SEL_PLL3_Q, SEL_LSE, SEL_LSI, SEL_PER },
      STM32MP1_RCC_APB1, BIT(9) },
    { STM32MP1_RCC_LPTIM23, R_LPTIM23CKSELR, STM32MP1_RCC_PCLK3,
      { SEL_BUS, SEL_PLL4_Q, SEL_PER, SEL_LSE, SEL_LSI },
      STM32MP1_RCC_APB3, BIT(0) | BIT(1) },
    { STM32MP1_RCC_LPTIM45, R_LPTIM45CKSELR, STM32MP1_RCC_PCLK3,
      { SEL_BUS, SEL_PLL4_P, SEL_PLL3_Q, SEL_LSE, SEL_LSI, SEL_PER },
      STM32MP1_RCC_APB3, BIT(2) | BIT(3) },
};

static uint64_t stm32mp1_rcc_selected(STM32MP1RccState *s, RccSelected what,
                                      uint64_t bus)
{
    static const RccSelected per[] = { SEL_HSI, SEL_CSI, SEL_HSE, SEL_NONE };

    switch (what) {
    case SEL_BUS:
        return bus;
    case SEL_HSI:
        return stm32mp1_rcc_hsi(s);
    case SEL_CSI:
        return stm32mp1_rcc_csi(s);
    case SEL_HSE:
        return stm32mp1_rcc_hse(s);
    case SEL_LSI:
        return LSI_HZ;
    case SEL_LSE:
        return LSE_HZ;
    case SEL_PER:
        return stm32mp1_rcc_selected(s, per[s->regs[R_CPERCKSELR] & 3], bus);
    case SEL_PLL3_Q:
    case SEL_PLL3_R:
        return stm32mp1_rcc_pll(s, RCC_PLL3, 1 + (what - SEL_PLL3_Q));
    case SEL_PLL4_P:
    case SEL_PLL4_Q:
    case SEL_PLL4_R:
        return stm32mp1_rcc_pll(s, RCC_PLL4, what - SEL_PLL4_P);
    default:
        return 0;
    }
}

static void stm32mp1_rcc_update_clocks(STM32MP1RccState *s)
{
    uint64_t mcu = stm32mp1_rcc_ck_mcu(s);
    uint64_t core = s->mode[STM32MP1_RCC_MCU] == STM32MP1_RCC_CSTOP ? 0 : mcu;
    uint64_t axi = stm32mp1_rcc_ck_axi(s);
    uint64_t hz[STM32MP1_RCC_NUM_CLOCKS] = {
        [STM32MP1_RCC_CK_MCU] = mcu,
        [STM32MP1_RCC_FCLK_MCU] = core,
        /* ST's LL driver: LL_SYSTICK_CLKSOURCE_HCLK_DIV8 */
        [STM32MP1_RCC_SYSTICK] = core / 8,
        [STM32MP1_RCC_PCLK1] = stm32mp1_rcc_apb(s, mcu, R_APB1DIVR),
        [STM32MP1_RCC_PCLK2] = stm32mp1_rcc_apb(s, mcu, R_APB2DIVR),
        [STM32MP1_RCC_PCLK3] = stm32mp1_rcc_apb(s, mcu, R_APB3DIVR),
        [STM32MP1_RCC_HCLK4] = axi,
        [STM32MP1_RCC_PCLK4] = stm32mp1_rcc_apb(s, axi, R_APB4DIVR),
        [STM32MP1_RCC_PCLK5] = stm32mp1_rcc_apb(s, axi, R_APB5DIVR),
        [STM32MP1_RCC_TIMG1] = stm32mp1_rcc_timer(s, mcu, R_APB1DIVR,
                                                  R_TIMG1PRER),
        [STM32MP1_RCC_TIMG2] = stm32mp1_rcc_timer(s, mcu, R_APB2DIVR,
                                                  R_TIMG2PRER),
        /* The firmware leaves these two on; turning them off has no effect. */
        [STM32MP1_RCC_LSI] = LSI_HZ,
        [STM32MP1_RCC_LSE] = LSE_HZ,
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(stm32mp1_rcc_muxes); i++) {
        int selected = s->regs[stm32mp1_rcc_muxes[i].selr] & 7;

        hz[stm32mp1_rcc_muxes[i].clock] =
            stm32mp1_rcc_selected(s, stm32mp1_rcc_muxes[i].selected[selected],
                                  hz[stm32mp1_rcc_muxes[i].bus]);
    }

    for (i = 0; i < STM32MP1_RCC_NUM_CLOCKS; i++) {
        if (clock_get(s->clk[i]) != CLOCK_PERIOD_FROM_HZ(hz[i])) {
            trace_stm32mp1_rcc_clock(stm32mp1_rcc_clocks[i], hz[i]);
            clock_update_hz(s->clk[i], hz[i]);
        }
    }
}

/* Registers to pins */

static void stm32mp1_rcc_update_irq(STM32MP1RccState *s)
{
    uint32_t mpu = s->regs[R_MP_CIFR] & s->regs[R_MP_CIER];
    uint32_t mcu = s->regs[R_MC_CIFR] & s->regs[R_MC_CIER];

    qemu_set_irq(s->irq, (mpu | mcu) & ~R_CIFR_WKUPF_MASK);
    qemu_set_irq(s->wakeup_irq[STM32MP1_RCC_MPU],
                 FIELD_EX32(mpu, CIFR, WKUPF));
    qemu_set_irq(s->wakeup_irq[STM32MP1_RCC_MCU],
                 FIELD_EX32(mcu, CIFR, WKUPF));
}

/*
 * What @reg has switched on, having had the value @old, is ready. That sets its
 * flag where the interrupt is enabled.
 */
static void stm32mp1_rcc_got_ready(STM32MP1RccState *s, int reg, uint32_t old)
{
    uint32_t flags = 0;
    int i;

    for (i = 0; i < ARRAY_SIZE(stm32mp1_rcc_sources); i++) {
        if (stm32mp1_rcc_sources[i].reg == reg &&
            !(old & stm32mp1_rcc_sources[i].on) &&
            stm32mp1_rcc_ready(s, i)) {
            flags |= stm32mp1_rcc_sources[i].flag;
        }
    }
    s->regs[R_MP_CIFR] |= flags & s->regs[R_MP_CIER];
    s->regs[R_MC_CIFR] |= flags & s->regs[R_MC_CIER];
    stm32mp1_rcc_update_irq(s);
}

static void stm32mp1_rcc_update_resets(STM32MP1RccState *s, hwaddr offset,
                                       uint32_t changed)
{
    int bus, bit;

    for (bus = 0; bus < STM32MP1_RCC_NUM_BUSES; bus++) {
        if (!stm32mp1_rcc_reset_regs[bus] ||
            stm32mp1_rcc_reset_regs[bus] != offset) {
            continue;
        }
        for (bit = 0; bit < 32; bit++) {
            if (changed & BIT(bit)) {
                bool level = s->regs[offset / 4] & BIT(bit);

                trace_stm32mp1_rcc_reset(offset, bit, level);
                qemu_set_irq(s->reset[STM32MP1_RCC_RESET(bus, bit)], level);
            }
        }
    }
}

/* The blocks on @bus whose own clock runs while their processor is in CStop */
static uint32_t stm32mp1_rcc_autonomous(STM32MP1RccState *s, STM32MP1RccBus bus)
{
    uint32_t users = 0;
    int i;

    for (i = 0; i < ARRAY_SIZE(stm32mp1_rcc_muxes); i++) {
        int selected = s->regs[stm32mp1_rcc_muxes[i].selr] & 7;
        RccSelected what = stm32mp1_rcc_muxes[i].selected[selected];

        if (stm32mp1_rcc_muxes[i].users_bus == bus &&
            (what == SEL_LSE || what == SEL_LSI)) {
            users |= stm32mp1_rcc_muxes[i].users;
        }
    }
    return users;
}

/* The clocks of @bus that run now, by their bits */
static uint32_t stm32mp1_rcc_enabled(STM32MP1RccState *s, STM32MP1RccBus bus)
{
    uint32_t enabled = 0;
    int i;

    for (i = 0; i < STM32MP1_RCC_NUM_PROCESSORS; i++) {
        uint16_t en = stm32mp1_rcc_enable_regs[bus].en[i];
        uint16_t lpen = stm32mp1_rcc_enable_regs[bus].lpen[i];
        uint32_t bits = en ? s->regs[en / 4] : 0;

        if (lpen && s->mode[i] == STM32MP1_RCC_CSTOP) {
            bits &= s->regs[lpen / 4] & stm32mp1_rcc_autonomous(s, bus);
        } else if (lpen && s->mode[i] == STM32MP1_RCC_CSLEEP) {
            bits &= s->regs[lpen / 4] | s->sleepless[bus][i];
        }
        enabled |= bits;
    }
    return enabled;
}

/* Drive the outputs "enable" that have changed, or all of them. */
static void stm32mp1_rcc_update_enables(STM32MP1RccState *s, bool all)
{
    int bus, bit;

    for (bus = 0; bus < STM32MP1_RCC_NUM_BUSES; bus++) {
        uint32_t enabled = stm32mp1_rcc_enabled(s, bus);
        uint32_t changed = all ? ~0u : enabled ^ s->enabled[bus];

        s->enabled[bus] = enabled;
        for (bit = 0; changed; bit++, changed >>= 1) {
            if (changed & 1) {
                trace_stm32mp1_rcc_enable(bus, bit, extract32(enabled, bit, 1));
                qemu_set_irq(s->enable[STM32MP1_RCC_ENABLE(bus, bit)],
                             extract32(enabled, bit, 1));
            }
        }
    }
}

/* A stopped MCU takes no interrupt until the EXTI asks for its clocks. */
static void stm32mp1_rcc_drive_mcu_stop(STM32MP1RccState *s)
{
    qemu_set_irq(s->mcu_stop, !s->mcu_wakeup &&
                 s->mode[STM32MP1_RCC_MCU] == STM32MP1_RCC_CSTOP);
}

/* Drive what follows from the modes of the processors. */
static void stm32mp1_rcc_drive_modes(STM32MP1RccState *s, bool mcu_stopped)
{
    bool mcu_stop = s->mode[STM32MP1_RCC_MCU] == STM32MP1_RCC_CSTOP;

    qemu_set_irq(s->system_stop, mcu_stop &&
                 s->mode[STM32MP1_RCC_MPU] == STM32MP1_RCC_CSTOP);
    stm32mp1_rcc_update_enables(s, false);
    if (mcu_stop != mcu_stopped) {
        stm32mp1_rcc_update_clocks(s);
        stm32mp1_rcc_drive_mcu_stop(s);
    }
}

/*
 * The modes of the processors, by what their cores say of themselves. Each
 * wakes up from its mode CStop with a flag and, if that is enabled, an
 * interrupt. While both are in that mode the system is in its mode Stop.
 */
static void stm32mp1_rcc_update_modes(STM32MP1RccState *s)
{
    static const int cifr[STM32MP1_RCC_NUM_PROCESSORS] = {
        R_MP_CIFR, R_MC_CIFR,
    };
    bool mcu_stopped = s->mode[STM32MP1_RCC_MCU] == STM32MP1_RCC_CSTOP;
    uint32_t stop = s->regs[R_MP_SREQSETR];
    uint32_t mode[STM32MP1_RCC_NUM_PROCESSORS] = {
        (s->sleeping & R_MP_SREQSETR_STPREQ_MASK) != R_MP_SREQSETR_STPREQ_MASK ?
        STM32MP1_RCC_CRUN :
        (stop & R_MP_SREQSETR_STPREQ_MASK) == R_MP_SREQSETR_STPREQ_MASK ?
        STM32MP1_RCC_CSTOP : STM32MP1_RCC_CSLEEP,
        s->mcu_sleepdeep ?
        (mcu_stopped || !s->mcu_wakeup ? STM32MP1_RCC_CSTOP :
                                         STM32MP1_RCC_CRUN) :
        s->sleeping & SLEEPING_MCU ? STM32MP1_RCC_CSLEEP : STM32MP1_RCC_CRUN,
    };
    int i;

    if (!memcmp(s->mode, mode, sizeof(mode))) {
        return;
    }
    for (i = 0; i < STM32MP1_RCC_NUM_PROCESSORS; i++) {
        if (s->mode[i] == mode[i]) {
            continue;
        }
        trace_stm32mp1_rcc_mode(i, mode[i]);
        if (s->mode[i] == STM32MP1_RCC_CSTOP) {
            s->regs[cifr[i]] |= R_CIFR_WKUPF_MASK;
        }
        s->mode[i] = mode[i];
    }
    stm32mp1_rcc_update_irq(s);
    stm32mp1_rcc_drive_modes(s, mcu_stopped);
}

static void stm32mp1_rcc_sleeping(void *opaque, int n, int level)
{
    STM32MP1RccState *s = opaque;

    s->sleeping = deposit32(s->sleeping, n, 1, level);
    stm32mp1_rcc_update_modes(s);
}

static void stm32mp1_rcc_mcu_sleepdeep(void *opaque, int n, int level)
{
    STM32MP1RccState *s = opaque;

    s->mcu_sleepdeep = level;
    stm32mp1_rcc_update_modes(s);
}

static void stm32mp1_rcc_mcu_wakeup(void *opaque, int n, int level)
{
    STM32MP1RccState *s = opaque;

    s->mcu_wakeup = level;
    stm32mp1_rcc_update_modes(s);
    stm32mp1_rcc_drive_mcu_stop(s);
}

static void stm32mp1_rcc_mcu_reset(STM32MP1RccState *s, uint32_t reason)
{
    bool mcu_stopped = s->mode[STM32MP1_RCC_MCU] == STM32MP1_RCC_CSTOP;

    trace_stm32mp1_rcc_mcu_reset(reason,
                                 s->regs[R_MP_GCR] & R_MP_GCR_BOOT_MCU_MASK);
    s->regs[R_MC_RSTSCLRR] |= reason;
    /* A core that is reset in its sleep has not woken up. */
    s->sleeping &= ~SLEEPING_MCU;
    s->mcu_sleepdeep = false;
    s->mode[STM32MP1_RCC_MCU] = STM32MP1_RCC_CRUN;
    stm32mp1_rcc_drive_modes(s, mcu_stopped);
    qemu_irq_pulse(s->mcu_reset);
}

static void stm32mp1_rcc_wwdg1(void *opaque, int n, int level)
{
    if (level) {
        stm32mp1_rcc_mcu_reset(opaque, R_MC_RSTSCLRR_WWDG1RSTF_MASK);
    }
}

static void stm32mp1_rcc_sysresetreq(void *opaque, int n, int level)
{
    if (level) {
        stm32mp1_rcc_mcu_reset(opaque, R_MC_RSTSCLRR_MCSYSRSTF_MASK);
    }
}

/*
 * Note @reason, which the flags tell after the system reset. Call it after the
 * reset was asked for: QEMU's options may let a watchdog do something else, or
 * let a reset end QEMU.
 */
static void stm32mp1_rcc_note_reset(STM32MP1RccState *s, uint32_t reason)
{
    if (qemu_reset_requested_get()) {
        s->reset_reason |= reason;
    }
}

static void stm32mp1_rcc_iwdg(STM32MP1RccState *s, uint32_t reason)
{
    watchdog_perform_action();
    stm32mp1_rcc_note_reset(s, reason);
}

static void stm32mp1_rcc_iwdg1(void *opaque, int n, int level)
{
    if (level) {
        stm32mp1_rcc_iwdg(opaque, R_MC_RSTSCLRR_IWDG1RSTF_MASK);
    }
}

static void stm32mp1_rcc_iwdg2(void *opaque, int n, int level)
{
    if (level) {
        stm32mp1_rcc_iwdg(opaque, R_MC_RSTSCLRR_IWDG2RSTF_MASK);
    }
}

static void stm32mp1_rcc_power_cycle(void *opaque, int n, int level)
{
    if (level) {
        stm32mp1_rcc_note_reset(opaque, R_MC_RSTSCLRR_PORRSTF_MASK);
    }
}

static void stm32mp1_rcc_psci_reset(void *opaque, int n, int level)
{
    STM32MP1RccState *s = opaque;

    if (level) {
        s->reset_reason |= R_MC_RSTSCLRR_MPSYSRSTF_MASK;
    }
}

/* Registers */

static MemTxResult stm32mp1_rcc_read(void *opaque, hwaddr offset,
                                     uint64_t *data, unsigned size,
                                     MemTxAttrs attrs)
{
    STM32MP1RccState *s = opaque;
    hwaddr base = QEMU_ALIGN_DOWN(offset, 4);
    const RccReg *reg = stm32mp1_rcc_find(base);
    uint32_t value;

    if (!reg) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%" HWADDR_PRIx
                      "\n", __func__, offset);
        *data = 0;
        return MEMTX_OK;
    }

    value = s->regs[reg->offset / 4] |
            stm32mp1_rcc_ready_bits(s, offset / 4);
    trace_stm32mp1_rcc_read(base, reg->name, value);
    *data = value >> (8 * (offset - base));
    return MEMTX_OK;
}

static void stm32mp1_rcc_write_grstc(STM32MP1RccState *s, uint32_t value)
{
    uint32_t cores = FIELD_EX32(value, MP_GRSTCSETR, MPUPRST);
    int i;

    if (cores && !s->mpu_reset[0]) {
        qemu_log_mask(LOG_UNIMP, "%s: reset of a single MPU core is not "
                      "modelled without a boot ROM\n", __func__);
        cores = 0;
    }
    s->regs[R_BR_RSTSCLRR] |= FIELD_DP32(0, BR_RSTSCLRR, MPUPRSTF, cores);
    s->regs[R_MP_RSTSCLRR] |= FIELD_DP32(0, BR_RSTSCLRR, MPUPRSTF, cores);
    for (i = 0; i < ARRAY_SIZE(s->mpu_reset); i++) {
        if (extract32(cores, i, 1)) {
            qemu_irq_pulse(s->mpu_reset[i]);
        }
    }
    if (value & R_MP_GRSTCSETR_MCURST_MASK) {
        stm32mp1_rcc_mcu_reset(s, R_MC_RSTSCLRR_MCURSTF_MASK);
    }
    if (value & R_MP_GRSTCSETR_MPSYSRST_MASK) {
        qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
        stm32mp1_rcc_note_reset(s, R_MC_RSTSCLRR_MPSYSRSTF_MASK);
    }
}

/* Whether a write of the normal world to a register is ignored */
static bool stm32mp1_rcc_is_protected(STM32MP1RccState *s, hwaddr offset)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(stm32mp1_rcc_protected); i++) {
        if (offset >= stm32mp1_rcc_protected[i].first &&
            offset <= stm32mp1_rcc_protected[i].last) {
            return !(stm32mp1_rcc_protected[i].tzcr & ~s->regs[R_TZCR]);
        }
    }
    return false;
}

/* The bits of the bytes that are not written stay, and mean nothing. */
static MemTxResult stm32mp1_rcc_write(void *opaque, hwaddr addr, uint64_t val64,
                                      unsigned size, MemTxAttrs attrs)
{
    STM32MP1RccState *s = opaque;
    hwaddr offset = QEMU_ALIGN_DOWN(addr, 4);
    unsigned shift = 8 * (addr - offset);
    uint32_t lanes = MAKE_64BIT_MASK(shift, 8 * size);
    uint32_t value = (val64 << shift) & lanes;
    const RccReg *reg = stm32mp1_rcc_find(offset);
    uint32_t old, new;

    if (!reg || reg->kind == RCC_RO) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: no writable register at 0x%"
                      HWADDR_PRIx "\n", __func__, offset);
        return MEMTX_OK;
    }
    if (!attrs.secure && !attrs.unspecified &&
        stm32mp1_rcc_is_protected(s, offset)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: non-secure write of 0x%08" PRIx32
                      " to %s (0x%03" HWADDR_PRIx ") ignored: TZCR 0x%" PRIx32
                      "\n", TYPE_STM32MP1_RCC, value, reg->name, offset,
                      s->regs[R_TZCR]);
        return MEMTX_OK;
    }
    old = s->regs[reg->offset / 4];
    trace_stm32mp1_rcc_write(offset, reg->name, value);

    switch (reg->kind) {
    case RCC_RW:
        new = (old & ~(reg->mask & lanes)) | (value & reg->mask);
        break;
    case RCC_W1C:
        new = old & ~(value & reg->mask);
        break;
    case RCC_PAIR:
        if (offset == reg->offset) {
            new = old | (value & reg->mask);
        } else {
            new = old & ~(value & reg->mask);
        }
        if (reg->offset == A_OCENSETR) {
            /* Only a reset switches the HSE security system off. */
            new |= old & R_OCENSETR_HSECSSON_MASK;
        }
        break;
    default:
        g_assert_not_reached();
    }
    s->regs[reg->offset / 4] = new;

    switch (reg->offset) {
    case A_MP_GRSTCSETR:
        stm32mp1_rcc_write_grstc(s, value);
        break;
    case A_MP_GCR:
        qemu_set_irq(s->mcu_boot, FIELD_EX32(new, MP_GCR, BOOT_MCU));
        break;
    case A_MP_SREQSETR:
        stm32mp1_rcc_update_modes(s);
        break;
    case A_MP_CIER:
    case A_MP_CIFR:
    case A_MC_CIER:
    case A_MC_CIFR:
        stm32mp1_rcc_update_irq(s);
        break;
    default:
        if (new != old) {
            stm32mp1_rcc_update_resets(s, reg->offset, new ^ old);
            stm32mp1_rcc_update_clocks(s);
            stm32mp1_rcc_update_enables(s, false);
            stm32mp1_rcc_got_ready(s, reg->offset / 4, old);
        }
        break;
    }
    return MEMTX_OK;
}

static const MemoryRegionOps stm32mp1_rcc_ops = {
    .read_with_attrs = stm32mp1_rcc_read,
    .write_with_attrs = stm32mp1_rcc_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .impl = {
        .min_access_size = 1,
        .max_access_size = 4,
    },
    .valid = {
        .min_access_size = 1,
        .max_access_size = 4,
    },
};

/*
 * The reset flags, which are at the same bits in all three registers. The boot
 * ROM reads those of BR_RSTSCLRR and passes them on to the MPU in MP_RSTSCLRR,
 * where software finds those of the last reset alone, though none has cleared
 * them: TF-A says 0x15 after power-on, 0x14 after NRST, 0x54 after MPSYSRST,
 * 0x214 after IWDG2. So the ROM clears them; both registers show here what it
 * has read. Those of MC_RSTSCLRR stay and add up until the firmware of the MCU
 * clears them; only power-on resets them.
 */
static void stm32mp1_rcc_reset_flags(STM32MP1RccState *s, uint32_t mcu_flags)
{
    uint32_t flags = SYSTEM_RESET_FLAGS | s->reset_reason;

    if (flags & R_MC_RSTSCLRR_PORRSTF_MASK) {
        flags = SYSTEM_RESET_FLAGS | R_MC_RSTSCLRR_PORRSTF_MASK;
        mcu_flags = 0;
    }
    s->regs[R_BR_RSTSCLRR] = flags;
    s->regs[R_MP_RSTSCLRR] = flags;
    s->regs[R_MC_RSTSCLRR] = mcu_flags | flags;
    s->reset_reason = 0;
}

static void stm32mp1_rcc_reset_enter(Object *obj, ResetType type)
{
    STM32MP1RccState *s = STM32MP1_RCC(obj);
    uint32_t mcu_flags = s->regs[R_MC_RSTSCLRR];
    int i;

    memset(s->regs, 0, sizeof(s->regs));
    for (i = 0; i < ARRAY_SIZE(stm32mp1_rcc_regs); i++) {
        const RccReg *reg = &stm32mp1_rcc_regs[i];

        s->regs[reg->offset / 4] = reg->reset;
    }
    if (s->not_ready > RCC_PLL1) {
        int pll = s->not_ready - 1;

        s->regs[stm32mp1_rcc_sources[pll].reg] &= ~R_PLLCR_PLLON_MASK;
    }
    stm32mp1_rcc_reset_flags(s, mcu_flags);
    s->sleeping = 0;
    s->mcu_sleepdeep = false;
    s->mcu_wakeup = false;
    memset(s->mode, 0, sizeof(s->mode));
}

static void stm32mp1_rcc_reset_hold(Object *obj, ResetType type)
{
    STM32MP1RccState *s = STM32MP1_RCC(obj);
    int i;

    for (i = 0; i < STM32MP1_RCC_NUM_RESETS; i++) {
        qemu_irq_lower(s->reset[i]);
    }
    qemu_irq_lower(s->mcu_boot);
    qemu_irq_lower(s->mcu_reset);
    for (i = 0; i < ARRAY_SIZE(s->mpu_reset); i++) {
        qemu_irq_lower(s->mpu_reset[i]);
    }
    qemu_irq_lower(s->irq);
    for (i = 0; i < STM32MP1_RCC_NUM_PROCESSORS; i++) {
        qemu_irq_lower(s->wakeup_irq[i]);
    }
    qemu_irq_lower(s->system_stop);
    qemu_irq_lower(s->mcu_stop);
    stm32mp1_rcc_update_clocks(s);
}

/* By now everything that has a clock is reset. */
static void stm32mp1_rcc_reset_exit(Object *obj, ResetType type)
{
    stm32mp1_rcc_update_enables(STM32MP1_RCC(obj), true);
}

static char *stm32mp1_rcc_get_not_ready(Object *obj, Error **errp)
{
    STM32MP1RccState *s = STM32MP1_RCC(obj);

    return g_strdup(s->not_ready ?
                    stm32mp1_rcc_sources[s->not_ready - 1].name : "");
}

static void stm32mp1_rcc_set_not_ready(Object *obj, const char *value,
                                       Error **errp)
{
    STM32MP1RccState *s = STM32MP1_RCC(obj);
    int i = -1;

    if (*value) {
        for (i = 0; i < ARRAY_SIZE(stm32mp1_rcc_sources); i++) {
            if (g_str_equal(value, stm32mp1_rcc_sources[i].name)) {
                break;
            }
        }
    }
    if (i == ARRAY_SIZE(stm32mp1_rcc_sources)) {
        error_setg(errp, "x-fault-not-ready=%s: expected hsi, csi, hse, lsi, "
                   "lse, pll1 to pll4, or nothing", value);
        return;
    }
    s->not_ready = i + 1;
    trace_stm32mp1_rcc_fault(value);
    if (DEVICE(obj)->realized) {
        stm32mp1_rcc_update_clocks(s);
    }
}

static void stm32mp1_rcc_init(Object *obj)
{
    DeviceState *dev = DEVICE(obj);
    STM32MP1RccState *s = STM32MP1_RCC(obj);
    int i, j;

    memory_region_init_io(&s->mmio, obj, &stm32mp1_rcc_ops, s,
                          TYPE_STM32MP1_RCC, STM32MP1_RCC_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->mmio);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    for (i = 0; i < STM32MP1_RCC_NUM_PROCESSORS; i++) {
        sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->wakeup_irq[i]);
    }

    for (i = 0; i < STM32MP1_RCC_NUM_CLOCKS; i++) {
        s->clk[i] = qdev_init_clock_out(dev, stm32mp1_rcc_clocks[i]);
    }
    qdev_init_gpio_out_named(dev, s->reset, "reset", STM32MP1_RCC_NUM_RESETS);
    qdev_init_gpio_out_named(dev, s->enable, "enable", STM32MP1_RCC_NUM_RESETS);
    qdev_init_gpio_out_named(dev, &s->mcu_boot, "mcu-boot", 1);
    qdev_init_gpio_out_named(dev, &s->mcu_reset, "mcu-reset", 1);
    qdev_init_gpio_out_named(dev, s->mpu_reset, "mpu-reset",
                             ARRAY_SIZE(s->mpu_reset));
    qdev_init_gpio_in_named(dev, stm32mp1_rcc_wwdg1, "wwdg1-reset", 1);
    qdev_init_gpio_in_named(dev, stm32mp1_rcc_sysresetreq, "mcu-sysresetreq",
                            1);
    qdev_init_gpio_in_named(dev, stm32mp1_rcc_mcu_sleepdeep, "mcu-sleepdeep",
                            1);
    qdev_init_gpio_in_named(dev, stm32mp1_rcc_mcu_wakeup, "mcu-wakeup", 1);
    qdev_init_gpio_in_named(dev, stm32mp1_rcc_sleeping, "sleeping",
                            STM32MP1_RCC_NUM_CORES);
    qdev_init_gpio_out_named(dev, &s->mcu_stop, "mcu-stop", 1);
    qdev_init_gpio_out_named(dev, &s->system_stop, "system-stop", 1);
    qdev_init_gpio_in_named(dev, stm32mp1_rcc_iwdg1, "iwdg1-reset", 1);
    qdev_init_gpio_in_named(dev, stm32mp1_rcc_iwdg2, "iwdg2-reset", 1);
    qdev_init_gpio_in_named(dev, stm32mp1_rcc_power_cycle, "power-cycle", 1);
    qdev_init_gpio_in_named(dev, stm32mp1_rcc_psci_reset, "psci-reset", 1);
    for (i = 0; i < STM32MP1_RCC_NUM_BUSES; i++) {
        for (j = 0; j < STM32MP1_RCC_NUM_PROCESSORS; j++) {
            uint16_t lpen = stm32mp1_rcc_enable_regs[i].lpen[j];

            s->sleepless[i][j] = lpen ? ~stm32mp1_rcc_find(lpen)->mask : 0;
        }
    }
    /* The first reset of the machine is that of its power-on. */
    s->reset_reason = R_MC_RSTSCLRR_PORRSTF_MASK;

    object_property_add_str(obj, "x-fault-not-ready",
                            stm32mp1_rcc_get_not_ready,
                            stm32mp1_rcc_set_not_ready);
    object_property_add_uint32_ptr(obj, "x-fault-not-ready-count",
                                   &s->not_ready_count, OBJ_PROP_FLAG_READ);
}

static bool stm32mp1_rcc_fault_needed(void *opaque)
{
    STM32MP1RccState *s = opaque;

    return s->not_ready || s->not_ready_count;
}

static int stm32mp1_rcc_fault_post_load(void *opaque, int version_id)
{
    STM32MP1RccState *s = opaque;

    return s->not_ready <= ARRAY_SIZE(stm32mp1_rcc_sources) ? 0 : -EINVAL;
}

static const VMStateDescription vmstate_stm32mp1_rcc_fault = {
    .name = TYPE_STM32MP1_RCC "/fault",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = stm32mp1_rcc_fault_needed,
    .post_load = stm32mp1_rcc_fault_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(not_ready, STM32MP1RccState),
        VMSTATE_UINT32(not_ready_count, STM32MP1RccState),
        VMSTATE_END_OF_LIST()
    }
};

static int stm32mp1_rcc_post_load(void *opaque, int version_id)
{
    STM32MP1RccState *s = opaque;
    int i;

    for (i = 0; i < STM32MP1_RCC_NUM_PROCESSORS; i++) {
        if (s->mode[i] > STM32MP1_RCC_CSTOP) {
            return -EINVAL;
        }
    }
    /* The outputs are part of the state of those who take them. */
    for (i = 0; i < STM32MP1_RCC_NUM_BUSES; i++) {
        s->enabled[i] = stm32mp1_rcc_enabled(s, i);
    }
    return 0;
}

static const VMStateDescription vmstate_stm32mp1_rcc = {
    .name = TYPE_STM32MP1_RCC,
    .version_id = 4,
    .minimum_version_id = 4,
    .post_load = stm32mp1_rcc_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(reset_reason, STM32MP1RccState),
        VMSTATE_UINT32(sleeping, STM32MP1RccState),
        VMSTATE_BOOL(mcu_sleepdeep, STM32MP1RccState),
        VMSTATE_BOOL(mcu_wakeup, STM32MP1RccState),
        VMSTATE_UINT32_ARRAY(mode, STM32MP1RccState,
                             STM32MP1_RCC_NUM_PROCESSORS),
        VMSTATE_UINT32_ARRAY(regs, STM32MP1RccState, STM32MP1_RCC_SIZE / 4),
        VMSTATE_ARRAY_CLOCK(clk, STM32MP1RccState, STM32MP1_RCC_NUM_CLOCKS),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_stm32mp1_rcc_fault,
        NULL
    }
};

static void stm32mp1_rcc_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP15 reset and clock controller";
    dc->vmsd = &vmstate_stm32mp1_rcc;
    rc->phases.enter = stm32mp1_rcc_reset_enter;
    rc->phases.hold = stm32mp1_rcc_reset_hold;
    rc->phases.exit = stm32mp1_rcc_reset_exit;
}

static const TypeInfo stm32mp1_rcc_types[] = {
    {
        .name = TYPE_STM32MP1_RCC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1RccState),
        .instance_init = stm32mp1_rcc_init,
        .class_init = stm32mp1_rcc_class_init,
    },
};

DEFINE_TYPES(stm32mp1_rcc_types)
