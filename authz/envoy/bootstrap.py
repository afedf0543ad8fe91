"""A whole bootstrap for an Envoy in front of the gate, as Envoy reads it and as people do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml
from betterproto2 import Casing
from envoy_data_plane.envoy.config.bootstrap.v3 import (
    Admin,
    Bootstrap,
    BootstrapStaticResources,
    LayeredRuntime,
    RuntimeLayer,
)
from envoy_data_plane.google.protobuf import Struct

from authz.envoy.clusters import gate_cluster, target_cluster
from authz.envoy.entrance import listener_of
from authz.envoy.parts import address_of
from authz.envoy.plan import Plan

RUNTIME = {"re2.max_program_size.error_level": 1000, "re2.max_program_size.warn_level": 1000}
"""The expression of allowed header changes is longer than Envoy's default of 100."""

SPELT = {"consecutive_5_xx": "consecutive_5xx"}
"""Names of fields that the library writes in its own way, as Envoy has them."""


def bootstrap_of(plan: Plan) -> dict[str, Any]:
    """Give the bootstrap that *plan* asks for, with Envoy's own names of fields."""
    targets = [target_cluster(each, plan.certificate) for each in plan.upstreams]
    layer = RuntimeLayer(name="static", static_layer=Struct.from_dict(RUNTIME))
    bootstrap = Bootstrap(
        admin=Admin(address=address_of(plan.admin)) if plan.admin else None,
        layered_runtime=LayeredRuntime(layers=[layer]),
        static_resources=BootstrapStaticResources(
            listeners=[listener_of(plan)],
            clusters=[gate_cluster(plan.gate, plan.certificate), *targets],
        ),
    )
    spelt: dict[str, Any] = _spelt(bootstrap.to_dict(casing=Casing.SNAKE))
    return spelt


def _spelt(value: Any) -> Any:
    match value:
        case dict():
            return {SPELT.get(name, name): _spelt(each) for name, each in value.items()}
        case list():
            return [_spelt(each) for each in value]
    return value


def as_yaml(bootstrap: Mapping[str, Any], title: str) -> str:
    """Write *bootstrap* below a comment, which is *title*."""
    comment = "".join(f"# {line}\n" for line in title.splitlines())
    return comment + yaml.safe_dump(dict(bootstrap), sort_keys=False, width=110)


def as_json(bootstrap: Mapping[str, Any]) -> str:
    """Write *bootstrap* for programs."""
    return json.dumps(bootstrap, indent=1) + "\n"
