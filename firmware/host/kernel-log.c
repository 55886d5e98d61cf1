/*
 * SPDX-FileCopyrightText: 2026 The Ampstand authors
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Prints the kernel's log from a sequence number on, and takes nothing from it:
 * neither "dmesg -c" nor the console's level hides a record from /dev/kmsg.
 *
 *   kernel-log [SEQUENCE]
 *
 * Each record is one line, "LEVEL SECONDS TEXT". The level is "c" where the
 * record goes on with a message that another one came amid: the kernel has
 * given it the default level, whatever that of the message is. The last line is
 * "end NEXT LOST": the sequence number to go on from, and how many records were
 * overwritten before they could be read. Format of a record:
 * Documentation/ABI/testing/dev-kmsg.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_MAX 8192

int main(int argc, char **argv)
{
    unsigned long long next = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    unsigned long long lost = 0;
    static char record[RECORD_MAX + 1];
    int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        fprintf(stderr, "kernel-log: /dev/kmsg: %s\n", strerror(errno));
        return 1;
    }
    for (;;) {
        unsigned long long sequence, time;
        unsigned int priority;
        ssize_t length = read(fd, record, RECORD_MAX);
        char *text, flag;

        if (length < 0 && errno == EPIPE) {
            continue; /* overwritten meanwhile: the gap in the numbers tells */
        }
        if (length <= 0) {
            break;
        }
        record[length] = '\0';
        text = strchr(record, ';');
        if (!text || sscanf(record, "%u,%llu,%llu,%c", &priority, &sequence,
                            &time, &flag) != 4) {
            fprintf(stderr, "kernel-log: not a record: %s\n", record);
            return 1;
        }
        if (sequence < next) {
            continue;
        }
        lost += sequence - next;
        next = sequence + 1;
        text[strcspn(text, "\n")] = '\0'; /* its dictionary follows */
        printf("%c %llu.%06llu %s\n",
               flag == 'c' ? flag : (int)('0' + (priority & 7)), time / 1000000,
               time % 1000000, text + 1);
    }
    printf("end %llu %llu\n", next, lost);
    return 0;
}
