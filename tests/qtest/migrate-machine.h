/*
 * QTest helper for the state of a machine that another QEMU goes on from
 *
 * Copyright (c) 2026 The Ampstand authors
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TESTS_QTEST_MIGRATE_MACHINE_H
#define TESTS_QTEST_MIGRATE_MACHINE_H

#include "libqtest.h"
#include "qobject/qdict.h"

/* Longest time that a state may take to be written, or to be read. */
#define MIGRATE_TIMEOUT_S 30

/* Wait until a QMP query's return has the string value under the key. */
static inline void wait_machine_status(QTestState *qts, const char *command,
                                       const char *value)
{
    g_autoptr(GTimer) timer = g_timer_new();
    bool done;

    do {
        QDict *rsp = qtest_qmp(qts, "{ 'execute': %s }", command);
        QDict *ret = qdict_get_qdict(rsp, "return");
        const char *status = ret ? qdict_get_try_str(ret, "status") : NULL;

        done = g_strcmp0(status, value) == 0;
        g_assert_cmpstr(status, !=, "failed");
        qobject_unref(rsp);
        g_assert_cmpfloat(g_timer_elapsed(timer, NULL), <, MIGRATE_TIMEOUT_S);
    } while (!done);
}

/*
 * Migrate to a new QEMU, started with these arguments; quits the old one.
 * @prepare, if any, is called before the new one has the state: it can watch
 * what the devices drive then.
 */
static inline QTestState *migrate_machine_watched(
    QTestState *from, const char *arguments, void (*prepare)(QTestState *))
{
    g_autofree char *dir = g_dir_make_tmp("qtest-migrate-XXXXXX", NULL);
    g_autofree char *file = NULL;
    g_autofree char *uri = NULL;
    QTestState *to;

    g_assert_nonnull(dir);
    file = g_strdup_printf("%s/state", dir);
    uri = g_strdup_printf("file:%s", file);
    qtest_qmp_assert_success(from, "{ 'execute': 'migrate',"
                             " 'arguments': { 'uri': %s } }", uri);
    wait_machine_status(from, "query-migrate", "completed");
    qtest_quit(from);

    to = qtest_initf("%s -incoming defer", arguments);
    if (prepare) {
        prepare(to);
    }
    qtest_qmp_assert_success(to, "{ 'execute': 'migrate-incoming',"
                             " 'arguments': { 'uri': %s } }", uri);
    wait_machine_status(to, "query-status", "running");
    unlink(file);
    rmdir(dir);
    return to;
}

/* Migrate to a new QEMU, started with these arguments; quits the old one. */
static inline QTestState *migrate_machine(QTestState *from,
                                          const char *arguments)
{
    return migrate_machine_watched(from, arguments, NULL);
}

#endif
