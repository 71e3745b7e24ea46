#!/bin/sh
# Container healthcheck of the anchor and the float: healthy while a deadline lies ahead.
#
#   healthcheck.sh [FILE]
#
# The main process keeps writing "DEADLINE REASON" to FILE: up to which second of uptime
# (CLOCK_MONOTONIC) its word is good, and what it would say if it were not. A process that hangs
# cannot move the deadline. No Python is started.
#
# One `docker exec` costs 0.1 s of a core, sleeping costs nothing, so a probe takes its time:
# it waits for the first word (pulling an image takes minutes), gives a late one a chance,
# and the older a healthy container is, the longer it lingers before it says so again.

file=${1:-/run/keepalived-health}
patience=8 first_word=55

deadline_ahead() {
    deadline='' reason='nothing reported yet'
    [ -r "$file" ] && read -r deadline reason <"$file"
    deadline=${deadline%%.*}
    case $deadline in '' | *[!0-9]*) return 1 ;; esac
    read -r uptime _ </proc/uptime
    [ "$deadline" -gt "${uptime%%.*}" ]
}

wait_for_deadline() { # $1: seconds
    quarters=$(($1 * 4))
    until deadline_ahead; do
        quarters=$((quarters - 1))
        [ "$quarters" -gt 0 ] || return 1
        sleep 0.25
    done
}

container_age() { # field 22 of proc(5)'s stat: start of PID 1 in 1/100 s of uptime
    read -r stat </proc/1/stat
    read -r uptime _ </proc/uptime
    # shellcheck disable=SC2086  # the name in field 2 is tini's: no blanks
    set -- $stat
    age=$((${uptime%%.*} - ${22} / 100))
}

[ -e "$file" ] && patience_now=$patience || patience_now=$first_word
if ! wait_for_deadline "$patience_now"; then
    echo "${reason:-the last report is too old}"
    exit 1
fi
container_age
linger=0
[ "$age" -le 15 ] || linger=3
[ "$age" -le 60 ] || linger=8
if [ "$linger" -gt 0 ]; then
    sleep "$linger"
    wait_for_deadline "$patience" || { echo "${reason:-the last report is too old}"; exit 1; }
fi
