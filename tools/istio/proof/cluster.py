"""A Kubernetes that is an API server and nothing else: no node, no scheduler, no controllers."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tools.istio.kit import CLUSTER, CRDS, output
from tools.istio.manifests import Manifest, told
from tools.istio.proof.alone import POD_NETWORK
from tools.istio.proof.children import answers, running

SERVER = "https://127.0.0.1:16443"
STORE, PEERS = "http://127.0.0.1:23790", "http://127.0.0.1:23800"


class Refused(Exception):
    """The API server did not take something; the message is its own."""


@dataclass(frozen=True)
class Cluster:
    """An API server that may be asked as an administrator."""

    kubeconfig: Path

    def kubectl(self, *arguments: str, given: str = "") -> str:
        """
        Run kubectl.

        Raises:
            Refused: it ended with a mistake.
        """
        try:
            return output(
                CLUSTER,
                "kubectl",
                *arguments,
                given=given,
                environment={"KUBECONFIG": str(self.kubeconfig)},
            )
        except subprocess.CalledProcessError as error:
            raise Refused(error.stderr) from error

    def is_ready(self) -> bool:
        """Say whether it takes requests."""
        try:
            return self.kubectl("get", "--raw=/readyz") == "ok"
        except Refused:
            return False

    def apply(self, manifests: Iterable[Manifest]) -> str:
        """Apply *manifests* by the server, which admits every field of them or refuses."""
        return self.kubectl(
            "apply", "--server-side", "--force-conflicts", "-f", "-", given=told(manifests)
        )

    def all(self, kind: str) -> list[Manifest]:
        """Give all objects of a kind, of every namespace."""
        items: list[Manifest] = json.loads(self.kubectl("get", kind, "-A", "-o", "json"))["items"]
        return items

    def one(self, kind: str, namespace: str, name: str) -> Mapping[str, Any]:
        """Give one object."""
        found: Mapping[str, Any] = json.loads(
            self.kubectl("-n", namespace, "get", kind, name, "-o", "json")
        )
        return found


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Run etcd and kube-apiserver with their files in *folder*, and every definition installed."""
    folder.mkdir(parents=True)
    token = secrets.token_hex(16)
    (folder / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n")
    _service_account_key(folder)
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(_kubeconfig(token)))
    made = Cluster(kubeconfig)
    with ExitStack() as parts:
        etcd = [
            str(CLUSTER.path), "etcd", "--name=proof", f"--data-dir={folder / 'etcd'}",
            f"--listen-client-urls={STORE}", f"--advertise-client-urls={STORE}",
            f"--listen-peer-urls={PEERS}", f"--initial-advertise-peer-urls={PEERS}",
            f"--initial-cluster=proof={PEERS}", "--unsafe-no-fsync", "--log-level=error",
        ]  # fmt: skip
        parts.enter_context(running(etcd, folder / "etcd.log", answers(f"{STORE}/health")))
        server = [
            str(CLUSTER.path), "kube-apiserver", f"--etcd-servers={STORE}",
            "--bind-address=127.0.0.1", f"--advertise-address={POD_NETWORK}.1",
            "--secure-port=16443", f"--cert-dir={folder / 'certificates'}",
            "--service-cluster-ip-range=10.96.0.0/16", "--endpoint-reconciler-type=none",
            "--authorization-mode=RBAC", f"--token-auth-file={folder / 'tokens.csv'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={folder / 'account.key'}",
            f"--service-account-key-file={folder / 'account.pub'}",
            "--disable-admission-plugins=ServiceAccount",
        ]  # fmt: skip
        parts.enter_context(running(server, folder / "apiserver.log", made.is_ready))
        made.kubectl("apply", "--server-side", "-f", str(CRDS))
        made.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
        yield made


def _kubeconfig(token: str) -> Manifest:
    # Loopback of a network of its own: there is nobody else who could answer.
    server = {"server": SERVER, "insecure-skip-tls-verify": True}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "proof", "cluster": server}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "proof", "context": {"cluster": "proof", "user": "admin"}}],
        "current-context": "proof",
    }


def _service_account_key(folder: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "account.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (folder / "account.pub").write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
