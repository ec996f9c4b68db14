"""A small text model, trained when it is loaded: latent semantic analysis in plain Python.

Words and parts of words that occur together end up close to each other. The work is a power iteration for the
strongest directions of a sparse matrix (scenes by features) until they stand still: some seconds of arithmetic.
"""

import math
import random
import re
import zlib
from collections import Counter
from operator import mul

DIMENSIONS = 32
BUCKETS = 1 << 20
STOP = set(
    "a an and at by for from full he her his in is it its of on or she that the their they through to was"
    " somebody everybody some every make makes i me my you we us this are be".split()
)


def features(text):
    """Words and their parts of three and four letters, so that `cycling` meets `bicycle`."""
    found = Counter()
    for word in re.findall(r"\w+", text.lower()):
        if word in STOP:
            continue
        found[zlib.crc32(word.encode()) % BUCKETS] += 3.0
        padded = f"<{word}>"
        for size in (3, 4):
            for start in range(len(padded) - size + 1):
                found[zlib.crc32(padded[start : start + size].encode()) % BUCKETS] += 1.0
    return found


class TinyModel:
    """`TinyModel(texts)` trains; `encode(text)` gives a vector of length one."""

    def __init__(self, texts):
        rows = [features(text) for text in texts]
        seen = Counter(feature for row in rows for feature in row)
        self.columns = {feature: column for column, feature in enumerate(seen)}
        self.rarity = [math.log(len(rows) / count) + 0.3 for count in seen.values()]
        self.steps, self.directions, self.strengths = strongest_directions(
            [self.sparse(row) for row in rows], len(seen)
        )

    def sparse(self, row):
        """Columns and weights of one text, of length one."""
        entries = [(self.columns[f], math.log1p(n)) for f, n in row.items() if f in self.columns]
        weighted = [(column, weight * self.rarity[column]) for column, weight in entries]
        length = math.hypot(*(weight for _, weight in weighted)) or 1.0
        return [column for column, _ in weighted], [weight / length for _, weight in weighted]

    def encode(self, text):
        columns, weights = self.sparse(features(text))
        vector = [
            sum(map(mul, weights, map(direction.__getitem__, columns))) / strength**0.5
            for direction, strength in zip(self.directions, self.strengths)
        ]
        length = math.hypot(*vector) or 1.0
        return [value / length for value in vector]


def strongest_directions(rows, width):
    """Power iteration: multiply by the matrix and its transpose, make orthogonal, until that finds nothing new."""
    chance = random.Random(7)
    directions = orthogonal([[chance.gauss(0, 1) for _ in range(width)] for _ in range(DIMENSIONS)])
    before, steps = 0.0, 0
    while True:
        steps += 1
        images = [image(rows, direction, width) for direction in directions]
        strengths = [math.hypot(*vector) for vector in images]
        directions = orthogonal(images)
        if sum(strengths) - before < 0.004 * before:  # the last step found hardly anything
            return steps, directions, strengths
        before = sum(strengths)


def image(rows, direction, width):
    result = [0.0] * width
    for columns, weights in rows:
        score = sum(map(mul, weights, map(direction.__getitem__, columns)))
        for column, weight in zip(columns, weights):
            result[column] += score * weight
    return result


def orthogonal(vectors):
    """Gram-Schmidt."""
    done = []
    for vector in vectors:
        for other in done:
            share = sum(map(mul, vector, other))
            vector = [a - share * b for a, b in zip(vector, other)]
        length = math.hypot(*vector)
        done.append([a / length for a in vector])
    return done
