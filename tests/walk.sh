#!/usr/bin/env bash
# The guide's walk as a stranger would script it: knows Consul's documented words and nothing else.
#
#   tests/walk.sh PROGRAM [RUNS]      PROGRAM: path of the quorate binary; RUNS: default 20
#
# Needs bash and curl. Prints one line a run; ends with 1 at the first step that does not hold.
set -euo pipefail

program=$(realpath "$1")
runs=${2:-20}
dir=$(mktemp -d)
pids=()
net=127.$((RANDOM % 200 + 20)).$((RANDOM % 250))

cleanup() { for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done; rm -rf "$dir"; }
trap cleanup EXIT
fail() { echo "FAILED: $*"; tail -n 40 "$dir"/*.log; exit 1; }

# Waits up to 20 s until a command succeeds.
await() {
    for _ in $(seq 1000); do "$@" && return 0; sleep 0.02; done
    fail "$*"
}
start() { # NAME NUMBER FLAGS...
    local name=$1 ip=$net.$2; shift 2
    "$program" agent -node "$name" -bind "$ip" -client "$ip" -data-dir "$dir/$name" "$@" \
        >"$dir/$name.log" 2>&1 &
    pids+=($!)
}
ask() { curl -s "http://$net.$1:8500$2"; }
logged() { grep -q -- "$2" "$dir/$1.log"; }
info() { CONSUL_HTTP_ADDR=$net.$1:8500 "$program" info | sed -n "s/^\t$2 = //p"; }
has_two_peers() { [ "$(info "$1" num_peers)" = 2 ]; }
leader_known() { local leader; leader=$(ask "$1" /v1/status/leader); [ -n "$leader" ] && [ "$leader" != '""' ]; }
logs_equal() {
    local a b c; a=$(info 1 last_log_index); b=$(info 2 last_log_index); c=$(info 3 last_log_index)
    [ "$a" != 0 ] && [ "$a" = "$b" ] && [ "$b" = "$c" ]
}
one_leads() { [ "$(grep -l 'cluster leadership acquired' "$dir"/s?.log | wc -l)" -ge 1 ]; }
in_catalogue() { ask 1 /v1/catalog/nodes | grep -q "\"$1\""; }

walk() {
    start c0 5 -retry-join "$net.2"
    for n in 1 2 3; do start s$n $n -server -bootstrap-expect 3; done
    for n in 1 2 3; do
        await logged s$n 'no known peers'
        [ "$(ask $n /v1/status/leader)" = '""' ] || fail "s$n: a leader without peers"
    done
    [ "$(curl -s -w '%{http_code}' "http://$net.1:8500/v1/kv/x")" = 'No cluster leader500' ] ||
        fail 'a read without a leader'
    out=$(CONSUL_HTTP_ADDR=$net.1:8500 "$program" join $net.1 $net.2 $net.3)
    [ "$out" = 'Successfully joined cluster by contacting 3 nodes.' ] || fail "join said: $out"
    for n in 1 2 3; do
        for m in 1 2 3; do await logged s$n "adding server s$m (Addr: $net.$m:8300) (DC: dc1)"; done
        await logged s$n 'Attempting bootstrap with nodes: \['
        await leader_known $n
        await has_two_peers $n
    done
    await one_leads
    await logs_equal
    start c1 4 -join "$net.3"
    await in_catalogue c1
    await in_catalogue c0
    CONSUL_HTTP_ADDR=$net.4:8500 "$program" kv put greeting hello >/dev/null || fail 'put'
    [ "$(CONSUL_HTTP_ADDR=$net.5:8500 "$program" kv get greeting)" = hello ] || fail 'get'
}

for run in $(seq "$runs"); do
    began=$SECONDS
    walk
    printf 'run %s: the walk holds, %s s\n' "$run" $((SECONDS - began))
    for pid in "${pids[@]}"; do kill -9 "$pid"; wait "$pid" 2>/dev/null || true; done
    pids=()
    rm -rf "${dir:?}"/*
done
