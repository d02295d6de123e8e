# SPDX-License-Identifier: BSD-3-Clause
"""Electrocardiograms in sinus rhythm and in atrial fibrillation: synthetic ones, or records.

The synthetic traces are sums of Gaussian waves at the times of heart beats, as in the model of
McSharry, Clifford, Tarassenko and Smith (IEEE Trans. Biomed. Eng. 50, 2003), without its
differential equations. They are **no medical data**; all their parameters are choices:

- sinus rhythm: intervals that breathing modulates, now and then a premature beat with its pause,
  and a P wave before each beat;
- atrial fibrillation: irregular intervals, no P waves, fibrillatory waves of 4 to 9 Hz.

Both have rates, amplitudes, T waves, wander and noise from the same distributions.
"""

import csv
from pathlib import Path

import numpy as np

RATE_HZ = 128
SAMPLES = 1600  # 12.5 s
COUNTS_PER_MV = 60  # of samples of 8 bits
SINUS, FIBRILLATION = 0, 1


def _beats(rng, fibrillates):
    """Draw times of beats and the interval before each, in seconds."""
    mean = rng.uniform(0.55, 1.1)
    if fibrillates:
        intervals = mean * np.exp(rng.uniform(0.1, 0.24) * rng.standard_normal(60))
    else:
        breathing = 2 * np.pi * rng.uniform(0.15, 0.35) * mean * np.arange(60) + rng.uniform(0, 6)
        intervals = 1 + rng.uniform(0.01, 0.07) * np.sin(breathing)
        intervals = mean * (intervals + rng.uniform(0.005, 0.03) * rng.standard_normal(60))
        for beat in rng.integers(2, 14, rng.poisson(0.7)):
            intervals[beat] *= 0.65
            intervals[beat + 1] *= 1.35
    intervals = np.clip(intervals, 0.3, 2.2)
    return np.cumsum(intervals) - rng.uniform(0, 1), intervals


def trace(rng, fibrillates):
    """One synthetic trace, int8 of shape (SAMPLES,)."""
    t = np.arange(SAMPLES) / RATE_HZ
    times, intervals = _beats(rng, fibrillates)
    seen = times < t[-1] + 1
    times, intervals = times[seen], intervals[seen]
    qrs = rng.uniform(0.009, 0.016)  # s, width of the R wave
    height = rng.uniform(0.6, 1.4) * (1 + 0.05 * rng.standard_normal(len(times)))  # mV
    p_wave = 0 if fibrillates else rng.uniform(0.05, 0.2)
    t_wave = rng.uniform(0.1, 0.35)
    ones = np.ones(len(times))
    waves = [  # delay, width, height
        (0 * ones, qrs, height),
        (-2.4 * qrs * ones, 0.8 * qrs, -0.15 * height),
        (2.4 * qrs * ones, 0.9 * qrs, -0.25 * height),
        (0.28 * np.sqrt(np.minimum(intervals, 1.2)), 0.05, t_wave * ones),
        (-0.16 * ones, 0.022, p_wave * ones),
    ]
    mv = np.zeros(SAMPLES)
    for delay, width, amplitude in waves:
        away = (t[:, None] - times - delay) / width
        mv += np.exp(-0.5 * away**2) @ amplitude
    wander = 2 * np.pi * rng.uniform(0.1, 0.4) * t + rng.uniform(0, 6)
    mv += rng.uniform(0, 0.15) * np.sin(wander)
    mv += rng.uniform(0.004, 0.02) * rng.standard_normal(SAMPLES)
    if fibrillates:
        frequency = rng.uniform(4, 9) + 0.5 * rng.standard_normal(SAMPLES)
        phase = 2 * np.pi * np.cumsum(frequency) / RATE_HZ
        mv += rng.uniform(0.03, 0.1) * np.sin(phase)
    return digitised(mv)


def digitised(mv):
    """Give samples of 8 bits of a voltage in mV."""
    return np.clip(np.round(COUNTS_PER_MV * mv), -128, 127).astype(np.int8)


def synthetic(count, seed):
    """Traces, int8 of shape (count, SAMPLES), and their classes, each half of them."""
    rng = np.random.default_rng(seed)
    classes = np.arange(count) % 2
    return np.array([trace(rng, bool(each)) for each in classes]), classes


def records(folder):
    """Traces and classes of records of the PhysioNet challenge of 2017, and the record of each.

    The folder has ``REFERENCE.csv``, of which records of class N (sinus rhythm) and A (atrial
    fibrillation) are taken, and the records. The first channel is brought to 128 Hz and cut into
    traces of 12.5 s; shorter records are left out.
    """
    try:
        import wfdb
    except ImportError:
        raise SystemExit("--records needs wfdb: pip install wfdb") from None
    folder = Path(folder)
    with open(folder / "REFERENCE.csv", newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) == 2 and row[1] in "NA"]
    found, classes, names = [], [], []
    for name, kind in rows:
        record = wfdb.rdrecord(str(folder / name), channels=[0])
        mv, seconds = record.p_signal[:, 0], record.sig_len / record.fs
        times = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
        resampled = np.interp(times, np.arange(record.sig_len) / record.fs, np.nan_to_num(mv))
        for start in range(0, len(resampled) - SAMPLES + 1, SAMPLES):
            found.append(digitised(resampled[start : start + SAMPLES]))
            classes.append(FIBRILLATION if kind == "A" else SINUS)
            names.append(name)
    if not found:
        raise SystemExit(f"{folder} has no record of class N or A of at least 12.5 s")
    return np.array(found), np.array(classes), np.array(names)
