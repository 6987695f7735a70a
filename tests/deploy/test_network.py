"""The walls between pods: who may call whom, by the table of what each process uses."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, ip_network
from itertools import product

import pytest

from core.infra.http.public_addresses import REFUSED_V4, is_public
from schemas.access.process_settings import SETTINGS_OF
from tests.deploy.kustomize import PRODUCT, Manifest, named, pods, selected

USES = {
    "kafka": {"kafka"},
    "postgres": {"postgres_owner", "postgres_api", "postgres_worker", "postgres_relay", "postgres_bootstrap"},
    "objects": {"s3_access_key"},
    "clickhouse": {"clickhouse"},
    "search": {"meilisearch"},
}
"""Store → settings that lead to it."""
WORLD = ip_network("0.0.0.0/0")
NARROW_BITS = 24
"""A block of addresses of stores is no wider."""
FETCHERS = {"ingest", "deliver"}


def egress(policy: Manifest) -> list[Manifest]:
    rules: list[Manifest] = policy["spec"].get("egress", [])
    return rules


@pytest.mark.parametrize("overlay", PRODUCT)
def test_network_policies_name_every_peer_and_port(overlay: str) -> None:
    policies = list(named(overlay, "NetworkPolicy").values())
    closed = [one for one in policies if one["spec"]["podSelector"] == {} and len(one["spec"]["policyTypes"]) == 2]
    assert [set(one["spec"]) for one in closed] == [{"podSelector", "policyTypes"}], "all is closed to begin with"
    for component in (*pods(overlay), "bootstrap"):
        ports = set()
        for policy in policies:
            if not selected(policy, component):
                continue
            for rule in policy["spec"].get("ingress", []):
                assert component == "api" or "from" in rule, f"anyone may call {component}"
                ports |= {port["port"] for port in rule["ports"]}
            for rule in egress(policy):
                assert rule["to"], f"{component} may call anything"
                assert rule["ports"], f"{component} may call any port"
                for to in rule["to"]:
                    check_target(component, to)
        assert {8081, 8080, 8002} <= ports, f"{component}: metrics are not let in"


def check_target(component: str, to: Manifest) -> None:
    """A namespace or a pod of a name, or few addresses; the world for those that fetch and deliver."""
    if "ipBlock" not in to:
        (selector,) = to.values()
        assert selector["matchLabels"], f"{component} may call every pod"
        return
    block = ip_network(to["ipBlock"]["cidr"])
    assert block.prefixlen >= NARROW_BITS or (block == WORLD and component in FETCHERS), f"{component} may call {block}"


@pytest.mark.parametrize("overlay", PRODUCT)
@pytest.mark.parametrize("store", USES)
def test_a_store_is_reached_by_the_processes_that_use_it(overlay: str, store: str) -> None:
    policy = named(overlay, "NetworkPolicy")[f"store-{store}"]
    for component in (*pods(overlay), "bootstrap"):
        uses = bool(SETTINGS_OF.get(component, frozenset()) & USES[store])
        assert selected(policy, component) is uses, f"{component} and {store}"
    (rule,) = egress(policy)
    (to,) = rule["to"]
    if overlay == "overlays/dev" or store == "kafka":
        assert to == {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": store}}}
    else:
        assert ip_network(to["ipBlock"]["cidr"]).subnet_of(ip_network("192.0.2.0/24")), "for each installation to name"


def world() -> Manifest:
    (policy,) = [one for name, one in named("overlays/prod", "NetworkPolicy").items() if name == "the-world-is-asked"]
    return policy


def test_only_those_that_fetch_or_deliver_reach_any_port() -> None:
    assert {name for name in pods("overlays/prod") if selected(world(), name)} == FETCHERS
    reached = [
        name
        for name, one in named("overlays/prod", "NetworkPolicy").items()
        for rule in egress(one)
        for to in rule["to"]
        if to.get("ipBlock", {}).get("cidr") == str(WORLD)
    ]
    assert reached == ["the-world-is-asked"]


def samples(without: list[IPv4Network]) -> set[IPv4Address]:
    """An address of every /16, of every /24 where a small block lies, and those on both sides of each border."""
    blocks = {*without, *REFUSED_V4}
    found = {IPv4Address((high << 24) + (low << 16) + 0x0707) for high, low in product(range(256), repeat=2)}
    crowded = {int(block.network_address) >> 16 for block in blocks if block.prefixlen > 16}
    found |= {IPv4Address((top << 16) + (third << 8) + 7) for top in crowded for third in range(256)}
    for block in blocks:
        first, last = int(block.network_address), int(block.broadcast_address)
        found |= {IPv4Address(one) for one in (first - 1, first, last, last + 1) if 0 <= one < 2**32}
    return found


def test_a_fetching_pod_reaches_only_public_addresses() -> None:
    """The network refuses what `public_addresses` refuses: a decoder that is taken over asks no product."""
    (rule,) = egress(world())
    (to,) = rule["to"]
    without = [IPv4Network(one) for one in to["ipBlock"]["except"]]
    wrong = [
        address for address in samples(without) if is_public(str(address)) is any(address in block for block in without)
    ]
    assert sorted(wrong) == []
