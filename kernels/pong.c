// SPDX-License-Identifier: BSD-3-Clause
//
// Pong, learned with reward-modulated STDP. Field, ball, paddle, reward and learning are all here;
// the host only watches.
//
// A ball moves in a field of PONG_STATES columns. An iteration:
//
//   1. The ball moves; the column that it is in is the state.
//   2. The row of this state gets `spikes` spikes, and with each of them a row of noise, whose
//      weights are random numbers up to `noise`, new ones in each iteration.
//   3. The winner is the neuron with most spikes; the paddle goes towards the winner's column.
//   4. The reward R falls with the distance between the winner's column and the state's.
//   5. weight += learning_rate * correlation * (R - mean of R in this state), in the row of the
//      state alone. Correlation is the causal sensor's: its baseline less its reading.
//   6. mean += (R - mean) / 2
//
// State k is row k, whose synapses listen to label k. Neuron j is column 2 * j, so that the
// synapses of a state are the lanes 0 to 31 of one vector. The noise is row 32, with label 32.
// Everything is integer arithmetic: rewards have PONG_ONE as 1, lengths PONG_FIELD.

#include <nux/nux.h>

enum {
    PONG_STATES = 32, // as many neurons
    PONG_ONE = 1 << 14,
    PONG_FIELD = 1 << 15, // width and height of the field
    PONG_REWARDS = 4,
    PONG_NOISE_ROW = PONG_STATES,
    PONG_LOG = 8192,            // iterations
    PONG_BASELINE_READINGS = 64 // that are averaged; a power of two
};

struct pong_parameters {
    uint32_t iterations;              // of one start()
    uint32_t spikes;                  // in an iteration
    uint32_t spike_interval;          // in cycles
    int16_t learning_rate;            // 1/32768 weight steps per CADC step
    int16_t rewards[PONG_REWARDS];    // 1/PONG_ONE, at distance 0, 1, ...; beyond them 0
    int16_t ball_speed, paddle_speed; // 1/PONG_FIELD an iteration
    int16_t ball_radius, paddle_length;
    int8_t noise; // largest weight of the row of noise, 0 to NUX_WEIGHT_MAX
};

struct pong_game {
    int16_t ball_x, ball_y, ball_vx, ball_vy; // y is 0 at the paddle's line
    int16_t paddle_x;
    uint32_t hits, misses;
};

// What the last iteration saw, and decided.
struct pong_iteration {
    nux_vector_memory random;  // a draw of the even columns
    nux_vector_memory reading; // of the causal sensors, in the lanes of the neurons
    uint8_t spikes[PONG_STATES];
    uint8_t state, winner;
    int16_t reward, success; // success is reward less expected reward, before the latter moves
};

// The latest iterations: number i is at i % PONG_LOG.
struct pong_log {
    int16_t ball_x[PONG_LOG], ball_y[PONG_LOG], paddle_x[PONG_LOG];
    int16_t mean[PONG_LOG]; // of the expected rewards of all states
    uint8_t state[PONG_LOG], winner[PONG_LOG];
};

// Written by the host.
volatile struct pong_parameters parameters = {
    .iterations = 1000,
    .spikes = 20,
    .spike_interval = 10 * NUX_CYCLES_PER_US,
    .learning_rate = 32768 / 8,
    .rewards = {PONG_ONE, PONG_ONE * 7 / 10, PONG_ONE * 4 / 10, PONG_ONE / 10},
    .ball_speed = PONG_FIELD / 40,
    .paddle_speed = PONG_FIELD / 20,
    .ball_radius = PONG_FIELD / 50,
    .paddle_length = PONG_FIELD * 7 / 100,
    .noise = 40,
};

// Read by the host. They stay from start to start, so that learning goes on.
uint32_t iteration = 0;
struct pong_game game;
struct pong_iteration last;
int16_t expected[PONG_STATES]; // expected reward of each state
uint32_t visits[PONG_STATES];
nux_vector_memory baseline; // readings without correlation, measured at the first start
bool has_baseline = false;
NUX_EXTERNAL_BUFFER struct pong_log pong_log;

static uint32_t hemisphere;

// --- The field --------------------------------------------------------------------------------

static int32_t limited(int32_t value, int32_t lowest, int32_t highest) {
    return value < lowest ? lowest : value > highest ? highest : value;
}

/// Ball in the middle, in a direction that is neither flat nor steep.
static void serve(void) {
    const uint8_t *random = last.random.u8;
    int32_t speed = parameters.ball_speed;
    int32_t vx = speed / 8 + speed * 3 / 4 * random[40] / 255;
    game.ball_x = game.ball_y = PONG_FIELD / 2;
    game.ball_vx = (int16_t)(random[41] & 1 ? vx : -vx);
    game.ball_vy = (int16_t)(random[42] & 1 ? speed - vx : vx - speed);
}

/// One coordinate moves, and bounces off `lowest` and `highest`.
static void move(int16_t *position, int16_t *velocity, int32_t lowest, int32_t highest) {
    int32_t to = *position + *velocity;
    if (to < lowest || to > highest) {
        to = 2 * (to < lowest ? lowest : highest) - to;
        *velocity = (int16_t)-*velocity;
    }
    *position = (int16_t)to;
}

static void move_ball(void) {
    int32_t radius = parameters.ball_radius;
    if (game.ball_y + game.ball_vy < radius) {
        int32_t distance = game.ball_x - game.paddle_x;
        int32_t reach = parameters.paddle_length / 2 + radius;
        if (distance < -reach || distance > reach) {
            game.misses++;
            serve();
            return;
        }
        game.hits++;
    }
    move(&game.ball_x, &game.ball_vx, radius, PONG_FIELD - radius);
    move(&game.ball_y, &game.ball_vy, radius, PONG_FIELD - radius);
}

static void move_paddle(uint32_t column) {
    int32_t goal = (int32_t)(2 * column + 1) * (PONG_FIELD / PONG_STATES / 2);
    int32_t speed = parameters.paddle_speed;
    game.paddle_x = (int16_t)(game.paddle_x + limited(goal - game.paddle_x, -speed, speed));
}

// --- The network ------------------------------------------------------------------------------

static void sleep_until(uint32_t time) {
    int32_t left = (int32_t)(time - nux_time_base_low());
    if (left > 0) {
        nux_start_decrementer((uint32_t)left);
        nux_wait();
        nux_stop_decrementer();
    }
}

/// Mean reading of the causal sensors without correlation.
static void measure_baseline(void) {
    uint32_t sums[PONG_STATES] = {0};
    for (uint32_t i = 0; i < PONG_BASELINE_READINGS; i++) {
        nux_reset_correlation(i % PONG_STATES, NUX_RESET_CAUSAL);
        nux_store(nux_get_causal_half(i % PONG_STATES, NUX_EVEN), &last.reading);
        for (uint32_t j = 0; j < PONG_STATES; j++) {
            sums[j] += last.reading.u8[j];
        }
    }
    for (uint32_t j = 0; j < PONG_STATES; j++) {
        uint32_t rounded = sums[j] + PONG_BASELINE_READINGS / 2;
        baseline.u8[j] = (uint8_t)(rounded / PONG_BASELINE_READINGS);
    }
}

/// Draw random numbers that have nothing to do with earlier ones; the noise is made of them.
static void draw(void) {
    for (uint32_t i = 1; i < NUX_RANDOM_FRESH_DRAWS; i++) {
        nux_random_half(NUX_EVEN);
    }
    nux_vector random = nux_random_half(NUX_EVEN);
    nux_store(random, &last.random);
    nux_vector noise = nux_mul8_frac(nux_shift_right8(random, 1), nux_splat8(parameters.noise + 1));
    nux_set_weights_half(PONG_NOISE_ROW, NUX_EVEN, noise);
}

/// Spikes for the row of the state; afterwards last.spikes and last.reading.
static void show(uint32_t state) {
    nux_reset_all_neurons();
    nux_reset_correlation(state, NUX_RESET_CAUSAL);
    for (uint32_t j = 0; j < PONG_STATES; j++) {
        nux_reset_spike_counter(hemisphere, 2 * j);
    }
    uint32_t time = nux_time_base_low();
    for (uint32_t i = 0; i < parameters.spikes; i++) {
        nux_inject_spike(hemisphere, state, state);
        nux_inject_spike(hemisphere, PONG_NOISE_ROW, PONG_NOISE_ROW);
        time += parameters.spike_interval;
        sleep_until(time);
    }
    nux_store(nux_get_causal_half(state, NUX_EVEN), &last.reading);
    for (uint32_t j = 0; j < PONG_STATES; j++) {
        last.spikes[j] = (uint8_t)nux_spike_count(hemisphere, 2 * j);
    }
}

/// Neuron with most spikes. Of equal ones the first from a random one on.
static uint32_t find_winner(uint32_t first) {
    uint32_t winner = first;
    for (uint32_t j = first + 1; j < first + PONG_STATES; j++) {
        if (last.spikes[j % PONG_STATES] > last.spikes[winner]) {
            winner = j % PONG_STATES;
        }
    }
    return winner;
}

static int32_t reward_at(uint32_t distance) {
    return distance < PONG_REWARDS ? parameters.rewards[distance] : 0;
}

/// New weights, 16 bits each: weight + factor * correlation, to the nearest step.
NUX_INTRINSIC nux_vector learned(nux_vector weight, nux_vector without, nux_vector reading,
                                 nux_vector factor) {
    nux_vector change = nux_mul16_frac_round(nux_sub16(without, reading), factor);
    return nux_clamp16(nux_add16(weight, change), nux_splat16(0), nux_splat16(NUX_WEIGHT_MAX));
}

static void learn(uint32_t state) {
    nux_vector factor = nux_splat16((int16_t)(parameters.learning_rate * last.success / PONG_ONE));
    nux_vector zero = nux_splat8(0);
    nux_vector weight = nux_get_weights_half(state, NUX_EVEN);
    nux_vector without = nux_load(&baseline);
    nux_vector reading = nux_load(&last.reading);
    // Unsigned bytes with a zero byte above are halfwords.
    nux_vector left = learned(fxvupckbl(zero, weight, 0), fxvupckbl(zero, without, 0),
                              fxvupckbl(zero, reading, 0), factor);
    nux_vector right = learned(fxvupckbr(zero, weight, 0), fxvupckbr(zero, without, 0),
                               fxvupckbr(zero, reading, 0), factor);
    nux_set_weights_half(state, NUX_EVEN, fxvpckbl(left, right, 0));
}

static int32_t mean_expected(void) {
    int32_t sum = 0;
    for (uint32_t k = 0; k < PONG_STATES; k++) {
        sum += expected[k];
    }
    return sum / PONG_STATES;
}

static void write_log(void) {
    uint32_t i = iteration % PONG_LOG;
    pong_log.ball_x[i] = game.ball_x;
    pong_log.ball_y[i] = game.ball_y;
    pong_log.paddle_x[i] = game.paddle_x;
    pong_log.mean[i] = (int16_t)mean_expected();
    pong_log.state[i] = last.state;
    pong_log.winner[i] = last.winner;
}

// Not inlined: the compiler would keep constant vectors from one iteration to the next.
static __attribute__((noinline)) void iterate(void) {
    draw();
    if (iteration == 0) {
        game.paddle_x = PONG_FIELD / 2;
        serve();
    } else {
        move_ball();
    }
    uint32_t state = (uint32_t)game.ball_x / (PONG_FIELD / PONG_STATES);
    show(state);
    uint32_t winner = find_winner(last.random.u8[PONG_STATES] % PONG_STATES);
    move_paddle(winner);
    int32_t reward = reward_at(winner > state ? winner - state : state - winner);
    if (visits[state]++ == 0) {
        expected[state] = (int16_t)reward;
    }
    last.state = (uint8_t)state;
    last.winner = (uint8_t)winner;
    last.reward = (int16_t)reward;
    last.success = (int16_t)(reward - expected[state]);
    learn(state);
    expected[state] = (int16_t)(expected[state] + last.success / 2);
    write_log();
    iteration++;
}

int start(void) {
    hemisphere = nux_find_hemisphere();
    if (!has_baseline) {
        measure_baseline();
        has_baseline = true;
    }
    for (uint32_t i = 0; i < parameters.iterations; i++) {
        iterate();
    }
    return 0;
}
