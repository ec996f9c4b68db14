"""Which picture did you mean? A page with a form and a slow model, to try hot reload on.

fh-dash docs/demo/app.py
"""

from pathlib import Path

from fasthtml.common import *
from fh_utils import no_reload_cache
from models import load_model

HERE = Path(__file__).parent
TITLE = "Which picture did you mean?"
RESULTS = 5
EXAMPLES = ["a puppy in winter", "kids by the sea", "I am hungry", "flying to the moon", "somebody makes music"]

app, rt = fast_app(
    default_hdrs=False,
    pico=False,
    hdrs=(
        Meta(charset="utf-8"),
        Meta(name="viewport", content="width=device-width, initial-scale=1"),
        Link(rel="stylesheet", href="/style.css"),
        Link(rel="icon", href="/icon.svg"),
    ),
    static_path=str(HERE / "static"),
)


@no_reload_cache
def search(text, count):
    """Answers, kept while this file is edited. The model itself is in models.py, which an edit here leaves alone."""
    return load_model().nearest(text, count)


@rt("/")
def index():
    return page("", Examples(), FirstTime())


@rt("/predict", methods=["GET", "POST"])
def predict(text: str = ""):
    text = text.strip()[:200]
    if not text:
        return index()
    wanted, found = search(text, RESULTS)
    return page(text, Results(wanted, found), About(load_model()))


def page(text, *content):
    return Title(TITLE), Main(
        Header(H1(TITLE), P("Say it in your own words; the model finds the scene that is closest in meaning.")),
        Form(
            Input(
                name="text",
                value=text,
                placeholder="a cold day in the mountains",
                maxlength=200,
                autofocus=True,
                autocomplete="off",
                aria_label="What you are looking for",
            ),
            Button("Find it"),
            method="post",
            action="/predict",
            cls="ask",
        ),
        *content,
        Footer(
            "Edit ", Code("app.py"), " or ", Code("static/style.css"), " and save: the page follows, the model stays."
        ),
    )


def Examples():
    return Form(
        Span("For example"),
        *(Button(text, name="text", value=text, cls="chip") for text in EXAMPLES),
        method="post",
        action="/predict",
        cls="examples",
    )


def FirstTime():
    if not load_model.cache_info().currsize:
        return P("The first answer takes some seconds: it loads the model. No edit loads it again.", cls="hint")


def Results(wanted, found):
    return Ol(
        Li(
            Fingerprint(wanted), Div(Strong("What you asked for"), Small("its place in the model's space")), cls="query"
        ),
        *(Result(similarity, caption, vector) for similarity, caption, vector in found),
        cls="results",
    )


def Result(similarity, caption, vector):
    percent = max(0, round(100 * similarity))
    return Li(
        Fingerprint(vector),
        Div(Strong(caption), Div(Span(style=f"width: {percent}%"), cls="bar")),
        Span(f"{percent} %", cls="percent"),
    )


def Fingerprint(vector):
    """The first numbers of a vector as a small mosaic: alike vectors look alike."""
    cells = vector[:32]
    top = max(map(abs, cells)) or 1
    return Div(*(Cell(value / top) for value in cells), cls="mosaic", aria_hidden="true")


def Cell(value):
    hue = "var(--warm)" if value > 0 else "var(--cool)"
    return I(style=f"background: {hue}; opacity: {abs(value):.2f}")


def About(model):
    return Aside(
        H2(model.name),
        P(model.note),
        Dl(
            Div(Dt("loaded at"), Dd(model.loaded_at)),
            Div(Dt("took"), Dd(f"{model.seconds:.1f} s")),
            Div(Dt("scenes"), Dd(len(model.captions))),
        ),
    )


if __name__ == "__main__":
    from fh_utils import serve

    serve()
