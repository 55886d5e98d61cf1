/*
 * TCG plugin: instructions of each vCPU, at marks
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/*
 * A mark is a hint instruction that Arm gives no meaning, with a number in r0
 * (firmware/include/ampstand/mark.h). Each time a vCPU executes one, a line is
 * written:
 *
 *     MARK VCPU INSNS INSNS ... / CALLS CALLS ...
 *
 * with the instructions that each vCPU has executed so far, the mark itself
 * excluded, and for each address given by "at=" how often each vCPU has been
 * there, the first address' counts first. The last line, when QEMU ends, has
 * "end" and "-" in place of mark and vCPU.
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

/* "hint #0x50" as bytes in memory, of A32 (always executed) and T32 */
static const uint8_t mark_a32[] = { 0x50, 0xf0, 0x20, 0xe3 };
static const uint8_t mark_t32[] = { 0xaf, 0xf3, 0x50, 0x80 };

typedef struct Place {
    uint64_t address;
    qemu_plugin_u64 calls;
} Place;

static FILE *out;
static qemu_plugin_u64 insns;
static GArray *places;          /* of Place */
static GPtrArray *number;       /* by vCPU, the handle of r0 */
static GMutex lock;

static void write_counts(void)
{
    int vcpus = qemu_plugin_num_vcpus();

    for (int i = 0; i < vcpus; i++) {
        fprintf(out, " %" PRIu64, qemu_plugin_u64_get(insns, i));
    }
    fputs(" /", out);
    for (guint p = 0; p < places->len; p++) {
        for (int i = 0; i < vcpus; i++) {
            fprintf(out, " %" PRIu64,
                    qemu_plugin_u64_get(g_array_index(places, Place, p).calls,
                                        i));
        }
    }
    fputc('\n', out);
}

static void vcpu_init(qemu_plugin_id_t id, unsigned int vcpu)
{
    g_autoptr(GArray) registers = qemu_plugin_get_registers();
    struct qemu_plugin_register *found = NULL;

    for (guint i = 0; i < registers->len; i++) {
        qemu_plugin_reg_descriptor *r =
            &g_array_index(registers, qemu_plugin_reg_descriptor, i);

        if (strcmp(r->name, "r0") == 0) {
            found = r->handle;
        }
    }
    g_mutex_lock(&lock);
    if (number->len <= vcpu) {
        g_ptr_array_set_size(number, vcpu + 1);
    }
    g_ptr_array_index(number, vcpu) = found;
    g_mutex_unlock(&lock);
}

static void marked(unsigned int vcpu, void *opaque)
{
    g_autoptr(GByteArray) value = g_byte_array_new();
    struct qemu_plugin_register *handle;
    uint32_t r0 = 0;

    g_mutex_lock(&lock);
    handle = g_ptr_array_index(number, vcpu);
    if (handle && qemu_plugin_read_register(handle, value) >= (int)sizeof(r0)) {
        memcpy(&r0, value->data, sizeof(r0));
        r0 = GUINT32_FROM_LE(r0);
        fprintf(out, "%" PRIu32 " %u", r0, vcpu);
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
           memcmp(bytes, mark_t32, sizeof(bytes)) == 0;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb);

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
    number = g_ptr_array_new();
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
    qemu_plugin_register_vcpu_init_cb(id, vcpu_init);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
