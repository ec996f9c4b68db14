"""The items, one by one."""

from fasthtml.common import *

from pages import Card, layout
from store import ITEMS, add, find, prices

ar = APIRouter(prefix="/items")


@ar("/")
def index(htmx, currency: str = "EUR"):
    table = prices(currency)
    rows = Ul(*(Li(item.title, " ", table.get(item.id, item.price)) for item in ITEMS.values()), id="items")
    return rows if htmx.request else layout("Items", rows)


@ar("/{id:int}")
def show(id: int):
    return layout(find(id).title, Card(find(id)))


@ar("/add", methods=["POST"])
def create(title: str, price: float):
    item = add(title, price)
    print(f"added {item.title} at {item.price:.2f}")
    return RedirectResponse("/items/", 303)
