"""From what is declared and what a command line says to the plan of an Envoy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from authz.directory.compiled import Directory, Target, TargetKind
from authz.directory.diagnostics import nearest
from authz.directory.listeners import MAX_PORT
from authz.directory.listening import (
    ByClient,
    ByNobody,
    Direction,
    Listener,
    MeshRestricted,
    MutualTLS,
    UnixSocket,
)
from authz.envoy.plan import (
    Address,
    AuthorityEach,
    Certificate,
    Entrance,
    GatePlace,
    OneAuthority,
    Peer,
    Plan,
    Port,
    Socket,
    Upstream,
)
from authz.workers.places import EVERYWHERE, place_of

UNIX = "unix:"
NEEDS_NO_CERTIFICATE = (ByNobody, ByClient)
"""Modes in which a certificate says nothing of who asks."""


class CannotPlan(Exception):
    """The options do not go together with what is declared; the message says which, and why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of the command, as they were written."""

    listener: str | None
    listen: str
    certificate: str | None
    key: str | None
    client_roots: Sequence[str]
    gate: Sequence[str]
    workers: int
    gate_identity: str | None
    gate_roots: str | None
    upstreams: Sequence[str]
    upstream_identities: Sequence[str]
    upstream_roots: str
    admin: str | None
    max_body_bytes: int


def plan_of(wanted: Wanted, directory: Directory, home: Path) -> Plan:
    """
    Give the plan that *wanted* asks for.

    Raises:
        CannotPlan: the options contradict each other or what is declared.
    """
    listener = _listener(wanted.listener, directory)
    certificate = _certificate(wanted)
    entrance = Entrance(_port(wanted.listen, "--listen"), _callers(wanted, listener, directory))
    if certificate is None and not _is_loopback(entrance.address):
        raise CannotPlan(
            "--certificate and --key are needed: tokens would cross the network in the clear"
            " (or let --listen be a port of 127.0.0.1, behind something that ends TLS)"
        )
    return Plan(
        listener,
        entrance,
        certificate,
        _gate(wanted, listener, home, certificate),
        tuple(_upstreams(wanted, _targets(listener, directory))),
        _admin(wanted.admin),
        wanted.max_body_bytes,
    )


def _listener(name: str | None, directory: Directory) -> Listener:
    known = {each.name: each for each in directory.gate.listeners}
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name is None:
        raise CannotPlan(f"--listener is needed: the Gate has {', '.join(sorted(known))}")
    if name not in known:
        hint = nearest(name, known) or f"it has {', '.join(sorted(known))}"
        raise CannotPlan(f"--listener: the Gate has no listener {name!r}: {hint}")
    return known[name]


def _certificate(wanted: Wanted) -> Certificate | None:
    if wanted.certificate is None and wanted.key is None:
        return None
    if wanted.certificate is None or wanted.key is None:
        raise CannotPlan("--certificate and --key go together")
    return Certificate(wanted.certificate, wanted.key)


def _callers(
    wanted: Wanted, listener: Listener, directory: Directory
) -> OneAuthority | AuthorityEach | None:
    """Give who verifies callers' certificates, where they prove who asks."""
    given = wanted.client_roots
    if isinstance(listener.identity, NEEDS_NO_CERTIFICATE):
        if given:
            raise CannotPlan(
                f"--client-roots: at listener {listener.name} no certificate says who asks;"
                " leave it out"
            )
        return None
    if not given or wanted.certificate is None:
        raise CannotPlan(
            f"--certificate, --key and --client-roots are needed: at listener {listener.name}"
            " it is a certificate that says who asks"
        )
    domains = directory.gate.trust_domains
    if len(given) == 1 and "=" not in given[0] and len(domains) == 1:
        return OneAuthority(given[0])
    each = _pairs(given, "--client-roots", "DOMAIN=FILE")
    if set(each) != set(domains):
        raise CannotPlan(
            "--client-roots DOMAIN=FILE is needed for each trust domain of the Gate"
            f" ({', '.join(sorted(domains))}): no authority speaks for another's"
        )
    return AuthorityEach(each)


def _gate(
    wanted: Wanted, listener: Listener, home: Path, certificate: Certificate | None
) -> GatePlace:
    workers = [place_of(listener, number) for number in range(wanted.workers)]
    if wanted.gate and wanted.workers > 1:
        raise CannotPlan(
            "--workers says how many endpoints follow the declared one: not with --gate"
        )
    endpoints: tuple[Address, ...] = (
        tuple(_address(each, "--gate") for each in wanted.gate)
        if wanted.gate
        else tuple(_declared(each, home) for each in workers)
    )
    if not isinstance(listener.address, MutualTLS):
        return GatePlace(endpoints, None)
    roots = wanted.gate_roots or next(iter(wanted.client_roots), None)
    if wanted.gate_identity is None or certificate is None or roots is None or "=" in roots:
        raise CannotPlan(
            f"listener {listener.name} is mTLS: --certificate and --key (of one of its callers),"
            " --gate-identity (the SPIFFE ID in the gate's certificate) and --gate-roots are needed"
        )
    return GatePlace(endpoints, Peer(roots, wanted.gate_identity))


def _declared(listener: Listener, home: Path) -> Address:
    match listener.address:
        case UnixSocket(path):
            return Socket(str(home.absolute() / path))
        case MutualTLS(host=host, port=port) | MeshRestricted(host=host, port=port):
            if host in EVERYWHERE:
                raise CannotPlan(
                    f"--gate is needed: listener {listener.name} listens on {host}, which is no"
                    " address to ask at"
                )
            return Port(host.strip("[]"), port)


def _targets(listener: Listener, directory: Directory) -> Sequence[Target]:
    targets = [each for _, each in sorted(directory.targets.items())]
    if listener.direction is Direction.IN:
        targets = [each for each in targets if each.kind is TargetKind.AGENT]
    if not targets:
        what = "agent with hosts" if listener.direction is Direction.IN else "target"
        raise CannotPlan(f"nothing to route to: no {what} is declared for listener {listener.name}")
    return targets


def _upstreams(wanted: Wanted, targets: Sequence[Target]) -> list[Upstream]:
    places = _pairs(wanted.upstreams, "--upstream", "TARGET=URL")
    identities = _pairs(wanted.upstream_identities, "--upstream-identity", "TARGET=SPIFFE-ID")
    names = {each.name for each in targets}
    for option, named in (("--upstream", places), ("--upstream-identity", identities)):
        for name in sorted(set(named) - names):
            hint = nearest(name, names) or f"there are {', '.join(sorted(names))}"
            raise CannotPlan(f"{option}: {name!r} is no target of this listener: {hint}")
    return [_upstream(each, places, identities, wanted.upstream_roots) for each in targets]


def _upstream(
    target: Target, places: Mapping[str, str], identities: Mapping[str, str], roots: str
) -> Upstream:
    url = places.get(target.name, f"https://{min(target.hosts)}")
    option = f"--upstream {target.name}"
    parts = _split(url)
    if parts is None or not parts.hostname:
        raise CannotPlan(f"{option}: {url!r} is no http(s)://HOST[:PORT]")
    is_secure = parts.scheme == "https"
    if not is_secure and target.name in identities:
        raise CannotPlan(f"--upstream-identity {target.name}: over http nobody shows a certificate")
    try:
        port = parts.port or (443 if is_secure else 80)
    except ValueError:
        raise CannotPlan(f"{option}: {url!r} has no such port") from None
    peer = Peer(roots, identities.get(target.name, parts.hostname)) if is_secure else None
    return Upstream(target, Port(parts.hostname, port), peer)


def _split(url: str) -> SplitResult | None:
    """Give the parts of *url*; None where it says more than where, or is no URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    says_more = "@" in parts.netloc or parts.path not in {"", "/"} or parts.query or parts.fragment
    return None if says_more or parts.scheme not in {"http", "https"} else parts


def _admin(text: str | None) -> Address | None:
    if text is None:
        return None
    address = _address(text, "--admin")
    if isinstance(address, Port) and not _is_loopback(address):
        raise CannotPlan(
            "--admin: whoever reaches it can stop Envoy and have it log credentials; take"
            " unix:PATH or a port of 127.0.0.1"
        )
    return address


def _address(text: str, option: str) -> Address:
    if text.startswith(UNIX):
        return Socket(text.removeprefix(UNIX))
    return _port(text, option)


def _port(text: str, option: str) -> Port:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > MAX_PORT:
        raise CannotPlan(f"{option}: {text!r} is no HOST:PORT")
    return Port(host.strip("[]"), int(port))


def _is_loopback(address: Port) -> bool:
    try:
        return ip_address(address.host).is_loopback
    except ValueError:
        return address.host == "localhost"


def _pairs(texts: Sequence[str], option: str, form: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, mark, value = text.partition("=")
        if not name or not mark or not value:
            raise CannotPlan(f"{option}: {text!r} is no {form}")
        if name in pairs:
            raise CannotPlan(f"{option}: {name} is said twice")
        pairs[name] = value
    return pairs
