"""The buoy: the read-only window on the virtual IPs, for people, monitors and Prometheus.

It reads the status volume, asks the other buoys of the Swarm, and answers over HTTP. Load balancers
and dashboards rely on its paths, status codes and metric names.

What does not belong here: any write, the Docker socket, a capability, a root user. It decides
nothing about who holds a virtual IP; it only says who does, and what is wrong.

It may import `shared`, never `anchor` or `float`. Inside, imports point downwards only:
`__main__` > `app` > routes (`routes`, `cluster_routes`, `streaming`) > loops and doors (`status_watch`, `cluster`,
`neighbours`, `page`, `server`, `protocol`) > `board`, the memory between them > deciders (`health`, `describe`,
`selection`, `access`, `cluster_view`, `findings`, `history`, `metrics`), which are pure. `front` stands before all of
it. `jinja2` comes in through `page` alone.
"""
