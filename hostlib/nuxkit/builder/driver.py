# SPDX-License-Identifier: BSD-3-Clause
"""`build`: from C sources to a verified program."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from nuxkit.builder import cache
from nuxkit.builder.compiler import (
    CompiledSource,
    Settings,
    check_source,
    compile_source,
    normalised,
    spelled,
)
from nuxkit.builder.diagnostics import Diagnostic, KernelBuildError, error
from nuxkit.builder.handlers import handler_problems
from nuxkit.builder.image import read_image
from nuxkit.builder.linker import link
from nuxkit.builder.report import BuildReport, make_report, stack_problem
from nuxkit.builder.runtime import Runtime, build_runtime, runtime_checksum, runtime_root
from nuxkit.builder.stack import stack_bound
from nuxkit.builder.toolchain import Toolchain, disassembler, find_toolchain, keep_global
from nuxkit.builder.verify import locator, verify
from nuxkit.errors import InputError
from nuxkit.whole_file import check_output

if TYPE_CHECKING:
    from nuxkit.program import Program

OPTIMIZE_LEVELS = ("-O1", "-O2", "-O3", "-Os")
_MACRO_NAME = re.compile(r"^[A-Za-z_]\w*$")


@dataclass(frozen=True)
class BuildResult:
    """A program that compiled, linked and passed verification.

    Attributes
    ----------
    elf_path : pathlib.Path
        The program.
    report : BuildReport
        Memory use and stack bound; `str` gives a table, `to_dict` plain values.
    warnings : tuple of Diagnostic
        The compiler's warnings about the user's sources.
    from_cache : bool
        Whether an earlier result was reused.
    """

    elf_path: Path
    report: BuildReport
    warnings: tuple[Diagnostic, ...]
    from_cache: bool

    @cached_property
    def program(self) -> Program:
        """The loaded program."""
        from nuxkit.program import Program

        return Program.load(self.elf_path)


def build(
    *sources: str | os.PathLike[str],
    include_dirs: Sequence[str | os.PathLike[str]] = (),
    defines: Mapping[str, object] | None = None,
    optimize: str = "-O2",
    cache: bool = True,
    output: str | os.PathLike[str] | None = None,
    exports: Mapping[str, Sequence[str]] | None = None,
    readable: Sequence[str | os.PathLike[str]] = (),
) -> BuildResult:
    """Compile, link and verify a kernel.

    Parameters
    ----------
    *sources : path
        C (.c) or assembler (.S) files; one of them defines ``int start(void)``.
    include_dirs : sequence of path
        Directories searched for headers.
    defines : mapping of str to object
        Preprocessor macros.
    optimize : {"-O1", "-O2", "-O3", "-Os"}
        Optimisation level.
    cache : bool
        Reuse an earlier result of the same build; the result is stored in any case.
    output : path, optional
        Also write the program there.
    exports : mapping of str to sequence of str, optional
        Of a source named here only functions and variables of these names (shell patterns)
        are visible to the others. All are for the other sources.
    readable : sequence of path
        Further folders that the sources may read files from.

    Returns
    -------
    BuildResult

    Raises
    ------
    nuxkit.builder.KernelBuildError
        Compiler, assembler, linker or verifier found errors; see `diagnostics`.
    nuxkit.errors.ProgramFileError
        A source does not exist or cannot be read.
    nuxkit.errors.ToolchainError
        The cross-compiler is missing.
    nuxkit.errors.InputError
        An argument is out of its range.
    """
    names = spelled(sources)
    if isinstance(include_dirs, str | os.PathLike):
        raise InputError(f"include_dirs is {str(include_dirs)!r}, but must be a sequence of paths")
    if defines is not None and not isinstance(defines, Mapping):
        raise InputError(f"defines is {defines!r}, but must be a mapping of names to values")
    settings = _settings(names, spelled(include_dirs), defines or {}, optimize)
    settings = replace(settings, readable=spelled(readable))
    kept = {name: list(patterns) for name, patterns in sorted((exports or {}).items())}
    if unknown := set(kept) - set(names):
        raise InputError(f"exports: {', '.join(sorted(unknown))} is none of the sources")
    tools = find_toolchain()
    common = {
        "flags": settings.flags,
        "tools": tools.version,
        "driver": _driver_checksum(),
        "runtime": runtime_checksum(settings.runtime),
    }
    key = _key(
        {
            **common,
            "cwd": os.getcwd(),
            "sources": [(name, _checksum(name)) for name in names],
            "exports": kept,
            "readable": settings.readable,
        }
    )
    result = _lookup(key) if cache else None
    if result is None:
        runtime = build_runtime(
            tools,
            settings.runtime,
            _key({**common, "flags": Settings(runtime=settings.runtime).flags}),
        )
        result = _build(tools, names, settings, kept, runtime, key)
    if output is not None:
        result = write_program(result, output, names)
    return result


def write_program(
    result: BuildResult, output: str | os.PathLike[str], sources: Iterable[str]
) -> BuildResult:
    """Also write a program to a file, which must not be one of its sources."""
    path = Path(output)
    check_output(output, sources)
    cache.write_atomic(path, result.elf_path.read_bytes())
    return replace(result, elf_path=path)


# `build` has a parameter named like the module.
_checksum, _key = cache.file_checksum, cache.key_of
_driver_checksum = cache.driver_checksum


def _settings(
    sources: tuple[str, ...],
    include_dirs: tuple[str, ...],
    defines: Mapping[str, object],
    optimize: str,
) -> Settings:
    if not sources:
        raise InputError("build() needs at least one source file")
    for source in sources:
        check_source(source)
    if len(set(map(os.path.realpath, sources))) < len(sources):
        raise InputError(f"a source is given twice: {', '.join(sources)}")
    if optimize not in OPTIMIZE_LEVELS:
        raise InputError(f"optimize={optimize!r}; expected one of {', '.join(OPTIMIZE_LEVELS)}")
    for name in defines:
        if not _MACRO_NAME.match(name):
            raise InputError(f"defines: {name!r} is not the name of a macro")
    for place in include_dirs:
        if not Path(place).is_dir():
            raise InputError(f"include_dirs: {place} is not a directory")
    return Settings(include_dirs, normalised(defines), optimize, runtime_root())


def _lookup(key: str) -> BuildResult | None:
    found = cache.lookup(key)
    if found is None:
        return None
    elf_path, extra = found
    warnings = tuple(Diagnostic.from_dict(entry) for entry in extra["warnings"])
    report = BuildReport.from_dict(extra["report"])
    return BuildResult(elf_path, report, warnings, from_cache=True)


def _build(
    tools: Toolchain,
    sources: tuple[str, ...],
    settings: Settings,
    exports: Mapping[str, Sequence[str]],
    runtime: Runtime,
    key: str,
) -> BuildResult:
    started_ns = time.time_ns()  # before anything is read
    with tempfile.TemporaryDirectory(prefix="nuxkit-build-") as name:
        work = Path(name)
        compiled = []
        for index, source in enumerate(sources):
            place = work / str(index)
            place.mkdir()
            compiled.append(one := compile_source(tools, source, settings, place))
            if one.object_path is not None and source in exports:
                keep_global(tools, one.object_path, exports[source])
        found = [entry for one in compiled for entry in one.diagnostics]
        objects = {one.source: one.object_path for one in compiled if one.object_path is not None}
        elf = work / "program.elf"
        if len(objects) == len(compiled):
            found += link(tools, objects, runtime, elf)
        _raise_errors(found)
        report, problems = _check(tools, elf, sources)
        _raise_errors(problems + found)
        extra = {"report": report.to_dict(), "warnings": [entry.to_dict() for entry in found]}
        stored = cache.store_program(elf.read_bytes(), Path(sources[0]).stem)
        headers, search = _headers(compiled, settings)
        # Who edits a file while it is compiled gets this result once.
        if not cache.changed_since((*sources, *headers), started_ns):
            cache.store_entry(key, stored, cache.inputs_of(headers, search), extra)
    return BuildResult(stored, report, tuple(found), from_cache=False)


def _raise_errors(found: Sequence[Diagnostic]) -> None:
    if any(entry.severity == "error" for entry in found):
        raise KernelBuildError(found)


def _check(
    tools: Toolchain, elf: Path, sources: tuple[str, ...]
) -> tuple[BuildReport, list[Diagnostic]]:
    """Verify a linked program and measure it."""
    image = read_image(elf)
    locate = locator(elf)
    found = [*verify(image, locate, disassembler(tools, elf)), *handler_problems(image, locate)]
    spelled_as = {os.path.abspath(source): source for source in sources}
    found = [replace(entry, file=spelled_as.get(entry.file or "", entry.file)) for entry in found]
    _raise_errors(found)
    report = make_report(image, stack_bound(image))
    problem = stack_problem(report)
    return report, [error(problem)] if problem else []


def _headers(
    compiled: Sequence[CompiledSource], settings: Settings
) -> tuple[list[str], tuple[str, ...]]:
    headers = [header for one in compiled for header in one.headers]
    places = [os.path.dirname(one.source) or "." for one in compiled]
    return headers, (*dict.fromkeys(places), *settings.search)
