# Waits until standard input ends, which it does when the owner of the servers is gone, however it went. Then stops them by
# their process ids and removes their directory. $1: the directory.
cat >/dev/null

# A number in a file that outlived its process may be anybody's by now.
is_ours() { # pid directory
    kill -0 "$1" && { cat "/proc/$1/cmdline" || ps -o command= -p "$1"; } | grep -aqF -e "$2/"
}

# SIGQUIT is an immediate shutdown: the data goes anyway.
end() { # pid directory
    tries=0
    while [ "$tries" -lt 100 ] && is_ours "$1" "$2"; do
        if [ "$tries" -lt 80 ]; then kill -s QUIT "$1"; else kill -s KILL "$1"; fi
        sleep 0.1
        tries=$((tries + 1))
    done
}

for file in "$1/data/postmaster.pid" "$1"/*.pid; do
    [ ! -r "$file" ] || { read -r pid <"$file" && end "$pid" "$1"; }
done
rm -rf "$1"
