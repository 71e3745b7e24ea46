"""`doctor` as it is typed: which settings it takes, what it prints, and its exit code."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from float.arguments import Given, read_arguments
from float.doctor import aim as aims
from float.doctor import catalogue, examination, finding, host_checks, host_evidence
from float.doctor.finding import Finding
from float.keepalived import Keepalived
from float.own_container import own_container_id
from float.resolve import UnresolvableError
from shared.clock import boot_id
from shared.errors import SettingsError
from shared.settings import FloatSettings
from shared.status import FloatStatus
from shared.status_file import STALE_AFTER, STATUS_FOLDER, age, read_float_status

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patient:
    """Whom the doctor looks at: the float that runs in this container, or else one with these settings."""

    env: Mapping[str, str]
    words: Sequence[str] = ()
    """Settings on the command line, as ancestor D has them."""

    status: FloatStatus | None = None
    """Of the float that runs in this very container; None where there is none."""

    status_age: float = 0.0


def patient(env: Mapping[str, str], words: Sequence[str]) -> Patient:
    """Whoever is to be looked at from inside this container."""
    status = read_float_status(Path(STATUS_FOLDER))
    if status is None or status.container_id != own_container_id():
        return Patient(env, words)
    return Patient(env, words, status, age(status, monotonic=time.monotonic(), boot=boot_id()))


async def doctor(patient: Patient, *, folder: Path, as_json: bool) -> int:
    """Print the findings; returns 0 (fine), 1 (warnings) or 2 (cannot work)."""
    findings = await _findings(patient, Keepalived(folder))
    print(json.dumps(finding.as_data(findings), indent=2) if as_json else finding.as_lines(findings))
    return finding.exit_code(findings)


def warnings_at_start(keepalived: str) -> tuple[str, ...]:
    """What the cheap part has against this container and host, as sentences; logged once."""
    told = host_checks.warnings(host_evidence.gather(keepalived, ()))
    for sentence in told:
        logger.warning("%s", sentence)
    return told


async def _findings(patient: Patient, program: Keepalived) -> tuple[Finding, ...]:
    network = await examination.look_at_network()
    keepalived = await examination.about(program)
    status = patient.status
    if status and status.virtual_routers and patient.status_age <= STALE_AFTER:
        return await examination.examine(aims.of_running(status), network, keepalived)
    complaint, problems = catalogue.SETTINGS_WRONG, tuple[str, ...]()
    try:
        given = read_arguments(patient.words) if patient.words else Given()
        settings = FloatSettings.from_environment(patient.env, arguments=given.arguments)
        if not settings.under_anchor:
            return await examination.examine(aims.of_settings(settings, network), network, keepalived)
        complaint, problems = catalogue.FLOAT_SILENT, ("the float of this container runs nothing yet, or is silent",)
    except SettingsError as error:
        problems = error.problems
    except UnresolvableError as error:
        complaint, problems = catalogue.UNRESOLVABLE, error.problems
    return examination.cut_short((complaint.found(problem) for problem in problems), network, keepalived)
