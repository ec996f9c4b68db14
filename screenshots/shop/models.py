"""What finds scenes by meaning: trained while it is imported, which takes some seconds."""

from fh_utils import no_reload_cache
from tiny import TinyModel

SCENES = "shop/scenes.txt"


@no_reload_cache
def load_model(file):
    blocks = read(file)
    return TinyModel(blocks + [line for block in blocks for line in block.splitlines()])


@no_reload_cache
def captions(file):
    model = load_model(file)
    return [(title, model.encode(title)) for title in (block.splitlines()[0] for block in read(file))]


def read(file):
    with open(file) as scenes:
        return [block for block in scenes.read().split("\n\n") if not block.startswith("#")]


load_model(SCENES)
