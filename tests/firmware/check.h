/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

/* A test is a function; the first failed check ends the program. */
#define CHECK(x)                                                               \
    do {                                                                       \
        if (!(x)) {                                                            \
            printf("Bail out! %s:%d: %s\n", __FILE__, __LINE__, #x);           \
            exit(1);                                                           \
        }                                                                      \
    } while (0)

#define CHECK_EQ(a, b)                                                         \
    do {                                                                       \
        long long a_ = (long long)(a), b_ = (long long)(b);                    \
        if (a_ != b_) {                                                        \
            printf("Bail out! %s:%d: %s is %lld, not %lld (%s)\n", __FILE__,   \
                   __LINE__, #a, a_, b_, #b);                                  \
            exit(1);                                                           \
        }                                                                      \
    } while (0)

struct test {
    const char *name;
    void (*run)(void);
};

#define TEST(f)                                                                \
    {                                                                          \
#f, f                                                                  \
    }

/* Run all tests, in the TAP that Meson understands. */
static inline int run_tests(const struct test *tests, size_t n)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("1..%zu\n", n);
    for (size_t i = 0; i < n; i++) {
        tests[i].run();
        printf("ok %zu %s\n", i + 1, tests[i].name);
    }
    return 0;
}

#define MAIN(...)                                                              \
    int main(void)                                                             \
    {                                                                          \
        static const struct test tests[] = {__VA_ARGS__};                      \
        return run_tests(tests, sizeof(tests) / sizeof(tests[0]));             \
    }

#endif
