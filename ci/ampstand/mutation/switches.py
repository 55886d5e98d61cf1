# SPDX-FileCopyrightText: 2026 The Ampstand authors
# SPDX-License-Identifier: BSD-3-Clause
"""The switch that mutants stand behind, in C: for programs of the workstation, and for Linux."""

from __future__ import annotations

from dataclasses import dataclass

SWITCH = "ampstand_is"
"""The function that says whether a mutant is the one that is switched on."""
WORD = "ampstand_mutant"
"""The variable with the number of that one; 0 for none."""
NUMBER, REACHED = "AMPSTAND_MUTANT", "AMPSTAND_REACHED"
"""In the environment of a program: the mutant that is on; a file with a byte for each, in which those reached are 1."""


@dataclass(frozen=True)
class Switch:
    """What a file with mutants says besides."""

    declarations: str
    """Before its first line."""
    definitions: str = ""
    """After its last one."""


PROGRAM = Switch(
    f"int {SWITCH}(unsigned);",
    f"""
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
__attribute__((weak)) unsigned {WORD};
__attribute__((weak)) volatile unsigned char *ampstand_reached;
__attribute__((weak)) int {SWITCH}(unsigned number)
{{
    if (ampstand_reached != NULL) {{
        ampstand_reached[number] = 1;
    }}
    return {WORD} == number;
}}
__attribute__((weak, constructor)) void ampstand_mutant_begin(void)
{{
    const char *number = getenv("{NUMBER}"), *path = getenv("{REACHED}");
    int file = path == NULL || ampstand_reached != NULL ? -1 : open(path, O_RDWR);
    struct stat status;

    {WORD} = number == NULL ? 0 : (unsigned)strtoul(number, NULL, 0);
    if (file >= 0 && fstat(file, &status) == 0) {{
        void *map = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        ampstand_reached = map == MAP_FAILED ? NULL : map;
    }}
}}
""",
)
"""Of a program that runs on the workstation: our firmware's library in its native tests, QEMU. Several files of one
program have the definitions; they are weak, so one is taken."""

LINUX = Switch(
    f"extern unsigned int {WORD}; static inline int {SWITCH}(unsigned int number) "
    f"{{ return __builtin_expect({WORD} == number, 0); }}"
)
LINUX_FILES = {
    "lib/ampstand_mutant.c": f"""// SPDX-License-Identifier: GPL-2.0-only
#include <linux/export.h>
#include <linux/moduleparam.h>

unsigned int {WORD};
EXPORT_SYMBOL_GPL({WORD});
core_param(mut, {WORD}, uint, 0644);
""",
}
"""Files that Linux has besides: ``mut=N`` on its command line, or ``/sys/module/kernel/parameters/mut`` later."""
LINUX_PARAMETER = "/sys/module/kernel/parameters/mut"
LINUX_MAKEFILE = ("lib/Makefile", "\nobj-y += ampstand_mutant.o\n")
"""The file that has them built, and what comes at its end."""
