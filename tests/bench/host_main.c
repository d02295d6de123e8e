// SPDX-License-Identifier: BSD-3-Clause
// Runs scalar_mix.c under a hosted C compiler: program ITERATIONS, prints the checksum.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

extern volatile uint32_t bench_iterations;
extern volatile uint32_t bench_result;
int start(void);

int main(int argc, char **argv) {
    if (argc > 1)
        bench_iterations = (uint32_t)strtoul(argv[1], NULL, 10);
    int code = start();
    printf("%08x\n", (unsigned)bench_result);
    return code;
}
