# SPDX-License-Identifier: BSD-3-Clause
"""Sources that hide their functions and variables from each other."""

import pytest

from nuxkit import Chip, InputError
from nuxkit.builder import KernelBuildError


def test_what_a_source_does_not_export_is_its_own(compile_text):
    one = "int value(void) { return 1; }\nint first(void) { return value(); }\n"
    two = (
        "int first(void);\nint value(void) { return 20; }\n"
        "int start(void) { return first() + value(); }\n"
    )
    built = compile_text(one, two, names=("one.c", "two.c"), exports={"one.c": ["fir*"]})
    assert Chip().run(built).return_code == 21
    built = compile_text(
        one, two, names=("one.c", "two.c"), exports={"one.c": ["first"], "two.c": ["start"]}
    )
    assert Chip().run(built).return_code == 21
    with pytest.raises(KernelBuildError, match="value is defined a second time"):
        compile_text(one, two, names=("one.c", "two.c"))
    with pytest.raises(KernelBuildError, match="first is not defined"):
        compile_text(one, two, names=("one.c", "two.c"), exports={"one.c": []})
    with pytest.raises(InputError, match=r"exports: three\.c is none of the sources"):
        compile_text(one, two, names=("one.c", "two.c"), exports={"three.c": []})
