// SPDX-License-Identifier: BSD-3-Clause
// Text for the host in the mailbox.

#include <nux/mailbox.h>
#include <nux/memory_map.h>

static const char truncation_mark[] = "..."; // its zero byte ends the text
#define TEXT_LIMIT (NUX_MAILBOX_SIZE - sizeof(truncation_mark))

// Zeroed at every start of the program.
#define RESET_AT_START __attribute__((section(".bss.reset")))

RESET_AT_START uint32_t nux_mailbox_dropped;
RESET_AT_START static uint32_t used;

static volatile char *mailbox(uint32_t position) {
    return (volatile char *)(NUX_MAILBOX_BASE + position);
}

// A character that did not fit. The emulator looks for calls of this function, by its name.
__attribute__((noinline)) void nux_mailbox_lose(void) {
    if (nux_mailbox_dropped++ == 0) {
        for (uint32_t i = 0; i < sizeof(truncation_mark); i++) {
            *mailbox(TEXT_LIMIT + i) = truncation_mark[i];
        }
    }
}

__attribute__((noinline)) void nux_mailbox_write_char(char character) {
    if (used < TEXT_LIMIT) {
        *mailbox(used++) = character;
        *mailbox(used) = '\0';
    } else {
        nux_mailbox_lose();
    }
}

void nux_mailbox_write_string(const char *text) {
    while (*text != '\0') {
        nux_mailbox_write_char(*text++);
    }
}

__attribute__((noinline)) void nux_mailbox_write_unsigned(uint32_t value) {
    char digits[10]; // of 2^32 - 1
    uint32_t count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (count > 0) {
        nux_mailbox_write_char(digits[--count]);
    }
}

void nux_mailbox_write_signed(int32_t value) {
    if (value < 0) {
        nux_mailbox_write_char('-');
    }
    nux_mailbox_write_unsigned(value < 0 ? -(uint32_t)value : (uint32_t)value);
}

// Shifts by a constant only: compilers move others to where they are by 32 or more, and unused.
void nux_mailbox_write_hex(uint32_t value, uint32_t digits) {
    for (uint32_t left = 8; left > 0; left--) {
        if (left <= digits) {
            nux_mailbox_write_char("0123456789abcdef"[value >> 28]);
        }
        value <<= 4;
    }
}
