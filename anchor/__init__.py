"""The anchor: the controller that keeps exactly one float on its node, and tells it what to do.

It is a Swarm service with one task a manager and the only part with the Docker socket. It turns
what the Swarm says (nodes, services, tasks) into virtual routers and conditions, keeps the float
container right, and speaks to the float over the link.

What does not belong here: addresses, keepalived, anything that touches the host's network (that is
the float's), and anything that answers people or monitors (that is the buoy's). It listens on
nothing but the link.

It may import `shared`, never `float` or `buoy`. Inside, imports point downwards only:
`__main__` > `reconcile` > doors (`swarm`, `wakeups`, `link_server`) > deciders, which are pure:
values in, values out. `docker` comes in through `swarm` and its event stream alone.
"""
