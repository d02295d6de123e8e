// SPDX-License-Identifier: BSD-3-Clause
// A state as a string of bytes: written without history of buffers, read without trust.
#ifndef NUX_STATE_BYTES_H
#define NUX_STATE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    uint8_t *out;
    size_t capacity;
    size_t used; // bytes needed so far; only written while they fit
} nux_state_writer;

static inline void nux_state_put(nux_state_writer *writer, const void *bytes, size_t n) {
    if (n > 0 && writer->used <= writer->capacity && n <= writer->capacity - writer->used)
        memcpy(writer->out + writer->used, bytes, n);
    writer->used += n;
}

typedef struct {
    const uint8_t *data;
    size_t left;
    bool ok; // everything asked for was there
} nux_state_reader;

static inline void nux_state_get(nux_state_reader *reader, void *bytes, size_t n) {
    if (!reader->ok || n > reader->left) {
        reader->ok = false;
        memset(bytes, 0, n);
        return;
    }
    if (n > 0)
        memcpy(bytes, reader->data, n);
    reader->data += n;
    reader->left -= n;
}

// A count of items of a size, all of which must still be there.
static inline size_t nux_state_get_count(nux_state_reader *reader, size_t size) {
    uint64_t count;
    nux_state_get(reader, &count, sizeof count);
    if (count > reader->left / size)
        reader->ok = false;
    return reader->ok ? (size_t)count : 0;
}

#endif
