"""What all pages share."""

from fasthtml.common import *

import conf
from store import ITEMS, find

PER_PAGE = 8


def layout(title, *content):
    return Titled(f"{title} | {conf.NAME}", *content)


def Card(item):
    return Article(H3(item.title), P(f"{item.price:.2f} {conf.CURRENCY}"), A("more", href=f"/items/{item.id}"))


def home():
    shown = list(ITEMS.values())[:PER_PAGE]
    return layout("Welcome", *map(Card, shown), P(f"Shipping: {conf.SHIPPING:.2f}"))


def broken():
    return Card(find(77))
