// SPDX-License-Identifier: BSD-3-Clause
// Runs random words through the vector unit, for sanitizers and for machines of other byte
// order: both lane sets must agree, and the checksum must be the same on every machine.
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

static void randomise_words(uint32_t *words, int count) {
    for (int i = 0; i < count; i++) {
        words[i] = random_word();
    }
}

static void randomise(nux_vstate *state) {
    for (int i = 0; i < 32; i++) {
        for (int j = 0; j < 128; j++) {
            state->vr[i][j] = (uint8_t)random_word();
        }
    }
    randomise_words(state->acc, 64);
    for (int i = 0; i < 128; i++) {
        state->vcr[i] = random_word() & 3;
    }
}

static uint32_t checksum(const nux_vstate *state) {
    uint32_t sum = 0;
    for (int i = 0; i < 32; i++) {
        for (int j = 0; j < 128; j++) {
            sum = sum * 31 + state->vr[i][j];
        }
    }
    for (int i = 0; i < 64; i++) {
        sum = sum * 31 + state->acc[i];
    }
    for (int i = 0; i < 128; i++) {
        sum = sum * 31 + state->vcr[i];
    }
    return sum;
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
    uint32_t sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        randomise(best);
        *portable = *best;
        randomise_words(gpr, 32);
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
                fprintf(stderr, "%08x: no mnemonic\n", (unsigned)word);
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
        sum = sum * 31 + checksum(best);
    }
    free(best);
    free(portable);
    printf("%lld instructions, checksum %08x\n", (long long)executed, (unsigned)sum);
    return executed == 2LL * ROUNDS * LENGTH ? 0 : 1;
}
