# SPDX-License-Identifier: BSD-3-Clause
"""From one source file to one object file.

C goes through ``gcc -S``; the result is assembled behind the macros of the vector
instructions (``fxv.inc``) and the guards (``guards.inc``), which turn what GCC may
emit but the chip does not have into errors.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nuxkit.builder import assembler, reads, toolchain
from nuxkit.builder.assembly_text import without_stops
from nuxkit.builder.diagnostics import Diagnostic, at_user_line, error, parse_gcc
from nuxkit.builder.toolchain import Toolchain
from nuxkit.errors import ProgramFileError

C_SUFFIXES = (".c",)
ASSEMBLER_SUFFIXES = (".S", ".s")


@dataclass(frozen=True)
class Settings:
    """What a source is compiled with."""

    include_dirs: tuple[str, ...] = ()
    defines: Mapping[str, str] = field(default_factory=dict)
    optimize: str = "-O2"
    runtime: Path = Path()
    readable: tuple[str, ...] = ()
    """Further folders that sources may read."""

    @property
    def search(self) -> tuple[str, ...]:
        """Directories searched for headers, in order, after that of the source."""
        return (*self.include_dirs, str(self.runtime / "include"))

    @property
    def flags(self) -> tuple[str, ...]:
        """Arguments of gcc."""
        return (
            *toolchain.TARGET_FLAGS, *toolchain.LANGUAGE_FLAGS, *toolchain.MESSAGE_FLAGS,
            *toolchain.CONFINING_FLAGS, self.optimize,
            *(f"-D{name}={value}" for name, value in self.defines.items()),
            *(f"-I{place}" for place in self.include_dirs),
            # Our headers must not drown the user's warnings.
            "-isystem", str(self.runtime / "include"),
        )  # fmt: skip


@dataclass(frozen=True)
class CompiledSource:
    """One compiled source; `object_path` is None after an error."""

    source: str
    object_path: Path | None
    diagnostics: tuple[Diagnostic, ...]
    headers: tuple[str, ...]


def check_source(source: str) -> None:
    """Refuse what is not a readable source file.

    Raises
    ------
    nuxkit.errors.ProgramFileError
        Naming the file and what is wrong with it.
    """
    path = Path(source)
    if not path.exists():
        raise ProgramFileError(f"{source}: no such file")
    if path.is_dir():
        raise ProgramFileError(f"{source}: is a directory; expected a .c or .S file")
    if path.suffix not in C_SUFFIXES + ASSEMBLER_SUFFIXES:
        raise ProgramFileError(
            f"{source}: unknown kind of source {path.suffix!r}; expected .c or .S"
        )
    try:
        path.read_bytes()
    except OSError as problem:
        raise ProgramFileError(f"{source}: cannot be read: {problem.strerror}") from problem


def compile_source(tools: Toolchain, source: str, settings: Settings, work: Path) -> CompiledSource:
    """Compile one .c or .S file into `work` (a directory of its own).

    Parameters
    ----------
    tools : Toolchain
    source : str
        Path as the user gave it; it is found again in messages and debug information.
    settings : Settings
    work : pathlib.Path
        Existing empty directory.

    Returns
    -------
    CompiledSource
    """
    assembly, dependencies = work / "user.s", work / "user.d"
    is_c = Path(source).suffix in C_SUFFIXES
    done = toolchain.run([
        tools.gcc, "-S" if is_c else "-E", *settings.flags,
        "-isystem", tools.own_headers, "-MD", "-MF", str(dependencies), "-H",
        *(() if is_c else ("-x", "assembler-with-cpp")), source, "-o", str(assembly),
    ])  # fmt: skip
    private = str(settings.runtime) + os.sep
    messages, opened = reads.split_opened(done.stderr)
    headers = _headers(dependencies, source)
    allowed = (*settings.search, *settings.readable)
    refused = reads.refused_headers(source, opened, (*allowed, tools.own_headers))
    named = reads.files_of_messages(messages)
    ours = (private, tools.own_headers + os.sep)
    own = [source, *(path for _, path in opened if not path.startswith(ours))]
    refused = refused or reads.refused_dates(own)
    if done.returncode != 0:
        refused = refused or reads.refused_names(own, source, (*allowed, tools.own_headers))
    else:
        named += reads.files_of_lines(assembly, source)
    refused = refused or reads.refused_files(named, source, (*allowed, tools.own_headers))
    if refused:
        return CompiledSource(source, None, tuple(refused), headers)
    found = [at_user_line(entry, private) for entry in parse_gcc(messages)]
    if done.returncode != 0:
        if not any(entry.severity == "error" for entry in found):
            found.append(error(messages.strip() or "gcc failed without a message", source))
        return CompiledSource(source, None, tuple(found), headers)
    if is_c:
        text = os.fsdecode(assembly.read_bytes())
        headers_prefix = str(settings.runtime / "include") + os.sep
        assembly.write_bytes(os.fsencode(without_stops(text, headers_prefix)))
    object_path = work / "user.o"
    found += assembler.assemble(
        tools, assembly, object_path, settings.runtime, source, is_c=is_c, allowed=allowed
    )
    failed = any(entry.severity == "error" for entry in found)
    return CompiledSource(source, None if failed else object_path, tuple(found), headers)


def _headers(dependencies: Path, source: str) -> tuple[str, ...]:
    """Files of a make-style dependency list, without the source itself."""
    try:
        text = os.fsdecode(dependencies.read_bytes())
    except FileNotFoundError:
        return ()  # the compiler stopped before it wrote one
    _, _, listed = text.replace("\\\n", " ").partition(": ")
    names = re.split(r"(?<!\\)\s+", listed.strip())
    plain = [re.sub(r"\\([ #])", r"\1", name).replace("$$", "$") for name in names]
    return tuple(name for name in plain if name and name != source)


def normalised(defines: Mapping[str, object]) -> dict[str, str]:
    """Macro values as text; True is 1 and False is 0."""
    return {
        name: str(int(value) if isinstance(value, bool) else value)
        for name, value in sorted(defines.items())
    }


def spelled(paths: Sequence[str | os.PathLike[str]]) -> tuple[str, ...]:
    """Paths as text, as they were given, but never like an option of a tool."""
    texts = [os.fspath(path) for path in paths]
    return tuple(f"./{text}" if text.startswith("-") else text for text in texts)
