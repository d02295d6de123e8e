// SPDX-License-Identifier: BSD-3-Clause
// Memory that is read: who wrote it, `which` chooses; lines with a name read what nobody wrote.

#include <nux/nux.h>

volatile uint32_t which, sink;
volatile uint32_t zeroed[4];
uint32_t *volatile elsewhere;

struct padded {
    uint8_t small;
    uint32_t large;
};

static void read_word(void) {
    volatile uint32_t values[8];
    values[0] = 1;
    sink = values[7]; // word
}

static void read_byte(void) {
    volatile uint8_t values[64];
    values[0] = 1;
    for (uint32_t i = 0; i < 64; i += 32) {
        sink += values[i]; // byte
    }
}

static void read_vector(void) {
    nux_vector_memory lanes;
    volatile uint32_t *words = (volatile uint32_t *)&lanes;
    for (uint32_t i = 0; i < 31; i++) {
        words[i] = i;
    }
    nux_sync();
    nux_set_labels_half(2, 0, nux_load(&lanes)); // vector
}

static void read_external(void) {
    sink = *(volatile uint32_t *)(NUX_EXTMEM_DATA_BASE + 0x1000); // external
}

static void read_external_vector(void) {
    nux_set_labels_half(2, 0, fxvinx(NUX_VECTOR_EXTMEM, 0x200)); // external_vector
}

static void read_dram(void) {
    sink = *(volatile uint32_t *)(NUX_DRAM_DATA_BASE + 0x123000); // dram
}

static void read_mailbox(void) {
    sink = ((volatile uint32_t *)NUX_MAILBOX_BASE)[100]; // mailbox
}

static void read_elsewhere(void) {
    sink = *(volatile uint32_t *)elsewhere; // elsewhere
}

// From here on all is right.

static void read_zeroed(void) { sink = zeroed[3]; }

static void copy_padding(void) {
    struct padded first, second;
    first.small = 1;
    first.large = 2;
    __asm__ volatile("" : : "r"(&first) : "memory");
    __builtin_memcpy(&second, &first, sizeof first);
    __asm__ volatile("" : : "r"(&second) : "memory");
    sink = second.large;
}

static void read_what_a_vector_wrote(void) {
    nux_vector_memory lanes;
    nux_store(nux_splat8(1), &lanes);
    nux_sync();
    sink = ((volatile uint8_t *)&lanes)[127];
    nux_set_labels_half(2, 0, nux_load(&lanes));
}

static void read_what_scalars_wrote(void) {
    nux_vector_memory lanes;
    volatile uint8_t *bytes = (volatile uint8_t *)&lanes;
    for (uint32_t i = 0; i < 128; i++) {
        bytes[i] = (uint8_t)i;
    }
    nux_sync();
    nux_set_labels_half(2, 0, nux_load(&lanes));
}

static void read_what_the_vector_bus_wrote(void) {
    fxvoutx(nux_splat8(3), NUX_VECTOR_EXTMEM, 0x200);
    nux_sync();
    nux_set_labels_half(2, 0, fxvinx(NUX_VECTOR_EXTMEM, 0x200));
    sink = *(volatile uint32_t *)(NUX_EXTMEM_DATA_BASE + 0x2000);
}

static __attribute__((noinline)) uint32_t deep(uint32_t n) {
    volatile uint32_t values[3];
    values[n % 3] = n;
    return n ? deep(n - 1) + values[n % 3] : 0;
}

static void call_deeply(void) { sink = deep(20); }

int start(void) {
    static void (*const ways[])(void) = {read_word,
                                         read_byte,
                                         read_vector,
                                         read_external,
                                         read_external_vector,
                                         read_dram,
                                         read_mailbox,
                                         read_elsewhere,
                                         read_zeroed,
                                         copy_padding,
                                         read_what_a_vector_wrote,
                                         read_what_scalars_wrote,
                                         read_what_the_vector_bus_wrote,
                                         call_deeply};
    ways[which]();
    return 0;
}
