// SPDX-License-Identifier: BSD-3-Clause
// The string functions that GCC calls on its own, and strlen.

// Else GCC would turn the loops below into calls of the functions they are in.
#pragma GCC optimize("no-tree-loop-distribute-patterns")

#include <stdint.h>
#include <string.h>

typedef uint32_t __attribute__((may_alias)) word;

static int aligned(const void *a, const void *b) {
    return (((uintptr_t)a | (uintptr_t)b) & (sizeof(word) - 1)) == 0;
}

static void copy_up(uint8_t *to, const uint8_t *from, size_t size) {
    if (aligned(to, from)) {
        for (; size >= sizeof(word); size -= sizeof(word)) {
            *(word *)to = *(const word *)from;
            to += sizeof(word);
            from += sizeof(word);
        }
    }
    while (size-- > 0) {
        *to++ = *from++;
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    copy_up(to, from, size);
    return to;
}

void *memmove(void *to, const void *from, size_t size) {
    uint8_t *d = to;
    const uint8_t *s = from;
    if ((uintptr_t)d - (uintptr_t)s >= size) {
        copy_up(d, s, size);
    } else {
        while (size-- > 0) {
            d[size] = s[size];
        }
    }
    return to;
}

void *memset(void *to, int value, size_t size) {
    uint8_t *d = to;
    uint8_t byte = (uint8_t)value;
    if (aligned(d, d)) {
        for (; size >= sizeof(word); size -= sizeof(word)) {
            *(word *)d = byte * 0x01010101u;
            d += sizeof(word);
        }
    }
    while (size-- > 0) {
        *d++ = byte;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t size) {
    const uint8_t *x = a, *y = b;
    for (; size > 0; size--, x++, y++) {
        if (*x != *y) {
            return *x - *y;
        }
    }
    return 0;
}

size_t strlen(const char *text) {
    size_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    return length;
}
