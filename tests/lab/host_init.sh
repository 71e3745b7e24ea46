# The first process of a lab host: it makes the namespaces look like a machine, then only reaps.
# Its end is a power cut. Arguments: host name, state folder, data folder.
set -eu
name=$1 state=$2 data=$3

echo "$name" >/proc/sys/kernel/hostname
mount --make-rprivate /
umount -R -l /run/netns 2>/dev/null || true

# A fresh sysfs shows this host's network; the control groups live below the old one.
mkdir -p "$data/cgroup" "$data/run" "$data/docker" "$data/containerd" "$data/etc"
mount --rbind /sys/fs/cgroup "$data/cgroup"
mount -t sysfs sysfs /sys
mount --rbind "$data/cgroup" /sys/fs/cgroup
umount -R -l "$data/cgroup"

# /run is the host's own, except for the folder that the lab looks into from outside.
mount -t tmpfs tmpfs "$data/run"
mkdir "$data/run/lab"
mount --bind "$state" "$data/run/lab"
mount --rbind "$data/run" /run
umount -R -l "$data/run"

mkdir -p /var/lib/docker /var/lib/containerd
mount --bind "$data/docker" /var/lib/docker
mount --bind "$data/containerd" /var/lib/containerd

for file in resolv.conf hosts; do
    target=$(readlink -m "/etc/$file")
    case $target in /run/*) mkdir -p "$(dirname "$target")" && : >"$target" ;; esac
    if [ -e "$target" ]; then mount --bind "$data/etc/$file" "$target"; fi
done

: >/run/lab/ready
while :; do
    sleep 1000000 &
    wait $! || true
done
