"""A small shop: what the pictures of the dashboard are taken of."""

import logging

from fasthtml.common import *

from models import SCENES, captions, load_model
from pages import broken, home, layout
from routes.items import ar

log = logging.getLogger("shop")
GREETING = "What do you feel like?"

app, rt = fast_app(pico=False)
ar.to_app(app)
rt("/")(home)
rt("/broken")(broken)


@rt("/predict", methods=["POST"])
def predict(text: str):
    wanted = load_model(SCENES).encode(text)
    scored = [(sum(map(float.__mul__, wanted, vector)), title) for title, vector in captions(SCENES)]
    best, title = max(scored)
    print(f"{text!r} is closest to {title!r}, {best:.2f}")
    if best < 0.3:
        log.warning("not much like anything: %s", text)
    return P(title)


@rt("/ask")
def ask():
    return layout(GREETING, Form(Input(name="text"), Button("Find it"), method="post", action="/predict"))
