#!/bin/bash
# Container healthcheck of the buoy: /livez answers 200 within a second. No Python is started.
#
# One `docker exec` costs 0.1 s of a core, sleeping costs nothing, so a probe takes its time:
# it waits a little for a buoy that is starting, and the longer one has been up, the longer it
# lingers before it asks.

port=${KEEPALIVED_BUOY_PORT:-3000}

alive() {
    exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
    printf 'GET /livez HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
    read -r -t 1 _ code _ <&3
    exec 3>&-
    [ "$code" = 200 ]
} 2>/dev/null

container_age() { # field 22 of proc(5)'s stat: start of PID 1 in 1/100 s of uptime
    read -r -a stat </proc/1/stat
    read -r uptime _ </proc/uptime
    age=$((${uptime%%.*} - stat[21] / 100))
}

container_age
((age > 60)) && sleep 5
((age > 15)) && sleep 3
for _ in {1..20}; do
    alive && exit 0
    sleep 0.25
done
echo "no 200 from http://127.0.0.1:$port/livez"
exit 1
