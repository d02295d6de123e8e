# SPDX-License-Identifier: BSD-3-Clause
"""What the packages import is what installing them brings."""

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Modules whose distribution has another name.
DISTRIBUTIONS = {"elftools": "pyelftools"}
#: What only an extra of the same name, or of the name given, brings: its parts say so without it.
OPTIONAL = {"dask": "cluster", "torch": "torch", "pytest": "test"}


def imported(file: Path) -> set[str]:
    """Top-level modules that a file imports from outside of its package."""
    modules = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            modules.add(node.module)
    return {module.partition(".")[0] for module in modules}


def test_every_imported_package_is_a_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.match(r"[\w-]+", entry)[0] for entry in project["dependencies"]}
    files = [*ROOT.glob("hostlib/nuxkit/**/*.py"), *ROOT.glob("emulator/nuxemu/**/*.py")]
    modules = set().union(*map(imported, files)) - set(sys.stdlib_module_names)
    needed = {DISTRIBUTIONS.get(module, module) for module in modules - {"nuxkit", "nuxemu"}}
    assert needed - set(OPTIONAL) <= declared
    for package, extra in OPTIONAL.items():
        assert any(entry.startswith(package) for entry in project["optional-dependencies"][extra])
    assert len(needed) > 8
