"""Foreign words stay words (C2)."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cds.cards.markdown import LONGEST, bullets, escape, plain

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

hostile = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            ["|", "\\", "`", "<b>", "<script>", "<!--", "&lt;", "&#60;", "[a](b)", "![i](j)", "<https://x.y>", "\n", "\r\n",
             "# ", "- ", "1. ", "1) ", "+ ", "***", "__", "~~", "\u202e", "\u200b", "\x00", "\ud800", "  ", "a", "é", "=", ">", "---",
             "http://x", "WWW.x", "a@b.c"]
        ),
        max_size=12,
    ).map("".join),
)  # fmt: skip


@pytest.mark.parametrize(
    ("words", "escaped"),
    [
        ("", ""),
        ("Calcifications de l'épaule (droite), 3-4 cm", "Calcifications de l'épaule (droite), 3-4 cm"),
        ("a|b", "a&#124;b"),
        ("<b>x</b>", "&#60;b&#62;x&#60;/b&#62;"),
        ("AT&T &lt;", "AT&#38;T &#38;lt;"),
        ("[x](y)", "&#91;x&#93;(y)"),
        ("`a` *b* _c_ ~d~ \\", "\\`a\\` \\*b\\* \\_c\\_ \\~d\\~ \\\\"),
        ("two\r\n  lines\t.", "two lines ."),
        ("# head", "\\# head"),
        ("- item", "\\- item"),
        ("-3 mmol/L", "-3 mmol/L"),
        ("1. item", "1\\. item"),
        ("12) item", "12\\) item"),
        ("1.25", "1.25"),
        ("https://evil.example", "https:\u200b//evil.example"),
        ("see WWW.evil.example", "see WWW.\u200bevil.example"),
        ("a@evil.example", "a@\u200bevil.example"),
        ("\u202egnp.exe\u200b\x07", "gnp.exe"),
    ],
)
def test_words_are_escaped(words: str, escaped: str) -> None:
    assert escape(words) == escaped


def test_long_words_are_cut_before_they_are_escaped() -> None:
    assert escape("<" * 1000) == "&#60;" * (LONGEST - 1) + "…"
    assert plain("x" * LONGEST) == "x" * LONGEST
    assert plain("ab cd", 4) == "ab…"


@given(hostile)
def test_a_table_cell_shows_the_words_and_nothing_else(words: str) -> None:
    table = "\n".join(["| h | k |", "|---|---|", f"| {escape(words)} | next |"])
    tokens = READER.parse(table)
    assert [each.type for each in tokens].count("tbody_open") == 1
    cells = [each for each in tokens if each.type == "inline"]
    assert len(cells) == 4
    assert cells[3].content == "next"
    assert {child.type for child in cells[2].children or ()} <= {"text", "text_special"}
    assert _said(READER.render(table), "td") == _expected(words)


@given(hostile)
def test_a_list_item_shows_the_words_and_nothing_else(words: str) -> None:
    listed = bullets([f"{escape(words)}x", "next"])
    kinds = [each.type for each in READER.parse(listed)]
    assert kinds.count("list_item_open") == 2
    assert not {
        "heading_open",
        "html_block",
        "code_block",
        "fence",
        "hr",
        "blockquote_open",
        "ordered_list_open",
    } & set(kinds)
    inline = next(each for each in READER.parse(listed) if each.type == "inline")
    assert {child.type for child in inline.children or ()} <= {"text", "text_special"}


@given(hostile)
def test_no_raw_markup_and_no_link_is_left(words: str) -> None:
    escaped = escape(words)
    assert not re.search(r"[<>|\n\r]|://|www\.(?!\u200b)|@(?!\u200b)", escaped, re.IGNORECASE)
    escaped.encode("utf-8")


def _said(rendered: str, tag: str) -> str:
    return html.unescape(re.search(rf"<{tag}>(.*?)</{tag}>", rendered, re.DOTALL)[1]).replace("\u200b", "")  # type: ignore[index]


def _expected(words: str) -> str:
    return plain(words)
