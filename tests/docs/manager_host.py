"""A manager in shell: a segment of two subnets, and a container whose port is published as Docker does the buoy's.

It wants an eth0 whose far end is far0, a network, mounts and processes of its own.
"""

from __future__ import annotations

MANAGER = """
mount -t tmpfs none /run
ip netns add segment
ip netns add container
ip link set far0 netns segment
ip link add gateway type veth peer name near0 netns container
ip -batch - <<END
address add 192.168.1.1/24 dev eth0
address add 10.9.0.1/24 dev eth0
address add 2001:db8::1/64 dev eth0 nodad
address add 2001:db8:1::1/64 dev eth0 nodad
address add 172.18.0.1/16 dev gateway
link set gateway up
END
ip -n segment -batch - <<END
address add 192.168.1.2/24 dev far0
address add 10.9.0.2/24 dev far0
address add 2001:db8::2/64 dev far0 nodad
address add 2001:db8:1::2/64 dev far0 nodad
link set far0 up
route add 172.18.0.0/16 via 10.9.0.1
END
ip -n container -batch - <<END
address add 172.18.0.2/16 dev near0
link set near0 up
route add default via 172.18.0.1
END
sysctl -qw net.ipv4.ip_forward=1
iptables -t nat -A PREROUTING -p tcp --dport 8082 -m addrtype --dst-type LOCAL -j DNAT --to 172.18.0.2:3000
iptables -N DOCKER-USER
iptables -A FORWARD -j DOCKER-USER
listen() {
    open="socket.create_server(('$2', $3), family=socket.$4)"
    nsenter --net=$1 python3 -c "import socket, time; kept = $open; time.sleep(600)" &
    until nsenter --net=$1 ss -Hltn sport = $3 | grep -q .; do sleep 0.1; done
} >/dev/null
listen /run/netns/container 172.18.0.2 3000 AF_INET
listen /run/netns/segment 10.9.0.2 8082 AF_INET
listen /proc/self/ns/net :: 8082 AF_INET6  # docker-proxy
"""

LOOK = """
look() { ip netns exec $1 timeout 2 bash -c "</dev/tcp/$2/8082" 2>/dev/null && echo $3 || true; }
look segment 192.168.1.1 friend-4
look segment 2001:db8::1 friend-6
look segment 10.9.0.1 stranger-4
look segment 2001:db8:1::1 stranger-6
look container 10.9.0.2 container-to-stranger
"""
"""Who reaches a port 8082: the manager's from the documents' subnet and from the other, a stranger's from within."""
