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
    request = json.load(sys.stdin)
    cuts: dict = defaultdict(lambda: defaultdict(list))
    for case in request["cuts"].values():
        truth = masses(case["length"], case["truth"])
        for engine, borders in case["found"].items():
            pair = masses(case["length"], borders), truth
            cuts[engine]["pk"].append(float(segeval.pk(*pair)))
            cuts[engine]["window_diff"].append(float(segeval.window_diff(*pair)))
    texts: dict = defaultdict(lambda: defaultdict(list))
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)
    for case in request["texts"].values():
        for engine, summary in case["found"].items():
            texts[engine]["rouge_l"].append(scorer.score(case["truth"], summary)["rougeL"].fmeasure)
    scores = {
        part: {
            engine: {name: sum(values) / len(values) for name, values in by.items()} for engine, by in by_engine.items()
        }
        for part, by_engine in (("cuts", cuts), ("texts", texts))
    }
    json.dump(scores, sys.stdout)


if __name__ == "__main__":
    main()
