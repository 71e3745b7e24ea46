#!/bin/sh
# Exit 0: this node may hold the virtual IP. The last line written is the reason that people see.
ip route show default | grep -q . || { echo "this node has no default route"; exit 1; }
