"""Hot reload of Python modules: reload equals restart, and only what must run again does.

    engine = Engine([Path("shop")], "shop.app")
    engine.install()
    engine.execute(engine.plan_load()).commit()
    ...
    plan = engine.plan([Path("shop/prices.py")])
    transaction = engine.execute(plan)
    if transaction.error is None:
        transaction.commit()

Names are loaded on demand: `fh_utils` reaches `fh_dash.engine.keep` without the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fh_dash.engine.engine import Engine
    from fh_dash.engine.plan import Plan
    from fh_dash.engine.routes import Route, handler_name, routes_of
    from fh_dash.engine.transaction import Transaction

_PLACES = {
    "Engine": "engine",
    "Plan": "plan",
    "Route": "routes",
    "Transaction": "transaction",
    "handler_name": "routes",
    "routes_of": "routes",
}
__all__ = ["Engine", "Plan", "Route", "Transaction", "handler_name", "routes_of"]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        from importlib import import_module

        return getattr(import_module(f"fh_dash.engine.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
