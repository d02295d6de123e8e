# SPDX-License-Identifier: BSD-3-Clause
"""Whole programs recorded from the RTL: final memory, registers, flags, vectors, cycles."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conformance.rtl_bench import Bench, Difference, Record

NAME = "programs.jsonl.gz"
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "accuracy.md").read_text()
KINDS = ("scalar", "mixed", "vector", "c", "quirk")


@dataclass(frozen=True)
class Deviation:
    """Why a program may end differently, and the only places where it may."""

    reason: str
    fields: frozenset[tuple[str, int]]


def _places(name: str, *indices: int) -> frozenset[tuple[str, int]]:
    return frozenset((name, index) for index in indices)


#: Programs that are known to end differently, by quirk; docs/accuracy.md lists them too.
DEVIATIONS = {
    "align_irq": Deviation(
        "misaligned accesses within four instructions: the RTL loses all but some of the "
        "interrupts, the model takes each",
        _places("gprs", 10, 11) | _places("final_mem", 0x38E0),
    ),
    "stax_lwz_nosync": Deviation(
        "scalar load right after fxvstax, without sync: the RTL still reads the old word, the "
        "model stores at once and reports the place",
        _places("gprs", 7, 8, 9),
    ),
    "stw_lax_nosync": Deviation(
        "fxvlax right before a store to the same words, without sync: the RTL loads late and "
        "sees the store, the model loads at once",
        _places("vrf", 2, 3),
    ),
}


def _deviation(record: Record) -> Deviation | None:
    """Where a record may differ: as listed, or where timing decides and the recorders'
    own model of the ISA differs too."""
    if record["kind"] != "quirk":
        return None
    if record["quirk"] in DEVIATIONS:
        return DEVIATIONS[record["quirk"]]
    if not record["timing_dependent"] or record["reference_model_agrees"]:
        return None
    places: set[tuple[str, int]] = set()
    for name, entries in record["reference_model_diff"]:
        if name == "final_mem":
            places |= {(name, int(entry[0], 16)) for entry in entries}
        elif isinstance(entries, list):
            places |= {(name, entry[0]) for entry in entries}
    return Deviation("depends on the RTL's timing", frozenset(places))


def _unexpected(record: Record, differences: list[Difference]) -> list[Difference]:
    deviation = _deviation(record)
    allowed = deviation.fields if deviation else frozenset()
    return [d for d in differences if (d[0], d[1]) not in allowed]


def _of_kind(records: list[Record], kind: str) -> Iterator[Record]:
    chosen = [r for r in records if kind in (r["kind"], r.get("subkind"))]
    assert chosen, f"no {kind} programs"
    yield from chosen


@pytest.fixture(scope="module")
def records(golden):
    return golden(NAME)


def _assert_as_recorded(records: list[Record], **options: Any) -> None:
    wrong = {}
    for record in records:
        bench = Bench(record, **options)
        if unexpected := _unexpected(record, bench.differences(bench.run())):
            wrong[record["id"]] = unexpected[:4]
    assert not wrong, f"{len(wrong)} programs end differently: {dict(list(wrong.items())[:5])}"


@pytest.mark.parametrize("kind", KINDS)
def test_programs_end_as_on_the_rtl(records, kind):
    _assert_as_recorded(list(_of_kind(records, kind)))


@pytest.mark.parametrize("kind", KINDS)
def test_programs_end_as_on_the_rtl_without_the_scalar_engine(records, kind):
    _assert_as_recorded(list(_of_kind(records, kind)), engine_branches_only=True)


@pytest.mark.parametrize("kind", KINDS)
def test_programs_end_as_on_the_rtl_with_the_reference_core(records, kind):
    _assert_as_recorded(list(_of_kind(records, kind)), core="reference")


@pytest.mark.parametrize("latency", [1, 3])
def test_bus_latency_changes_cycles_only(records, latency):
    _assert_as_recorded(list(_of_kind(records, "c")), bus_latency=latency)


def test_a_larger_memory_changes_nothing(records):
    _assert_as_recorded([r for r in records if r["mem_size"] == 1 << 14], memory_size=1 << 18)


def test_each_listed_deviation_is_still_there(records):
    """A deviation that has gone must leave the list; those that remain are printed."""
    present = [r for r in records if r.get("quirk") in DEVIATIONS]
    for record in present:
        bench = Bench(record)
        found = {(d[0], d[1]) for d in bench.differences(bench.run())}
        deviation = DEVIATIONS[record["quirk"]]
        assert found == deviation.fields, record["quirk"]
        print(f"{record['quirk']}: {deviation.reason}; {sorted(found)}")


def test_the_accuracy_page_lists_the_deviations():
    listed = re.findall(r"^\| `(\w+)` \| (.*?) \|", PAGE.partition("## Cycles")[0], re.M)
    assert {name for name, _ in listed} == DEVIATIONS.keys()
    for name, places in listed:
        patterns = {"gprs": r"\br(\d+)", "final_mem": r"0x\w+", "vrf": r"\bv(\d+)"}
        found = {
            (field, int(number, 0))
            for field, pattern in patterns.items()
            for number in re.findall(pattern, places)
        }
        assert found == DEVIATIONS[name].fields


def test_a_wrong_final_state_is_noticed(records):
    """The comparison sees every field: each one, changed in the record, is reported."""
    record = next(r for r in _of_kind(records, "mixed") if r.get("final_pmem"))
    bench = Bench(record)
    stop = bench.run()
    assert not bench.differences(stop)
    changes: dict[str, Any] = {
        "gprs": ["5a5a5a5a", *record["gprs"][1:]],
        "vrf": ["5a" * 16, *record["vrf"][1:]],
        **{name: "00000001" for name in ("cr", "xer", "lr", "ctr")},
        "acc": "5a" * 32,
        "vcr": "5" * 24,
        "instructions": record["instructions"] + 1,
        "final_mem": record["final_mem"] | {"2ffc": "5a5a5a5a"},
        "final_pmem": record["final_pmem"] | {"00ffffff": "5a" * 16},
    }
    for name, value in changes.items():
        bench.record = record | {name: value}
        assert {d[0] for d in bench.differences(stop)} == {name}


CYCLES_PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cycles.md").read_text()


def _ratio(record: Record, latency: int = 0) -> float:
    """Estimated over recorded cycles."""
    bench = Bench(record, bus_latency=latency)
    bench.run()
    cycles = record["cycles_bus_latency"][str(latency)] if latency else record["cycles"]
    return float(bench.processor.cycles / cycles)


@pytest.mark.parametrize("latency", [0, 1, 3])
def test_cycle_estimate_of_compiled_programs(records, latency):
    """Within a tenth, each; the page has the figures of those that it lists."""
    for record in records:
        if not record["id"].startswith("c_") or (latency and "cycles_bus_latency" not in record):
            continue
        ratio = _ratio(record, latency)
        print(f"{record['id']} latency {latency}: model / RTL = {ratio:.3f}")
        assert 0.9 <= ratio <= 1.1, record["id"]
        if written := re.search(rf"`{record['id']}` \|(.*)\|", CYCLES_PAGE):
            column = [0, 1, 3].index(latency)
            assert abs(float(written[1].split("|")[column]) - ratio) < 0.0006, (
                f"docs/cycles.md is not up to date: {record['id']} has {ratio:.3f}"
            )


@pytest.mark.parametrize("kind", ["scalar", "mixed", "vector"])
def test_cycle_estimate_of_random_programs(records, kind):
    ratios = [_ratio(record) for record in _of_kind(records, kind)]
    print(f"{len(ratios)} {kind} programs: {min(ratios):.3f} to {max(ratios):.3f}")
    assert 0.95 <= min(ratios) <= max(ratios) <= 1.05
    assert abs(sum(ratios) / len(ratios) - 1) < 0.01
