"""Faces of small pictures by MediaPipe's full-range detector on LiteRT: one JSON in, one out.

Opens no media.

In: ``weights`` (.tflite), ``pictures`` (a .npy file, shape (n, 192, 192, 3), RGB). Out: a list for each picture of
[x, y, width, height, eyes_y, score], in shares of the square. Runs in the environment of the models, which has LiteRT.
"""

import json
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter

SIDE, CELLS = 192, 48
SURE, ALIKE = 0.6, 0.3


def anchors():
    """Middles of the cells, in shares: one anchor a cell, as in the graph of MediaPipe 0.10."""
    middle = (np.arange(CELLS) + 0.5) / CELLS
    across, down = np.meshgrid(middle, middle)
    return np.stack([across.ravel(), down.ravel()], axis=1)


def box_overlap(one, other):
    """Intersection over union."""
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    return wide * high / (one[2] * one[3] + other[2] * other[3] - wide * high)


def decode(rows, logits, places):
    """Boxes of one picture, surest first."""
    scores = 1 / (1 + np.exp(-np.clip(logits.ravel(), -100, 100)))
    likely = np.flatnonzero(scores >= SURE)
    found = []
    for place in likely[np.argsort(-scores[likely], kind="stable")]:
        middle = rows[place, :2] / SIDE + places[place]
        size = rows[place, 2:4] / SIDE
        eyes = (rows[place, 5] + rows[place, 7]) / 2 / SIDE + places[place, 1]
        box = [*(middle - size / 2), *size, eyes, scores[place]]
        if all(box_overlap(box, other) < ALIKE for other in found):
            found.append([round(float(value), 5) for value in box])
    return found


def main():
    """Read, look, tell."""
    asked = json.load(sys.stdin)
    net = Interpreter(asked["weights"], num_threads=1)
    net.allocate_tensors()
    into = net.get_input_details()[0]["index"]
    outputs = sorted(net.get_output_details(), key=lambda one: -int(np.prod(one["shape"])))
    places, told = anchors(), []
    for picture in np.load(asked["pictures"], mmap_mode="r"):
        net.set_tensor(into, picture[None].astype(np.float32) / 127.5 - 1)
        net.invoke()
        told.append(decode(net.get_tensor(outputs[0]["index"])[0], net.get_tensor(outputs[1]["index"])[0], places))
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
