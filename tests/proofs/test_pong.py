# SPDX-License-Identifier: BSD-3-Clause
"""kernels/pong.c: exact against its twin, and it learns."""

import matplotlib.image
import numpy as np
import pytest
from PIL import Image

from proofs.pong_twin import ONE, Pong, changed


def follow(example, chip, game, iterations):
    """Play in single iterations and compare everything that is an integer with the twin."""
    seen = []
    for _ in range(iterations):
        chip.run(symbols={"parameters.iterations": 1})
        last, field = chip.read("last"), chip.read("game")
        reading = last["reading"][: example.STATES].astype(int)
        found = game.iterate(last["random"], last["spikes"], reading)
        assert found == tuple(last[name] for name in ("state", "winner", "reward", "success"))
        assert game.ball == [field["ball_x"], field["ball_y"]]
        assert game.velocity == [field["ball_vx"], field["ball_vy"]]
        assert (game.paddle, game.hits, game.misses) == tuple(
            field[name] for name in ("paddle_x", "hits", "misses")
        )
        noise = (last["random"].astype(int) >> 1) * (example.NOISE + 1) >> 7
        np.testing.assert_array_equal(chip.synram[0].weights[example.NOISE_ROW, ::2], noise)
        seen.append(found)
    np.testing.assert_array_equal(example.weights_of(chip), game.weights)
    np.testing.assert_array_equal(chip.read("expected"), game.expected)
    return np.array(seen)


@pytest.mark.parametrize("seed", [1, 2])
def test_game_reward_and_weights_equal_exact_integer_arithmetic(pong, seed):
    chip = pong.make_chip(seed)
    weights = pong.weights_of(chip).astype(int)
    chip.run(symbols={"parameters.iterations": 0})  # measures the baseline
    game = Pong(weights, chip.read("baseline")[: pong.STATES])
    first = follow(pong, chip, game, 700)
    assert {0, 0.1, 0.4, 0.7, 1} == set(np.round(first[:, 2] / ONE, 1))
    assert np.unique(first[:, 1]).size > 25
    assert game.misses >= 2
    # Later on weights reach their bounds.
    pong.play(chip, 20_000)
    state = chip.read("game")
    game.weights = pong.weights_of(chip).astype(int)
    game.expected, game.visited[:] = chip.read("expected").astype(int), True
    game.ball = [state["ball_x"], state["ball_y"]]
    game.velocity = [state["ball_vx"], state["ball_vy"]]
    game.paddle, game.hits, game.misses = (state[n] for n in ("paddle_x", "hits", "misses"))
    hits = game.hits
    follow(pong, chip, game, 500)
    assert game.hits > hits
    assert (game.weights == 0).any()


def test_change_is_rounded_to_the_nearest_step():
    correlation = np.array([0, 3, 4, 5, 12, 128, -4])
    assert changed(np.full(7, 30), correlation, ONE).tolist() == [30, 30, 31, 31, 32, 46, 29]
    assert changed(np.full(7, 30), correlation, -ONE).tolist() == [30, 30, 29, 29, 28, 14, 31]
    assert changed(np.array([60, 3]), np.array([128, 128]), ONE).tolist() == [63, 19]


def test_baseline_is_what_the_sensors_read_without_correlation(pong):
    chip = pong.make_chip(3)
    offsets = pong.SENSORS.baseline_lsb + chip.synram[0].offset_lsb
    chip.run(symbols={"parameters.iterations": 0})
    causal = np.asarray(offsets)[0, pong.COLUMNS]
    assert abs(chip.read("baseline")[: pong.STATES] - causal).max() < 0.75
    assert causal.std() > 1


def test_it_learns(pong):
    for seed in (1, 2):
        chip = pong.make_chip(seed)
        curve = pong.play(chip, 25_000)["mean"] / ONE
        assert curve[200:400].mean() < 0.5
        assert curve[-1000:].mean() > 0.8
        weights = pong.weights_of(chip)
        assert np.diag(weights).mean() > 30
        assert weights.mean() < 20
        # The paddle follows the ball: few of the later balls are lost.
        before = chip.read("game")
        pong.play(chip, 3000)
        after = chip.read("game")
        hits, misses = (after[name] - before[name] for name in ("hits", "misses"))
        assert hits > 8
        assert misses < 0.2 * hits


def test_nothing_is_learned_without_learning_rate(pong):
    chip = pong.make_chip(1)
    before = pong.weights_of(chip)
    chip.write("parameters.learning_rate", 0)
    curve = pong.play(chip, 5000)["mean"] / ONE
    assert curve[-1000:].mean() < 0.3
    np.testing.assert_array_equal(pong.weights_of(chip), before)


def test_same_seed_same_game(pong):
    def end(seed):
        chip = pong.make_chip(seed)
        return pong.play(chip, 1500)["winner"].tobytes() + pong.weights_of(chip).tobytes()

    assert end(4) == end(4)
    assert end(4) != end(5)


def test_only_the_synapses_of_the_state_and_the_noise_change(pong):
    chip = pong.make_chip(1)
    before = np.array(chip.synram[0].weights)
    states = pong.play(chip, 20)["state"]
    changed_rows = np.flatnonzero((chip.synram[0].weights != before).any(axis=1))
    assert set(changed_rows) <= {*states.tolist(), pong.NOISE_ROW}
    assert pong.NOISE_ROW in changed_rows


def test_pictures_and_animation_show_the_game(pong, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        "sys.argv", ["pong.py", "--output", str(tmp_path), "--iterations", "2000", "--seeds", "2"]
    )
    pong.main()
    assert "over 2 seeds" in capsys.readouterr().out
    assert matplotlib.image.imread(tmp_path / "pong.png").shape[0] >= 400
    with Image.open(tmp_path / "pong.gif") as animation:
        assert animation.n_frames > pong.SHOWN / 2
