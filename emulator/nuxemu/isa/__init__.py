# SPDX-License-Identifier: BSD-3-Clause
"""The instruction set of the processor: one table each for vector and scalar part."""
