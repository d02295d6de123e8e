// SPDX-License-Identifier: BSD-3-Clause
// A layer of multiplications, in tiles of 128 inputs by 256 outputs.

#ifndef NUX_INFERENCE_MULTIPLY_H
#define NUX_INFERENCE_MULTIPLY_H

#include "description.h"

/// Before the first multiplication: rows, labels and CADC are set up if they are not yet.
void prepare_multiply(void);

/// Results of tiles that lie below each other are added exactly, then saturated to int8, then the
/// bias is added, saturating.
void multiply(int8_t *target, const uint8_t *source, uint8_t *window,
              const network_operation *operation);

#endif
