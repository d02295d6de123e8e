# SPDX-License-Identifier: BSD-3-Clause
# For GDB: vectors by name, and stops that are shown at the user's line.
python
import re


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
        frame = gdb.newest_frame()
        while frame.type() == gdb.INLINE_FRAME and re.match("fxv|nux_", frame.name()):
            frame = frame.older()
        frame.select()


Vector()
Outward()
end

define hook-stop
nux-outward
end
