# Waits until standard input ends, which it does when the owner of the cluster is gone, however it went. Then stops the
# server by its process id and removes its directory. $1: the directory.
cat >/dev/null
pid=
[ ! -r "$1/data/postmaster.pid" ] || read -r pid <"$1/data/postmaster.pid"

# A number in a file that outlived its process may be anybody's by now.
is_ours() {
    [ -n "$pid" ] && kill -0 "$pid" &&
        { cat "/proc/$pid/cmdline" || ps -o command= -p "$pid"; } | grep -aqF -e "$1/data"
}

# SIGQUIT is an immediate shutdown: the data goes anyway.
tries=0
while [ "$tries" -lt 100 ] && is_ours "$1"; do
    if [ "$tries" -lt 80 ]; then kill -s QUIT "$pid"; else kill -s KILL "$pid"; fi
    sleep 0.1
    tries=$((tries + 1))
done
rm -rf "$1"
