// SPDX-License-Identifier: BSD-3-Clause
//
// Integer benchmark: ten small jobs that together use the scalar processor as control code
// does (pointer chasing, sorting, matrices, parsing, checksums, division, shifts, 64-bit
// arithmetic, indirect calls).
//
// One source for the emulated processor, for qemu-ppc (with linux_start.c) and for any
// hosted compiler (with host_main.c). It uses no library and no shift by the word width or
// more, and no order of evaluation that C leaves open, so that all three compute the same.
//
// bench_iterations  in   rounds to run
// bench_result      out  CRC-32 over what every job computed in every round
// start()           out  0, or the number of the first job whose own check failed

#include <stdint.h>

volatile uint32_t bench_iterations = 1;
volatile uint32_t bench_result = 0;

static uint32_t random_state;

// Linear congruential generator (constants of Numerical Recipes); the upper bits are good.
static uint32_t random_u16(void) {
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 16;
}

// --- 1. Checksums -------------------------------------------------------------------

static uint16_t crc16_update(uint16_t crc, uint8_t byte) {
    crc ^= (uint16_t)(byte << 8);
    for (int bit = 0; bit < 8; bit++)
        crc = (crc & 0x8000) ? (uint16_t)(crc << 1) ^ 0x1021 : (uint16_t)(crc << 1);
    return crc;
}

static uint32_t crc32_nibble[16];

static void crc32_prepare(void) {
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 4; bit++)
            crc = (crc & 1) ? (crc >> 1) ^ 0xEDB88320u : crc >> 1;
        crc32_nibble[i] = crc;
    }
}

static uint32_t crc32_update(uint32_t crc, uint32_t word) {
    for (int shift = 0; shift < 32; shift += 4)
        crc = crc32_nibble[(crc ^ (word >> shift)) & 15] ^ (crc >> 4);
    return crc;
}

static const char check_text[] = "123456789";

// Both checksums have published check values for the digits 1 to 9.
static int job_checksum(uint32_t *out) {
    uint16_t crc16 = 0xFFFF;
    uint32_t crc32 = 0xFFFFFFFFu;
    for (const char *c = check_text; *c; c++) {
        crc16 = crc16_update(crc16, (uint8_t)*c);
        crc32 = crc32_nibble[(crc32 ^ (uint8_t)*c) & 15] ^ (crc32 >> 4);
        crc32 = crc32_nibble[(crc32 ^ ((uint8_t)*c >> 4)) & 15] ^ (crc32 >> 4);
    }
    int passed = crc16 == 0x29B1 && ~crc32 == 0xCBF43926u;
    for (int i = 0; i < 32; i++)
        crc16 = crc16_update(crc16, (uint8_t)random_u16());
    *out = crc16;
    return passed;
}

// --- 2. Linked list -----------------------------------------------------------------

#define LIST_LENGTH 48

typedef struct node {
    struct node *next;
    int16_t value;
    int16_t index;
} node;

typedef int (*node_order)(const node *a, const node *b);

static node list_nodes[LIST_LENGTH];

static int by_value(const node *a, const node *b) {
    return a->value != b->value ? a->value - b->value : a->index - b->index;
}

static int by_index(const node *a, const node *b) { return a->index - b->index; }

static node *list_build(void) {
    for (int i = 0; i < LIST_LENGTH; i++) {
        list_nodes[i].value = (int16_t)(random_u16() & 0x3FF) - 512;
        list_nodes[i].index = (int16_t)i;
        list_nodes[i].next = i + 1 < LIST_LENGTH ? &list_nodes[i + 1] : 0;
    }
    return list_nodes;
}

static node *list_reverse(node *list) {
    node *reversed = 0;
    while (list) {
        node *next = list->next;
        list->next = reversed;
        reversed = list;
        list = next;
    }
    return reversed;
}

static const node *list_find(const node *list, int16_t value) {
    while (list && list->value != value)
        list = list->next;
    return list;
}

// Merge sort from the bottom up: runs of length 1, 2, 4, ... until one run is left.
static node *list_sort(node *list, node_order order) {
    for (int length = 1;; length *= 2) {
        node *rest = list;
        node **tail = &list;
        int merges = 0;
        while (rest) {
            node *left = rest;
            int left_length = 0;
            while (left_length < length && rest) {
                rest = rest->next;
                left_length++;
            }
            node *right = rest;
            int right_length = length;
            while (left_length > 0 || (right_length > 0 && right)) {
                node *smaller;
                if (left_length > 0 && !(right_length > 0 && right && order(right, left) < 0)) {
                    smaller = left;
                    left = left->next;
                    left_length--;
                } else {
                    smaller = right;
                    right = right->next;
                    right_length--;
                }
                *tail = smaller;
                tail = &smaller->next;
            }
            rest = right;
            merges++;
        }
        *tail = 0;
        if (merges <= 1)
            return list;
    }
}

static int job_list(uint32_t *out) {
    node *list = list_sort(list_reverse(list_build()), by_value);
    uint32_t crc = 0;
    int passed = 1;
    for (const node *n = list; n; n = n->next) {
        if (n->next && by_value(n, n->next) >= 0)
            passed = 0;
        crc = crc32_update(crc, (uint32_t)(uint16_t)n->value << 16 | (uint16_t)n->index);
    }
    uint32_t found = 0;
    for (int i = 0; i < 16; i++)
        found += list_find(list, (int16_t)(random_u16() & 0x3FF) - 512) != 0;
    list = list_sort(list, by_index);
    for (int i = 0; i < LIST_LENGTH; i++, list = list->next)
        passed &= list == &list_nodes[i];
    *out = crc + found;
    return passed && !list;
}

// --- 3. Matrices --------------------------------------------------------------------

#define MATRIX_SIZE 12

static int16_t matrix_a[MATRIX_SIZE][MATRIX_SIZE];
static int16_t matrix_b[MATRIX_SIZE][MATRIX_SIZE];
static int32_t matrix_c[MATRIX_SIZE][MATRIX_SIZE];

static void matrix_multiply(void) {
    for (int i = 0; i < MATRIX_SIZE; i++) {
        for (int j = 0; j < MATRIX_SIZE; j++) {
            int32_t sum = 0;
            for (int k = 0; k < MATRIX_SIZE; k++)
                sum += matrix_a[i][k] * matrix_b[k][j];
            matrix_c[i][j] = sum;
        }
    }
}

// trace(A * B) = sum of A[i][j] * B[j][i] checks the product.
static int job_matrix(uint32_t *out) {
    for (int i = 0; i < MATRIX_SIZE; i++) {
        for (int j = 0; j < MATRIX_SIZE; j++) {
            matrix_a[i][j] = (int16_t)(random_u16() & 0xFFF) - 2048;
            matrix_b[i][j] = (int16_t)(random_u16() & 0xFFF) - 2048;
        }
    }
    matrix_multiply();
    int32_t trace = 0, expected = 0;
    uint32_t crc = 0;
    for (int i = 0; i < MATRIX_SIZE; i++) {
        trace += matrix_c[i][i];
        for (int j = 0; j < MATRIX_SIZE; j++) {
            expected += matrix_a[i][j] * matrix_b[j][i];
            crc ^= (uint32_t)(matrix_c[i][j] >> (i & 7)) + (uint32_t)(i * 31 + j);
        }
    }
    *out = crc;
    return trace == expected;
}

// --- 4. State machine over text -------------------------------------------------------

enum number_kind { NUMBER_NONE, NUMBER_INTEGER, NUMBER_FRACTION, NUMBER_EXPONENT, NUMBER_BAD };

static const char number_text[] = "12,-7,+3.5,1e9,0.25e-3,12a,,.5,-,99999,3..1,6e,+8,-0.0,1e+5,x";

static int is_digit(char c) { return c >= '0' && c <= '9'; }

// Kind of the field that starts at *cursor; leaves *cursor behind its comma.
static enum number_kind number_next(const char **cursor) {
    enum { START, SIGN, WHOLE, POINT, FRACTION, E, E_SIGN, EXPONENT, BAD } state = START;
    char c;
    while ((c = *(*cursor)++) != ',' && c) {
        int sign = c == '+' || c == '-';
        switch (state) {
        case START:
            state = sign ? SIGN : is_digit(c) ? WHOLE : c == '.' ? POINT : BAD;
            break;
        case SIGN:
            state = is_digit(c) ? WHOLE : c == '.' ? POINT : BAD;
            break;
        case WHOLE:
            state = is_digit(c) ? WHOLE : c == '.' ? FRACTION : c == 'e' ? E : BAD;
            break;
        case POINT:
        case FRACTION:
            state = is_digit(c) ? FRACTION : (c == 'e' && state == FRACTION) ? E : BAD;
            break;
        case E:
            state = sign ? E_SIGN : is_digit(c) ? EXPONENT : BAD;
            break;
        case E_SIGN:
        case EXPONENT:
            state = is_digit(c) ? EXPONENT : BAD;
            break;
        case BAD:
            break;
        }
    }
    if (!c)
        (*cursor)--;
    static const uint8_t kind[] = {NUMBER_NONE, NUMBER_BAD,      NUMBER_INTEGER,
                                   NUMBER_BAD,  NUMBER_FRACTION, NUMBER_BAD,
                                   NUMBER_BAD,  NUMBER_EXPONENT, NUMBER_BAD};
    return (enum number_kind)kind[state];
}

static int job_text(uint32_t *out) {
    uint32_t count[5] = {0, 0, 0, 0, 0};
    for (const char *cursor = number_text; *cursor;)
        count[number_next(&cursor)]++;
    *out = count[1] | count[2] << 8 | count[3] << 16 | count[4] << 24;
    return count[0] == 1 && count[1] == 4 && count[2] == 3 && count[3] == 3 && count[4] == 5;
}

// --- 5. Sieve -----------------------------------------------------------------------

#define SIEVE_SIZE 512

static uint8_t sieve_composite[SIEVE_SIZE];

static int job_sieve(uint32_t *out) {
    for (int i = 0; i < SIEVE_SIZE; i++)
        sieve_composite[i] = 0;
    uint32_t primes = 0, sum = 0;
    for (uint32_t i = 2; i < SIEVE_SIZE; i++) {
        if (sieve_composite[i])
            continue;
        primes++;
        sum += i;
        for (uint32_t j = i * i; j < SIEVE_SIZE; j += i)
            sieve_composite[j] = 1;
    }
    *out = sum;
    return primes == 97; // primes below 512
}

// --- 6. Sorting an array --------------------------------------------------------------

#define SORT_LENGTH 64

static uint16_t sort_keys[SORT_LENGTH];

static void heap_sift(uint16_t *keys, int root, int length) {
    uint16_t key = keys[root];
    for (int child; (child = 2 * root + 1) < length; root = child) {
        if (child + 1 < length && keys[child] < keys[child + 1])
            child++;
        if (keys[child] <= key)
            break;
        keys[root] = keys[child];
    }
    keys[root] = key;
}

static int job_sort(uint32_t *out) {
    uint32_t sum = 0;
    for (int i = 0; i < SORT_LENGTH; i++)
        sum += sort_keys[i] = (uint16_t)random_u16();
    for (int root = SORT_LENGTH / 2 - 1; root >= 0; root--)
        heap_sift(sort_keys, root, SORT_LENGTH);
    for (int last = SORT_LENGTH - 1; last > 0; last--) {
        uint16_t largest = sort_keys[0];
        sort_keys[0] = sort_keys[last];
        sort_keys[last] = largest;
        heap_sift(sort_keys, 0, last);
    }
    int passed = 1;
    uint32_t hash = 0;
    for (int i = 0; i < SORT_LENGTH; i++) {
        sum -= sort_keys[i];
        hash = hash * 33 + sort_keys[i];
        passed &= i == 0 || sort_keys[i - 1] <= sort_keys[i];
    }
    *out = hash;
    return passed && sum == 0;
}

// --- 7. Division ----------------------------------------------------------------------

static uint32_t greatest_common_divisor(uint32_t a, uint32_t b) {
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static uint32_t square_root(uint32_t square) {
    uint32_t root = square / 2 + 1;
    for (uint32_t next; (next = (root + square / root) / 2) < root;)
        root = next;
    return root;
}

static int job_division(uint32_t *out) {
    uint32_t hash = 0;
    int passed = 1;
    for (int i = 0; i < 8; i++) {
        uint32_t a = random_u16() + 1, b = random_u16() + 1;
        uint32_t divisor = greatest_common_divisor(a, b);
        uint32_t root = square_root(a * 7919u);
        int32_t quotient = (int32_t)(a << 8) / -(int32_t)b;
        int32_t rest = (int32_t)(a << 8) % -(int32_t)b;
        passed &= a % divisor == 0 && b % divisor == 0;
        passed &= root * root <= a * 7919u && a * 7919u - root * root <= 2 * root;
        passed &= quotient * -(int32_t)b + rest == (int32_t)(a << 8);
        for (uint32_t digits = a * b; digits; digits /= 10)
            hash = hash * 11 + digits % 10;
        hash ^= divisor + root + (uint32_t)quotient;
    }
    *out = hash;
    return passed;
}

// --- 8. Shifts and bits ---------------------------------------------------------------

static uint32_t reverse_bits(uint32_t x) {
    x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
    x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
    x = (x >> 4 & 0x0F0F0F0Fu) | (x & 0x0F0F0F0Fu) << 4;
    x = (x >> 8 & 0x00FF00FFu) | (x & 0x00FF00FFu) << 8;
    return x >> 16 | x << 16;
}

static uint32_t count_bits(uint32_t x) {
    uint32_t count = 0;
    for (; x; x &= x - 1)
        count++;
    return count;
}

static int job_shifts(uint32_t *out) {
    uint32_t hash = 0;
    int passed = 1;
    for (int i = 0; i < 16; i++) {
        uint32_t x = random_u16() << 16;
        x |= random_u16();
        uint32_t n = 1 + random_u16() % 31; // 1 to 31
        uint32_t rotated = x << n | x >> (32 - n);
        int32_t divided = (int32_t)x >> n;
        uint32_t reversed = reverse_bits(x);
        passed &= reverse_bits(reversed) == x && count_bits(rotated) == count_bits(x);
        hash = (hash << 5 | hash >> 27) ^ rotated ^ (uint32_t)divided ^ reversed;
    }
    *out = hash;
    return passed;
}

// --- 9. 64-bit arithmetic ---------------------------------------------------------------

// a * b modulo 2^61 - 1, from 32-bit partial products.
static uint64_t multiply_mersenne61(uint64_t a, uint64_t b) {
    const uint64_t prime = ((uint64_t)1 << 61) - 1;
    uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;
    uint64_t low = a_low * b_low;
    uint64_t middle = a_high * b_low + a_low * b_high; // below 2^62: both high parts < 2^29
    uint64_t high = a_high * b_high;
    uint64_t sum = (low & prime) + (low >> 61) + ((middle << 32) & prime) + (middle >> 29) +
                   ((high << 3) & prime) + (high >> 58);
    sum = (sum & prime) + (sum >> 61);
    return sum >= prime ? sum - prime : sum;
}

// Fermat: x^(p-1) = 1 for the prime p = 2^61 - 1, whose p - 1 is 2^61 - 2.
static int job_wide(uint32_t *out) {
    uint64_t x = 2; // below 2^42, and never a multiple of p
    for (int i = 0; i < 2; i++)
        x = x << 20 | random_u16();
    uint64_t power = 1;
    for (int bit = 60; bit >= 0; bit--) {
        power = multiply_mersenne61(power, power);
        if (bit > 0)
            power = multiply_mersenne61(power, x);
    }
    uint64_t state = x; // xorshift generator of period 2^64 - 1
    for (int i = 0; i < 16; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    *out = (uint32_t)state ^ (uint32_t)(state >> 32);
    return power == 1;
}

// --- 10. Calls through pointers -----------------------------------------------------------

typedef struct {
    int32_t stack[8];
    int depth;
    const int8_t *next;
} machine;

static void op_push(machine *m) { m->stack[m->depth++] = *m->next++; }

static void op_add(machine *m) {
    m->depth--;
    m->stack[m->depth - 1] += m->stack[m->depth];
}

static void op_multiply(machine *m) {
    m->depth--;
    m->stack[m->depth - 1] *= m->stack[m->depth];
}

static void op_duplicate(machine *m) {
    m->stack[m->depth] = m->stack[m->depth - 1];
    m->depth++;
}

// Counts down the value below the top of the stack and jumps back until it is zero.
static void op_loop(machine *m) {
    int8_t distance = *m->next++;
    if (--m->stack[m->depth - 2] > 0)
        m->next -= distance;
}

enum { OP_PUSH, OP_ADD, OP_MULTIPLY, OP_DUPLICATE, OP_LOOP, OP_HALT };

static void (*const op_table[])(machine *) = {op_push, op_add, op_multiply, op_duplicate, op_loop};

// Horner's rule on a stack machine: ten times v = v * 3 + 1, starting from 1.
static const int8_t op_program[] = {OP_PUSH, 10,          OP_PUSH,      1,      OP_PUSH,
                                    3,       OP_MULTIPLY, OP_PUSH,      1,      OP_ADD,
                                    OP_LOOP, 8,           OP_DUPLICATE, OP_ADD, OP_HALT};

static int job_calls(uint32_t *out) {
    machine m = {.depth = 0, .next = op_program};
    while (*m.next != OP_HALT)
        op_table[(uint8_t)*m.next++](&m);
    *out = (uint32_t)m.stack[m.depth - 1] + random_u16();
    return m.stack[m.depth - 1] == 2 * 88573; // (3^11 - 1) / 2 = 88573, doubled at the end
}

// --- All jobs -----------------------------------------------------------------------------

static int (*const jobs[])(uint32_t *out) = {
    job_checksum, job_list,     job_matrix, job_text, job_sieve,
    job_sort,     job_division, job_shifts, job_wide, job_calls,
};
#define NUM_JOBS ((int)(sizeof(jobs) / sizeof(jobs[0])))

int start(void) {
    int first_failed = 0;
    uint32_t crc = 0;
    random_state = 2463534242u;
    crc32_prepare();
    for (uint32_t round = bench_iterations; round > 0; round--) {
        for (int i = 0; i < NUM_JOBS; i++) {
            uint32_t out = 0;
            if (!jobs[i](&out) && !first_failed)
                first_failed = i + 1;
            crc = crc32_update(crc, out);
        }
    }
    bench_result = crc;
    return first_failed;
}
