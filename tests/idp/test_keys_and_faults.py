"""The provider's keys move, and its endpoints fail, as a test says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx2
import jwt
import pytest

from examples.idp.login import Browser, log_in
from examples.idp.provider import Provider
from tests.support.idp import GATE, published, rotate
from tests.support.waiting import wait_until

METADATA = "/.well-known/openid-configuration"
PATHS = (METADATA, "/.well-known/oauth-authorization-server", "/jwks", "/token/introspection")


def kids(idp: Provider) -> list[str]:
    """Give the ids of the published ES256 keys."""
    return [key["kid"] for key in published(idp) if key["alg"] == "ES256"]


def signer(idp: Provider) -> str:
    """Give the id of the key that signs a login now."""
    token = idp.login("alice", "docs:read", GATE)["access_token"]
    return str(jwt.get_unverified_header(token)["kid"])


def test_rotation(idp: Provider) -> None:
    """A rotation has three steps that show: two keys, the new one signs, the old one is gone."""
    (old,) = kids(idp)
    rotate(idp, "publish")
    new = next(kid for kid in kids(idp) if kid != old)

    assert signer(idp) == old
    rotate(idp, "sign")
    assert signer(idp) == new
    assert set(kids(idp)) == {old, new}
    rotate(idp, "retire")
    assert kids(idp) == [new]
    rotate(idp, "replace")
    assert new not in kids(idp)
    assert [signer(idp)] == kids(idp)


def test_session_outlives_a_rotation(idp: Provider) -> None:
    """A user who is logged in stays so when the keys move."""
    with Browser("alice") as browser:
        log_in(idp.issuer, browser, "docs:read", GATE)
        rotate(idp, "replace")
        idp.control("seen")
        log_in(idp.issuer, browser, "docs:read", GATE)

    assert len(idp.control("seen")["requests"]) == 2


def test_only_public_parts_are_published(idp: Provider) -> None:
    """The key set of a real provider holds no private part, of any kind of key."""
    members = {member for key in published(idp) for member in key}

    assert not members & {"d", "p", "q", "dp", "dq", "qi", "k"}
    assert {key["alg"] for key in published(idp)} == {"ES256", "RS256", "EdDSA"}


def test_a_retired_key_still_signs_for_a_thief(idp: Provider) -> None:
    """A fresh token can be forged with a key that is no longer published."""
    (old,) = kids(idp)
    rotate(idp, "replace")
    token = idp.control("forge", claims={"sub": "alice"}, kid=old)["token"]

    assert jwt.get_unverified_header(token)["kid"] == old
    assert old not in kids(idp)


@pytest.mark.parametrize("path", PATHS)
def test_outage(path: str, idp: Provider) -> None:
    """A path can be down, by itself and until it is mended."""
    idp.control("fault", path=path, kind="status", status=502)
    down = httpx2.get(f"{idp.issuer}{path}").status_code
    idp.control("mend", path=path)

    assert down == 502
    assert httpx2.get(f"{idp.issuer}{path}").status_code != 502


def test_answers_that_are_no_answers(idp: Provider) -> None:
    """Half a document, a redirect, one of the wrong issuer, and one that never ends."""
    url = f"{idp.issuer}{METADATA}"
    idp.control("fault", path=METADATA, kind="garbage")
    with pytest.raises(ValueError, match="Expecting"):
        httpx2.get(url).json()
    idp.control("fault", path=METADATA, kind="redirect", to="http://127.0.0.1:9/")
    assert httpx2.get(url).headers["location"] == "http://127.0.0.1:9/"
    idp.control("fault", path=METADATA, kind="lie", members={"issuer": "https://evil.example"})
    lie = httpx2.get(url).json()
    assert (lie["issuer"], lie["jwks_uri"]) == ("https://evil.example", f"{idp.issuer}/jwks")
    idp.control("fault", path=METADATA, kind="huge", megabytes=3)
    assert len(httpx2.get(url).content) > 3 << 20


def test_slow_and_silent(idp: Provider) -> None:
    """An endpoint can be late, or never answer; the request is in the log all the same."""
    idp.control("fault", path="/jwks", kind="delay", ms=50)
    late = httpx2.get(f"{idp.issuer}/jwks")
    idp.control("fault", path="/jwks", kind="hang")
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.get(f"{idp.issuer}/jwks", timeout=httpx2.Timeout(20, read=0.2))

    assert late.elapsed.total_seconds() >= 0.05
    assert [row["path"] for row in idp.control("seen")["requests"]] == ["/jwks", "/jwks"]


def test_a_fault_that_does_not_exist(idp: Provider) -> None:
    """A typo in a test is told, not taken for a fault that nothing suffers from."""
    with pytest.raises(ValueError, match="no such fault"):
        idp.control("fault", path="/jwks", kind="hnag")
    with pytest.raises(ValueError, match="no such verb"):
        idp.control("rotat")


def test_it_ends_with_its_parent(idp: Provider, tmp_path: Path) -> None:  # noqa: ARG001 - skips
    """A parent that is killed leaves no provider behind."""
    told = tmp_path / "issuer"
    script = (
        "import pathlib, sys, time\n"
        "from examples.idp.provider import provider\n"
        "with provider() as idp:\n"
        "    pathlib.Path(sys.argv[1]).write_text(idp.issuer)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(told)]) as parent:
        wait_until(lambda: told.exists() and bool(told.read_text()))
        parent.kill()

    def is_gone() -> bool:
        try:
            httpx2.get(told.read_text(), timeout=1)
        except httpx2.ConnectError:
            return True
        except httpx2.TransportError:
            # It is slow, or was just going.
            return False
        return False

    wait_until(is_gone)
