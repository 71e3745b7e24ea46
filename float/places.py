"""Where the float keeps its files inside the container."""

from pathlib import Path

RUN_FOLDER = Path("/run/keepalived")
PID_FILE = RUN_FOLDER / "supervisor.pid"
CANDIDATE = "candidate.conf"
"""The configuration that keepalived tests, in the run folder."""
