from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from starlette.applications import Starlette

from fh_dash.errors import UsageError
from fh_dash.host import lookup
from fh_dash.host.target import Target


def _target(attribute: str | None = None, factory: bool = False) -> Target:
    return Target("shop", attribute, factory, Path("shop.py"), "shop.py", (), ())


def _module(source: str) -> ModuleType:
    module = ModuleType("shop")
    exec(source, vars(module))
    return module


IMPORTS = "from starlette.applications import Starlette\nimport asyncio\n"
BARE = "async def serve_it(scope, receive, send): pass\n"


@pytest.mark.parametrize(
    ("source", "attribute", "name"),
    [
        ("app = Starlette()", None, "app"),
        ("web = Starlette()", None, "web"),
        ("web = Starlette()\nalias = web", None, "web"),
        ("web = Starlette()\n" + BARE, None, "web"),
        (BARE, None, "serve_it"),
        ("class Shop:\n    async def __call__(self, scope, receive, send): pass\nit = Shop()", None, "it"),
        ("one = Starlette()\ntwo = Starlette()", "two", "two"),
        ("class Box: inner = Starlette()", "Box.inner", "Box.inner"),
    ],
)
def test_the_app_is_found(source: str, attribute: str | None, name: str) -> None:
    """By its name, as `app`, or as the only thing that looks like one."""
    module, target = _module(IMPORTS + source), _target(attribute)

    assert lookup.attribute_name(module, target) == name
    assert lookup.as_asgi(lookup.find(module, target), name)


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("x = 1", _target(), "no app in shop"),
        ("one = Starlette()\ntwo = Starlette()", _target(), "several apps in shop; one, two looks like one: --app one"),
        ("web = Starlette()", _target("shop"), "no shop in shop; web looks like one: --app web"),
        ("def create_app(): return 1", _target(), "create_app() looks like it makes one: --factory --app create_app"),
        ("class Box: pass", _target("Box.inner"), "no inner in shop.Box"),
        ("app = Starlette()", _target("app", True), "is a Starlette, not a function that makes the app"),
    ],
)
def test_no_app_is_explained(source: str, target: Target, message: str) -> None:
    """With what looks like one."""
    with pytest.raises(UsageError) as caught:
        lookup.find(_module(IMPORTS + source), target)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("app = 5", "app is no ASGI app but an int"),
        ("app = asyncio", "app is no ASGI app but a module"),
        ("def app(environ, start_response): pass", "it takes 2 arguments, as WSGI apps do: --interface wsgi"),
        ("def app(scope): pass", "as ASGI 2 apps do: --interface asgi2"),
        ("def app(): pass", "as a function that makes the app does: --factory"),
        ("class app:\n    def __init__(self, scope): pass", "needs --interface asgi2"),
        ("def app(a, b, c, d): pass", "does not take (scope, receive, send)"),
    ],
)
def test_what_is_no_asgi_app_is_explained(source: str, message: str) -> None:
    """By its type, or by what its arguments look like."""
    found = lookup.find(_module(IMPORTS + source), _target("app"))

    with pytest.raises(UsageError) as caught:
        lookup.as_asgi(found, "app")

    assert message in str(caught.value)


def test_a_factory_is_called() -> None:
    """Each time anew."""
    module = _module(IMPORTS + "def create_app(): return Starlette()")
    target = _target("create_app", factory=True)

    first, second = lookup.find(module, target), lookup.find(module, target)

    assert isinstance(first, Starlette)
    assert first is not second


def test_other_interfaces_are_wrapped() -> None:
    """As uvicorn does for `--interface`."""
    assert lookup.as_asgi(lambda scope: None, "app", "asgi2") is not None
    with pytest.warns(DeprecationWarning, match="WSGI"):
        assert lookup.as_asgi(lambda environ, start_response: [], "app", "wsgi") is not None
