"""The items, and their prices in other currencies."""

import time
from dataclasses import dataclass

from fh_utils import no_reload_cache

RATES = {"EUR": 1.0, "USD": 1.08, "GBP": 0.85}


@dataclass
class Item:
    id: int
    title: str
    price: float


NAMES = ("Green tea", "Black tea", "Teapot", "Cup", "Strainer", "Honey", "Tray", "Kettle")
ITEMS = {n: Item(n, name, 3.5 + 2.2 * n) for n, name in enumerate(NAMES, 1)}


@no_reload_cache
def prices(currency):
    """As if a bank had to be asked."""
    time.sleep(0.12)
    return {item.id: round(item.price * RATES[currency], 2) for item in ITEMS.values()}


def find(id):
    if id not in ITEMS:
        raise ValueError(f"no such item: {id}")
    return ITEMS[id]


def add(title, price):
    id = max(ITEMS) + 1
    ITEMS[id] = Item(id, title, price)
    return ITEMS[id]
