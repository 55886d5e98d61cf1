/*
 * QTest helpers for files that a machine is given on its command line
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_GIVEN_FILES_H
#define TESTS_QTEST_GIVEN_FILES_H

#include "libqtest.h"

/* A new file; the caller removes it and frees its name. */
static inline char *write_file(const void *contents, size_t size)
{
    GError *error = NULL;
    char *path = NULL;
    int fd = g_file_open_tmp("ampstand-XXXXXX", &path, &error);

    g_assert_no_error(error);
    g_assert_cmpint(write(fd, contents, size), ==, size);
    close(fd);
    return path;
}

/*
 * Check that QEMU ends with exit code 1 when it is started with these
 * arguments, and that its message has both, @name and @reason, in it.
 */
static inline void assert_refused(const char *arguments, const char *name,
                                  const char *reason)
{
    g_autofree char *command = g_strdup_printf(
        "timeout 30 %s %s -display none -S", getenv("QTEST_QEMU_BINARY"),
        arguments);
    g_autofree char *errors = NULL;
    GError *error = NULL;
    int status;

    g_assert_true(g_spawn_command_line_sync(command, NULL, &errors, &status,
                                            &error));
    g_assert_no_error(error);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    if (!strstr(errors, name) || !strstr(errors, reason)) {
        g_test_message("got: %s", errors);
        g_test_message("expected: %s ... %s", name, reason);
        g_test_fail();
    }
}

#endif
