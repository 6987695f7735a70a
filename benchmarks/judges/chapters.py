"""Pk and WindowDiff by segeval, ROUGE-L by rouge-score. Runs in the judges' environment only.

In: ``{"cuts": {name: {"length": units, "truth": [first units], "found": {engine: [first units]}}}, "texts": {name:
{"truth": text, "found": {engine: text}}}}``. Out: ``{"cuts": {engine: {"pk", "window_diff"}}, "texts": {engine:
{"rouge_l"}}}``, each a mean over the names.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from itertools import pairwise

import segeval
from rouge_score import rouge_scorer


def masses(length: int, firsts: list[int]) -> tuple[int, ...]:
    """Lengths of the segments that begin at these units, and at 0."""
    edges = [0, *sorted(set(firsts)), length]
    return tuple(end - start for start, end in pairwise(edges))


def main() -> None:
    """Judge every engine on every text."""
    asked = json.load(sys.stdin)
    cuts: dict = defaultdict(lambda: defaultdict(list))
    for one in asked["cuts"].values():
        truth = masses(one["length"], one["truth"])
        for engine, found in one["found"].items():
            pair = masses(one["length"], found), truth
            cuts[engine]["pk"].append(float(segeval.pk(*pair)))
            cuts[engine]["window_diff"].append(float(segeval.window_diff(*pair)))
    texts: dict = defaultdict(lambda: defaultdict(list))
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)
    for one in asked["texts"].values():
        for engine, found in one["found"].items():
            texts[engine]["rouge_l"].append(scorer.score(one["truth"], found)["rougeL"].fmeasure)
    told = {
        part: {engine: {name: sum(each) / len(each) for name, each in by.items()} for engine, by in found.items()}
        for part, found in (("cuts", cuts), ("texts", texts))
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
