/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes of a saved state: written field by field, so that they hold no padding and no pointers. */
#ifndef NUX_STATE_H
#define NUX_STATE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Counts all bytes, keeps those that fit. */
typedef struct {
    uint8_t *bytes;
    size_t capacity, size;
} nux_writer;

static inline void nux_put_bytes(nux_writer *w, const void *data, size_t n) {
    if (n != 0 && w->size <= w->capacity && n <= w->capacity - w->size)
        memcpy(w->bytes + w->size, data, n);
    w->size += n;
}

/* After the first read beyond the end `failed` is set and all reads give zeros. */
typedef struct {
    const uint8_t *bytes;
    size_t left;
    bool failed;
} nux_reader;

static inline void nux_take_bytes(nux_reader *r, void *out, size_t n) {
    if (r->failed || n > r->left) {
        r->failed = true;
        memset(out, 0, n);
        return;
    }
    memcpy(out, r->bytes, n);
    r->bytes += n;
    r->left -= n;
}

#define NUX_PUT(w, field) nux_put_bytes(w, &(field), sizeof(field))
#define NUX_TAKE(r, field) nux_take_bytes(r, &(field), sizeof(field))
#endif
