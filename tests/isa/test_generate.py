# SPDX-License-Identifier: BSD-3-Clause
"""The generated files are those that the table gives."""

import re
import subprocess

import pytest

from isa.ppc_tools import INCLUDE
from nuxemu import memory_map
from nuxemu.isa import generate


def test_generated_files_are_up_to_date(capsys):
    assert generate.main(["--check"]) == 0, capsys.readouterr().err


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A source tree without generated files."""
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    return tmp_path


def test_check_names_each_stale_file_and_writes_nothing(tree, capsys):
    assert generate.main(["--check"]) == 1
    messages = capsys.readouterr().err
    for path in generate.PRODUCTS:
        assert f"{path} differs" in messages
        assert not (tree / path).exists()


def test_generation_mends_a_changed_file(tree, capsys):
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    header = tree / "ppu_runtime/include/nux/fxv.h"
    header.write_text(header.read_text() + "// edited\n")
    assert generate.main(["--check"]) == 1
    assert "fxv.h differs" in capsys.readouterr().err
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_outside_a_source_tree_it_refuses(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    with pytest.raises(SystemExit):
        generate.main([])
    assert "not a source tree" in capsys.readouterr().err


@pytest.mark.parametrize("language", ["c", "assembler-with-cpp"])
def test_address_map_header_holds_every_constant(language):
    result = subprocess.run(
        ["powerpc-linux-gnu-gcc", "-E", "-dM", f"-I{INCLUDE}", "-x", language, "-"],
        input="#include <nux/memory_map.h>\n",
        text=True,
        capture_output=True,
        check=True,
    )
    defined = {
        name: int(value, 0)
        for name, value in re.findall(r"#define NUX_(\w+) (\w+)$", result.stdout, re.M)
    }
    constants = {name: value for name, value in vars(memory_map).items() if name.isupper()}
    assert defined == constants
