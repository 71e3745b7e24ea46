"""`doctor`: whether this host can carry the virtual IPs, said before anything is changed.

Doors gather evidence (`host_evidence` from /proc, `wire` from the segment) and change nothing; every judgement is a
pure function from evidence to findings, and every complaint comes from one catalogue, which the documents repeat.
A check that could not be made is a finding of its own, never a pass.
"""
