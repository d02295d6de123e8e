/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * State of the vector unit to and from memory, for interrupt service routines
 * (NUX_ISR_VECTOR). r3 points at 35 vectors: the registers, the upper and the lower
 * halves of the accumulator, and the condition as 1, -1 or 0 a byte. A condition that no
 * compare has set since reset comes back as "equal".
 */

#define GT 1
#define LT 2

    .text
    .globl  nux_save_vectors
    .type   nux_save_vectors, @function
nux_save_vectors:
.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    fxvstax \n, 0, 3
    addi    3, 3, 128
.endr
    li      4, 0
    fxvsplath 0, 4
    fxvaddachfs 1, 0
    fxvaddachm 2, 0
    fxvstax 1, 0, 3
    addi    3, 3, 128
    fxvstax 2, 0, 3
    addi    3, 3, 128
    li      4, 1
    fxvsplatb 1, 4
    li      4, -1
    fxvsplatb 2, 4
    fxvsel  0, 0, 1, GT
    fxvsel  0, 0, 2, LT
    fxvstax 0, 0, 3
    blr
    .size   nux_save_vectors, . - nux_save_vectors

    .globl  nux_restore_vectors
    .type   nux_restore_vectors, @function
nux_restore_vectors:
    mr      5, 3
    addi    3, 3, 32 * 128
    fxvlax  1, 0, 3
    addi    3, 3, 128
    fxvlax  2, 0, 3
    addi    3, 3, 128
    fxvlax  0, 0, 3
    /* upper * 2^16 + lower, of which the unit knows only signed values */
    li      4, 1
    fxvsplath 3, 4
    fxvcmph 2
    fxvaddhm 1, 1, 3, LT
    fxvmtachf 1
    fxvaddactachm 2
    fxvcmpb 0
.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    fxvlax  \n, 0, 5
    addi    5, 5, 128
.endr
    sync                            /* all is read before the memory is used again */
    blr
    .size   nux_restore_vectors, . - nux_restore_vectors

    .section .note.GNU-stack, "", @progbits
