# SPDX-License-Identifier: BSD-3-Clause
# For GDB: vectors by name, stops that are shown at the user's line, and conditions there.
python
import re


def is_at_its_call(frame):
    """Whether an inlined function is an intrinsic, or is entered at the line of its call."""
    here, call = frame.find_sal(), frame.older().find_sal()
    return re.match("fxv|nux_", frame.name()) or (str(here.symtab), here.line) == (
        str(call.symtab), call.line
    )


def frame_around_intrinsics():
    frame = gdb.newest_frame()
    while frame.type() == gdb.INLINE_FRAME and is_at_its_call(frame):
        frame = frame.older()
    return frame


class Vector(gdb.Command):
    """Print all lanes of a vector, or of both of a row: vector NAME."""

    def __init__(self):
        super().__init__("vector", gdb.COMMAND_DATA, gdb.COMPLETE_SYMBOL)

    def invoke(self, argument, from_tty):
        value = None
        try:
            value = gdb.parse_and_eval(argument)
            value.fetch_lazy()
        except gdb.error as error:
            found = re.fullmatch(r"Unable to access DWARF register number (\d+)", str(error))
            if not found or not re.fullmatch(r"\w+(\.\w+)*", argument):
                raise gdb.GdbError(str(error))
            kind = value.type.strip_typedefs() if value is not None else None
            if kind and kind.code == gdb.TYPE_CODE_STRUCT:  # nux_row
                for part in kind.fields():
                    print(f"{part.name}:")
                    self.invoke(f"{argument}.{part.name}", from_tty)
                return
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
        before, frame = gdb.selected_frame(), frame_around_intrinsics()
        try:
            while True:
                frame.select()
                try:
                    value = gdb.parse_and_eval(expression.string())
                    value.fetch_lazy()
                    return value
                except gdb.error:  # of a caller's variables, where functions are inlined?
                    if frame.type() != gdb.INLINE_FRAME:
                        raise
                frame = frame.older()
        finally:
            before.select()


Vector()
Outward()
Around()
end

define hook-stop
nux-outward
end
