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
#: Synapse memory controller: precharge, write and wait times (3 words).
OMNIBUS_SYNRAM_CONFIG_WORD = 0x0200_0000
OMNIBUS_SYNRAM_CONFIG_SIZE = 3
#: Correlation sensors: sense delay, reset duration, fall time, mode (4 words).
OMNIBUS_CORRELATION_CONFIG_WORD = 0x0220_0000
OMNIBUS_CORRELATION_CONFIG_SIZE = 4
#: CADC channel offsets, 2 words per column (causal, acausal), value = offset + 128.
OMNIBUS_CADC_OFFSETS_EAST_WORD = 0x0240_0000
OMNIBUS_CADC_OFFSETS_WEST_WORD = 0x0240_0800
OMNIBUS_CADC_OFFSETS_SIZE = 0x100
OMNIBUS_CADC_CONFIG_WORD = 0x0240_1000
OMNIBUS_SRAM_WORD = 0x0280_0000
OMNIBUS_PPU_CONTROL_WORD = 0x02A0_0000
OMNIBUS_PPU_STATUS_WORD = 0x02A0_0001
OMNIBUS_SYNRAM_WORD = 0x02C0_0000
OMNIBUS_SYNRAM_SIZE = 0x0040_0000
#: System time: low 32 bits, high 11 bits; it counts at SYSTIME_CLOCK_HZ.
OMNIBUS_SYSTIME_WORD = 0x0000_0000
SYSTIME_CLOCK_HZ = 125_000_000
SYSTIME_BITS = 43
#: Units in pairs (top and bottom, or left and right): distance of the second one.
OMNIBUS_PAIR_WORD_STRIDE = 0x8000
#: Events for the synapse drivers of a hemisphere (write), and the common configuration of
#: the driver buses and of short-term plasticity.
OMNIBUS_PADI_EVENT_WORD = 0x11_0000
OMNIBUS_PADI_CONFIG_WORD = 0x11_0001
OMNIBUS_STP_CONFIG_WORD = 0x11_0002
#: Synapse drivers of a hemisphere, 4 words each, of which 3 are used.
OMNIBUS_DRIVER_WORD = 0x11_0400
OMNIBUS_DRIVER_STRIDE = 4
NUM_DRIVERS = 128
#: Neurons of the left half: word 4 * n with n = column % 128 + 128 * hemisphere.
OMNIBUS_NEURON_RESET_WORD = 0x12_2000
OMNIBUS_POST_PULSE_WORD = 0x12_2400
OMNIBUS_SPIKE_COUNTER_WORD = 0x12_2800
OMNIBUS_SPIKE_COUNTER_RESET_WORD = 0x12_2C00
OMNIBUS_NEURON_STRIDE = 4
OMNIBUS_NEURONS_SIZE = 0x400
#: Background spike sources, 3 words each.
OMNIBUS_BACKGROUND_WORD = 0x13_0001
OMNIBUS_BACKGROUND_STRIDE = 3
NUM_BACKGROUND_SOURCES = 8

# --- On-chip bus: units that the model does not have ---------------------------------
OMNIBUS_MADC_WORD = 0x0C_0000
OMNIBUS_MADC_SIZE = 0x100
#: Output switches; nodes, drop counters and event counters follow the background sources.
OMNIBUS_CROSSBAR_OUTPUT_WORD = 0x13_0000
OMNIBUS_CROSSBAR_WORD = 0x13_0019
OMNIBUS_CROSSBAR_SIZE = 0x6C
#: Four quadrants NW, NE, SW, SE at OMNIBUS_PAIR_WORD_STRIDE.
OMNIBUS_CAPMEM_WORD = 0x14_0000
OMNIBUS_CAPMEM_SIZE = 0x8000
OMNIBUS_NEURON_CONFIG_WORD = 0x16_0000
OMNIBUS_NEURON_CONFIG_SIZE = 0x400
#: West and east.
OMNIBUS_NEURON_BACKEND_WORD = 0x1A_1000
OMNIBUS_NEURON_BACKEND_SIZE = 0x802

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
# The same in the vendor's speed test (libnux, test_speed_memory.cpp).
VECTOR_NEURON_RESET_OF_SPEED_TEST = 0xC9_4000
#: Modifier bit of the CADC regions: return the latched conversion.
VECTOR_BUFFERED = 0x20_0000
#: Bits that may be set in any array address.
VECTOR_IGNORED = 0xC0_0000
VECTOR_EXTMEM = 0x8000_0000
VECTOR_DRAM = 0x8100_0000
#: Row with the column switches of the neurons (readout on the CADC, synaptic input), also the
#: row by which neurons are reset; the row after it has the switches of the sensors.
SWITCH_ROW = 256
#: Bit of a weight (causal) or label (acausal) of the switch row: the column's CADC channel
#: reads the neuron.
SWITCH_NEURON = 0x20

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
