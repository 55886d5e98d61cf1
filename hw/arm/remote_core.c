/*
 * A remote core: one that another core holds, releases and resets
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Every change of state is one work item queued on the core's own vCPU. Items
 * run in the order in which they were queued and do not look at the state that
 * they find, so that no stop or start depends on whether an earlier one has run
 * yet. Items are queued and run with the BQL held. A work item that runs
 * synchronously would deadlock with a core inside start_exclusive().
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qapi/error.h"
#include "hw/arm/remote_core.h"
#include "hw/core/cpu.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/qemu_compat.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "target/arm/cpu.h"
#include "trace.h"

/*
 * A work item: its number, whether the core runs after it, and whether its
 * vectors are high then.
 */
#define ITEM(number, run, vinithi) \
    (((uint64_t)(number) << 2) | ((vinithi) << 1) | (run))
#define ITEM_RUN(item) ((item) & 1)
#define ITEM_VINITHI(item) (((item) >> 1) & 1)
#define ITEM_NUMBER(item) ((uint32_t)((item) >> 2))

#define HIGH_VECTORS 0xffff0000

typedef struct WorkItem {
    ArmRemoteCoreState *s;
    uint64_t item;
} WorkItem;

static void arm_remote_core_set_lockup(ArmRemoteCoreState *s, bool lockup)
{
    if (s->lockup != lockup) {
        s->lockup = lockup;
        trace_arm_remote_core_lockup(lockup);
    }
    qemu_set_irq(s->lockup_out, lockup);
}

/* The parts of an M core are devices of their own; the CPU is not one. */
static int arm_remote_core_reset_part(Object *part, void *opaque)
{
    if (object_dynamic_cast(part, TYPE_SYS_BUS_DEVICE)) {
        device_cold_reset(DEVICE(part));
    }
    return 0;
}

/* Let the core see what its interrupts have been while it could not. */
static void arm_remote_core_drive_irqs(ArmRemoteCoreState *s)
{
    uint32_t i;

    if (s->running && !s->irq_hold) {
        for (i = 0; i < s->num_irq; i++) {
            qemu_set_irq(s->irq[i], arm_remote_core_irq_level(s, i));
        }
    }
}

static void arm_remote_core_work(CPUState *cs, run_on_cpu_data data)
{
    g_autofree WorkItem *work = data.host_ptr;
    ArmRemoteCoreState *s = work->s;
    ARMCPU *cpu = ARM_CPU(cs);
    uint32_t number = ITEM_NUMBER(work->item);
    bool run = ITEM_RUN(work->item);
    uint32_t i;

    if ((int32_t)(number - s->first) < 0) {
        /* Overtaken by a system reset or by an incoming migration. */
        return;
    }
    trace_arm_remote_core_work(number, run);

    if (s->armv7m) {
        object_child_foreach(OBJECT(s->armv7m), arm_remote_core_reset_part,
                             NULL);
    }
    if (run) {
        /* Of an M core: initial SP and PC, through the core's own view. */
        cpu_reset(cs);
        /* QEMU has a property for this, which is read once, at the start. */
        if (ITEM_VINITHI(work->item)) {
            cpu->env.cp15.sctlr_ns |= SCTLR_V;
            cpu_set_pc(cs, HIGH_VECTORS);
        }
        cs->halted = 0;
        cpu->power_state = PSCI_ON;
    } else {
        cpu->power_state = PSCI_OFF;
        cs->halted = 1;
        cs->exception_index = EXCP_HLT;
    }
    s->running = run;
    s->pending = number != s->queued;
    qemu_set_irq(s->running_out, run);

    arm_remote_core_drive_irqs(s);
}

static void arm_remote_core_queue(ArmRemoteCoreState *s, bool run)
{
    WorkItem *work = g_new(WorkItem, 1);

    if (run && s->fault_hold) {
        s->fault_hold--;
        s->fault_hold_count++;
        trace_arm_remote_core_fault_hold(s->fault_hold);
        run = false;
    }
    s->queued++;
    s->wanted = run;
    s->pending = true;
    work->s = s;
    work->item = ITEM(s->queued, run, s->vinithi);
    trace_arm_remote_core_queue(s->queued, run);
    async_run_on_cpu(CPU(s->cpu), arm_remote_core_work,
                     RUN_ON_CPU_HOST_PTR(work));
}

static void arm_remote_core_set_boot(void *opaque, int n, int level)
{
    ArmRemoteCoreState *s = ARM_REMOTE_CORE(opaque);
    bool rising = level && !s->boot;

    s->boot = level;
    if (rising && !s->wanted) {
        arm_remote_core_queue(s, true);
    }
}

static void arm_remote_core_set_reset(void *opaque, int n, int level)
{
    ArmRemoteCoreState *s = ARM_REMOTE_CORE(opaque);
    bool rising = level && !s->reset;

    s->reset = level;
    if (rising) {
        arm_remote_core_queue(s, s->boot);
    }
}

static void arm_remote_core_set_vinithi(void *opaque, int n, int level)
{
    ARM_REMOTE_CORE(opaque)->vinithi = level;
}

static void arm_remote_core_set_irq(void *opaque, int n, int level)
{
    ArmRemoteCoreState *s = ARM_REMOTE_CORE(opaque);

    s->level[n / 32] = deposit32(s->level[n / 32], n % 32, 1, !!level);
    if (s->running && !s->irq_hold) {
        qemu_set_irq(s->irq[n], level);
    }
}

static void arm_remote_core_set_irq_hold(void *opaque, int n, int level)
{
    ArmRemoteCoreState *s = ARM_REMOTE_CORE(opaque);
    bool released = s->irq_hold && !level;

    s->irq_hold = level;
    if (released) {
        arm_remote_core_drive_irqs(s);
    }
}

bool arm_remote_core_irq_level(const ArmRemoteCoreState *s, uint32_t n)
{
    assert(n < s->num_irq);
    return s->level[n / 32] & BIT(n % 32);
}

static void arm_remote_core_from_sysresetreq(void *opaque, int n, int level)
{
    ArmRemoteCoreState *s = ARM_REMOTE_CORE(opaque);

    if (level) {
        trace_arm_remote_core_sysresetreq();
    }
    qemu_set_irq(s->sysresetreq_out, level);
}

static void arm_remote_core_from_lockup(void *opaque, int n, int level)
{
    arm_remote_core_set_lockup(ARM_REMOTE_CORE(opaque), level);
}

/*
 * A restored machine has lost the work that was queued when it was saved. Each
 * item resets the core, so the last one alone says where it all ends. Wait for
 * the machine to run: the core's own state is loaded by then.
 */
static void arm_remote_core_vm_state_change(void *opaque, bool running,
                                            RunState state)
{
    ArmRemoteCoreState *s = ARM_REMOTE_CORE(opaque);

    if (running && s->pending && s->queued == s->first - 1) {
        arm_remote_core_queue(s, s->wanted);
    }
}

static void arm_remote_core_reset_hold(Object *obj, ResetType type)
{
    ArmRemoteCoreState *s = ARM_REMOTE_CORE(obj);

    s->first = s->queued + 1;
    s->pending = false;
    s->wanted = false;
    s->running = false;
    s->boot = false;
    s->reset = false;
    s->vinithi = false;
    arm_remote_core_set_lockup(s, false);
}

static void arm_remote_core_no_work(CPUState *cs, run_on_cpu_data data)
{
}

/*
 * Who asks has seen what the host's registers say: let the core come to what
 * was ordered of it before, which a busy workstation may delay.
 */
static char *arm_remote_core_get_state(Object *obj, Error **errp)
{
    ArmRemoteCoreState *s = ARM_REMOTE_CORE(obj);

    if (s->pending) {
        run_on_cpu(CPU(s->cpu), arm_remote_core_no_work,
                   RUN_ON_CPU_NULL);
    }
    return g_strdup(s->lockup ? "lockup" : s->running ? "running" : "held");
}

static void arm_remote_core_init(Object *obj)
{
    DeviceState *dev = DEVICE(obj);
    ArmRemoteCoreState *s = ARM_REMOTE_CORE(obj);

    qdev_init_gpio_in_named(dev, arm_remote_core_set_boot, "boot", 1);
    qdev_init_gpio_in_named(dev, arm_remote_core_set_reset, "reset", 1);
    qdev_init_gpio_in_named(dev, arm_remote_core_set_vinithi, "vinithi", 1);
    qdev_init_gpio_in_named(dev, arm_remote_core_set_irq_hold, "irq-hold", 1);
    qdev_init_gpio_in_named(dev, arm_remote_core_from_sysresetreq,
                            "core-sysresetreq", 1);
    qdev_init_gpio_in_named(dev, arm_remote_core_from_lockup, "core-lockup", 1);
    qdev_init_gpio_out_named(dev, &s->sysresetreq_out, "sysresetreq", 1);
    qdev_init_gpio_out_named(dev, &s->lockup_out, "lockup", 1);
    qdev_init_gpio_out_named(dev, &s->running_out, "running", 1);
    object_property_add_str(obj, "state", arm_remote_core_get_state, NULL);
    object_property_add_uint32_ptr(obj, "x-fault-hold", &s->fault_hold,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "x-fault-hold-count",
                                   &s->fault_hold_count, OBJ_PROP_FLAG_READ);
}

static void arm_remote_core_realize(DeviceState *dev, Error **errp)
{
    ArmRemoteCoreState *s = ARM_REMOTE_CORE(dev);
    DeviceState *core;
    uint32_t i;

    if (s->armv7m) {
        s->cpu = s->armv7m->cpu;
    }
    if (!s->cpu) {
        error_setg(errp, "property \"armv7m\" must be a realized armv7m, or "
                   "\"cpu\" a core of another profile");
        return;
    }
    core = s->armv7m ? DEVICE(s->armv7m) : DEVICE(s->cpu);
    s->num_words = DIV_ROUND_UP(s->num_irq, 32);
    s->level = g_new0(uint32_t, s->num_words);
    s->irq = g_new0(qemu_irq, s->num_irq);
    for (i = 0; i < s->num_irq; i++) {
        s->irq[i] = qdev_get_gpio_in(core, i);
    }
    qdev_init_gpio_in(dev, arm_remote_core_set_irq, s->num_irq);
    if (s->armv7m) {
        qdev_connect_gpio_out_named(core, "SYSRESETREQ", 0,
                                    qdev_get_gpio_in_named(dev,
                                                           "core-sysresetreq",
                                                           0));
        qdev_connect_gpio_out_named(core, "LOCKUP", 0,
                                    qdev_get_gpio_in_named(dev, "core-lockup",
                                                           0));
    }
    s->first = s->queued + 1;
    s->vmstate_change =
        qemu_add_vm_change_state_handler(arm_remote_core_vm_state_change, s);
}

static void arm_remote_core_unrealize(DeviceState *dev)
{
    ArmRemoteCoreState *s = ARM_REMOTE_CORE(dev);

    qemu_del_vm_change_state_handler(s->vmstate_change);
    g_free(s->level);
    g_free(s->irq);
}

static int arm_remote_core_post_load(void *opaque, int version_id)
{
    ArmRemoteCoreState *s = opaque;

    /* What this process had queued belongs to the state before the load. */
    s->first = s->queued + 1;
    return 0;
}

static bool arm_remote_core_fault_needed(void *opaque)
{
    ArmRemoteCoreState *s = opaque;

    return s->fault_hold || s->fault_hold_count;
}

static const VMStateDescription vmstate_arm_remote_core_fault = {
    .name = TYPE_ARM_REMOTE_CORE "/fault",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = arm_remote_core_fault_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(fault_hold, ArmRemoteCoreState),
        VMSTATE_UINT32(fault_hold_count, ArmRemoteCoreState),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_arm_remote_core = {
    .name = TYPE_ARM_REMOTE_CORE,
    .version_id = 2,
    .minimum_version_id = 2,
    .post_load = arm_remote_core_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(boot, ArmRemoteCoreState),
        VMSTATE_BOOL(reset, ArmRemoteCoreState),
        VMSTATE_BOOL(vinithi, ArmRemoteCoreState),
        VMSTATE_BOOL(irq_hold, ArmRemoteCoreState),
        VMSTATE_BOOL(wanted, ArmRemoteCoreState),
        VMSTATE_BOOL(running, ArmRemoteCoreState),
        VMSTATE_BOOL(lockup, ArmRemoteCoreState),
        VMSTATE_BOOL(pending, ArmRemoteCoreState),
        VMSTATE_VARRAY_UINT32(level, ArmRemoteCoreState, num_words, 0,
                              vmstate_info_uint32, uint32_t),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_arm_remote_core_fault,
        NULL
    }
};

static const Property arm_remote_core_properties[] = {
    DEFINE_PROP_LINK("armv7m", ArmRemoteCoreState, armv7m, TYPE_ARMV7M,
                     ARMv7MState *),
    DEFINE_PROP_LINK("cpu", ArmRemoteCoreState, cpu, TYPE_ARM_CPU, ARMCPU *),
    DEFINE_PROP_UINT32("num-irq", ArmRemoteCoreState, num_irq, 32),
};

static void arm_remote_core_class_init(ObjectClass *klass, ClassInitData *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "remote core control";
    dc->realize = arm_remote_core_realize;
    dc->unrealize = arm_remote_core_unrealize;
    dc->vmsd = &vmstate_arm_remote_core;
    dc->user_creatable = false;
    rc->phases.hold = arm_remote_core_reset_hold;
    device_class_set_props(dc, arm_remote_core_properties);
}

static const TypeInfo arm_remote_core_types[] = {
    {
        .name = TYPE_ARM_REMOTE_CORE,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(ArmRemoteCoreState),
        .instance_init = arm_remote_core_init,
        .class_init = arm_remote_core_class_init,
    },
};

DEFINE_TYPES(arm_remote_core_types)
