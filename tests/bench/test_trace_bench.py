# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark of a trace that is off."""

import bench.trace_figures as trace


def test_each_program_has_a_ratio_of_the_two_cores(monkeypatch, tmp_path):
    monkeypatch.setattr(
        trace, "PROGRAMS", {name: (each[0], 1) for name, each in trace.PROGRAMS.items()}
    )
    flags = []

    def shared(folder, compiler_flags):
        flags.append(compiler_flags)
        return trace.ROOT / "emulator"

    monkeypatch.setattr(trace, "build_variant", shared)
    bench = trace.TraceBench(tmp_path)
    for figure in bench.figures():
        assert figure.measure() > 0
    ratios = bench.ratios()
    assert flags == ["-UNUX_WITHOUT_TRACE", "-DNUX_WITHOUT_TRACE"]
    assert [ratio.bar for ratio in ratios] == [1.01, 1.01]
    assert all(ratio.best > 0 and "median of 7 pairs" in ratio.note for ratio in ratios)
