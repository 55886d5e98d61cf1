/*
 * TCG plugin: instructions of each vCPU, at marks
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * A mark is a hint instruction that Arm gives no meaning, with a number in r0
 * or x0 (firmware/include/ampstand/mark.h). Each time a vCPU executes one, a
 * line is written:
 *
 *     MARK VCPU INSNS INSNS ... / CALLS CALLS ... / INTERRUPTS IN OFF ...
 *
 * with the instructions that each vCPU has executed so far, the mark itself
 * excluded, and for each address given by "at=" how often each vCPU has been
 * there, the first address' counts first. Then comes for each vCPU how many
 * exceptions it has taken so far, and of its longest stays in them, and with
 * them masked (PRIMASK, BASEPRI, FAULTMASK), that ended since the mark before
 * the instructions: known of M-profile only, else 0. Of two exceptions of one
 * number that follow each other at once the second is not seen. The last line,
 * when QEMU ends, has "end" and "-" in place of mark and vCPU.
 *
 * Arguments: out=FILE (needed), at=ADDRESS (repeatable): of an instruction,
 * bit 0 clear.
 *
 * With vCPUs that take turns (thread=single, icount) every figure is exact.
 */

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <qemu-plugin.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* "hint #0x50" as bytes in memory, of A32 (always executed), T32 and A64 */
static const uint8_t mark_a32[] = { 0x50, 0xf0, 0x20, 0xe3 };
static const uint8_t mark_t32[] = { 0xaf, 0xf3, 0x50, 0x80 };
static const uint8_t mark_a64[] = { 0x1f, 0x2a, 0x03, 0xd5 };

typedef struct Place {
    uint64_t address;
    qemu_plugin_u64 calls;
} Place;

/* A stay in some state, in instructions of its vCPU. */
typedef struct Stay {
    bool lasts;
    uint64_t since;
    uint64_t longest;           /* of those that ended since the last mark */
} Stay;

enum { PRIMASK, BASEPRI, FAULTMASK, N_MASKS };

static const char *const mask_name[N_MASKS] = {
    [PRIMASK] = "primask", [BASEPRI] = "basepri", [FAULTMASK] = "faultmask",
};

typedef struct Vcpu {
    struct qemu_plugin_register *r0;
    struct qemu_plugin_register *xpsr;              /* M-profile only */
    struct qemu_plugin_register *mask[N_MASKS];     /* the same */
    void *last;                 /* address of the block entered last */
    GArray *active;             /* of uint32_t, exceptions, the last on top */
    uint64_t taken;
    Stay in;
    Stay off;
} Vcpu;

static FILE *out;
static qemu_plugin_u64 insns;
static qemu_plugin_u64 watched; /* whether a vCPU is of the M-profile */
static GArray *places;          /* of Place */
static GArray *vcpus;           /* of Vcpu, by number */
static GByteArray *value;       /* of a register, read last */
static GMutex lock;

static void write_counts(void)
{
    int n = qemu_plugin_num_vcpus();

    for (int i = 0; i < n; i++) {
        fprintf(out, " %" PRIu64, qemu_plugin_u64_get(insns, i));
    }
    fputs(" /", out);
    for (guint p = 0; p < places->len; p++) {
        for (int i = 0; i < n; i++) {
            fprintf(out, " %" PRIu64,
                    qemu_plugin_u64_get(g_array_index(places, Place, p).calls,
                                        i));
        }
    }
    fputs(" /", out);
    for (int i = 0; i < n && i < (int)vcpus->len; i++) {
        Vcpu *v = &g_array_index(vcpus, Vcpu, i);

        fprintf(out, " %" PRIu64 " %" PRIu64 " %" PRIu64,
                v->taken, v->in.longest, v->off.longest);
        v->in.longest = v->off.longest = 0;
    }
    fputc('\n', out);
}

static void vcpu_init(qemu_plugin_id_t id, unsigned int vcpu)
{
    g_autoptr(GArray) registers = qemu_plugin_get_registers();
    Vcpu *v;

    g_mutex_lock(&lock);
    if (vcpus->len <= vcpu) {
        g_array_set_size(vcpus, vcpu + 1);
    }
    v = &g_array_index(vcpus, Vcpu, vcpu);
    v->active = g_array_new(false, false, sizeof(uint32_t));
    for (guint i = 0; i < registers->len; i++) {
        qemu_plugin_reg_descriptor *r =
            &g_array_index(registers, qemu_plugin_reg_descriptor, i);

        if (strcmp(r->name, "r0") == 0 || strcmp(r->name, "x0") == 0) {
            v->r0 = r->handle;
        } else if (strcmp(r->name, "xpsr") == 0) {
            v->xpsr = r->handle;
        }
        for (int m = 0; m < N_MASKS; m++) {
            if (strcmp(r->name, mask_name[m]) == 0) {
                v->mask[m] = r->handle;
            }
        }
    }
    qemu_plugin_u64_set(watched, vcpu, v->xpsr != NULL);
    g_mutex_unlock(&lock);
}

/* Read a register of the vCPU that runs; what it does not have is 0. */
static uint32_t read_register(struct qemu_plugin_register *handle)
{
    uint32_t word = 0;

    g_byte_array_set_size(value, 0);
    if (handle && qemu_plugin_read_register(handle, value) > 0) {
        memcpy(&word, value->data, MIN(value->len, sizeof(word)));
    }
    return GUINT32_FROM_LE(word);
}

static void stay(Stay *s, bool lasts, uint64_t now)
{
    if (lasts && !s->lasts) {
        s->since = now;
    } else if (!lasts && s->lasts) {
        s->longest = MAX(s->longest, now - s->since);
    }
    s->lasts = lasts;
}

/* Take note of the exception that is handled now; 0: none. */
static void handles(Vcpu *v, uint32_t exception)
{
    guint depth = v->active->len;

    while (depth &&
           g_array_index(v->active, uint32_t, depth - 1) != exception) {
        depth--;
    }
    if (depth || !exception) {
        g_array_set_size(v->active, depth);     /* back from those above */
    } else {
        g_array_append_val(v->active, exception);
        v->taken++;
    }
}

/*
 * A block of instructions at the address "opaque" is entered by a vCPU of the
 * M-profile. What changes its state ends a block: one that follows itself, as
 * in an endless loop, finds it as it was.
 */
static void entered(unsigned int vcpu, void *opaque)
{
    uint64_t now = qemu_plugin_u64_get(insns, vcpu);
    uint32_t exception;
    bool masked = false;
    Vcpu *v;

    g_mutex_lock(&lock);
    v = &g_array_index(vcpus, Vcpu, vcpu);
    if (v->last != opaque) {
        v->last = opaque;
        exception = read_register(v->xpsr) & 0x1ff;     /* IPSR */
        for (int m = 0; m < N_MASKS && !masked; m++) {
            masked = read_register(v->mask[m]) != 0;
        }
        handles(v, exception);
        stay(&v->in, exception != 0, now);
        stay(&v->off, masked, now);
    }
    g_mutex_unlock(&lock);
}

static void marked(unsigned int vcpu, void *opaque)
{
    Vcpu *v;

    g_mutex_lock(&lock);
    v = &g_array_index(vcpus, Vcpu, vcpu);
    if (v->r0) {
        fprintf(out, "%" PRIu32 " %u", read_register(v->r0), vcpu);
        write_counts();
    }
    g_mutex_unlock(&lock);
}

static bool is_mark(struct qemu_plugin_insn *insn)
{
    uint8_t bytes[4];

    if (qemu_plugin_insn_size(insn) != sizeof(bytes) ||
        qemu_plugin_insn_data(insn, bytes, sizeof(bytes)) != sizeof(bytes)) {
        return false;
    }
    return memcmp(bytes, mark_a32, sizeof(bytes)) == 0 ||
           memcmp(bytes, mark_t32, sizeof(bytes)) == 0 ||
           memcmp(bytes, mark_a64, sizeof(bytes)) == 0;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb);

    qemu_plugin_register_vcpu_tb_exec_cond_cb(
        tb, entered, QEMU_PLUGIN_CB_R_REGS, QEMU_PLUGIN_COND_NE, watched, 0,
        (void *)(uintptr_t)(qemu_plugin_tb_vaddr(tb) + 1));
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t address = qemu_plugin_insn_vaddr(insn);

        if (is_mark(insn)) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, marked,
                                                   QEMU_PLUGIN_CB_R_REGS, NULL);
        }
        qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
            insn, QEMU_PLUGIN_INLINE_ADD_U64, insns, 1);
        for (guint p = 0; p < places->len; p++) {
            Place *place = &g_array_index(places, Place, p);

            if (place->address == address) {
                qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
                    insn, QEMU_PLUGIN_INLINE_ADD_U64, place->calls, 1);
            }
        }
    }
}

static void ended(qemu_plugin_id_t id, void *opaque)
{
    g_mutex_lock(&lock);
    fputs("end -", out);
    write_counts();
    fclose(out);
    g_mutex_unlock(&lock);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
                                           const qemu_info_t *info,
                                           int argc, char **argv)
{
    places = g_array_new(false, true, sizeof(Place));
    vcpus = g_array_new(false, true, sizeof(Vcpu));
    value = g_byte_array_new();
    for (int i = 0; i < argc; i++) {
        if (g_str_has_prefix(argv[i], "out=") && !out) {
            out = fopen(argv[i] + 4, "w");
        } else if (g_str_has_prefix(argv[i], "at=")) {
            Place place = {
                .address = g_ascii_strtoull(argv[i] + 3, NULL, 0),
                .calls = qemu_plugin_scoreboard_u64(
                    qemu_plugin_scoreboard_new(sizeof(uint64_t))),
            };

            g_array_append_val(places, place);
        } else {
            fprintf(stderr, "count: %s: out=FILE and at=ADDRESS are known\n",
                    argv[i]);
            return -1;
        }
    }
    if (!out) {
        fprintf(stderr, "count: out=FILE is needed, and must be writable\n");
        return -1;
    }
    insns = qemu_plugin_scoreboard_u64(
        qemu_plugin_scoreboard_new(sizeof(uint64_t)));
    watched = qemu_plugin_scoreboard_u64(
        qemu_plugin_scoreboard_new(sizeof(uint64_t)));
    qemu_plugin_register_vcpu_init_cb(id, vcpu_init);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
