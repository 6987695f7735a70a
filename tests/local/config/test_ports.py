"""Blocks of ports: which one, and in which order. Claiming one for real is tests/contract/local/test_local_stack.py."""

from __future__ import annotations

from collections import Counter

from local.config.ports import GRPC_PORT_DISTANCE, HIGHEST, LOWEST, SIZE, order_of_blocks
from local.services.table import OBJECT_PORTS, PORTS, WORKERS, worker_names
from schemas.stages import TABLE

FIRST_OUTGOING_PORT = 32_768


def test_every_block_comes_once_the_preferred_first() -> None:
    preferred = LOWEST + 7 * SIZE
    blocks = list(order_of_blocks(preferred, seed=3))
    assert blocks[0] == preferred
    assert blocks[1] == LOWEST + 3 * SIZE
    assert sorted(blocks) == list(range(LOWEST, HIGHEST, SIZE))


def test_a_preferred_port_outside_the_blocks_is_skipped() -> None:
    assert next(iter(order_of_blocks(LOWEST + 1, seed=0))) == LOWEST


def test_two_stacks_look_in_different_places_first() -> None:
    assert next(iter(order_of_blocks(None, seed=1))) != next(iter(order_of_blocks(None, seed=2)))


def test_no_port_is_one_that_the_kernel_hands_out_by_itself() -> None:
    assert HIGHEST + SIZE + GRPC_PORT_DISTANCE < FIRST_OUTGOING_PORT
    assert LOWEST + GRPC_PORT_DISTANCE >= HIGHEST + SIZE, "a gRPC port must not lie in another stack's block"


def test_every_process_has_a_place_of_its_own_in_the_block() -> None:
    assert len(set(PORTS)) == len(PORTS) <= SIZE
    assert set(OBJECT_PORTS) < set(PORTS)
    assert {name for name, _ in WORKERS} < set(PORTS)


def test_each_stage_has_the_workers_of_the_table() -> None:
    assert Counter(stage for _, stage in WORKERS) == {row.name: row.workers for row in TABLE}
    assert worker_names("render", 2) == ("render-1", "render-2")
    assert worker_names("look", 1) == ("look",)
