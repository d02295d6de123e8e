# SPDX-License-Identifier: BSD-3-Clause
"""Text of instruction words, in the form that the assembler macros accept."""

from .vector import decode


def disassemble(word: int) -> str | None:
    """Return the assembler text of a vector instruction.

    A condition or size of zero is left out. Assembling the text gives the same word: a
    word that no operands can express (bits set in fields that the instruction ignores, or
    a splat from r0) is written as ``.long`` with the instruction in a comment.

    Parameters
    ----------
    word : int
        The 32-bit instruction word.

    Returns
    -------
    str or None
        For example ``"fxvaddhm 3,4,5"``; None if this is not a vector instruction.
    """
    insn = decode(word)
    if insn is None:
        return None
    values = insn.operand_values(word)
    written = values[:-1] if insn.operands[-1].optional and not values[-1] else values
    text = f"{insn.mnemonic} {','.join(map(str, written))}"
    try:
        expressible = insn.encode(*written) == word
    except ValueError:
        expressible = False
    return text if expressible else f".long {word:#010x} # {text}"
