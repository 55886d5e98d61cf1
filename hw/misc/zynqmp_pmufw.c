/*
 * ZynqMP: the firmware of the platform management unit
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * Requests, their arguments and answers: Xilinx UG1200, and what TF-A
 * (plat/xilinx/zynqmp/pm_service) and Linux (drivers/firmware/xilinx) send and
 * expect.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "hw/irq.h"
#include "hw/misc/zynqmp_crl_apb.h"
#include "hw/misc/zynqmp_pmufw.h"
#include "hw/misc/zynqmp_rpu_ctrl.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "system/watchdog.h"
#include "target/arm/arm-powerctl.h"
#include "target/arm/cpu.h"
#include "trace.h"

/*
 * In the message RAM: a block for each sender, in it the request to each
 * receiver and the answer to it
 */
#define SENDER      0x200
#define TO_PMU      (7 * 0x40)
#define ANSWER      0x20
#define WORDS       8

/* Senders in the order of our inputs; of each its block */
static const uint8_t senders[ZYNQMP_PMUFW_NUM_SENDERS] = { 2, 0, 1 };

/* UG1200, "Error codes"; the numbers of TF-A's pm_ret_status */
enum {
    OK = 0,
    ERROR_ARGS = 1,
    ERROR_NOT_SUPPORTED = 4,
    ERROR_NO_FEATURE = 19,
    ERROR_ACCESS = 2002,
};

enum {
    PM_GET_API_VERSION = 1,
    PM_SET_CONFIGURATION = 2,
    PM_GET_NODE_STATUS = 3,
    PM_SELF_SUSPEND = 7,
    PM_FORCE_POWERDOWN = 8,
    PM_ABORT_SUSPEND = 9,
    PM_REQUEST_WAKEUP = 10,
    PM_SET_WAKEUP_SOURCE = 11,
    PM_SYSTEM_SHUTDOWN = 12,
    PM_REQUEST_NODE = 13,
    PM_RELEASE_NODE = 14,
    PM_SET_REQUIREMENT = 15,
    PM_RESET_ASSERT = 17,
    PM_RESET_GET_STATUS = 18,
    PM_MMIO_WRITE = 19,
    PM_MMIO_READ = 20,
    PM_INIT_FINALIZE = 21,
    PM_GET_CHIPID = 24,
    PM_PINCTRL_REQUEST = 28,
    PM_PINCTRL_RELEASE = 29,
    PM_PINCTRL_GET_FUNCTION = 30,
    PM_PINCTRL_SET_FUNCTION = 31,
    PM_PINCTRL_CONFIG_GET = 32,
    PM_PINCTRL_CONFIG_SET = 33,
    PM_CLOCK_ENABLE = 36,
    PM_CLOCK_DISABLE = 37,
    PM_CLOCK_GETSTATE = 38,
    PM_CLOCK_SETDIVIDER = 39,
    PM_CLOCK_GETDIVIDER = 40,
    PM_CLOCK_SETPARENT = 43,
    PM_CLOCK_GETPARENT = 44,
    PM_PLL_SET_PARAMETER = 48,
    PM_PLL_GET_PARAMETER = 49,
    PM_PLL_SET_MODE = 50,
    PM_PLL_GET_MODE = 51,
    PM_FEATURE_CHECK = 63,
    PM_API_MAX,
    /* Not of this interface: refused, which is how software asks for them */
    OTHER_MODULES = 0x100,
};

#define API_VERSION     0x00010001

#define NODE_APU_0      2
#define NODE_RPU_0      7
#define NODE_PLL_FIRST  50      /* APLL */

/* What PM_SYSTEM_SHUTDOWN does, and to what */
#define SHUTDOWN        0
#define SHUTDOWN_RESET  1
#define SHUTDOWN_SCOPE  2
#define SCOPE_PS_ONLY   1

/* Whether a core runs; what PM_GET_NODE_STATUS says */
#define PROC_OFF        0
#define PROC_ACTIVE     1
#define PROC_SUSPENDING 3

/* What holds the RPU */
#define RST_LPD_TOP     (ZYNQMP_CRL_APB_ADDR + A_RST_LPD_TOP)
#define RPU_GLBL_CNTL   (ZYNQMP_RPU_CTRL_ADDR + A_RPU_GLBL_CNTL)
#define RPU_CFG(n)      (ZYNQMP_RPU_CTRL_ADDR + A_RPU_CFG(n))
#define SLSPLIT         R_RPU_GLBL_CNTL_SLSPLIT_MASK
#define SLCLAMP         R_RPU_GLBL_CNTL_SLCLAMP_MASK
#define TCM_COMB        R_RPU_GLBL_CNTL_TCM_COMB_MASK
#define NCPUHALT        R_RPU_0_CFG_NCPUHALT_MASK
#define VINITHI         R_RPU_0_CFG_VINITHI_MASK

#define PIN_VOLTAGE     5       /* parameter; of a bank with 1.8 V it is 1 */

/* How often a core is looked at that is about to sleep for good */
#define SUSPEND_POLL_NS (20 * SCALE_US)
/*
 * A core whose interrupt has come before it waits never does: after so many
 * looks it is taken to have nothing else left to do.
 */
#define AWAKE_POLLS     50

/* What the boot loader leaves: UG1085, chapter "Clocking", and psu_init() */
enum { APLL, VPLL, DPLL, RPLL, IOPLL };
enum { PLL_DIV2, PLL_FBDIV };
#define PLL_MODE_INTEGER 1

static const struct {
    uint8_t clock;
    uint8_t dividers[2];
} initial_dividers[] = {
    { 10, { 1, 1 } },                       /* ACPU: 1.2 GHz of APLL */
    { 28, { 12, 1 } },                      /* TOPSW_LSBUS: 100 MHz */
    { 31, { 12, 1 } },                      /* LPD_LSBUS: 100 MHz */
    { 37, { 3, 1 } },                       /* CPU_R5: 500 MHz of IOPLL */
    { 54, { 8, 1 } }, { 55, { 8, 1 } },     /* SDIO: 187.5 MHz */
    { 56, { 15, 1 } }, { 57, { 15, 1 } },   /* UART: 100 MHz */
    { 61, { 15, 1 } }, { 62, { 15, 1 } },   /* I2C: 100 MHz */
};

#define DIVIDER         10

typedef struct Request {
    const uint32_t *args;
    uint32_t answer[3];         /* after the status */
} Request;

/* Return the core of the APU that a node is, or -1. */
static int zynqmp_pmufw_apu(uint32_t node)
{
    return node >= NODE_APU_0 && node < NODE_APU_0 + ZYNQMP_PMUFW_NUM_APU ?
           node - NODE_APU_0 : -1;
}

static bool zynqmp_pmufw_apu_on(ZynqMPPmufwState *s, int n)
{
    return s->apu[n] && s->apu[n]->power_state == PSCI_ON;
}

static bool zynqmp_pmufw_apu_wake(ZynqMPPmufwState *s, int n, uint64_t address)
{
    s->sleeping[n] = false;
    trace_zynqmp_pmufw_on(n, address);
    return arm_set_cpu_on(arm_cpu_mp_affinity(s->apu[n]), address, 0, 3,
                          true) == QEMU_ARM_POWERCTL_RET_SUCCESS;
}

/* Whether an interrupt of a core stands. */
static bool zynqmp_pmufw_apu_called(ZynqMPPmufwState *s, int n)
{
    return s->wake_level[n] || s->wake_level[ZYNQMP_PMUFW_NUM_APU + n];
}

/* Wake a core that sleeps if an interrupt of it stands. */
static void zynqmp_pmufw_apu_call(ZynqMPPmufwState *s, int n)
{
    if (s->sleeping[n] && !zynqmp_pmufw_apu_on(s, n) &&
        zynqmp_pmufw_apu_called(s, n)) {
        zynqmp_pmufw_apu_wake(s, n, s->resume[n]);
    }
}

static uint32_t zynqmp_pmufw_load(uint32_t address)
{
    return address_space_ldl_le(&address_space_memory, address,
                                MEMTXATTRS_UNSPECIFIED, NULL);
}

/* Change the bits of a mask in a register. */
static void zynqmp_pmufw_modify(uint32_t address, uint32_t mask,
                                uint32_t value)
{
    value = (zynqmp_pmufw_load(address) & ~mask) | (value & mask);
    address_space_stl_le(&address_space_memory, address, value,
                         MEMTXATTRS_UNSPECIFIED, NULL);
}

/* Return the core of the RPU that a node is, or -1. */
static int zynqmp_pmufw_rpu(uint32_t node)
{
    return node >= NODE_RPU_0 && node < NODE_RPU_0 + ZYNQMP_NUM_RPU ?
           node - NODE_RPU_0 : -1;
}

/* In lockstep there is one core. */
static bool zynqmp_pmufw_rpu_is_alone(int n)
{
    return n == 0 || (zynqmp_pmufw_load(RPU_GLBL_CNTL) & SLSPLIT);
}

static bool zynqmp_pmufw_rpu_on(int n)
{
    return zynqmp_pmufw_rpu_is_alone(n) &&
           !(zynqmp_pmufw_load(RST_LPD_TOP) & RST_LPD_TOP_RPU(n)) &&
           (zynqmp_pmufw_load(RPU_CFG(n)) & NCPUHALT);
}

void zynqmp_pmufw_split_rpu(void)
{
    zynqmp_pmufw_modify(RPU_GLBL_CNTL, SLSPLIT | SLCLAMP | TCM_COMB, SLSPLIT);
}

bool zynqmp_pmufw_wake_rpu(int n, uint64_t address)
{
    if (!zynqmp_pmufw_rpu_is_alone(n)) {
        return false;
    }
    zynqmp_pmufw_modify(RST_LPD_TOP, RST_LPD_TOP_RPU(n), RST_LPD_TOP_RPU(n));
    zynqmp_pmufw_modify(RPU_CFG(n), NCPUHALT | VINITHI,
                        NCPUHALT | (address ? VINITHI : 0));
    zynqmp_pmufw_modify(RST_LPD_TOP, RST_LPD_TOP_RPU(n), 0);
    return true;
}

static void zynqmp_pmufw_rpu_off(int n)
{
    zynqmp_pmufw_modify(RST_LPD_TOP, RST_LPD_TOP_RPU(n), RST_LPD_TOP_RPU(n));
    zynqmp_pmufw_modify(RPU_CFG(n), NCPUHALT, 0);
}

static uint32_t pm_get_api_version(ZynqMPPmufwState *s, Request *request)
{
    request->answer[0] = API_VERSION;
    return OK;
}

/* The boot loader's configuration says that nobody may load another one. */
static uint32_t pm_set_configuration(ZynqMPPmufwState *s, Request *request)
{
    return ERROR_ACCESS;
}

static uint32_t pm_get_chipid(ZynqMPPmufwState *s, Request *request)
{
    request->answer[0] = ZYNQMP_IDCODE;
    request->answer[1] = ZYNQMP_VERSION;
    return OK;
}

static uint32_t pm_get_node_status(ZynqMPPmufwState *s, Request *request)
{
    uint32_t node = request->args[0];
    int n = zynqmp_pmufw_apu(node);

    if (n >= 0) {
        request->answer[0] = !zynqmp_pmufw_apu_on(s, n) ? PROC_OFF :
                             s->suspending[n] ? PROC_SUSPENDING : PROC_ACTIVE;
        return OK;
    }
    n = zynqmp_pmufw_rpu(node);
    if (n >= 0) {
        request->answer[0] = zynqmp_pmufw_rpu_on(n) ? PROC_ACTIVE : PROC_OFF;
        return OK;
    }
    request->answer[0] = s->requested[node];
    request->answer[1] = s->requirement[node];
    request->answer[2] = s->requested[node];
    return OK;
}

static uint32_t pm_self_suspend(ZynqMPPmufwState *s, Request *request)
{
    int n = zynqmp_pmufw_apu(request->args[0]);

    if (n < 0 || !s->apu[n]) {
        return ERROR_ARGS;
    }
    s->suspending[n] = true;
    s->awake[n] = 0;
    s->resume[n] = deposit64(request->args[3], 32, 32, request->args[4]);
    timer_mod(s->suspend_timer,
              qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + SUSPEND_POLL_NS);
    return OK;
}

static uint32_t pm_request_wakeup(ZynqMPPmufwState *s, Request *request)
{
    int n = zynqmp_pmufw_apu(request->args[0]);
    uint64_t address = deposit64(request->args[1], 32, 32, request->args[2]);

    address &= ~1ULL;   /* says that there is an address */
    if (n >= 0 && s->apu[n]) {
        return zynqmp_pmufw_apu_wake(s, n, address) ? OK : ERROR_ACCESS;
    }
    n = zynqmp_pmufw_rpu(request->args[0]);
    if (n < 0) {
        return ERROR_ARGS;
    }
    return zynqmp_pmufw_wake_rpu(n, address) ? OK : ERROR_ACCESS;
}

static uint32_t pm_force_powerdown(ZynqMPPmufwState *s, Request *request)
{
    int n = zynqmp_pmufw_rpu(request->args[0]);

    if (n >= 0) {
        zynqmp_pmufw_rpu_off(n);
        return OK;
    }
    n = zynqmp_pmufw_apu(request->args[0]);
    if (n < 0) {
        return ERROR_NOT_SUPPORTED;
    }
    if (zynqmp_pmufw_apu_on(s, n)) {
        arm_set_cpu_off(arm_cpu_mp_affinity(s->apu[n]));
        s->suspending[n] = false;
    }
    s->sleeping[n] = false;
    return OK;
}

static uint32_t pm_system_shutdown(ZynqMPPmufwState *s, Request *request)
{
    switch (request->args[0]) {
    case SHUTDOWN:
        qemu_system_shutdown_request(SHUTDOWN_CAUSE_GUEST_SHUTDOWN);
        return OK;
    case SHUTDOWN_RESET:
        qemu_system_reset_request(SHUTDOWN_CAUSE_GUEST_RESET);
        qemu_set_irq(s->reset_reason, request->args[1] == SCOPE_PS_ONLY
                     ? R_RESET_REASON_PSONLY_RESET_REQ_MASK
                     : R_RESET_REASON_SOFT_MASK);
        return OK;
    case SHUTDOWN_SCOPE:
        return OK;
    default:
        return ERROR_ARGS;
    }
}

static uint32_t pm_request_node(ZynqMPPmufwState *s, Request *request)
{
    s->requested[request->args[0]] = true;
    s->requirement[request->args[0]] = request->args[1];
    return OK;
}

static uint32_t pm_release_node(ZynqMPPmufwState *s, Request *request)
{
    s->requested[request->args[0]] = false;
    s->requirement[request->args[0]] = 0;
    return OK;
}

static uint32_t pm_set_requirement(ZynqMPPmufwState *s, Request *request)
{
    s->requirement[request->args[0]] = request->args[1];
    return OK;
}

/* Registers of its own that software asks the PMU to access. */
static bool zynqmp_pmufw_may_access(uint32_t address)
{
    static const struct {
        uint32_t address;
        uint32_t size;
    } allowed[] = {
        { 0xff5e0000, 0x400 },      /* CRL_APB */
        { 0xffd80000, 0x600 },      /* PMU_GLOBAL */
    };
    int i;

    for (i = 0; i < ARRAY_SIZE(allowed); i++) {
        if (address % 4 == 0 && address >= allowed[i].address &&
            address - allowed[i].address < allowed[i].size) {
            return true;
        }
    }
    return false;
}

static uint32_t pm_mmio_read(ZynqMPPmufwState *s, Request *request)
{
    if (!zynqmp_pmufw_may_access(request->args[0])) {
        return ERROR_ACCESS;
    }
    request->answer[0] = zynqmp_pmufw_load(request->args[0]);
    return OK;
}

static uint32_t pm_mmio_write(ZynqMPPmufwState *s, Request *request)
{
    if (!zynqmp_pmufw_may_access(request->args[0])) {
        return ERROR_ACCESS;
    }
    zynqmp_pmufw_modify(request->args[0], request->args[1], request->args[2]);
    return OK;
}

static uint32_t pm_pinctrl_get_function(ZynqMPPmufwState *s, Request *request)
{
    request->answer[0] = s->pin_function[request->args[0]];
    return OK;
}

static uint32_t pm_pinctrl_set_function(ZynqMPPmufwState *s, Request *request)
{
    s->pin_function[request->args[0]] = request->args[1];
    return OK;
}

static uint32_t pm_pinctrl_config_get(ZynqMPPmufwState *s, Request *request)
{
    uint32_t pin = request->args[0], param = request->args[1];

    if (param >= ZYNQMP_PMUFW_NUM_PIN_PARAMS) {
        return ERROR_ARGS;
    }
    request->answer[0] = s->pin_param[pin][param];
    return OK;
}

static uint32_t pm_pinctrl_config_set(ZynqMPPmufwState *s, Request *request)
{
    uint32_t pin = request->args[0], param = request->args[1];

    if (param >= ZYNQMP_PMUFW_NUM_PIN_PARAMS) {
        return ERROR_ARGS;
    }
    s->pin_param[pin][param] = request->args[2];
    return OK;
}

static uint32_t pm_clock_enable(ZynqMPPmufwState *s, Request *request)
{
    s->clock_off[request->args[0]] = false;
    return OK;
}

static uint32_t pm_clock_disable(ZynqMPPmufwState *s, Request *request)
{
    s->clock_off[request->args[0]] = true;
    return OK;
}

static uint32_t pm_clock_getstate(ZynqMPPmufwState *s, Request *request)
{
    request->answer[0] = !s->clock_off[request->args[0]];
    return OK;
}

static uint32_t pm_clock_setdivider(ZynqMPPmufwState *s, Request *request)
{
    uint32_t clock = request->args[0], which = request->args[1];

    if (which > 1) {
        return ERROR_ARGS;
    }
    s->clock_divider[clock][which] = request->args[2];
    return OK;
}

static uint32_t pm_clock_getdivider(ZynqMPPmufwState *s, Request *request)
{
    uint32_t clock = request->args[0], which = request->args[1];

    if (which > 1) {
        return ERROR_ARGS;
    }
    request->answer[0] = s->clock_divider[clock][which];
    return OK;
}

static uint32_t pm_clock_setparent(ZynqMPPmufwState *s, Request *request)
{
    s->clock_parent[request->args[0]] = request->args[1];
    return OK;
}

static uint32_t pm_clock_getparent(ZynqMPPmufwState *s, Request *request)
{
    request->answer[0] = s->clock_parent[request->args[0]];
    return OK;
}

/* Return the PLL that a node is, or -1. */
static int zynqmp_pmufw_pll(uint32_t node)
{
    return node >= NODE_PLL_FIRST &&
           node < NODE_PLL_FIRST + ZYNQMP_PMUFW_NUM_PLLS ?
           node - NODE_PLL_FIRST : -1;
}

static uint32_t pm_pll_parameter(ZynqMPPmufwState *s, Request *request,
                                 uint32_t **param)
{
    int pll = zynqmp_pmufw_pll(request->args[0]);

    if (pll < 0 || request->args[1] >= ZYNQMP_PMUFW_NUM_PLL_PARAMS) {
        return ERROR_ARGS;
    }
    *param = &s->pll_param[pll][request->args[1]];
    return OK;
}

static uint32_t pm_pll_set_parameter(ZynqMPPmufwState *s, Request *request)
{
    uint32_t *param, status = pm_pll_parameter(s, request, &param);

    if (status == OK) {
        *param = request->args[2];
    }
    return status;
}

static uint32_t pm_pll_get_parameter(ZynqMPPmufwState *s, Request *request)
{
    uint32_t *param, status = pm_pll_parameter(s, request, &param);

    if (status == OK) {
        request->answer[0] = *param;
    }
    return status;
}

static uint32_t pm_pll_set_mode(ZynqMPPmufwState *s, Request *request)
{
    int pll = zynqmp_pmufw_pll(request->args[0]);

    if (pll < 0) {
        return ERROR_ARGS;
    }
    s->pll_mode[pll] = request->args[1];
    return OK;
}

static uint32_t pm_pll_get_mode(ZynqMPPmufwState *s, Request *request)
{
    int pll = zynqmp_pmufw_pll(request->args[0]);

    if (pll < 0) {
        return ERROR_ARGS;
    }
    request->answer[0] = s->pll_mode[pll];
    return OK;
}

/* Nothing of it is modelled, and nothing can go wrong with it. */
static uint32_t pm_accept(ZynqMPPmufwState *s, Request *request)
{
    return OK;
}

static uint32_t pm_feature_check(ZynqMPPmufwState *s, Request *request);

static const struct {
    const char *name;
    uint32_t (*answer)(ZynqMPPmufwState *s, Request *request);
    unsigned version;           /* of the request */
    unsigned limit;             /* its first argument is below; 0: any is */
} apis[PM_API_MAX] = {
#define API(_api, ...) [_api] = { #_api, __VA_ARGS__ }
    API(PM_GET_API_VERSION, pm_get_api_version, 1),
    API(PM_SET_CONFIGURATION, pm_set_configuration, 1),
    API(PM_GET_NODE_STATUS, pm_get_node_status, 2, ZYNQMP_PMUFW_NUM_NODES),
    API(PM_SELF_SUSPEND, pm_self_suspend, 1),
    API(PM_FORCE_POWERDOWN, pm_force_powerdown, 1),
    API(PM_ABORT_SUSPEND, pm_accept, 1),
    API(PM_REQUEST_WAKEUP, pm_request_wakeup, 1),
    API(PM_SET_WAKEUP_SOURCE, pm_accept, 1),
    API(PM_SYSTEM_SHUTDOWN, pm_system_shutdown, 1),
    API(PM_REQUEST_NODE, pm_request_node, 1, ZYNQMP_PMUFW_NUM_NODES),
    API(PM_RELEASE_NODE, pm_release_node, 1, ZYNQMP_PMUFW_NUM_NODES),
    API(PM_SET_REQUIREMENT, pm_set_requirement, 1, ZYNQMP_PMUFW_NUM_NODES),
    API(PM_RESET_ASSERT, pm_accept, 1),
    API(PM_RESET_GET_STATUS, pm_accept, 1),
    API(PM_MMIO_WRITE, pm_mmio_write, 1),
    API(PM_MMIO_READ, pm_mmio_read, 1),
    API(PM_INIT_FINALIZE, pm_accept, 1),
    API(PM_GET_CHIPID, pm_get_chipid, 1),
    API(PM_PINCTRL_REQUEST, pm_accept, 1),
    API(PM_PINCTRL_RELEASE, pm_accept, 1),
    API(PM_PINCTRL_GET_FUNCTION, pm_pinctrl_get_function,
        1, ZYNQMP_PMUFW_NUM_PINS),
    API(PM_PINCTRL_SET_FUNCTION, pm_pinctrl_set_function,
        1, ZYNQMP_PMUFW_NUM_PINS),
    API(PM_PINCTRL_CONFIG_GET, pm_pinctrl_config_get, 2, ZYNQMP_PMUFW_NUM_PINS),
    API(PM_PINCTRL_CONFIG_SET, pm_pinctrl_config_set, 2, ZYNQMP_PMUFW_NUM_PINS),
    API(PM_CLOCK_ENABLE, pm_clock_enable, 1, ZYNQMP_PMUFW_NUM_CLOCKS),
    API(PM_CLOCK_DISABLE, pm_clock_disable, 1, ZYNQMP_PMUFW_NUM_CLOCKS),
    API(PM_CLOCK_GETSTATE, pm_clock_getstate, 1, ZYNQMP_PMUFW_NUM_CLOCKS),
    API(PM_CLOCK_SETDIVIDER, pm_clock_setdivider, 1, ZYNQMP_PMUFW_NUM_CLOCKS),
    API(PM_CLOCK_GETDIVIDER, pm_clock_getdivider, 1, ZYNQMP_PMUFW_NUM_CLOCKS),
    API(PM_CLOCK_SETPARENT, pm_clock_setparent, 1, ZYNQMP_PMUFW_NUM_CLOCKS),
    API(PM_CLOCK_GETPARENT, pm_clock_getparent, 1, ZYNQMP_PMUFW_NUM_CLOCKS),
    API(PM_PLL_SET_PARAMETER, pm_pll_set_parameter, 1),
    API(PM_PLL_GET_PARAMETER, pm_pll_get_parameter, 1),
    API(PM_PLL_SET_MODE, pm_pll_set_mode, 1),
    API(PM_PLL_GET_MODE, pm_pll_get_mode, 1),
    API(PM_FEATURE_CHECK, pm_feature_check, 2),
#undef API
};

static uint32_t pm_feature_check(ZynqMPPmufwState *s, Request *request)
{
    uint32_t api = request->args[0];

    if (api >= PM_API_MAX || !apis[api].answer) {
        return ERROR_NO_FEATURE;
    }
    request->answer[0] = apis[api].version;
    return OK;
}

static bool zynqmp_pmufw_refuses(ZynqMPPmufwState *s, uint32_t api)
{
    bool refused = s->fault_refuse && api == s->fault_api;

    if (refused) {
        s->fault_refuse--;
        s->fault_refuse_count++;
        trace_zynqmp_pmufw_refused(api);
    }
    return refused;
}

static void zynqmp_pmufw_request(void *opaque, int n, int level)
{
    ZynqMPPmufwState *s = opaque;
    hwaddr offset = senders[n] * SENDER + TO_PMU;
    uint8_t *ram = memory_region_get_ram_ptr(s->message_ram) + offset;
    uint32_t words[WORDS], status = ERROR_NOT_SUPPORTED;
    Request request = { .args = &words[1] };
    int i;

    if (!level) {
        return;
    }
    for (i = 0; i < WORDS; i++) {
        words[i] = ldl_le_p(ram + 4 * i);
    }
    if (zynqmp_pmufw_refuses(s, words[0])) {
        status = ERROR_ACCESS;
    } else if (words[0] < PM_API_MAX && apis[words[0]].answer) {
        unsigned limit = apis[words[0]].limit;

        status = limit && words[1] >= limit ? ERROR_ARGS :
                 apis[words[0]].answer(s, &request);
        trace_zynqmp_pmufw_request(apis[words[0]].name, words[1], words[2],
                                   words[3], status, request.answer[0]);
    } else if (words[0] < OTHER_MODULES) {
        qemu_log_mask(LOG_UNIMP, "%s: request %" PRIu32 "\n", __func__,
                      words[0]);
    }
    stl_le_p(ram + ANSWER, status);
    for (i = 0; i < ARRAY_SIZE(request.answer); i++) {
        stl_le_p(ram + ANSWER + 4 + 4 * i, request.answer[i]);
    }
    memory_region_set_dirty(s->message_ram, offset + ANSWER, 4 * WORDS);
}

static void zynqmp_pmufw_apu_sleep(ZynqMPPmufwState *s, int n)
{
    trace_zynqmp_pmufw_off(n);
    arm_set_cpu_off(arm_cpu_mp_affinity(s->apu[n]));
    s->suspending[n] = false;
    s->sleeping[n] = s->resume[n] != 0;
}

static void zynqmp_pmufw_called(void *opaque, int line, int level)
{
    ZynqMPPmufwState *s = opaque;
    int n = line % ZYNQMP_PMUFW_NUM_APU;

    s->wake_level[line] = level;
    qemu_set_irq(s->wake[line], level);
    zynqmp_pmufw_apu_call(s, n);
}

/* A core that has said so is powered off as soon as it waits. */
static void zynqmp_pmufw_suspend(void *opaque)
{
    ZynqMPPmufwState *s = opaque;
    bool waiting = false;
    int i;

    for (i = 0; i < ZYNQMP_PMUFW_NUM_APU; i++) {
        if (!s->suspending[i]) {
            continue;
        }
        if (s->resume[i] && zynqmp_pmufw_apu_called(s, i)) {
            s->awake[i]++;
        }
        if (CPU(s->apu[i])->halted || s->awake[i] > AWAKE_POLLS) {
            zynqmp_pmufw_apu_sleep(s, i);
        } else {
            waiting = true;
        }
    }
    for (i = 0; i < ZYNQMP_PMUFW_NUM_APU; i++) {
        zynqmp_pmufw_apu_call(s, i);
        /* it goes off in its own time */
        waiting = waiting || (s->sleeping[i] && zynqmp_pmufw_apu_on(s, i));
    }
    if (waiting) {
        timer_mod(s->suspend_timer,
                  qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + SUSPEND_POLL_NS);
    }
}

static void zynqmp_pmufw_wdt(void *opaque, int n, int level)
{
    ZynqMPPmufwState *s = opaque;

    if (level) {
        trace_zynqmp_pmufw_wdt(n);
        watchdog_perform_action();
        qemu_set_irq(s->reset_reason, R_RESET_REASON_PMU_SYS_RESET_MASK);
    }
}

static void zynqmp_pmufw_reset_enter(Object *obj, ResetType type)
{
    ZynqMPPmufwState *s = ZYNQMP_PMUFW(obj);
    int i;

    memset(s->requested, 0, sizeof(s->requested));
    memset(s->requirement, 0, sizeof(s->requirement));
    memset(s->clock_parent, 0, sizeof(s->clock_parent));
    memset(s->clock_off, 0, sizeof(s->clock_off));
    memset(s->pll_param, 0, sizeof(s->pll_param));
    memset(s->pin_function, 0, sizeof(s->pin_function));
    memset(s->pin_param, 0, sizeof(s->pin_param));
    memset(s->suspending, 0, sizeof(s->suspending));
    memset(s->sleeping, 0, sizeof(s->sleeping));
    timer_del(s->suspend_timer);
    for (i = 0; i < ZYNQMP_PMUFW_NUM_CLOCKS; i++) {
        s->clock_divider[i][0] = DIVIDER;
        s->clock_divider[i][1] = 1;
    }
    for (i = 0; i < ARRAY_SIZE(initial_dividers); i++) {
        memcpy(s->clock_divider[initial_dividers[i].clock],
               initial_dividers[i].dividers, 2);
    }
    for (i = 0; i < ZYNQMP_PMUFW_NUM_PLLS; i++) {
        s->pll_mode[i] = PLL_MODE_INTEGER;
        s->pll_param[i][PLL_DIV2] = 1;
        s->pll_param[i][PLL_FBDIV] = i == IOPLL || i == VPLL ? 90 : 72;
    }
    for (i = 0; i < ZYNQMP_PMUFW_NUM_PINS; i++) {
        s->pin_param[i][PIN_VOLTAGE] = 1;
    }
}

static void zynqmp_pmufw_realize(DeviceState *dev, Error **errp)
{
    ZynqMPPmufwState *s = ZYNQMP_PMUFW(dev);

    if (!s->message_ram || !memory_region_is_ram(s->message_ram)) {
        error_setg(errp, "property \"message-ram\" must be RAM");
    }
}

static void zynqmp_pmufw_init(Object *obj)
{
    ZynqMPPmufwState *s = ZYNQMP_PMUFW(obj);

    object_property_add_uint32_ptr(obj, "x-fault-api", &s->fault_api,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "x-fault-refuse", &s->fault_refuse,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "x-fault-refuse-count",
                                   &s->fault_refuse_count, OBJ_PROP_FLAG_READ);
    qdev_init_gpio_in(DEVICE(obj), zynqmp_pmufw_request,
                      ZYNQMP_PMUFW_NUM_SENDERS);
    qdev_init_gpio_in_named(DEVICE(obj), zynqmp_pmufw_wdt, "wdt",
                            ZYNQMP_PMUFW_NUM_WDT);
    qdev_init_gpio_in_named(DEVICE(obj), zynqmp_pmufw_called, "called",
                            ARRAY_SIZE(s->wake));
    qdev_init_gpio_out_named(DEVICE(obj), s->wake, "wake",
                             ARRAY_SIZE(s->wake));
    qdev_init_gpio_out_named(DEVICE(obj), &s->reset_reason, "reset-reason", 1);
    s->suspend_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, zynqmp_pmufw_suspend,
                                    s);
}

static void zynqmp_pmufw_finalize(Object *obj)
{
    timer_free(ZYNQMP_PMUFW(obj)->suspend_timer);
}

static const VMStateDescription vmstate_zynqmp_pmufw = {
    .name = TYPE_ZYNQMP_PMUFW,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL_ARRAY(requested, ZynqMPPmufwState,
                           ZYNQMP_PMUFW_NUM_NODES),
        VMSTATE_UINT32_ARRAY(requirement, ZynqMPPmufwState,
                             ZYNQMP_PMUFW_NUM_NODES),
        VMSTATE_UINT8_ARRAY(clock_parent, ZynqMPPmufwState,
                            ZYNQMP_PMUFW_NUM_CLOCKS),
        VMSTATE_UINT8_2DARRAY(clock_divider, ZynqMPPmufwState,
                              ZYNQMP_PMUFW_NUM_CLOCKS, 2),
        VMSTATE_BOOL_ARRAY(clock_off, ZynqMPPmufwState,
                           ZYNQMP_PMUFW_NUM_CLOCKS),
        VMSTATE_UINT8_ARRAY(pll_mode, ZynqMPPmufwState,
                            ZYNQMP_PMUFW_NUM_PLLS),
        VMSTATE_UINT32_2DARRAY(pll_param, ZynqMPPmufwState,
                               ZYNQMP_PMUFW_NUM_PLLS,
                               ZYNQMP_PMUFW_NUM_PLL_PARAMS),
        VMSTATE_UINT8_ARRAY(pin_function, ZynqMPPmufwState,
                            ZYNQMP_PMUFW_NUM_PINS),
        VMSTATE_UINT8_2DARRAY(pin_param, ZynqMPPmufwState,
                              ZYNQMP_PMUFW_NUM_PINS,
                              ZYNQMP_PMUFW_NUM_PIN_PARAMS),
        VMSTATE_BOOL_ARRAY(suspending, ZynqMPPmufwState,
                           ZYNQMP_PMUFW_NUM_APU),
        VMSTATE_UINT8_ARRAY(awake, ZynqMPPmufwState, ZYNQMP_PMUFW_NUM_APU),
        VMSTATE_UINT64_ARRAY(resume, ZynqMPPmufwState, ZYNQMP_PMUFW_NUM_APU),
        VMSTATE_BOOL_ARRAY(sleeping, ZynqMPPmufwState, ZYNQMP_PMUFW_NUM_APU),
        VMSTATE_BOOL_ARRAY(wake_level, ZynqMPPmufwState,
                           2 * ZYNQMP_PMUFW_NUM_APU),
        VMSTATE_TIMER_PTR(suspend_timer, ZynqMPPmufwState),
        VMSTATE_UINT32(fault_api, ZynqMPPmufwState),
        VMSTATE_UINT32(fault_refuse, ZynqMPPmufwState),
        VMSTATE_UINT32(fault_refuse_count, ZynqMPPmufwState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property zynqmp_pmufw_properties[] = {
    DEFINE_PROP_LINK("message-ram", ZynqMPPmufwState, message_ram,
                     TYPE_MEMORY_REGION, MemoryRegion *),
    DEFINE_PROP_LINK("apu0", ZynqMPPmufwState, apu[0], TYPE_ARM_CPU, ARMCPU *),
    DEFINE_PROP_LINK("apu1", ZynqMPPmufwState, apu[1], TYPE_ARM_CPU, ARMCPU *),
    DEFINE_PROP_LINK("apu2", ZynqMPPmufwState, apu[2], TYPE_ARM_CPU, ARMCPU *),
    DEFINE_PROP_LINK("apu3", ZynqMPPmufwState, apu[3], TYPE_ARM_CPU, ARMCPU *),
};

static void zynqmp_pmufw_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "Firmware of the ZynqMP's platform management unit";
    dc->realize = zynqmp_pmufw_realize;
    dc->vmsd = &vmstate_zynqmp_pmufw;
    dc->user_creatable = false;
    RESETTABLE_CLASS(klass)->phases.enter = zynqmp_pmufw_reset_enter;
    device_class_set_props(dc, zynqmp_pmufw_properties);
}

static const TypeInfo zynqmp_pmufw_types[] = {
    {
        .name = TYPE_ZYNQMP_PMUFW,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(ZynqMPPmufwState),
        .instance_init = zynqmp_pmufw_init,
        .instance_finalize = zynqmp_pmufw_finalize,
        .class_init = zynqmp_pmufw_class_init,
    },
};

DEFINE_TYPES(zynqmp_pmufw_types)
