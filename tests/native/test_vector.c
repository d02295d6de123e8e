// SPDX-License-Identifier: BSD-3-Clause
// Runs random words through the vector unit, for sanitizers; no results are compared here,
// but both lane sets must agree.
//
//   cc -std=gnu11 -O1 -g -fsanitize=address,undefined -Iemulator/nuxemu/native
//      tests/native/test_vector.c emulator/nuxemu/native/vector.c && ./a.out [seed]

#include "vector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_state;

// xorshift64.
static uint32_t random_word(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16);
}

static void randomise(void *memory, size_t size) {
    uint8_t *bytes = memory;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)random_word();
    }
}

int main(int argc, char **argv) {
    enum { ROUNDS = 2000, LENGTH = 100 };
    random_state = argc > 1 ? strtoull(argv[1], NULL, 0) : 88172645463325252u;
    printf("seed %llu\n", (unsigned long long)random_state);
    if (!random_state) {
        fprintf(stderr, "the seed must not be zero\n");
        return 2;
    }
    // On the heap, so that the address sanitizer sees every overrun.
    nux_vstate *best = malloc(sizeof *best), *portable = malloc(sizeof *portable);
    uint32_t gpr[32], words[LENGTH];
    uint8_t enable[128];
    int64_t executed = 0;
    for (int round = 0; round < ROUNDS; round++) {
        randomise(best, sizeof *best);
        for (int i = 0; i < 128; i++) {
            best->vcr[i] &= 3;
        }
        *portable = *best;
        randomise(gpr, sizeof gpr);
        int count = 0;
        while (count < LENGTH) {
            // All fields random; half of the words are not vector instructions.
            uint32_t word = 4u << 26 | (random_word() & 0x3ffffff);
            nux_vinsn insn;
            if (!nux_vdecode(word, &insn)) {
                continue;
            }
            nux_venable(best, insn.cond, enable);
            (void)nux_vaddress(&insn, gpr);
            if (!nux_vmnemonic(insn.index)) {
                fprintf(stderr, "%08x: no mnemonic\n", word);
                return 1;
            }
            if (insn.op) {
                words[count++] = word;
            }
        }
        nux_vselect_lanes(NUX_LANES_BEST);
        executed += nux_vrun(best, words, count, gpr);
        nux_vselect_lanes(NUX_LANES_PORTABLE);
        executed += nux_vrun(portable, words, count, gpr);
        if (memcmp(best, portable, sizeof *best)) {
            fprintf(stderr, "round %d: the lane sets differ\n", round);
            return 1;
        }
    }
    free(best);
    free(portable);
    printf("%lld instructions\n", (long long)executed);
    return executed == 2LL * ROUNDS * LENGTH ? 0 : 1;
}
