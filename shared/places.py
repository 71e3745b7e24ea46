"""Where the volumes are mounted; no import but this, so that the quickest starters can afford it."""

LINK_FOLDER = "/run/keepalived-link"
"""Where the link volume is mounted in anchor and float."""
