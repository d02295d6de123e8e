# SPDX-License-Identifier: BSD-3-Clause
"""A missing or broken cross-compiler is said plainly."""

import os
from pathlib import Path

import pytest

from nuxkit import ProgramFileError, ToolchainError, build

TOOLS = ("gcc", "as", "ld", "ar", "objdump", "objcopy")


@pytest.fixture
def tools_in(tmp_path, monkeypatch):
    """Search path with only the given cross tools; each a script around the real one."""
    real = os.environ["PATH"]

    def use(names):
        place = tmp_path / "bin"
        place.mkdir()
        for name in names:
            script = place / f"powerpc-linux-gnu-{name}"
            script.write_text(f'#!/bin/sh\nPATH={real} exec powerpc-linux-gnu-{name} "$@"\n')
            script.chmod(0o755)
        monkeypatch.setenv("PATH", str(place))
        Path("k.c").write_text("int start(void) { return 0; }")
        return place

    return use


def test_missing_compiler_names_the_package(tools_in):
    tools_in([])
    with pytest.raises(ToolchainError, match="apt install gcc-powerpc-linux-gnu"):
        build("k.c")


@pytest.mark.parametrize("missing", ["as", "ld", "ar", "objdump"])
def test_missing_binutils_name_the_package(tools_in, missing):
    tools_in([name for name in TOOLS if name != missing])
    with pytest.raises(ToolchainError, match="apt install binutils-powerpc-linux-gnu"):
        build("k.c")


def test_compiler_that_crashes_is_reported(tools_in):
    place = tools_in(TOOLS)
    (place / "powerpc-linux-gnu-gcc").write_text("#!/bin/sh\nkill -9 $$\n")
    with pytest.raises(ToolchainError, match="killed by signal 9"):
        build("k.c", cache=False)


def test_compiler_that_is_no_program_is_reported(tools_in):
    place = tools_in(TOOLS)
    (place / "powerpc-linux-gnu-gcc").write_bytes(b"\x7fELF nonsense")
    with pytest.raises(ToolchainError, match=r"cannot run .*powerpc-linux-gnu-gcc"):
        build("k.c", cache=False)


def test_runtime_is_found_in_an_installed_package(tmp_path, monkeypatch):
    import shutil

    import nuxkit
    from nuxkit.builder.runtime import runtime_root

    in_tree = runtime_root()
    package = tmp_path / "site" / "nuxkit"
    monkeypatch.setattr(nuxkit, "__file__", str(package / "__init__.py"))
    with pytest.raises(ProgramFileError, match=r"the on-chip runtime was not found; looked for"):
        runtime_root()
    shutil.copytree(in_tree, package / "ppu_runtime")
    assert runtime_root() == package / "ppu_runtime"
    Path("k.c").write_text("#include <nux/nux.h>\nint start(void) { return 0; }")
    assert build("k.c").warnings == ()


def test_exit_codes_and_bases_of_the_errors():
    from nuxkit import BuildError
    from nuxkit.builder import KernelBuildError

    assert issubclass(KernelBuildError, BuildError)
    assert (BuildError.exit_code, ToolchainError.exit_code) == (102, 101)
