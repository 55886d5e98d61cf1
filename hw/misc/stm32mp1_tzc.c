/*
 * STM32MP1 TrustZone address space controller of the DDR memory (TZC)
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Arm CoreLink TZC-400 (technical reference manual DDI 0504), with two filters
 * and nine regions as RM0436 has it. Each filter looks at what comes through
 * its port of the DDR controller; each region says which masters of the normal
 * world (NSAID) and whether the secure world may read and write it.
 *
 * Each master sees the DDR through a container. Where it may do everything, an
 * alias leads to the DDR itself. Elsewhere a region of I/O looks at each access
 * and lets through what is allowed, which is slow, and refuses the rest.
 *
 * After reset it is set up as TF-A's BL2 leaves it: the secure part for the
 * secure world, the rest for the other. Where BL2 itself runs (property "cold"),
 * the filters are closed, and it sets them up. That the A7s go through filter 0 and
 * the other masters through filter 1 is assumed; nobody sets them apart.
 *
 * Two regions that a filter looks at must not overlap, but for region 0, which is
 * everywhere. Arm leaves open what becomes of an access to what is in both; that
 * it fails is what the registers have a flag and the fail status for, and so it
 * is here: whatever both of them allow.
 *
 * Not modelled: accesses ahead of time (SPECULATION_CTRL), FAIL_ID, which names
 * a master in a way that is not documented.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "hw/irq.h"
#include "hw/misc/memory_guard.h"
#include "hw/misc/stm32mp1_tzc.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "trace.h"

REG32(BUILD_CONFIG, 0x000)
REG32(ACTION, 0x004)
    FIELD(ACTION, ERROR, 0, 1)
    FIELD(ACTION, INTERRUPT, 1, 1)
REG32(GATE_KEEPER, 0x008)
    FIELD(GATE_KEEPER, OPENREQ, 0, 4)
    FIELD(GATE_KEEPER, OPENSTAT, 16, 4)
REG32(SPECULATION_CTRL, 0x00c)
REG32(INT_STATUS, 0x010)
    FIELD(INT_STATUS, STATUS, 0, 4)
    FIELD(INT_STATUS, OVERRUN, 8, 4)
    FIELD(INT_STATUS, OVERLAP, 16, 4)
REG32(INT_CLEAR, 0x014)
REG32(FAIL_ADDRESS_LOW, 0x020)
REG32(FAIL_ADDRESS_HIGH, 0x024)
REG32(FAIL_CONTROL, 0x028)
    FIELD(FAIL_CONTROL, PRIVILEGED, 20, 1)
    FIELD(FAIL_CONTROL, NON_SECURE, 21, 1)
    FIELD(FAIL_CONTROL, WRITE, 24, 1)
REG32(FAIL_ID, 0x02c)
REG32(REGION_BASE_LOW, 0x100)
REG32(REGION_BASE_HIGH, 0x104)
REG32(REGION_TOP_LOW, 0x108)
REG32(REGION_TOP_HIGH, 0x10c)
REG32(REGION_ATTRIBUTES, 0x110)
    FIELD(REGION_ATTRIBUTES, FILTER_EN, 0, 4)
    FIELD(REGION_ATTRIBUTES, S_RD_EN, 30, 1)
    FIELD(REGION_ATTRIBUTES, S_WR_EN, 31, 1)
REG32(REGION_ID_ACCESS, 0x114)
    FIELD(REGION_ID_ACCESS, RD_EN, 0, 16)
    FIELD(REGION_ID_ACCESS, WR_EN, 16, 16)

#define FAIL_STRIDE 0x10
#define REGION_STRIDE 0x20
#define REGION_END (A_REGION_BASE_LOW + STM32MP1_TZC_REGIONS * REGION_STRIDE)
#define ID_BASE 0xfd0
/* 2 filters, 32 address bits, 9 regions */
#define BUILD_CONFIG_VALUE 0x01001f08
#define FILTERS MAKE_64BIT_MASK(0, STM32MP1_TZC_FILTERS)
#define PAGE 0x1000u
#define SECURE_READ_WRITE (R_REGION_ATTRIBUTES_S_RD_EN_MASK | \
                           R_REGION_ATTRIBUTES_S_WR_EN_MASK)

/* What an access or a part of the memory needs, or is given */
#define MAY_READ 1
#define MAY_WRITE 2

/* dt-bindings/firewall/stm32mp15-tzc400.h of OP-TEE: STM32MP1_TZC_*_ID */
static const struct {
    const char *name;
    uint8_t nsaid;
    uint8_t filter;
    bool secure;
    bool cpu;
} tzc_masters[STM32MP1_TZC_NUM_MASTERS] = {
    [STM32MP1_TZC_A7_SECURE] = { "A7", .secure = true, .cpu = true },
    [STM32MP1_TZC_A7] = { "A7", .nsaid = 0, .cpu = true },
    [STM32MP1_TZC_M4] = { "M4", .nsaid = 1, .filter = 1, .cpu = true },
    [STM32MP1_TZC_MDMA] = { "MDMA", .nsaid = 5, .filter = 1 },
    [STM32MP1_TZC_DMA] = { "DMA", .nsaid = 6, .filter = 1 },
    [STM32MP1_TZC_SDMMC] = { "SDMMC", .nsaid = 9, .filter = 1 },
    [STM32MP1_TZC_ETH] = { "ETH", .nsaid = 10, .filter = 1 },
};

static const uint8_t tzc_ids[] = {
    0x04, 0, 0, 0, 0x60, 0xb4, 0x1b, 0, 0x0d, 0xf0, 0x05, 0xb1,
};

/*
 * The region that holds for an address. That it is in another one, too, is told
 * by @second, which is 0 otherwise.
 */
static int tzc_find_region(STM32MP1TzcState *s, int filter, uint32_t address,
                           int *second)
{
    int i, found = 0;

    *second = 0;
    for (i = STM32MP1_TZC_REGIONS - 1; i > 0; i--) {
        const STM32MP1TzcRegion *region = &s->region[i];

        if (!extract32(region->attributes, filter, 1) ||
            address < region->base || address > region->top) {
            continue;
        }
        if (found) {
            *second = i;
            break;
        }
        found = i;
    }
    return found;
}

static unsigned tzc_allowed(STM32MP1TzcState *s, STM32MP1TzcMaster master,
                            uint32_t address)
{
    int filter = tzc_masters[master].filter;
    int nsaid = tzc_masters[master].nsaid;
    const STM32MP1TzcRegion *region;
    bool reads, writes;
    int second;

    region = &s->region[tzc_find_region(s, filter, address, &second)];
    if (second || !extract32(s->gate_keeper, filter, 1)) {
        return 0;
    }
    if (tzc_masters[master].secure) {
        reads = FIELD_EX32(region->attributes, REGION_ATTRIBUTES, S_RD_EN);
        writes = FIELD_EX32(region->attributes, REGION_ATTRIBUTES, S_WR_EN);
    } else {
        reads = extract32(region->id_access,
                          R_REGION_ID_ACCESS_RD_EN_SHIFT + nsaid, 1);
        writes = extract32(region->id_access,
                           R_REGION_ID_ACCESS_WR_EN_SHIFT + nsaid, 1);
    }
    return (reads ? MAY_READ : 0) | (writes ? MAY_WRITE : 0);
}

static void tzc_update_irq(STM32MP1TzcState *s)
{
    qemu_set_irq(s->irq, FIELD_EX32(s->action, ACTION, INTERRUPT) &&
                         FIELD_EX32(s->int_status, INT_STATUS, STATUS));
}

/* Addresses of the DDR at which something may change, from its start on */
static unsigned tzc_bounds(STM32MP1TzcState *s, uint64_t *bounds)
{
    uint64_t size = memory_region_size(s->dram);
    unsigned n = 0;
    int i;

    bounds[n++] = 0;
    bounds[n++] = size;
    for (i = 1; i < STM32MP1_TZC_REGIONS; i++) {
        const STM32MP1TzcRegion *region = &s->region[i];
        uint64_t ends[] = { region->base, (uint64_t)region->top + 1 };

        for (int j = 0; j < ARRAY_SIZE(ends); j++) {
            uint64_t at = ends[j] - s->dram_base;
            unsigned k = n;

            if (ends[j] <= s->dram_base || at >= size) {
                continue;
            }
            /* Insert it, in order and once. */
            while (bounds[k - 1] > at) {
                k--;
            }
            if (bounds[k - 1] != at) {
                memmove(&bounds[k + 1], &bounds[k],
                        (n - k) * sizeof(bounds[0]));
                bounds[k] = at;
                n++;
            }
        }
    }
    return n;
}

static void tzc_update_view(STM32MP1TzcView *view, const uint64_t *bounds,
                            unsigned num_bounds)
{
    STM32MP1TzcState *s = view->tzc;
    unsigned i, used = 0;

    for (i = 0; i + 1 < num_bounds; i++) {
        uint64_t start = bounds[i], end = bounds[i + 1];
        bool open = s->unchecked ||
                    tzc_allowed(s, view->master, s->dram_base + start) ==
                    (MAY_READ | MAY_WRITE);
        MemoryRegion *part = &view->open[used];

        if (!open) {
            continue;
        }
        memory_region_set_alias_offset(part, start);
        memory_region_set_address(part, start);
        memory_region_set_size(part, end - start);
        memory_region_set_enabled(part, true);
        trace_stm32mp1_tzc_open(tzc_masters[view->master].name,
                                tzc_masters[view->master].secure,
                                s->dram_base + start, end - start);
        used++;
    }
    for (; used < STM32MP1_TZC_PARTS; used++) {
        memory_region_set_enabled(&view->open[used], false);
    }
}

static void tzc_update_views(void *opaque)
{
    STM32MP1TzcState *s = opaque;
    uint64_t bounds[STM32MP1_TZC_PARTS + 1];
    unsigned n = tzc_bounds(s, bounds);
    int i;

    memory_region_transaction_begin();
    for (i = 0; i < STM32MP1_TZC_NUM_MASTERS; i++) {
        tzc_update_view(&s->view[i], bounds, n);
    }
    memory_region_transaction_commit();
}

static MemTxResult tzc_refuse(STM32MP1TzcView *view, uint32_t address,
                              unsigned size, bool write, MemTxAttrs attrs)
{
    STM32MP1TzcState *s = view->tzc;
    STM32MP1TzcMaster master = view->master;
    int filter = tzc_masters[master].filter;
    int second, region = tzc_find_region(s, filter, address, &second);
    bool secure = tzc_masters[master].secure;
    g_autofree char *overlap =
        second ? g_strdup_printf(", overlapped by region %d", second) : NULL;

    qemu_log_mask(LOG_GUEST_ERROR, "%s: %s%s: %s of %u byte(s) at 0x%08" PRIx32
                  " refused: filter %d %s, region %d: attributes 0x%08" PRIx32
                  ", id access 0x%08" PRIx32 "%s\n", TYPE_STM32MP1_TZC,
                  tzc_masters[master].name,
                  !tzc_masters[master].cpu || master == STM32MP1_TZC_M4 ? "" :
                  secure ? ", secure" : ", non-secure",
                  write ? "write" : "read", size, address, filter,
                  extract32(s->gate_keeper, filter, 1) ? "open" : "closed",
                  region, s->region[region].attributes,
                  s->region[region].id_access, overlap ?: "");
    if (second) {
        s->int_status |= BIT(R_INT_STATUS_OVERLAP_SHIFT + filter);
    }
    if (extract32(s->int_status, filter, 1)) {
        /* The first one stays until it is cleared. */
        s->int_status |= BIT(R_INT_STATUS_OVERRUN_SHIFT + filter);
    } else {
        STM32MP1TzcFail *fail = &s->fail[filter];

        s->int_status |= BIT(R_INT_STATUS_STATUS_SHIFT + filter);
        fail->address = address;
        fail->control = 0;
        fail->control = FIELD_DP32(fail->control, FAIL_CONTROL, WRITE, write);
        fail->control = FIELD_DP32(fail->control, FAIL_CONTROL, NON_SECURE,
                                   !secure);
        fail->control = FIELD_DP32(fail->control, FAIL_CONTROL, PRIVILEGED,
                                   !attrs.user);
    }
    tzc_update_irq(s);
    return FIELD_EX32(s->action, ACTION, ERROR) ? MEMTX_ERROR : MEMTX_OK;
}

/* A debugger, which nobody refuses anything, looks through those of the cores */
static bool tzc_passes(STM32MP1TzcView *view, uint32_t address, unsigned need,
                       MemTxAttrs attrs)
{
    return (attrs.unspecified && tzc_masters[view->master].cpu) ||
           (tzc_allowed(view->tzc, view->master, address) & need);
}

static MemTxResult tzc_view_read(void *opaque, hwaddr addr, uint64_t *data,
                                 unsigned size, MemTxAttrs attrs)
{
    STM32MP1TzcView *view = opaque;
    STM32MP1TzcState *s = view->tzc;

    *data = 0;
    if (!tzc_passes(view, s->dram_base + addr, MAY_READ, attrs)) {
        return tzc_refuse(view, s->dram_base + addr, size, false, attrs);
    }
    return memory_guard_read(&s->as, addr, data, size, MEMTXATTRS_UNSPECIFIED);
}

static MemTxResult tzc_view_write(void *opaque, hwaddr addr, uint64_t data,
                                  unsigned size, MemTxAttrs attrs)
{
    STM32MP1TzcView *view = opaque;
    STM32MP1TzcState *s = view->tzc;

    if (!tzc_passes(view, s->dram_base + addr, MAY_WRITE, attrs)) {
        return tzc_refuse(view, s->dram_base + addr, size, true, attrs);
    }
    return memory_guard_write(&s->as, addr, data, size,
                              MEMTXATTRS_UNSPECIFIED);
}

static const MemoryRegionOps tzc_view_ops = {
    .read_with_attrs = tzc_view_read,
    .write_with_attrs = tzc_view_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 1,
    .valid.max_access_size = 8,
    .valid.unaligned = true,
    .impl.min_access_size = 1,
    .impl.max_access_size = 8,
    .impl.unaligned = true,
};

/* Registers */

static uint32_t tzc_read_fail(STM32MP1TzcState *s, hwaddr addr)
{
    const STM32MP1TzcFail *fail = &s->fail[(addr - A_FAIL_ADDRESS_LOW) /
                                           FAIL_STRIDE];

    switch (A_FAIL_ADDRESS_LOW + (addr - A_FAIL_ADDRESS_LOW) % FAIL_STRIDE) {
    case A_FAIL_ADDRESS_LOW:
        return fail->address;
    case A_FAIL_CONTROL:
        return fail->control;
    default:
        return 0;
    }
}

static uint32_t *tzc_region_reg(STM32MP1TzcState *s, hwaddr addr)
{
    STM32MP1TzcRegion *region = &s->region[(addr - A_REGION_BASE_LOW) /
                                           REGION_STRIDE];

    switch (A_REGION_BASE_LOW + (addr - A_REGION_BASE_LOW) % REGION_STRIDE) {
    case A_REGION_BASE_LOW:
        return &region->base;
    case A_REGION_TOP_LOW:
        return &region->top;
    case A_REGION_ATTRIBUTES:
        return &region->attributes;
    case A_REGION_ID_ACCESS:
        return &region->id_access;
    default:
        return NULL;
    }
}

/* Upper halves of addresses, of which there are only lower ones here */
static bool tzc_is_high(hwaddr addr)
{
    hwaddr in_region = (addr - A_REGION_BASE_LOW) % REGION_STRIDE +
                       A_REGION_BASE_LOW;

    return in_region == A_REGION_BASE_HIGH || in_region == A_REGION_TOP_HIGH;
}

static uint64_t stm32mp1_tzc_read(void *opaque, hwaddr addr, unsigned size)
{
    STM32MP1TzcState *s = opaque;
    uint32_t value = 0;

    if (addr >= A_REGION_BASE_LOW && addr < REGION_END) {
        uint32_t *reg = tzc_region_reg(s, addr);

        if (reg) {
            value = *reg;
        } else if (!tzc_is_high(addr)) {
            goto bad;
        }
    } else if (addr >= A_FAIL_ADDRESS_LOW &&
               addr < A_FAIL_ADDRESS_LOW + STM32MP1_TZC_FILTERS * FAIL_STRIDE) {
        value = tzc_read_fail(s, addr);
    } else if (addr >= ID_BASE && addr < ID_BASE + 4 * ARRAY_SIZE(tzc_ids)) {
        value = tzc_ids[(addr - ID_BASE) / 4];
    } else {
        switch (addr) {
        case A_BUILD_CONFIG:
            value = BUILD_CONFIG_VALUE;
            break;
        case A_ACTION:
            value = s->action;
            break;
        case A_GATE_KEEPER:
            value = FIELD_DP32(s->gate_keeper, GATE_KEEPER, OPENSTAT,
                               s->gate_keeper);
            break;
        case A_SPECULATION_CTRL:
            value = s->speculation_ctrl;
            break;
        case A_INT_STATUS:
            value = s->int_status;
            break;
        case A_INT_CLEAR:
            break;
        default:
            goto bad;
        }
    }
    trace_stm32mp1_tzc_read(addr, value);
    return value;

bad:
    qemu_log_mask(LOG_GUEST_ERROR, "%s: read of reserved offset 0x%03"
                  HWADDR_PRIx "\n", TYPE_STM32MP1_TZC, addr);
    return 0;
}

static void tzc_write_region(STM32MP1TzcState *s, hwaddr addr, uint32_t value)
{
    int n = (addr - A_REGION_BASE_LOW) / REGION_STRIDE;
    STM32MP1TzcRegion *region = &s->region[n];
    uint32_t *reg = tzc_region_reg(s, addr);

    if (reg == &region->attributes) {
        /* Region 0 is everywhere, and on for all filters. */
        uint32_t filters = n ? value & FILTERS : region->attributes & FILTERS;

        *reg = (value & SECURE_READ_WRITE) | filters;
    } else if (reg == &region->id_access) {
        *reg = value;
    } else if (reg && n) {
        *reg = reg == &region->top ? value | (PAGE - 1) : value & -PAGE;
    }
    memory_guard_change_map(tzc_update_views, s);
}

static void stm32mp1_tzc_write(void *opaque, hwaddr addr, uint64_t value,
                               unsigned size)
{
    STM32MP1TzcState *s = opaque;

    trace_stm32mp1_tzc_write(addr, value);
    if (addr >= A_REGION_BASE_LOW && addr < REGION_END) {
        if (tzc_region_reg(s, addr)) {
            tzc_write_region(s, addr, value);
            return;
        }
        if (tzc_is_high(addr)) {
            return;
        }
    }
    switch (addr) {
    case A_ACTION:
        s->action = value & (R_ACTION_ERROR_MASK | R_ACTION_INTERRUPT_MASK);
        tzc_update_irq(s);
        break;
    case A_GATE_KEEPER:
        s->gate_keeper = value & FILTERS;
        memory_guard_change_map(tzc_update_views, s);
        break;
    case A_SPECULATION_CTRL:
        s->speculation_ctrl = value & 3;
        break;
    case A_INT_CLEAR:
        for (int i = 0; i < STM32MP1_TZC_FILTERS; i++) {
            if (extract32(value, i, 1)) {
                s->int_status &= ~(BIT(R_INT_STATUS_STATUS_SHIFT + i) |
                                   BIT(R_INT_STATUS_OVERRUN_SHIFT + i) |
                                   BIT(R_INT_STATUS_OVERLAP_SHIFT + i));
            }
        }
        tzc_update_irq(s);
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: write of offset 0x%03" HWADDR_PRIx
                      ", which is reserved or only read\n", TYPE_STM32MP1_TZC,
                      addr);
        break;
    }
}

static const MemoryRegionOps stm32mp1_tzc_ops = {
    .read = stm32mp1_tzc_read,
    .write = stm32mp1_tzc_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
    .impl.min_access_size = 4,
    .impl.max_access_size = 4,
};

/* The range between @start and @end for one of the worlds; none if empty */
static void tzc_leave_region(STM32MP1TzcState *s, int *n, uint64_t start,
                             uint64_t end, bool secure)
{
    if (start < end) {
        s->region[(*n)++] = (STM32MP1TzcRegion) {
            .base = start,
            .top = end - 1,
            .attributes = FILTERS | (secure ? SECURE_READ_WRITE : 0),
            .id_access = secure ? 0 : UINT32_MAX,
        };
    }
}

static void stm32mp1_tzc_reset_enter(Object *obj, ResetType type)
{
    STM32MP1TzcState *s = STM32MP1_TZC(obj);
    uint64_t end = s->dram_base + s->dram_size;
    int i, n = 1;

    s->action = s->cold ? 0 : R_ACTION_INTERRUPT_MASK;
    s->gate_keeper = s->cold ? 0 : FILTERS;
    s->speculation_ctrl = 0;
    s->int_status = 0;
    memset(s->fail, 0, sizeof(s->fail));
    s->region[0] = (STM32MP1TzcRegion) {
        .top = UINT32_MAX,
        .attributes = FILTERS | (s->cold ? SECURE_READ_WRITE : 0),
    };
    for (i = 1; i < STM32MP1_TZC_REGIONS; i++) {
        s->region[i] = (STM32MP1TzcRegion) { .top = PAGE - 1 };
    }
    if (s->cold) {
        /* All of it is yet to be said. */
    } else if (s->secure_size) {
        tzc_leave_region(s, &n, s->dram_base, s->secure_base, false);
        tzc_leave_region(s, &n, s->secure_base,
                         s->secure_base + s->secure_size, true);
        tzc_leave_region(s, &n, s->secure_base + s->secure_size, end, false);
    } else {
        tzc_leave_region(s, &n, s->dram_base, end, false);
    }
    s->unchecked = true;
}

static void stm32mp1_tzc_reset_hold(Object *obj, ResetType type)
{
    STM32MP1TzcState *s = STM32MP1_TZC(obj);

    tzc_update_views(s);
    tzc_update_irq(s);
}

/* By now the machine has in its memory what it is to run. */
static void stm32mp1_tzc_reset_exit(Object *obj, ResetType type)
{
    STM32MP1TzcState *s = STM32MP1_TZC(obj);

    s->unchecked = false;
    tzc_update_views(s);
}

static void stm32mp1_tzc_init(Object *obj)
{
    STM32MP1TzcState *s = STM32MP1_TZC(obj);

    memory_region_init_io(&s->mmio, obj, &stm32mp1_tzc_ops, s,
                          TYPE_STM32MP1_TZC, STM32MP1_TZC_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->mmio);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
}

static void stm32mp1_tzc_realize(DeviceState *dev, Error **errp)
{
    STM32MP1TzcState *s = STM32MP1_TZC(dev);
    uint64_t size, offset = s->secure_base - s->dram_base;
    int i, j;

    if (!s->dram) {
        error_setg(errp, "property \"dram\" is not set");
        return;
    }
    size = memory_region_size(s->dram);
    if (s->dram_base + size > UINT32_MAX + 1ull ||
        s->dram_size > size ||
        (s->secure_size && (s->secure_base < s->dram_base || offset > s->dram_size ||
                            s->secure_size > s->dram_size - offset))) {
        error_setg(errp, "the secure part is not in the memory");
        return;
    }
    address_space_init(&s->as, s->dram, TYPE_STM32MP1_TZC);
    for (i = 0; i < STM32MP1_TZC_NUM_MASTERS; i++) {
        STM32MP1TzcView *view = &s->view[i];

        view->tzc = s;
        view->master = i;
        memory_region_init(&view->container, OBJECT(dev), "tzc-view", size);
        memory_region_init_io(&view->checked, OBJECT(dev), &tzc_view_ops, view,
                              "tzc-checked", size);
        memory_region_add_subregion(&view->container, 0, &view->checked);
        for (j = 0; j < STM32MP1_TZC_PARTS; j++) {
            memory_region_init_alias(&view->open[j], OBJECT(dev), "tzc-open",
                                     s->dram, 0, size);
            memory_region_set_enabled(&view->open[j], false);
            memory_region_add_subregion_overlap(&view->container, 0,
                                                &view->open[j], 1);
        }
        sysbus_init_mmio(SYS_BUS_DEVICE(dev), &view->container);
    }
    /* Until the first reset, too, files are loaded. */
    s->region[0].top = UINT32_MAX;
    s->unchecked = true;
    tzc_update_views(s);
}

static int stm32mp1_tzc_post_load(void *opaque, int version_id)
{
    STM32MP1TzcState *s = opaque;

    s->unchecked = false;
    tzc_update_views(s);
    return 0;
}

static const VMStateDescription vmstate_stm32mp1_tzc_region = {
    .name = TYPE_STM32MP1_TZC "/region",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(base, STM32MP1TzcRegion),
        VMSTATE_UINT32(top, STM32MP1TzcRegion),
        VMSTATE_UINT32(attributes, STM32MP1TzcRegion),
        VMSTATE_UINT32(id_access, STM32MP1TzcRegion),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_stm32mp1_tzc_fail = {
    .name = TYPE_STM32MP1_TZC "/fail",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(address, STM32MP1TzcFail),
        VMSTATE_UINT32(control, STM32MP1TzcFail),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_stm32mp1_tzc = {
    .name = TYPE_STM32MP1_TZC,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = stm32mp1_tzc_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(action, STM32MP1TzcState),
        VMSTATE_UINT32(gate_keeper, STM32MP1TzcState),
        VMSTATE_UINT32(speculation_ctrl, STM32MP1TzcState),
        VMSTATE_UINT32(int_status, STM32MP1TzcState),
        VMSTATE_STRUCT_ARRAY(fail, STM32MP1TzcState, STM32MP1_TZC_FILTERS, 1,
                             vmstate_stm32mp1_tzc_fail, STM32MP1TzcFail),
        VMSTATE_STRUCT_ARRAY(region, STM32MP1TzcState, STM32MP1_TZC_REGIONS, 1,
                             vmstate_stm32mp1_tzc_region, STM32MP1TzcRegion),
        VMSTATE_END_OF_LIST()
    }
};

static const Property stm32mp1_tzc_properties[] = {
    DEFINE_PROP_LINK("dram", STM32MP1TzcState, dram, TYPE_MEMORY_REGION,
                     MemoryRegion *),
    DEFINE_PROP_UINT64("dram-base", STM32MP1TzcState, dram_base, 0),
    DEFINE_PROP_UINT64("dram-size", STM32MP1TzcState, dram_size, 0),
    DEFINE_PROP_UINT64("secure-base", STM32MP1TzcState, secure_base, 0),
    DEFINE_PROP_UINT64("secure-size", STM32MP1TzcState, secure_size, 0),
    DEFINE_PROP_BOOL("cold", STM32MP1TzcState, cold, false),
};

static void stm32mp1_tzc_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "STM32MP1 TrustZone address space controller";
    dc->realize = stm32mp1_tzc_realize;
    dc->vmsd = &vmstate_stm32mp1_tzc;
    /* Has a link to the memory that it is for */
    dc->user_creatable = false;
    rc->phases.enter = stm32mp1_tzc_reset_enter;
    rc->phases.hold = stm32mp1_tzc_reset_hold;
    rc->phases.exit = stm32mp1_tzc_reset_exit;
    device_class_set_props(dc, stm32mp1_tzc_properties);
}

static const TypeInfo stm32mp1_tzc_types[] = {
    {
        .name = TYPE_STM32MP1_TZC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(STM32MP1TzcState),
        .instance_init = stm32mp1_tzc_init,
        .class_init = stm32mp1_tzc_class_init,
    },
};

DEFINE_TYPES(stm32mp1_tzc_types)
