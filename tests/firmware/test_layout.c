/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
/* The resource table as remoteproc reads it, by literal offsets; and our few
 * functions of the C library against the workstation's. */

#include "rsc_table.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ampstand/crash.h"
#include "ampstand/flood.h"
#include "ampstand/peer.h"
#include "check.h"

void *amp_memcpy(void *restrict to, const void *restrict from, size_t n);
void *amp_memmove(void *to, const void *from, size_t n);
void *amp_memset(void *to, int c, size_t n);
void *amp_memchr(const void *from, int c, size_t n);
size_t amp_strnlen(const char *s, size_t max);

static void table_layout(void)
{
    static const struct rsc_table table = RSC_TABLE(0x10020300U, 0x1000U);
    uint32_t w[sizeof(table) / 4U];

    memcpy(w, &table, sizeof(table));
    CHECK_EQ(sizeof(table), 140);
    CHECK_EQ(w[0], 1); /* version */
    CHECK_EQ(w[1], 2); /* entries */
    CHECK_EQ(w[2] | w[3], 0);
    CHECK_EQ(w[4], 24);
    CHECK_EQ(w[5], 92);
    CHECK_EQ(w[6], 3);           /* RSC_VDEV */
    CHECK_EQ(w[7], 7);           /* VIRTIO_ID_RPMSG */
    CHECK_EQ(w[9], 0x20000001);  /* name service, event indices */
    CHECK_EQ(w[10], 0);          /* gfeatures */
    CHECK_EQ(w[11], 0);          /* config_len */
    CHECK_EQ(w[12], 0x00000200); /* status 0, two vrings */
    for (unsigned v = 0; v < 2U; v++) {
        CHECK_EQ(w[13U + (5U * v)], 0xFFFFFFFFU);
        CHECK_EQ(w[14U + (5U * v)], 16);
        CHECK_EQ(w[15U + (5U * v)], 16);
        CHECK_EQ(w[16U + (5U * v)], v);
        CHECK_EQ(w[17U + (5U * v)], 0);
    }
    CHECK_EQ(w[23], 2); /* RSC_TRACE */
    CHECK_EQ(w[24], 0x10020300);
    CHECK_EQ(w[25], 0x1000);
    CHECK(strcmp((const char *)&w[27], "trace0") == 0);
}

static void carveout_layout(void)
{
    static const struct rsc_carveout entry =
        RSC_CARVEOUT_ENTRY(0x10030000U, 0x100U, "shared");
    uint32_t w[sizeof(entry) / 4U];

    memcpy(w, &entry, sizeof(entry));
    CHECK_EQ(sizeof(entry), 56);
    CHECK_EQ(w[0], 0);
    CHECK_EQ(w[1], 0x10030000);
    CHECK_EQ(w[2], 0xFFFFFFFFU);
    CHECK_EQ(w[3], 0x100);
    CHECK_EQ(w[4] | w[5], 0);
    CHECK(strcmp((const char *)&w[6], "shared") == 0);
}

/* These travel between two compilers. */
static void messages_have_no_holes(void)
{
    CHECK_EQ(sizeof(struct crash_cmd), 8);
    CHECK_EQ(sizeof(struct crash_record), 128);
    CHECK_EQ(offsetof(struct crash_record, file), 64);
    CHECK_EQ(sizeof(struct flood_source), 8);
    CHECK_EQ(sizeof(struct flood_report), 28);
    CHECK_EQ(sizeof(struct peer_cmd), 8);
}

static void memory_functions(void)
{
    uint8_t a[64], b[64], pattern[64];

    for (unsigned i = 0; i < sizeof(pattern); i++) {
        pattern[i] = (uint8_t)(i + 1U);
    }
    for (unsigned n = 0; n < 40U; n++) {
        for (unsigned to = 0; to < 20U; to++) {
            for (unsigned from = 0; from < 20U; from++) {
                memset(a, 0, sizeof(a));
                memset(b, 0, sizeof(b));
                CHECK(amp_memcpy(&a[to], &pattern[from], n) == &a[to]);
                memcpy(&b[to], &pattern[from], n);
                CHECK_EQ(memcmp(a, b, sizeof(a)), 0);
                memcpy(a, pattern, sizeof(a));
                memcpy(b, pattern, sizeof(b));
                CHECK(amp_memmove(&a[to], &a[from], n) == &a[to]);
                memmove(&b[to], &b[from], n);
                CHECK_EQ(memcmp(a, b, sizeof(a)), 0);
            }
            CHECK(amp_memset(&a[to], 0x1A5, n) == &a[to]);
            memset(&b[to], 0xA5, n);
            CHECK_EQ(memcmp(a, b, sizeof(a)), 0);
        }
        CHECK(amp_memchr(pattern, (int)n, 20U) == memchr(pattern, (int)n, 20U));
        CHECK_EQ(amp_strnlen("twelve chars", n), strnlen("twelve chars", n));
    }
}

MAIN(TEST(table_layout), TEST(carveout_layout), TEST(messages_have_no_holes),
     TEST(memory_functions))
