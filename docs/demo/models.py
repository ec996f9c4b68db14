"""The slow part: a model that no edit of app.py loads again."""

import functools
import importlib.util
import os
import time
from dataclasses import dataclass
from operator import mul
from pathlib import Path

from tiny import DIMENSIONS, TinyModel

CLIP = "clip-ViT-B-32-multilingual-v1"
SCENES = Path(__file__).with_name("scenes.txt")


@dataclass
class Model:
    name: str
    note: str
    encode: object  # text -> vector of length one
    captions: list
    vectors: list
    seconds: float
    loaded_at: str

    def nearest(self, text, count):
        """The captions closest in meaning: (similarity, caption, vector), best first."""
        wanted = self.encode(text)
        found = [(sum(map(mul, wanted, v)), c, v) for c, v in zip(self.captions, self.vectors)]
        return wanted, sorted(found, reverse=True)[:count]


@functools.cache
def load_model():
    started = time.perf_counter()
    blocks = [block.splitlines() for block in SCENES.read_text().split("\n\n") if not block.startswith("#")]
    name, note, encode = load_clip() or train_tiny(blocks)
    captions = [block[0] for block in blocks]
    vectors = [encode(caption) for caption in captions]
    seconds = time.perf_counter() - started
    print(f"loaded {name} in {seconds:.1f} s")
    return Model(name, note, encode, captions, vectors, seconds, time.strftime("%H:%M:%S"))


def load_clip():
    """The real thing, if it is installed and its files are on this machine; nothing is downloaded."""
    if importlib.util.find_spec("sentence_transformers") is None:
        return None
    os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    from sentence_transformers import SentenceTransformer

    try:
        model = SentenceTransformer(CLIP)
    except Exception as error:
        print(f"{CLIP} is not on this machine: {type(error).__name__}")
        return None
    note = "The text half of CLIP: it puts sentences of fifty languages beside the pictures they describe."
    return CLIP, note, lambda text: model.encode(text, normalize_embeddings=True).tolist()


def train_tiny(blocks):
    texts = ["\n".join(block) for block in blocks] + [line for block in blocks for line in block]
    model = TinyModel(texts)
    note = (
        f"A small stand-in, trained just now on {len(blocks)} scenes in {model.steps} rounds of plain Python"
        f" ({DIMENSIONS} dimensions). With sentence-transformers and {CLIP} on this machine the demo uses those."
    )
    return "latent semantic analysis", note, model.encode
