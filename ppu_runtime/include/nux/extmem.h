// SPDX-License-Identifier: BSD-3-Clause
// Placing code and data in the external memory, which both processors and the host share.
//
// 128 KiB, slower than the SRAM. There is one copy for both processors; it is not cleared
// and not initialised again when a program starts.

#ifndef NUX_EXTMEM_H
#define NUX_EXTMEM_H

/// A function in external memory.
#define NUX_EXTERNAL_CODE __attribute__((section("ext.text"), noinline))
/// A variable with an initial value in external memory, written when the program is loaded.
#define NUX_EXTERNAL_DATA __attribute__((section("ext.data")))
/// A variable in external memory without initial value; what was there stays.
#define NUX_EXTERNAL_BUFFER __attribute__((section("ext.bss")))

/// The same in the external DRAM, 256 MiB.
#define NUX_DRAM_CODE __attribute__((section("ext_dram.text"), noinline))
#define NUX_DRAM_DATA __attribute__((section("ext_dram.data")))
#define NUX_DRAM_BUFFER __attribute__((section("ext_dram.bss")))

#endif
