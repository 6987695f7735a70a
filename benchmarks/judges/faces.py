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


def box_overlap(first, second):
    """Intersection over union."""
    wide = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    high = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    if wide <= 0 or high <= 0:
        return 0.0
    return wide * high / (first[2] * first[3] + second[2] * second[3] - wide * high)


def decode(rows, logits, places):
    """Boxes of one picture, surest first."""
    scores = 1 / (1 + np.exp(-np.clip(logits.ravel(), -100, 100)))
    likely = np.flatnonzero(scores >= SURE)
    boxes = []
    for place in likely[np.argsort(-scores[likely], kind="stable")]:
        middle = rows[place, :2] / SIDE + places[place]
        size = rows[place, 2:4] / SIDE
        eyes = (rows[place, 5] + rows[place, 7]) / 2 / SIDE + places[place, 1]
        box = [*(middle - size / 2), *size, eyes, scores[place]]
        if all(box_overlap(box, surer) < ALIKE for surer in boxes):
            boxes.append([round(float(value), 5) for value in box])
    return boxes


def main():
    """Read, look, tell."""
    request = json.load(sys.stdin)
    net = Interpreter(request["weights"], num_threads=1)
    net.allocate_tensors()
    into = net.get_input_details()[0]["index"]
    outputs = sorted(net.get_output_details(), key=lambda output: -int(np.prod(output["shape"])))
    places, faces = anchors(), []
    for picture in np.load(request["pictures"], mmap_mode="r"):
        net.set_tensor(into, picture[None].astype(np.float32) / 127.5 - 1)
        net.invoke()
        faces.append(decode(net.get_tensor(outputs[0]["index"])[0], net.get_tensor(outputs[1]["index"])[0], places))
    json.dump(faces, sys.stdout)


if __name__ == "__main__":
    main()
