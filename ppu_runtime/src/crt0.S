/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Start-up code: exception slots, __init, exit.
 *
 * The processor starts at address 0 and takes exceptions at fixed addresses, one
 * word (a branch) each. A handler is a function isr_<name> that ends in `rfi`; in C,
 * NUX_ISR(<name>) of nux/interrupt.h makes one. The vendor's names isr_einput and
 * isr_dec serve too. An exception without a handler ends the program with the return code
 * 0xdead0000 + address of its slot, for example 0xdead001c for a trap. (In the
 * vendor's start-up code an undefined handler is a jump to address 0: the program
 * silently restarts.)
 *
 * Memory is as the host left it: loading a program sets .data and zeroes .bss, and
 * the host may write variables before the start, and start the program again with
 * what it left. Only the library's own state in .bss.reset is zeroed here.
 */

#include <nux/memory_map.h>

#define SPR_TCR 340
#define WAIT .long 0x7c00007c /* `wait` is unknown to the assembler for this processor */

    .section .crt, "ax"
    .globl _reset
_reset:
    b       __init

/* One exception slot. When the program has no handler, one below stands in (nux.ld). */
.macro SLOT name, address
    .org    \address
    b       isr_\name
.endm

    SLOT    machine_check, NUX_EXCEPTION_MACHINE_CHECK
    SLOT    critical_input, NUX_EXCEPTION_CRITICAL_INPUT
    SLOT    data_storage, NUX_EXCEPTION_DATA_STORAGE
    SLOT    instruction_storage, NUX_EXCEPTION_INSTRUCTION_STORAGE
    SLOT    external_input, NUX_EXCEPTION_EXTERNAL_INPUT
    SLOT    alignment, NUX_EXCEPTION_ALIGNMENT
    SLOT    program, NUX_EXCEPTION_PROGRAM
    SLOT    system_call, NUX_EXCEPTION_SYSTEM_CALL
    SLOT    doorbell, NUX_EXCEPTION_DOORBELL
    SLOT    critical_doorbell, NUX_EXCEPTION_CRITICAL_DOORBELL
    SLOT    fit, NUX_EXCEPTION_FIT
    SLOT    decrementer, NUX_EXCEPTION_DECREMENTER

    .org    NUX_INIT_ADDRESS
    .globl  __init
    .type   __init, @function
__init:
    .cfi_startproc
    .cfi_undefined lr
    lis     r1, NUX_STACK_TOP@ha
    addi    r1, r1, NUX_STACK_TOP@l
    li      r0, 0
    stw     r0, 0(r1)               /* back chain 0: call stacks end here */
    stw     r0, 4(r1)
    lis     r9, NUX_MAILBOX_BASE@ha
    stb     r0, NUX_MAILBOX_BASE@l(r9) /* no text of an earlier run */
    lis     r9, __reset_start@ha
    addi    r9, r9, __reset_start@l
    lis     r10, __reset_end@ha
    addi    r10, r10, __reset_end@l
    b       2f
1:  stw     r0, 0(r9)
    addi    r9, r9, 4
2:  cmplw   r9, r10
    blt     1b
    bl      start
    b       exit
    .cfi_endproc
    .size   __init, . - __init

/* void exit(int code): leave the code for the host and sleep for good. */
    .globl  exit
    .type   exit, @function
exit:
    .cfi_startproc
    .cfi_undefined lr
    li      r0, 0
    mtmsr   r0                      /* no interrupt wakes a program that has ended */
    mtspr   SPR_TCR, r0
    lis     r9, NUX_RETURN_CODE_ADDRESS@ha
    stw     r3, NUX_RETURN_CODE_ADDRESS@l(r9)
    sync
1:  WAIT
    b       1b
    .cfi_endproc
    .size   exit, . - exit

.macro UNHANDLED name, address
    .globl  __unhandled_\name
    .type   __unhandled_\name, @function
__unhandled_\name:
    lis     r3, 0xdead
    ori     r3, r3, \address
    b       exit
    .size   __unhandled_\name, . - __unhandled_\name
.endm

    UNHANDLED machine_check, NUX_EXCEPTION_MACHINE_CHECK
    UNHANDLED critical_input, NUX_EXCEPTION_CRITICAL_INPUT
    UNHANDLED data_storage, NUX_EXCEPTION_DATA_STORAGE
    UNHANDLED instruction_storage, NUX_EXCEPTION_INSTRUCTION_STORAGE
    UNHANDLED external_input, NUX_EXCEPTION_EXTERNAL_INPUT
    UNHANDLED alignment, NUX_EXCEPTION_ALIGNMENT
    UNHANDLED program, NUX_EXCEPTION_PROGRAM
    UNHANDLED system_call, NUX_EXCEPTION_SYSTEM_CALL
    UNHANDLED doorbell, NUX_EXCEPTION_DOORBELL
    UNHANDLED critical_doorbell, NUX_EXCEPTION_CRITICAL_DOORBELL
    UNHANDLED fit, NUX_EXCEPTION_FIT
    UNHANDLED decrementer, NUX_EXCEPTION_DECREMENTER

    .section .note.GNU-stack, "", @progbits
