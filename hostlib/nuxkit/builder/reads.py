# SPDX-License-Identifier: BSD-3-Clause
"""What a source may have the tools read: its folder, the given ones, the runtime, gcc's headers.

Sources need not be trusted. The tools list what they open (``gcc -H``, ``as --MD``); a build
that opened anything else ends here, and shows nothing of what was read. So does one that says
(``#line``) that it is another file: messages, profiles and listings show lines of that one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from nuxkit.builder.diagnostics import Diagnostic, error

_OPENED = re.compile(r"^(\.+) (.+)$")
_MESSAGE = re.compile(r"^(.+?):\d+(?::\d+)?: (?:fatal )?(?:error|warning|note): ", re.MULTILINE)
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_NAMED = re.compile(
    rf"^\s*(?:\.file\s+(?:\d+\s+)?|#\s+\d+\s+){_QUOTED}(?:\s+{_QUOTED})?", re.MULTILINE
)
_INCLUDE = re.compile(r'^\s*#\s*(?:include|include_next|import)\s*["<]([^">]+)[">]')
_DATES = re.compile(r"\bpragma\s+GCC\s+dependency\b|\b_Pragma\s*\(\s*\"\s*GCC\s+dependency\b")
_UNDEFINED = "<command-line>: warning: undefining"
_GUARDS = "Multiple include guards may be useful for:"


def split_opened(stderr: str) -> tuple[str, list[tuple[int, str]]]:
    """Separate messages of gcc from its list of headers (depth, path)."""
    matches = [(line, _OPENED.match(line)) for line in stderr.splitlines()]
    opened = [(len(match[1]), match[2]) for _, match in matches if match]
    names = {path for _, path in opened} | {_GUARDS}
    messages = [
        line
        for line, match in matches
        if not match and line not in names and not line.startswith(_UNDEFINED)
    ]
    return "\n".join(messages), opened


def files_of_messages(stderr: str) -> list[str]:
    """Files that messages of gcc are about."""
    return _MESSAGE.findall(stderr)


def files_of_lines(assembly: Path, source: str) -> list[str]:
    """Files that lines of an assembler file come from, by its own account."""
    text = assembly.read_text(errors="replace")
    # What gcc begins with is a name without a folder, which no line comes from.
    text = text.removeprefix(f'\t.file\t"{os.path.basename(source)}"\n')
    return [
        os.path.join("", *(_unquoted(part) for part in found if part))
        for found in _NAMED.findall(text)
    ]


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def refused_headers(
    source: str, opened: Sequence[tuple[int, str]], allowed: Iterable[str | Path]
) -> list[Diagnostic]:
    """Give an error for each opened header that lies, links resolved, in no allowed folder."""
    roots = [os.path.realpath(place) for place in (*_own_folders(source), *allowed)]
    including = [source]
    found = []
    for depth, path in opened:
        del including[depth:]
        if not _is_inside(path, roots):
            place = including[-1]
            found.append(error(_sentence(path), place, _line_of_include(place, path)))
        including.append(path)
    return found


def refused_dates(paths: Iterable[str]) -> list[Diagnostic]:
    """Give an error for each pragma that compares the dates of files; no list shows these files."""
    return [
        error("a source may not ask for the dates of files", path, number)
        for path, number, line in _lines(paths)
        if _DATES.search(line)
    ]


def refused_names(
    paths: Iterable[str], source: str, allowed: Iterable[str | Path]
) -> list[Diagnostic]:
    """Give an error for each include of a file elsewhere, be it there or not."""
    roots = [os.path.realpath(place) for place in (*_own_folders(source), *allowed)]
    named = ((path, number, _INCLUDE.match(line)) for path, number, line in _lines(paths))
    return [
        error(_sentence(match[1]), path, number)
        for path, number, match in named
        if match
        and not any(
            _is_inside(os.path.join(folder, match[1]), roots)
            for folder in (os.path.dirname(path), *roots)
        )
    ]


def _lines(paths: Iterable[str]) -> Iterator[tuple[str, int, str]]:
    for path in filter(os.path.isfile, dict.fromkeys(paths)):
        with open(path, errors="replace") as stream:
            yield from ((path, number, line) for number, line in enumerate(stream, 1))


def assembler_inputs(dependencies: Path, source: str) -> list[str]:
    """Files that an assembler has read, from its list; without the name in the debug lines."""
    text = os.fsdecode(dependencies.read_bytes())
    names = re.split(r"(?<!\\)\s+", text.replace("\\\n", " ").partition(":")[2].strip())
    return [name for name in names if name and name != os.path.basename(source)]


def refused_files(
    names: Iterable[str], source: str, allowed: Iterable[str | Path]
) -> list[Diagnostic]:
    """Give an error for each file, if there is such a one, that lies in no allowed folder."""
    roots = [os.path.realpath(place) for place in (*_own_folders(source), *allowed)]
    return [
        error(_sentence(name), source, _line_of_directive(source))
        for name in dict.fromkeys(names)
        if os.path.exists(name) and not os.path.isdir(name) and not _is_inside(name, roots)
    ]


def _own_folders(source: str) -> tuple[str, str]:
    return os.path.dirname(source) or ".", os.path.dirname(os.path.realpath(source))


def _is_inside(path: str, roots: Iterable[str]) -> bool:
    full = os.path.realpath(path)
    return any(full.startswith(root.rstrip(os.sep) + os.sep) for root in roots)


def _sentence(path: str) -> str:
    return (
        f"{path} lies outside of the source's folder; a source may read what is there, the "
        "library's headers, and folders that are given (include_dirs, -I)"
    )


def _line_of(source: str, pattern: str) -> int | None:
    with open(source, errors="replace") as stream:
        for number, line in enumerate(stream, 1):
            if re.search(pattern, line):
                return number
    return None


def _line_of_include(source: str, path: str) -> int | None:
    name = re.escape(os.path.basename(path))
    directive = r"#\s*(?:include|import)\w*"
    return _line_of(source, rf"{directive}.*{name}") or _line_of(source, rf"{directive}\s+[^\"<]")


def _line_of_directive(source: str) -> int | None:
    named = r"\.inc(bin|lude)\b|^\s*#\s*(line\b|\d)|\.file\b"
    return _line_of(source, named) or _line_of(source, r"\basm\b|\.macro")
