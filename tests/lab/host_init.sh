# The first process of a lab host: it makes the namespaces look like a machine, then only reaps.
# Its end is a power cut. Arguments: host name, state folder, data folder, root file system.
set -eu
name=$1 state=$2 data=$3 root=${4%/}

echo "$name" >/proc/sys/kernel/hostname
mount --make-rprivate /
umount -R -l /run/netns 2>/dev/null || true
mkdir -p "$data/cgroup" "$data/run" "$data/docker" "$data/containerd" "$data/etc"

# Another root file system than this machine's: what the host writes into it stays on its own disk.
if [ -n "$root" ]; then
    mkdir -p "$data/upper" "$data/work" "$data/root"
    mount -t overlay overlay -o "lowerdir=$root,upperdir=$data/upper,workdir=$data/work" "$data/root"
    root=$data/root
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    touch "$root/etc/resolv.conf" "$root/etc/hosts"
fi

# A fresh sysfs shows this host's network; the control groups live below the old one.
mount --rbind /sys/fs/cgroup "$data/cgroup"
mount -t sysfs sysfs "$root/sys"
mount --rbind "$data/cgroup" "$root/sys/fs/cgroup"
umount -R -l "$data/cgroup"

# /run is the host's own, except for the folder that the lab looks into from outside.
mount -t tmpfs tmpfs "$data/run"
mkdir "$data/run/lab"
mount --bind "$state" "$data/run/lab"
mount --rbind "$data/run" "$root/run"
umount -R -l "$data/run"

mkdir -p "$root/var/lib/docker" "$root/var/lib/containerd"
mount --bind "$data/docker" "$root/var/lib/docker"
mount --bind "$data/containerd" "$root/var/lib/containerd"

for file in resolv.conf hosts; do
    target=$(readlink -m "$root/etc/$file")
    case $target in /run/*) mkdir -p "$(dirname "$target")" && : >"$target" ;; esac
    if [ -e "$target" ]; then mount --bind "$data/etc/$file" "$target"; fi
done

# pivot_root and not chroot, out of which `docker exec` would fall.
if [ -n "$root" ]; then
    cd "$root"
    pivot_root . mnt
    cd /
    umount -l mnt
fi

: >/run/lab/ready
while :; do
    sleep 1000000 &
    wait $! || true
done
