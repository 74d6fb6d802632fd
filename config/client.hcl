# An agent that keeps no state and forwards requests to servers.
# All settings with their meaning: agent.hcl.

data_dir = "/var/lib/quorate"

retry_join = ["provider=aws tag_key=role tag_value=quorate-server"]

# The same key as the servers, if they have one.
#encrypt = "..."
