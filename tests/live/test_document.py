"""Where the script goes, and into what."""

from __future__ import annotations

import pytest

from fh_dash.live.document import LIMIT, insertion_point


@pytest.mark.parametrize(
    "before",
    [
        b"<!doctype html><html><head>",
        b"<!DOCTYPE HTML>\n<HTML lang=en>\n<HEAD>",
        b"\xef\xbb\xbf<!doctype html>\r\n<html><head>",
        b"<!-- licence --><!doctype html><!--[if IE]><p><![endif]--><html><head>",
        b'<!doctype html><html data-x="a>b" class=\'c>d\'><head prefix="og: x">',
        b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x.dtd"><html><head>',
        b"<html><head>",
        b"<head>",
        b"<!doctype html><html>",
        b"<!doctype html>",
        b"<!doctype html>\n",
        b'<?xml version="1.0"?>\n<!DOCTYPE html><html xmlns="x"><head>',
    ],
)
@pytest.mark.parametrize("after", [b"<title>x</title>", b"<body><head>", b"<header>", b"hello", b"<body/>"])
def test_documents(before: bytes, after: bytes) -> None:
    """The place is behind the head's tag, or where the parser would open the head."""
    assert insertion_point(before + after) == len(before)


@pytest.mark.parametrize(
    "fragment",
    [
        b"<div><html></html></div>",
        b"<header>menu</header>",
        b"<headline>",
        b"<html-viewer></html-viewer>",
        b"plain text <html>",
        b"<!doctype svg><svg>",
        b'{"html": "<html>"}',
        b"<!-- a comment --><li>one</li>",
        b"<title>a page's fragment</title><p>",
        "<!doctype html><html>".encode("utf-16"),
        b"<!-- never closed <html>",
        b"",
    ],
)
def test_no_documents(fragment: bytes) -> None:
    """What does not begin as a document is none."""
    assert insertion_point(fragment, last=True) == "none"


def test_body_without_head() -> None:
    """A document may begin with its body."""
    assert insertion_point(b"<body class=x>") == 0
    assert insertion_point(b"<html>  <body>") == 8


@pytest.mark.parametrize("end", range(1, 44))
def test_is_told_as_early_as_possible(end: int) -> None:
    """A beginning that can still become a document waits; the place never changes with more bytes."""
    whole = b"<!-- x -->\n<!doctype html><html a='>'><head>"
    found = insertion_point(whole[:end])

    assert found in ("more", len(whole) - 6) if end < len(whole) else found == len(whole)


def test_gives_up() -> None:
    """A comment without end is not waited for without end."""
    assert insertion_point(b"<!--" + b"x" * LIMIT) == "none"


def test_document_that_ends_in_its_prologue() -> None:
    """A document with nothing in it is a document."""
    assert insertion_point(b"<!doctype html>\n", last=True) == 16
    assert insertion_point(b"<!doctype html><htm", last=True) == "none"
