/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing and reading of saved state, piece by piece. */
#ifndef NUX_STATE_H
#define NUX_STATE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Counts on when there is no more room, so that the size needed comes out. */
typedef struct {
    uint8_t *out;
    size_t used, capacity;
} nux_writer;

static inline void nux_write_state(nux_writer *w, const void *data, size_t n) {
    if (w->used + n <= w->capacity)
        memcpy(w->out + w->used, data, n);
    w->used += n;
}

/* Fails for good at the first piece that is not there whole. */
typedef struct {
    const uint8_t *data;
    size_t left;
    bool failed;
} nux_reader;

static inline void nux_read_state(nux_reader *r, void *to, size_t n) {
    if (r->failed || n > r->left) {
        r->failed = true;
        return;
    }
    memcpy(to, r->data, n);
    r->data += n;
    r->left -= n;
}
#endif
