# SPDX-License-Identifier: BSD-3-Clause
"""Reading the text of gcc."""

from hypothesis import given
from hypothesis import strategies as st

from nuxkit.builder.diagnostics import Diagnostic, KernelBuildError, parse_gcc

WORDS = st.text(
    st.characters(blacklist_categories=["C", "Z"], blacklist_characters=":"), min_size=1
)
SEVERITY = st.sampled_from(["error", "warning"])


@given(st.lists(st.tuples(WORDS, st.integers(1, 9999), st.integers(1, 200), SEVERITY, WORDS)))
def test_every_message_is_found_once_and_in_order(entries):
    text = "\n".join(f"{f}:{line}:{col}: {kind}: {words}" for f, line, col, kind, words in entries)
    found = [(e.file, e.line, e.column, e.severity, e.text) for e in parse_gcc(text)]
    assert found == entries


@given(st.text())
def test_any_text_can_be_read(text):
    for entry in parse_gcc(text):
        assert entry.severity in ("error", "warning")


def test_notes_and_excerpts_stay_with_their_message():
    (found,) = parse_gcc(
        "In file included from k.c:1:\nk.h: In function 'f':\nk.h:3:4: error: no\n"
        "    3 |    x\n      |    ^\nk.h:1:1: note: see here\ncompilation terminated.\n"
    )
    assert (found.file, found.line, found.column, found.text) == ("k.h", 3, 4, "no")
    assert found.detail.splitlines() == [
        "In file included from k.c:1:", "    3 |    x", "      |    ^", "k.h:1:1: note: see here",
    ]  # fmt: skip


def test_errors_come_first_in_the_exception():
    warning, error = Diagnostic("warning", "w", "a.c", 1), Diagnostic("error", "e", "b.c", 2)
    problem = KernelBuildError([warning, error])
    assert problem.diagnostics == (error, warning)
    assert str(problem) == "b.c:2: error: e\na.c:1: warning: w"


def test_diagnostics_survive_storage():
    entry = Diagnostic("warning", "text", "k.c", 3, 4, "detail\nlines")
    assert Diagnostic.from_dict(entry.to_dict()) == entry
