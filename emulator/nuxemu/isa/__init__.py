# SPDX-License-Identifier: BSD-3-Clause
"""Instruction set of the plasticity processor, as tables."""

from .disassembler import disassemble
from .vector import VECTOR, VectorInsn

__all__ = ["VECTOR", "VectorInsn", "disassemble"]
