// SPDX-License-Identifier: BSD-3-Clause
// The end of a program.

#ifndef NUX_EXIT_H
#define NUX_EXIT_H

/// Leave `code` for the host and stop for good; start() returning does the same.
void exit(int code) __attribute__((noreturn));

#endif
