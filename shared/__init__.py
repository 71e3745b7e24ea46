"""What crosses a border between the parts: models, settings, the link's messages, the status file.

Anchor, float and buoy never import each other; they meet here. A name belongs here only when two of
them need it to mean the same thing.

What does not belong here: decisions, loops, sockets, and anything that one part alone uses.

It may import the standard library and pydantic, and none of the three parts.
"""
