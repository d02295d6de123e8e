# SPDX-License-Identifier: BSD-3-Clause
"""C values to Python and back, and what is refused."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuxkit import c_types as c
from nuxkit.errors import InputError

INTS = [
    c.IntType(f"{'' if signed else 'u'}int{8 * size}_t", size, signed)
    for size in (1, 2, 4, 8)
    for signed in (False, True)
]
U8, S8, U16, S16, U32, S32, U64, S64 = INTS
BOOL, FLOAT, DOUBLE = c.BoolType("_Bool", 1), c.FloatType("float", 4), c.FloatType("double", 8)
LANES = {
    "u8": c.array_of(U8, (128,)),
    "s8": c.array_of(S8, (128,)),
    "u16": c.array_of(U16, (64,)),
    "s16": c.array_of(S16, (64,)),
}
VECTOR = c.VectorMemoryType(
    "nux_vector_memory", 128, tuple(c.Field(name, 0, t) for name, t in LANES.items())
)


def refused(ctype: c.CType, value: Any) -> str:
    with pytest.raises(InputError) as caught:
        ctype.encode(value, "params.x")
    message = str(caught.value)
    assert message.startswith("params.x")
    return message


@pytest.mark.parametrize("ctype", INTS, ids=lambda t: t.name)
@given(data=st.data())
def test_integers_round_trip(ctype: c.IntType, data: st.DataObject) -> None:
    low, high = ctype.limits
    value = data.draw(st.integers(low, high))
    encoded = ctype.encode(value, "x")
    assert encoded == value.to_bytes(ctype.size, "big", signed=ctype.signed)
    decoded = ctype.decode(encoded)
    assert decoded == value and type(decoded) is int


@pytest.mark.parametrize("ctype", INTS, ids=lambda t: t.name)
@pytest.mark.parametrize("numpy", [False, True])
def test_integers_out_of_range_are_refused(ctype: c.IntType, numpy: bool) -> None:
    low, high = ctype.limits
    for value in (low - 1, high + 1):
        message = refused(ctype, value)
        assert message == f"params.x: {value} is outside {ctype.name} ({low} to {high})"
        items: Any = [0, 0, value]
        if numpy and -(1 << 63) <= value < 1 << 64:
            items = np.array(items, np.int64 if value < 1 << 63 else np.uint64)
        assert "params.x[2]: " in refused(c.array_of(ctype, (3,)), items)


@pytest.mark.parametrize(
    "value", [1.0, 3.5, float("nan"), np.float32(2), "1", b"1", None, [1], {}, 1j]
)
def test_only_integers_are_integers(value: Any) -> None:
    assert "is not an integer; uint16_t needs one" in refused(U16, value)


@pytest.mark.parametrize("value", [5, True, np.uint8(5), np.int64(5), np.bool_(True), np.array(5)])
def test_numpy_integers_are_integers(value: Any) -> None:
    assert U16.encode(value, "x") == int(value).to_bytes(2, "big")


@given(st.floats(width=32))
def test_floats_round_trip(value: float) -> None:
    decoded = FLOAT.decode(FLOAT.encode(value, "x"))
    assert struct.pack("d", decoded) == struct.pack("d", value) or decoded != decoded


def test_floats_are_rounded_to_nearest_but_do_not_overflow() -> None:
    assert FLOAT.encode(0.1, "x") == struct.pack(">f", 0.1)
    assert DOUBLE.encode(0.1, "x") == struct.pack(">d", 0.1)
    assert FLOAT.encode(7, "x") == struct.pack(">f", 7.0)
    assert FLOAT.encode(float("-inf"), "x") == struct.pack(">f", float("-inf"))
    assert "outside float (-3.40282e+38 to 3.40282e+38)" in refused(FLOAT, 1e39)
    assert "outside float" in refused(FLOAT, 10**400)
    assert "params.x[1]" in refused(c.array_of(FLOAT, (2,)), np.array([1.0, -1e39]))
    for value in ("1.0", None, [1.0], 1j):
        assert "is not a number" in refused(FLOAT, value)


def test_bools_are_0_and_1() -> None:
    assert BOOL.encode(True, "x") == b"\1" and BOOL.encode(0, "x") == b"\0"
    assert (
        BOOL.decode(b"\1") is True and BOOL.decode(b"\x80") is True and BOOL.decode(b"\0") is False
    )
    assert "2 is outside _Bool (0 to 1)" in refused(BOOL, 2)
    flags = c.array_of(BOOL, (3,))
    assert flags.decode(b"\0\7\1").tolist() == [False, True, True]
    assert flags.encode([True, 0, 1], "x") == b"\1\0\1"
    assert "params.x[1]: 2 is outside" in refused(flags, np.array([0, 2, 1]))


def test_enums_take_names_and_numbers() -> None:
    mode = c.EnumType("enum mode", 4, False, {"OFF": 0, "ON": 5})
    assert mode.encode("ON", "x") == mode.encode(5, "x") == b"\0\0\0\5"
    assert mode.decode(b"\0\0\0\5") == 5
    assert "'AUTO' is not one of enum mode: OFF, ON" in refused(mode, "AUTO")
    assert "-1 is outside enum mode" in refused(mode, -1)
    assert c.array_of(mode, (2,)).encode(["ON", 0], "x") == b"\0\0\0\5\0\0\0\0"


@pytest.mark.parametrize("ctype", [*INTS, FLOAT, DOUBLE], ids=lambda t: t.name)
def test_arrays_are_native_and_writable(ctype: c.ScalarType) -> None:
    array = c.array_of(c.array_of(ctype, (3,)), (2,))
    assert isinstance(array, c.ArrayType) and array.name == f"{ctype.name}[2][3]"
    values = np.arange(6, dtype=ctype.dtype.newbyteorder("=")).reshape(2, 3)
    decoded = array.decode(array.encode(values, "x"))
    assert decoded.dtype == values.dtype and decoded.dtype.isnative
    assert (decoded == values).all()
    decoded[1, 2] = 0
    assert array.encode(values.tolist(), "x") == values.astype(ctype.dtype).tobytes()
    assert array.encode(values[:, ::-1][:, ::-1], "x") == values.astype(ctype.dtype).tobytes()


def test_arrays_must_have_the_shape_and_kind() -> None:
    array = c.array_of(U16, (2, 3))
    assert (
        refused(array, np.zeros(6, int)) == "params.x: uint16_t[2][3] needs shape (2, 3), got (6,)"
    )
    assert "needs shape (2, 3), got ()" in refused(array, 5)
    assert "rows of unequal length" in refused(array, [[1, 2, 3], [1, 2]])
    assert "params.x[0][1]: 2.5 is not an integer" in refused(array, [[1, 2.5, 3], [0, 0, 0]])
    assert "is not an integer" in refused(array, np.full((2, 3), np.nan))
    assert "is not an integer" in refused(array, np.ones((2, 3)))
    assert "is not an integer" in refused(array, [["a", "b", "c"], [1, 2, 3]])
    assert "params.x[1][0]: None" in refused(array, [[1, 2, 3], [None, 2, 3]])


def test_a_list_may_mix_what_numpy_would_make_floats() -> None:
    array = c.array_of(U64, (2,))
    assert array.encode([1, 2**64 - 1], "x") == b"\0" * 7 + b"\1" + b"\xff" * 8
    assert "params.x[1]: -1 is outside uint64_t" in refused(array, [2**64 - 1, -1])
    assert "params.x[0]: 1" in refused(array, [2**70, 1])


def test_bytes_fill_a_char_array() -> None:
    text = c.array_of(c.IntType("char", 1, False), (4,))
    assert text.encode(b"abcd", "x") == b"abcd"
    assert "needs shape (4,), got (3,)" in refused(text, b"abc")


def test_empty_arrays_are_possible() -> None:
    empty = c.array_of(U16, (0,))
    assert empty.decode(b"").shape == (0,) and empty.encode([], "x") == b""


POINT = c.StructType("struct point", 4, (c.Field("x", 0, U8), c.Field("y", 2, S16)))


def test_structs_are_dicts_with_all_members() -> None:
    assert POINT.decode(b"\1\xee\xff\xfe") == {"x": 1, "y": -2}
    assert POINT.encode({"y": -2, "x": 1}, "p") == b"\1\0\xff\xfe"
    assert POINT.encode({"y": -2, "x": 1}, "p", b"\7\xee\7\7") == b"\1\xee\xff\xfe"
    message = refused(POINT, {"x": 1, "z": 3})
    assert "struct point has no member 'z'; it has: x, y" in message
    message = refused(POINT, {"x": 1})
    assert "no value for member y of struct point" in message and "params.x.x" in message
    assert "needs a dict of its members, got int" in refused(POINT, 5)
    assert refused(POINT, {"x": 1, "y": 1 << 15}).startswith("params.x.y: 32768 is outside int16_t")


def test_arrays_of_structs_are_nested_lists() -> None:
    grid = c.array_of(POINT, (2, 2))
    values = [[{"x": 2 * i + j, "y": -i} for j in range(2)] for i in range(2)]
    assert grid.decode(grid.encode(values, "g")) == values
    values[1][0]["x"] = 256
    assert refused(grid, values).startswith("params.x[1][0].x: 256 is outside")
    assert "needs 2 items, got 1" in refused(grid, values[:1])
    assert "needs a sequence of 2, got dict" in refused(grid, {})


def test_bit_fields_keep_their_neighbours() -> None:
    flags = c.BitFieldType("int:5", 2, c.IntType("int", 4, True), 3, 5)
    old = b"\xff\xff"
    assert flags.encode(0, "x", old) == b"\xff\x07"
    assert flags.decode(flags.encode(-16, "x", old)) == -16
    assert flags.decode(flags.encode(15, "x", old)) == 15
    assert "16 is outside int:5 (-16 to 15)" in refused(flags, 16)


def test_unions_show_all_members_and_take_any_that_agree() -> None:
    union = c.UnionType(
        "union word", 4,
        (c.Field("w", 0, U32), c.Field("b", 0, c.array_of(U8, (4,))), c.Field("p", 0, POINT)),
    )  # fmt: skip
    decoded = union.decode(b"\1\2\3\4")
    assert decoded["w"] == 0x01020304 and decoded["b"].tolist() == [1, 2, 3, 4]
    assert union.encode(decoded, "u") == b"\1\2\3\4"
    assert union.encode({"w": 5}, "u") == b"\0\0\0\5"
    decoded["w"] = 6
    assert "disagrees with another member" in refused(union, decoded)
    assert "got none" in refused(union, {})


@pytest.mark.parametrize(
    "lanes",
    [
        np.arange(128, dtype=np.uint8),
        np.arange(-64, 64, dtype=np.int8),
        np.arange(64, dtype=np.uint16) * 1000,
        np.arange(-32, 32, dtype=np.int16) * 1000,
        np.arange(128),
        list(range(-64, 64)),
        list(range(60000, 60064)),
        bytes(range(128)),
    ],
)
def test_vector_memory_takes_bytes_and_halfwords(lanes: Any) -> None:
    values = np.frombuffer(lanes, np.uint8) if isinstance(lanes, bytes) else np.asarray(lanes)
    encoded = VECTOR.encode(lanes, "v")
    size = 128 // len(values)
    expected = b"".join((int(v) % (1 << 8 * size)).to_bytes(size, "big") for v in values)
    assert encoded == expected
    decoded = VECTOR.decode(encoded)
    assert decoded.dtype == np.uint8 and decoded.tobytes() == expected


def test_vector_memory_refuses_what_no_lane_can_hold() -> None:
    assert "256 is outside uint8_t" in refused(VECTOR, [256] + [0] * 127)
    assert "params.x[3]: 200 is outside int8_t" in refused(VECTOR, [-1, 0, 0, 200] + [0] * 124)
    assert "outside int16_t (-32768" in refused(VECTOR, [-32769] + [0] * 63)
    assert "128 bytes or 64 halfwords, got shape (127,)" in refused(VECTOR, [0] * 127)
    assert "is not an integer" in refused(VECTOR, np.zeros(128))
    assert "got shape ()" in refused(VECTOR, 3)


def test_arrays_of_vector_memory_are_one_array() -> None:
    rows = c.array_of(VECTOR, (2, 3))
    values = np.random.default_rng(1).integers(0, 256, (2, 3, 128), np.uint8)
    decoded = rows.decode(rows.encode(values, "v"))
    assert decoded.dtype == np.uint8 and (decoded == values).all()
    halves = np.arange(6 * 64).reshape(2, 3, 64)
    assert rows.decode(rows.encode(halves, "v"))[1, 2, -1] == 0x7F
    assert refused(rows, np.zeros((2, 3, 5), int)).startswith("params.x[0][0]: ")


def test_memory_without_type_is_words_or_bytes() -> None:
    word = c.RawType("untyped", 4)
    assert word.decode(b"\0\0\1\2") == 0x102
    assert word.encode(0x102, "x") == word.encode(b"\0\0\1\2", "x") == b"\0\0\1\2"
    assert word.encode(-1, "x") == b"\xff" * 4
    assert "4294967296 is outside untyped" in refused(word, 1 << 32)
    block = c.RawType("untyped", 6)
    assert block.decode(b"abcdef").tobytes() == b"abcdef"
    assert block.encode(np.frombuffer(b"abcdef", np.uint8), "x") == b"abcdef"
    assert "needs shape (6,)" in refused(block, b"abc")


def test_decoding_needs_exactly_its_bytes() -> None:
    for ctype in (U16, POINT, VECTOR, c.array_of(U16, (2,)), c.RawType("?", 3)):
        with pytest.raises(InputError, match=f"has {ctype.size} bytes, got 1"):
            ctype.decode(b"\0")
