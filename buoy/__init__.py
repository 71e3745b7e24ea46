"""The buoy: the read-only window on the virtual IPs, for people, monitors and Prometheus.

It reads the status volume, asks the other buoys of the Swarm, and answers over HTTP. Load balancers
and dashboards rely on its paths, status codes and metric names.

What does not belong here: any write, the Docker socket, a capability, a root user. It decides
nothing about who holds a virtual IP; it only says who does, and what is wrong.

It may import `shared`, never `anchor` or `float`. Inside, imports point downwards only:
`__main__` > `app` and `routes` > doors (`status_watch`, `neighbours`, `page`) > deciders
(`health`, `cluster_view`), which are pure. `jinja2` comes in through `page` alone.
"""
