# One of three servers: the same file on each of them, beside an address that finds the others.
# All settings with their meaning: agent.hcl.

data_dir = "/var/lib/quorate"

server           = true
bootstrap_expect = 3

# Addresses, names, or a query to a cloud. A server that finds itself in its own list ignores it.
retry_join = ["provider=aws tag_key=role tag_value=quorate-server"]

# Needed where a machine has several private addresses, or none.
#advertise_addr = "10.0.0.5"

# The same key on every member; `quorate keygen` makes one. Keep the file readable by its owner only.
#encrypt = "..."
