/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Out-of-line save and restore of r14 to r31, called by GCC at -Os (32-bit PowerPC
 * ABI). r11 points behind the save area. The functions fall through, so that one
 * that starts at register n handles n to r31.
 */

.macro ENTRY name
    .globl  \name
    .type   \name, @function
\name:
.endm

    .text
.irp n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ENTRY   _savegpr_\n
    stw     \n, -4 * (32 - \n)(11)
.endr
    blr

.irp n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ENTRY   _restgpr_\n
    lwz     \n, -4 * (32 - \n)(11)
.endr
    blr

/* The same, and leave the caller: r11 is its frame's end, 4(r11) the return address. */
.irp n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ENTRY   _restgpr_\n\()_x
    lwz     \n, -4 * (32 - \n)(11)
.endr
    lwz     0, 4(11)
    mtlr    0
    mr      1, 11
    blr

    .section .note.GNU-stack, "", @progbits
