# SPDX-License-Identifier: BSD-3-Clause
import numpy as np

import nuxkit

program = nuxkit.build("first_rule.c").program
chip = nuxkit.Chip(seed=1)
chip.synram[0].weights = np.full((256, 256), 32, dtype=np.uint8)

pre_s = 50e-6 * np.arange(1, 201)  # row 5 spikes with label 0, column 7 follows after 1 us
post_s = pre_s + 1e-6
rows, labels, columns = (np.full(200, value) for value in (5, 0, 7))
chip.add_spikes(pre=(pre_s, rows, labels), post=(post_s, columns), hemisphere=0)
chip.advance(11e-3)

result = chip.run(program, symbols={"threshold": 20})
print(result.return_code, chip.synram[0].weights[5, 4:10])  # 0 [32 32 32 33 32 32]
