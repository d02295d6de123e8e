# SPDX-License-Identifier: BSD-3-Clause
"""Exception slots that exist in the address map, but that this processor never enters."""

from emulator.ppu_machine import Machine, code
from nuxemu import StopReason
from nuxemu import memory_map as mm

NEVER = (
    mm.EXCEPTION_MACHINE_CHECK, mm.EXCEPTION_CRITICAL_INPUT, mm.EXCEPTION_DATA_STORAGE,
    mm.EXCEPTION_INSTRUCTION_STORAGE, mm.EXCEPTION_SYSTEM_CALL, mm.EXCEPTION_CRITICAL_DOORBELL,
)  # fmt: skip
SEEN = int.from_bytes(code("ori 31,31,1").data, "big")
RETURN = int.from_bytes(code("rfi").data, "big")


def test_slots_of_exceptions_that_never_occur_are_plain_memory():
    """With every enable set: a system call, a read far outside, pins and doorbell."""
    machine = Machine("lis 3,2; ori 3,3,0x9230; mtmsr 3; sc; li 5,7; wait; li 6,8; "
                      "lis 4,0x2000; lwz 4,0(4)", hardware=True)  # fmt: skip
    for slot in range(4, mm.INIT_ADDRESS, 4):
        machine.put(slot, SEEN if slot in NEVER else RETURN)
    assert machine.run().reason is StopReason.FINISHED
    machine.cpu.set_inputs(0xF)
    machine.cpu.ring_doorbell()
    assert machine.run().reason is StopReason.OUT_OF_RANGE
    assert (machine.gpr(5), machine.gpr(6), machine.gpr(31)) == (7, 8, 0)
    assert [machine.word(slot) for slot in NEVER] == [SEEN] * len(NEVER)
