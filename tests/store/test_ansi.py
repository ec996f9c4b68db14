from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fh_dash.store.ansi import PLAIN, Look, pieces, plain


def test_colours_and_attributes() -> None:
    """The usual codes, 256 colours and true colours, and their ends."""
    text = "a\x1b[1;31mb\x1b[22;39mc\x1b[38;5;200md\x1b[48;2;1;2;3me\x1b[0mf\x1b[92;4mg"

    assert list(pieces(text)) == [
        ("a", PLAIN),
        ("b", Look(foreground=1, bold=True)),
        ("c", PLAIN),
        ("d", Look(foreground=200)),
        ("e", Look(foreground=200, background=(1, 2, 3))),
        ("f", PLAIN),
        ("g", Look(foreground=10, underline=True)),
    ]
    assert plain(text) == "abcdefg"


def test_other_sequences_stay_text() -> None:
    """Only SGR is taken out; everything else is the reader's to make visible."""
    assert "".join(text for text, _ in pieces("x\x1b[2Jy\x1b]0;t\x07z")) == "x\x1b[2Jy\x1b]0;t\x07z"


@given(st.text(alphabet=st.sampled_from(list("\x1b[0123456789;:mab")), max_size=80))
def test_no_text_is_lost(text: str) -> None:
    """Whatever the codes, the text between them is there, in order."""
    assert "".join(part for part, _ in pieces(text)) == plain(text)
