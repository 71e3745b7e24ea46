#!/bin/sh
# Called as `notify.sh INSTANCE name STATE priority`, as keepalived does it; what it writes is logged.
echo "$1 $2 is $3, priority $4"
