"""Text of a growing answer: whole characters, no stop strings."""

from hypothesis import given
from hypothesis import strategies as st

from core.serving.text import Detokenizer, StopScanner


def decode_bytes(ids):
    return bytes(ids).decode("utf-8", "replace")


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\ufffd")))
def test_bytes_come_out_as_whole_characters(text):
    tokens = Detokenizer(decode_bytes)
    pieces = [tokens.push(byte) for byte in text.encode()]
    assert "\ufffd" not in "".join(pieces)
    assert "".join(pieces) + tokens.flush() == text


def test_unfinished_character_at_the_end_is_dropped():
    tokens = Detokenizer(decode_bytes)
    shown = "".join(tokens.push(byte) for byte in "ab深".encode()[:-1])
    assert shown + tokens.flush() == "ab"


@given(st.text(alphabet="abc", max_size=40), st.lists(st.text(alphabet="abc", min_size=1, max_size=4), max_size=3))
def test_stop_strings_cut_wherever_the_pieces_end(text, stops):
    scanner = StopScanner(stops)
    shown = ""
    for piece in text:
        shown += scanner.push(piece)
    shown += scanner.flush()
    # The first stop string that is complete ends the text, at the place where it begins.
    ends = [(text.find(stop) + len(stop), text.find(stop)) for stop in stops if stop in text]
    first = min((end for end, _ in ends), default=None)
    expected = text if first is None else text[:min(start for end, start in ends if end == first)]
    assert shown == expected
    assert scanner.stopped == (first is not None)
