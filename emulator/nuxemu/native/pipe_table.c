/* SPDX-License-Identifier: BSD-3-Clause */
/* The states of the pipeline that occurred between blocks, each kept once, so that two are equal
 * when their addresses are. */
#include "processor.h"
#include <stdlib.h>
#include <string.h>

static uint32_t hash(const nux_pipe *pipe) {
    uint64_t h = 0, word;
    const uint8_t *bytes = (const uint8_t *)pipe;
    size_t used = offsetof(nux_pipe, queue) + pipe->count * sizeof *pipe->queue;
    for (size_t i = 0; i + sizeof word <= used; i += sizeof word) {
        memcpy(&word, bytes + i, sizeof word);
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 32;
    }
    return (uint32_t)h % NUX_PIPE_BUCKETS;
}

const nux_pipe *nux_pipe_find(nux_processor *p, nux_pipe *pipe) {
    bool idle = nux_pipe_is_idle(pipe);
    if (idle && p->pipes.idle)
        return p->pipes.idle;
    nux_pipe_normalize(pipe);
    nux_pipe_node **bucket = &p->pipes.buckets[hash(pipe)];
    for (nux_pipe_node *node = *bucket; node; node = node->next)
        if (!memcmp(&node->pipe, pipe, sizeof *pipe))
            return &node->pipe;
    nux_pipe_node *node = malloc(sizeof *node);
    if (!node)
        abort();
    node->pipe = *pipe;
    node->next = *bucket;
    p->pipes.count++;
    *bucket = node;
    if (idle)
        p->pipes.idle = &node->pipe;
    return &node->pipe;
}

void nux_pipe_forget_all(nux_processor *p) {
    for (uint32_t i = 0; i < NUX_PIPE_BUCKETS; i++)
        for (nux_pipe_node *node = p->pipes.buckets[i], *next; node; node = next) {
            next = node->next;
            free(node);
        }
    memset(&p->pipes, 0, sizeof p->pipes);
}
