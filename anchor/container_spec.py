"""The float container: its image's name, its create arguments, and their digest. Pure.

The arguments say what the float may: the host's network and the three capabilities of keepalived, and nothing else; in
particular neither Docker's socket nor a secret, other than the token that proves to the anchor whose float calls.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from anchor.docker_json import TOKEN_VARIABLE
from anchor.facts import Mount
from shared.additions import SCRIPTS_FOLDER
from shared.link_protocol import LINK_FOLDER
from shared.status_file import STATUS_FOLDER

HIDDEN_LABEL = "hidden"
"""The label by which ancestor A kept its float out of dashboards."""

FLOAT_STACK_LABEL = "keepalived.stack"
FLOAT_SERVICE_LABEL = "keepalived.service-id"
DIGEST_LABEL = "keepalived.container-digest"
TEMPLATE_LABEL = "keepalived.task-template"

CAPABILITIES = ("NET_ADMIN", "NET_RAW", "SYS_NICE")
"""Addresses and routes; VRRP's raw sockets and ARP; a scheduling priority that a busy host does not starve."""

MEMORY = 512 * 1024 * 1024
"""Bytes: at least four times the peak of all its processes together, so that only a leak ever meets it."""

USER_CAPABILITIES = ("KILL", "SETGID", "SETUID")
"""Only where a script runs as another user: to become that user, and to end the script when its time is up."""

CPU_WEIGHT = 4096
"""Four times the default: a weight, never a quota, so that a busy node does not fail over falsely."""

OOM_SCORE = -900
"""The kernel takes nearly everything else first. Needs an engine with CAP_SYS_RESOURCE, which some have not."""

PROCESSES = 256


@dataclass(frozen=True)
class FloatContainer:
    """Everything that the float's create arguments depend on."""

    stack: str
    service_id: str
    image: str
    """The reference that users know; what is created may name the image by its id instead."""

    link: Mount
    status: Mount
    node_hostname: str
    log_level: str
    log_format: str
    logging_driver: str = ""
    runs_scripts: bool = False
    """Whether scripts of the user's come through the link: they need a place that may execute what it holds."""

    switches_user: bool = False
    """Whether one of them runs as another user than root."""

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that differ when the arguments do; the token, and what the engine can, apart.

        So does how the float logs: it hears that over the link as well, and is not made anew for it.
        """
        arguments = {
            **self._arguments(image=self.image, token=""),
            "Env": [f"DOCKER_NODE_HOSTNAME={self.node_hostname}"],
        }
        text = json.dumps(arguments, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def config(self, *, image: str, token: str, template: str, shielded: bool = True) -> dict[str, Any]:
        """The body of `POST /containers/create`; not every engine may shield a container from the OOM killer."""
        arguments = self._arguments(image=image, token=token)
        shield = {"OomScoreAdj": OOM_SCORE} if shielded else {}
        host_config = {**arguments["HostConfig"], **self._logging(), **shield}
        return {**arguments, "HostConfig": host_config, "Labels": self._labels(template)}

    def _arguments(self, *, image: str, token: str) -> dict[str, Any]:
        return {
            "Image": image,
            "Env": [
                f"DOCKER_NODE_HOSTNAME={self.node_hostname}",
                f"KEEPALIVED_LOG_LEVEL={self.log_level}",
                f"KEEPALIVED_LOG_FORMAT={self.log_format}",
                f"{TOKEN_VARIABLE}={token}",
            ],
            "StopSignal": "SIGTERM",
            "StopTimeout": 10,
            "HostConfig": self._host_config(),
        }

    def _labels(self, template: str) -> dict[str, str]:
        return {
            HIDDEN_LABEL: "true",
            FLOAT_STACK_LABEL: self.stack,
            FLOAT_SERVICE_LABEL: self.service_id,
            DIGEST_LABEL: self.digest,
            TEMPLATE_LABEL: template,
        }

    def _host_config(self) -> dict[str, Any]:
        return {
            "NetworkMode": "host",
            "RestartPolicy": {"Name": "no"},
            "Init": False,
            "CapDrop": ["ALL"],
            "CapAdd": [*CAPABILITIES, *(USER_CAPABILITIES if self.switches_user else ())],
            "SecurityOpt": ["no-new-privileges"],
            "ReadonlyRootfs": True,
            "Tmpfs": self._tmpfs(),
            "Mounts": [_mount(self.link, LINK_FOLDER), _mount(self.status, STATUS_FOLDER)],
            "CpuShares": CPU_WEIGHT,
            "Memory": MEMORY,
            "PidsLimit": PROCESSES,
        }

    def _tmpfs(self) -> dict[str, str]:
        own = {"/run": "rw,noexec,nosuid,nodev,size=16m,mode=755"}
        return {**own, SCRIPTS_FOLDER: "rw,exec,nosuid,nodev,size=4m,mode=755"} if self.runs_scripts else own

    def _logging(self) -> dict[str, Any]:
        """Bounds for Docker's default log driver, which has none; every other driver is the operator's choice."""
        if self.logging_driver != "json-file":
            return {}
        return {"LogConfig": {"Type": "json-file", "Config": {"max-size": "5m", "max-file": "2"}}}


def float_image(own_image: str) -> str:
    """The float's image beside the anchor's: same registry, namespace and tag.

    Raises ValueError where the anchor's own image is not called `…-anchor`.
    """
    reference = without_digest(own_image)
    head, slash, last = reference.rpartition("/")
    name, colon, tag = last.partition(":")
    if not name.endswith("-anchor"):
        raise ValueError(f"the anchor's own image {own_image!r} is not called …-anchor, so the float's is not known")
    return f"{head}{slash}{name.removesuffix('-anchor')}-float{colon}{tag}"


def without_digest(reference: str) -> str:
    """`repository:tag` of `repository:tag@sha256:…`."""
    return reference.partition("@")[0]


def pullable(reference: str) -> str:
    """The reference with the tag that Docker implies: without one, the API would pull every tag there is."""
    last = reference.rpartition("/")[2]
    return reference if ":" in last or "@" in last else f"{reference}:latest"


def _mount(mount: Mount, folder: str) -> dict[str, str]:
    return {"Type": mount.kind, "Source": mount.source, "Target": folder}
