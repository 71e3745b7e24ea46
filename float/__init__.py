"""The float: the supervisor of keepalived on one host, and the owner of that host's virtual IPs.

It alone touches addresses, keepalived and the host's network. It renders and tests keepalived's
configuration, runs it as a supervised child, demotes or forbids the node as the conditions say,
publishes its status to a file, and works without an anchor as well.

What does not belong here: Docker (it has no socket), the Swarm's view of the world (the anchor
brings it, ready decided), and HTTP (the buoy reads the status file).

It may import `shared`, never `anchor` or `buoy`. Inside, imports point downwards only:
`__main__` > `supervise` > doors (`keepalived`, `addresses`, `adverts`, ...) > deciders, which are
pure. `jinja2` comes in through `render` and `own_render`, netlink through `addresses` alone.

Always `from float.x import y`: a plain `import float` would hide the builtin.
"""
