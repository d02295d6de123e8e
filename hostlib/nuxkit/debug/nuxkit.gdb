# SPDX-License-Identifier: BSD-3-Clause
# For GDB: vectors by name, stops that are shown at the user's line, and conditions there.
python
import re


def frame_around_intrinsics():
    frame = gdb.newest_frame()
    while frame.type() == gdb.INLINE_FRAME and re.match("fxv|nux_", frame.name()):
        frame = frame.older()
    return frame


class Vector(gdb.Command):
    """Print all lanes of a vector: vector NAME."""

    def __init__(self):
        super().__init__("vector", gdb.COMMAND_DATA, gdb.COMPLETE_SYMBOL)

    def invoke(self, argument, from_tty):
        try:
            value = gdb.parse_and_eval(argument)
            value.fetch_lazy()
        except gdb.error as error:
            found = re.fullmatch(r"Unable to access DWARF register number (\d+)", str(error))
            if not found or not argument.isidentifier():
                raise gdb.GdbError(str(error))
            value = gdb.parse_and_eval(f"$v{int(found[1]) - 77}")  # GCC numbers v0 as 77
        print(value.format_string())


class Outward(gdb.Command):
    """Select the frame around intrinsics: nux-outward."""

    def __init__(self):
        super().__init__("nux-outward", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        if gdb.selected_thread() is None:  # the program has ended
            return
        frame_around_intrinsics().select()


class Around(gdb.Function):
    """Value of an expression in the code around intrinsics: $around("row == 2")."""

    def __init__(self):
        super().__init__("around")

    def invoke(self, expression):
        before = gdb.selected_frame()
        frame_around_intrinsics().select()
        try:
            value = gdb.parse_and_eval(expression.string())
            value.fetch_lazy()
            return value
        finally:
            before.select()


Vector()
Outward()
Around()
end

define hook-stop
nux-outward
end
