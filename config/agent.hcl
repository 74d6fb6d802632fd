# Every setting of the agent with its default; a setting that has none is commented out and
# shows an example. Made from the table of settings, so change it there. Files are HCL, JSON or
# TOML; settings of several files are merged, the last one wins, lists append.


### Identity and data

# Name of this node, unique in its cluster. Without it, the host name. Flag: -node.
#node_name = "server-1"

# UUID of this node. Without it, one is made at the first start and kept in data_dir. Flag:
# -node-id.
#node_id = "8a0c4f7e-1111-2222-3333-444455556666"

# Datacenter of this node: letters, digits, - and _; kept in lower case. Flag: -datacenter.
datacenter = "dc1"

# Texts that the catalogue shows with this node: at most 64, names of letters, digits, - and _
# up to 128 characters, not beginning with consul-; values up to 512 characters. The flag takes
# name:value and may be repeated. A reload takes it. Flag: -node-meta.
#node_meta = { rack = "r1" }

# Directory for all that has to outlive the process. Needed, except with -dev. Flag: -data-dir.
#data_dir = "/var/lib/quorate"

# File that the process id is written to. Flag: -pid-file.
#pid_file = "/run/quorate.pid"


### Founding a cluster

# Run as a server: keep state and take part in consensus. Else the agent is a client. Flag:
# -server.
server = false

# Number of servers that found the cluster together, the same on each of them. 0: this server
# founds nothing and waits to be added. 1: this server founds alone once all that it was told to
# join has answered; -bootstrap does not wait for those who are silent. Flag: -bootstrap-expect.
bootstrap_expect = 0

# Found a cluster alone. For one server of a cluster only. Flag: -bootstrap.
bootstrap = false

# How much must be known before a founding: majority (consent of more than half of all that
# could be servers), strict (no address that was listed may be silent, and no member down), or
# open (Consul's way: what is not known does not count). Flag: -bootstrap-safety.
bootstrap_safety = "majority"


### Joining a cluster

# Where to look for others until they are found: addresses, DNS names, or `provider=...
# key=value` strings. May be repeated. Flag: -retry-join.
#retry_join = ["10.0.0.5"]

# Longest wait between two attempts of one entry of retry_join; the first waits are shorter.
# Flag: -retry-interval.
retry_interval = "30s"

# Attempts before the agent ends with an error, if it never joined anyone. 0: no end. Flag:
# -retry-max.
retry_max = 0

# Addresses to join once at the start; if none answers, the agent ends. Better: retry_join.
# Flag: -join.
#start_join = ["10.0.0.6"]

# Join the members of the last life again even after having left. Flag: -rejoin.
rejoin_after_leave = false

# How long a failed member stays in the list, and is looked for, before it is forgotten: 8h or
# more; 0s is 72h. The same on all members.
reconnect_timeout = "72h"

# Key that seals gossip and joins: 16 or 32 bytes in base64, the same on all members. `quorate
# keygen` makes one. Better in a file than as a flag, which `ps` shows. With encrypt_accept it
# is changed without a pause; from no key to one, and back, takes a restart. A reload takes it.
# Flag: -encrypt.
#encrypt = "..."

# More keys that open what others say, at most 8, beside encrypt, which alone seals: the next
# key, and then the last one, while encrypt is changed on all members. A reload takes it.
#encrypt_accept = ["..."]


### TLS between agents

tls {
  defaults {
    # File with the certificates, in PEM, of those whose signature on another agent's
    # certificate is trusted. A reload takes it.
    #ca_file = "/etc/quorate/ca.pem"

    # File with this agent's certificate, in PEM, followed by those between it and the CA if
    # there are any. `quorate tls` makes one. A reload takes it.
    #cert_file = "/etc/quorate/own.pem"

    # File with the key of cert_file, in PEM, not encrypted. A reload takes it.
    #key_file = "/etc/quorate/own-key.pem"

    # Oldest version that is spoken: TLSv1_2 or TLSv1_3. A reload takes it.
    tls_min_version = "TLSv1_2"

    # Turn away callers of the server port that speak plain or show no certificate of the CA.
    # Needs ca_file, cert_file and key_file. Without it a server that has a certificate takes
    # plain callers and others. A reload takes it.
    verify_incoming = false

    # Call servers with TLS, and take only those that show a certificate of the CA. Needs
    # ca_file. A reload takes it.
    verify_outgoing = false

    # Take for a server only who shows a certificate for server.<datacenter>.consul, whatever
    # address was called; with verify_incoming also of those that call as servers. Includes
    # verify_outgoing. A reload takes it.
    verify_server_hostname = false
  }

  internal_rpc {
    # As tls.defaults.ca_file, which it overrides for the server port. A reload takes it.
    #ca_file = "/etc/quorate/ca.pem"

    # As tls.defaults.cert_file, which it overrides for the server port. A reload takes it.
    #cert_file = "/etc/quorate/own.pem"

    # As tls.defaults.key_file, which it overrides for the server port. A reload takes it.
    #key_file = "/etc/quorate/own-key.pem"

    # As tls.defaults.tls_min_version, which it overrides for the server port. A reload takes
    # it.
    #tls_min_version = "TLSv1_3"

    # As tls.defaults.verify_incoming, which it overrides for the server port. A reload takes
    # it.
    #verify_incoming = true

    # As tls.defaults.verify_outgoing, which it overrides for the server port. A reload takes
    # it.
    #verify_outgoing = true

    # As tls.defaults.verify_server_hostname, which it overrides for the server port. A reload
    # takes it.
    #verify_server_hostname = true
  }
}


### Addresses and ports

# IP address that gossip and the server port listen on. With -dev, 127.0.0.1. Flag: -bind.
bind_addr = "0.0.0.0"

# IP address that others reach this agent at. Without it, bind_addr; if that is 0.0.0.0, the one
# private IPv4 address of the machine; if ::, its one public IPv6 address. Flag: -advertise.
#advertise_addr = "10.0.0.5"

# IP addresses that the HTTP API listens on, parted by spaces. Flag: -client.
client_addr = "127.0.0.1"

ports {
  # Port for requests and raft between agents. 0: any free port. Flag: -server-port.
  server = 8300

  # Port for gossip, over TCP and UDP. 0: any free port. Flag: -serf-lan-port.
  serf_lan = 8301

  # Port for the HTTP API. -1: none. 0: any free port. Flag: -http-port.
  http = 8500
}


### Consensus

# Log entries after the last snapshot before the next one is made.
raft_snapshot_threshold = 16384

# Log entries kept after a snapshot, so that a server that lags needs no snapshot.
raft_trailing_logs = 10240

performance {
  # Scales the times of raft, 1 to 10: smaller finds a dead leader sooner, larger bears a slow
  # machine or network. With -dev, 1.
  raft_multiplier = 5

  # How long a request is held while there is no leader.
  rpc_hold_timeout = "7s"


### Leaving

  # How long requests that are under way may go on when this server leaves or stops.
  leave_drain_time = "5s"
}


### Consensus

autopilot {
  # Take dead servers out of consensus when they are replaced or not needed. This and the other
  # settings of autopilot are what the first leader of a cluster begins with; later `quorate
  # operator autopilot set-config` changes them.
  cleanup_dead_servers = true

  # A server whose answers are late by more is unhealthy.
  last_contact_threshold = "200ms"

  # A server that lacks more log entries is unhealthy.
  max_trailing_logs = 250

  # Dead servers are not taken out if fewer voters than this were left.
  min_quorum = 0

  # How long a new server has to be healthy before it votes.
  server_stabilization_time = "10s"
}


### Leaving

# Leave the cluster on SIGTERM. When not set, true on a client and false on a server.
#leave_on_terminate = false

# Stay a member on SIGINT. When not set, false on a client and true on a server.
#skip_leave_on_interrupt = true

# A server that was away for longer does not start again with its old data. At least 6h.
server_rejoin_age_max = "168h"


### Logging

# Least important lines that are logged: TRACE, DEBUG, INFO, WARN or ERROR. With -dev, DEBUG. A
# reload takes it. Flag: -log-level.
log_level = "INFO"

# Log one JSON object per line. Flag: -log-json.
log_json = false
