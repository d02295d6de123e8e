// SPDX-License-Identifier: BSD-3-Clause
// The binary description of a network, which nuxkit.inference.compile writes.
//
// A header and `num_operations` records stand at the start of the workspace. Places are bytes
// from the workspace's start. Weights are in the DRAM, in tiles: first the biases and then the
// weights of each input, 256 bytes each, even columns before odd ones. Layers of one tile may
// share it, in columns of their own; those of more inputs or columns have one tile for each 256
// columns, of all inputs.

#ifndef NUX_INFERENCE_DESCRIPTION_H
#define NUX_INFERENCE_DESCRIPTION_H

#include <stdint.h>

enum {
    DESCRIPTION_MAGIC = 0x4e55584e, // "NUXN"
    DESCRIPTION_VERSION = 1,
    MAX_OPERATIONS = 32
};

typedef struct {
    uint32_t magic;
    uint16_t version;
    uint16_t num_operations;
    uint32_t size; // bytes of header and records
} network_header;

enum operation_kind {
    MULTIPLY = 1,
    RELU,
    CONVERTING_RELU,
    REQUANTISE,
    ADD,
    MAX_POOL,
    MEAN_POOL,
    ARGMAX,
    MAX_MIN_POOL
};

// Geometry of a multiplication: windows of a padded input of channels x height x width, each
// times the same weights. A dense layer is one window. `side` neighbouring windows of a row of
// the output are calculated at once, with their kernels side by side in the columns.
typedef struct {
    uint8_t kind;
    int8_t parameter; // shift of a converting rectification or max-min pooling, scale of a
                      // requantisation
    uint16_t source;  // where the input is
    uint16_t other;   // second summand, or room for the values of a window
    uint16_t target;
    uint16_t count; // values of the input
    uint16_t channels, height, width;
    uint16_t kernel_height, kernel_width;
    uint16_t stride_height, stride_width;
    uint16_t padding_height, padding_width;
    uint16_t out_height, out_width, out_channels;
    uint16_t side;
    uint16_t sends, wait;
    uint16_t column;  // first one in the tile
    uint16_t rows;    // of the tile, with those of the layers that share it
    uint32_t weights; // first vector of the first tile, from that of all weights
} network_operation;

#endif
