# SPDX-License-Identifier: BSD-3-Clause
"""Address map of one plasticity processor: the one source of every address.

The C headers ``ppu_runtime/include/nux/memory_map.h`` and
``emulator/nuxemu/native/memory_map.h`` are generated from the upper-case integer
constants of this module (``python -m nuxemu.isa.generate``). Addresses are bytes
unless the name says ``WORD`` (32-bit words) or ``VECTOR`` (vector IO space: one
unit is one vector of 128 lanes).
"""

#: Processor clock, cycles per second.
PPU_CLOCK_HZ = 250_000_000

# --- SRAM of one processor -------------------------------------------------------
SRAM_BASE = 0x0000_0000
SRAM_SIZE = 0x4000
MAILBOX_BASE = 0x3000
MAILBOX_SIZE = 0x1000
#: The value ``start()`` returned is left here.
RETURN_CODE_ADDRESS = 0x2FFC
#: Initial stack pointer; the stack grows down towards the data.
STACK_TOP = 0x2FF0

# --- External memory (in the FPGA), shared by both processors and the host --------
EXTMEM_DATA_BASE = 0x4000_0000
EXTMEM_SIZE = 0x2_0000
EXTMEM_FETCH_BASE = 0x8000_0000
DRAM_DATA_BASE = 0x5000_0000
DRAM_SIZE = 0x1000_0000
DRAM_FETCH_BASE = 0x9000_0000

# --- On-chip bus (omnibus): data accesses with bit 31 set --------------------------
OMNIBUS_DATA_BASE = 0x8000_0000
#: Omnibus word addresses of the top hemisphere; the bottom one is 0x0100_0000 higher.
OMNIBUS_HEMISPHERE_WORD_STRIDE = 0x0100_0000
OMNIBUS_SRAM_WORD = 0x0280_0000
OMNIBUS_SYNRAM_WORD = 0x02C0_0000

# --- Synapse array ----------------------------------------------------------------
NUM_ROWS = 256
NUM_COLUMNS = 256
VECTOR_BYTES = 128
NUM_VECTOR_REGISTERS = 32
WEIGHT_MAX = 63
LABEL_MAX = 63

# --- Vector IO regions: index = 2 * row + half, half 0 = even columns ---------------
VECTOR_WEIGHT = 0x0_0000
VECTOR_TIME_CALIB = 0x1_0000
VECTOR_AMP_CALIB = 0x2_0000
VECTOR_LABEL = 0x4_0000
VECTOR_CAUSAL = 0x8_0000
VECTOR_RESET_CAUSAL = 0x9_0000
VECTOR_ACAUSAL = 0xC_0000
VECTOR_RESET_ACAUSAL = 0xD_0000
VECTOR_RANDOM = 0xE_0000
VECTOR_RAW = 0xF_0000
VECTOR_NEURON_RESET = 0xC9_0200
#: Modifier bit of the CADC regions: return the latched conversion.
VECTOR_BUFFERED = 0x20_0000
VECTOR_EXTMEM = 0x8000_0000
VECTOR_DRAM = 0x8100_0000
#: Row with the column switches (neuron readout on the CADC, neuron reset).
SWITCH_ROW = 256

# --- Exception vectors (byte addresses) ---------------------------------------------
EXCEPTION_RESET = 0x00
EXCEPTION_MACHINE_CHECK = 0x04
EXCEPTION_CRITICAL_INPUT = 0x08
EXCEPTION_DATA_STORAGE = 0x0C
EXCEPTION_INSTRUCTION_STORAGE = 0x10
EXCEPTION_EXTERNAL_INPUT = 0x14
EXCEPTION_ALIGNMENT = 0x18
EXCEPTION_PROGRAM = 0x1C
EXCEPTION_SYSTEM_CALL = 0x20
EXCEPTION_DOORBELL = 0x24
EXCEPTION_CRITICAL_DOORBELL = 0x28
EXCEPTION_FIT = 0x2C
EXCEPTION_DECREMENTER = 0x30
#: First address after the exception slots.
INIT_ADDRESS = 0x34
