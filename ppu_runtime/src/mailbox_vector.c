// SPDX-License-Identifier: BSD-3-Clause
// Vectors as text in the mailbox.

#include <nux/mailbox.h>

// Before the scalar unit may read what the vector unit stored: wait for the vector unit.
static void finish_vector_stores(void) { __asm__ volatile("sync" ::: "memory"); }

#define DEFINE_WRITE_VECTOR(lanes, count, write)                                                   \
    void nux_mailbox_write_vector_##lanes(const nux_vector_memory *vector) {                       \
        finish_vector_stores();                                                                    \
        for (uint32_t lane = 0; lane < (count); lane++) {                                          \
            if (lane > 0) {                                                                        \
                nux_mailbox_write_char(' ');                                                       \
            }                                                                                      \
            write(vector->lanes[lane]);                                                            \
        }                                                                                          \
    }

DEFINE_WRITE_VECTOR(u8, 128, nux_mailbox_write_unsigned)
DEFINE_WRITE_VECTOR(s8, 128, nux_mailbox_write_signed)
DEFINE_WRITE_VECTOR(u16, 64, nux_mailbox_write_unsigned)
DEFINE_WRITE_VECTOR(s16, 64, nux_mailbox_write_signed)
