"""What the fuzzer starts from, beside nothing: what gets further than chance, and some that broke a reader once."""

from __future__ import annotations

from ipaddress import IPv6Address
from pathlib import Path

from float.neighbour import question

_SAMPLES = Path(__file__).with_name("samples")
_NESTED = b"[" * 100_000
_CONTAINER = (
    b'{"Id":"c1","Name":"/keepalived-float","Names":["/keepalived-float"],"Image":"sha256:1","ImageID":"sha256:1",'
    b'"State":{"Status":"running"},"Config":{"Image":"float:1","Labels":{"a":"b"},"Env":["KEEPALIVED_LINK_TOKEN=t"]},'
    b'"Mounts":[{"Type":"volume","Name":"link","Source":"/x","Destination":"/run/keepalived-link"}]}'
)
_NODE = (
    b'{"ID":"n1","CreatedAt":"2026-01-01T00:00:00.5Z","Spec":{"Role":"manager","Availability":"active","Labels":{}},'
    b'"Description":{"Hostname":"a"},"Status":{"State":"ready","Addr":"10.0.0.1"},'
    b'"ManagerStatus":{"Leader":true,"Reachability":"reachable","Addr":"[fd00::1]:2377"}}'
)
TRANSITION = b'{"time":1700000000.5,"node":"a","router":"VI_1","vrid":77,"from":"BACKUP","to":"MASTER","reason":"a"}'

SEEDS: dict[str, tuple[bytes, ...]] = {
    "link": (
        b'{"type":"beat"}',
        b'{"type":"verdict","conditions":[{"name":"quorum","ok":false,"reason":"a"}]}',
        b'{"type":"goodbye","reason":"leave"}',
        b'{"type":"spec","spec":{"router_name":"a","hostname":"a","virtual_routers":'
        b'[{"name":"a","vrid":7,"priority":254,"demoted_priority":49,"virtual_ips":[{"address":"192.0.2.1","prefix":32}]}]}}',
    ),
    "history": (
        TRANSITION,
        b'{"time":1e400,"node":"a","router":"VI_1","vrid":77,"from":"BACKUP","to":"MASTER"}',
        _NESTED,
        b"\xff\n" * 3,
    ),
    "ownership": (b'{"boot_id":"boot","addresses":["192.0.2.1"]}', _NESTED),
    "status": (b"{}", _NESTED),
    "notice": (b'INSTANCE "VI_1" MASTER 254',),
    "dump": (
        (_SAMPLES / "keepalived-2.2.7.json").read_bytes(),
        b'[{"data":{"iname":"a","state":2,"effective_priority":9},"stats":{"advert_rcvd":1}}]',
        _NESTED,
    ),
    "advert": (bytes.fromhex("45c0002800010000ff700000c0000201c0000202") + bytes.fromhex("314dfe010064a1b2c0000264"),),
    "virtual_ip": (b"192.0.2.1/24@eth0", b"fd00::1/64/eth0", b"fe80::1%eth0"),
    "command_line": (
        b"--auth-pass\npass\n--vrid\n52\neth0\n101\n192.0.2.1/24/eth0\n192.0.2.2/24/eth0",
        b"-n\na\n-m\n-x\nfd00::1/64/eth0\n-i\n3\n-r\n1\n-f\n1\n-o\ncheck\n-e\nhttp://a/\neth0\n1\n192.0.2.1/24/eth0",
    ),
    "labels": (
        b"vip=192.0.2.1/24@eth0, fd00::1\nvrid=9\ntrack=local\npreempt=true\nadvert-interval=0.5",
        b"priority=200\ninterface=eth0\naddress=192.0.2.9",
    ),
    "frame": (
        bytes.fromhex("ffffffffffff020000000001080600010800060400010200000000010a000001000000000000" + "0a000002"),
        question(bytes(6), IPv6Address("fd00::1")),
        bytes.fromhex("333300000001" + "020000000001" + "86dd" + "6000000000183aff" + "00" * 32 + "88000000e0000000")
        + IPv6Address("fd00::2").packed,
    ),
    "docker": (
        _CONTAINER,
        _NODE,
        b'{"Name":"a","LoggingDriver":"json-file","SecurityOptions":["name=seccomp"],"Swarm":{"NodeID":"n1",'
        b'"NodeAddr":"10.0.0.1","LocalNodeState":"active","ControlAvailable":true}}',
        b'{"ID":"s1","CreatedAt":"2026-01-01T00:00:00Z","Spec":{"Name":"web","Labels":{"keepalived.vip":"10.0.0.9"},'
        b'"EndpointSpec":{"Ports":[{"PublishMode":"host"}]}},"UpdateStatus":{"State":"updating"}}',
        b'{"Type":"container","Action":"die","Actor":{"ID":"c1","Attributes":{"signal":"15"}}}',
        b'{"Id":"c1","Names":["/a"],"Image":"a","ImageID":"b","State":"running",'
        b'"Status":"Up 5 s (healthy)","Labels":{}}',
    ),
    "memory": (
        b'{"service":"","wire":"3","settled_container":"c","unshielded":true,"managers":[{"id":"n","hostname":"a",'
        b'"created_at":"2026","manager":true,"status_address":"10.0.0.1","labels":{}}]}',
        _NESTED,
    ),
    "own_template": (
        b'global_defs {\n router_id a\n}\nvrrp_script chk {\n script "ss -ltn | grep 80" # a\n}\n'
        b"vrrp_instance a {\n interface eth0\n virtual_router_id 7\n priority 9\n advert_int 0.5\n nopreempt ! b\n"
        b" unicast_peer {\n  192.0.2.4\n }\n virtual_ipaddress {\n  192.0.2.9/24 dev eth0\n }\n}\n",
        b"vrrp_instance a {\n" * 5000,
    ),
    "complaint": (
        b"(/run/a.conf: Line 2) *** a\nb",
        b"Line 99999999999999999999) *** a",
        b"Line 0) *** a",
    ),
    "sockets": (
        b"  sl  local_address rem_address   st\n   0: 00000000:0949 00000000:0000 0A 0:0\n"
        b"   1: B80D0120000000000000000001000000:0050 0:0 0A\n   2: 0100007F:0050 00000000:0000 01\n",
        b"0: -1:50 a 0A",
        b"0: \xff 0A",
    ),
    "rules": (
        b"-A DOCKER -d 192.0.2.7/32 ! -i br-1 -p tcp -m tcp --dport 443 -j DNAT --to-destination 172.18.0.2:443\n"
        b"-A A -p tcp -m multiport --dports 80,8000:8010 -j REDIRECT --to-ports 8080\n",
        b" -p tcp --dport :, -d ::: -j DNAT",
    ),
    "neighbour": (
        b'{"hostname":"b","known":true,"healthy":false,"problems":["a"],"buoyVersion":"1","keepalived":"RUNNING",'
        b'"link":{"up":false,"since":"2026-01-01T00:00:00Z","grace":false},"conditions":[{"name":"quorum","ok":false,'
        b'"strength":"prefer"}],"virtualRouters":[{"name":"a","vrid":7,"state":"MASTER","since":"2026-01-01T00:00:00",'
        b'"interface":"eth0","version":3,"advertInterval":0.1,"priority":{"base":9,"effective":9},"demoted":false,'
        b'"allowed":true,"expected":true,"masterAddress":null,"virtualIps":[{"address":"192.0.2.9/32","interface":"a",'
        b'"present":true}],"peers":[{"address":"192.0.2.1","hostname":"a","priority":9}],"counters":{},'
        b'"conditions":[]}],"history":{"count":1,"last":1}}',
        _NESTED,
    ),
    "neighbour_history": (
        b'{"events":[{"time":"2026-01-01T00:00:00Z","node":"b","virtualRouter":"a","vrid":7,"from":"BACKUP",'
        b'"to":"MASTER"}]}',
        b'{"events":[{"time":"2026-01-01T00:00:00","node":"b","virtualRouter":"a","vrid":7,"from":"","to":""}]}',
        b'{"events":[{"time":"0001-01-01T00:00:00+23:59","node":"","virtualRouter":"","vrid":0,"from":"","to":""}]}',
        _NESTED,
    ),
    "settings": (b"!192.0.2.1\n#eth0", b"%#PYTHON2BASH:['192.0.2.1']"),
}
"""By target."""
