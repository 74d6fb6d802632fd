//! A line of each code.

use quorate::types::Reason;

/// Each code with a line that it was told in.
pub(super) const EXAMPLES: &[(Reason, &str)] = &[
    (
        Reason::Ready,
        "ready: in cluster a8dafaeb-17ed-4e05-8678-ebd1aaf06481",
    ),
    (
        Reason::Starting,
        "starting: the agent has just been started and has not looked around yet",
    ),
    (
        Reason::Looking,
        "looking: the sources of join addresses are being asked: 127.200.3.1",
    ),
    (
        Reason::WaitingForProposer,
        "waiting-for-proposer: n3 is to propose the founding",
    ),
    (
        Reason::FoundingInProgress,
        "founding-in-progress: n3 founds cluster e555aa69-ef85-4265-9712-09b0745acd03",
    ),
    (
        Reason::Joining,
        "joining: cluster d229626d-9ccf-4c0a-9610-da8be08578d8 exists; waiting to be added to it; these of its servers do not answer: n1, n2",
    ),
    (
        Reason::Formed,
        "formed: in cluster e555aa69-ef85-4265-9712-09b0745acd03, catching up with its leader",
    ),
    (Reason::Leaving, "leaving: the agent is on its way out"),
    (
        Reason::NoSources,
        "no-sources: no join addresses are configured; waiting for others to join",
    ),
    (
        Reason::DiscoveryEmpty,
        "discovery-empty: the source answered, but listed no address: provider=aws access_key_id=AKIDEXAMPLE endpoint=http://127.0.0.1:38465 region=eu-west-1 secret_access_key=**** tag_key=role tag_value=server",
    ),
    (
        Reason::DiscoveryGaps,
        "discovery-gaps: the source was read in part, and that part listed no address: provider=aws tag_key=role tag_value=server",
    ),
    (
        Reason::OnlySelf,
        "only-self: only this agent itself was found: 127.151.7.1",
    ),
    (
        Reason::Misconfigured,
        "source-misconfigured: the source cannot work as it is configured: provider=aws tag_key=role tag_value=server",
    ),
    (
        Reason::Credentials,
        "credentials: the source refuses the credentials, or there are none: provider=aws access_key_id=AKIDEXAMPLE endpoint=http://127.0.0.1:38465 region=eu-west-1 secret_access_key=**** tag_key=role tag_value=server",
    ),
    (
        Reason::Throttled,
        "throttled: the source asks to be called less often: provider=aws access_key_id=AKIDEXAMPLE endpoint=http://127.0.0.1:38465 region=eu-west-1 secret_access_key=**** tag_key=role tag_value=server",
    ),
    (
        Reason::DiscoveryTimeout,
        "discovery-timeout: the source did not answer in time: provider=aws tag_key=role tag_value=server",
    ),
    (
        Reason::DiscoveryFailed,
        "discovery-failed: the source could not be asked, or its answer not be read: no-such-host.invalid",
    ),
    (
        Reason::PeersUnreachable,
        "peers-unreachable: no agent answered at any of the addresses: 127.151.0.9",
    ),
    (
        Reason::KeyMismatch,
        "gossip-key-mismatch: gossip key mismatch with 127.151.8.3:8301 (mine 9f9f5111); set the same `encrypt` on both",
    ),
    (
        Reason::TlsMismatch,
        "tls-mismatch: n1 (127.104.0.1:8300): its certificate is not taken: another CA signed it than the one in ca_file; make both agents' certificates with one CA",
    ),
    (
        Reason::ClusterConflict,
        "cluster-conflict: Member 'n6' at 127.151.4.6:8301 belongs to cluster 7a487860-9ff5-4255-8b01-e753deb76ef5, 'n1' at 127.151.4.1:8301 to cluster 347ff1a9-c326-47e0-85b1-a9f313e64072",
    ),
    (
        Reason::AmbiguousCluster,
        "ambiguous-cluster: Member 'n1' at 127.169.12.1:8301 belongs to cluster 0c0dfa04-dbea-4c90-a280-8fb96c389da4, while 'n3' at 127.169.12.3:8301 is with members of cluster c5f3b611-0cde-4edf-b9c7-f3e708ec77c6; a blank agent between two clusters joins neither",
    ),
    (
        Reason::NodeIdConflict,
        "node-id-conflict: Member 'n2' has conflicting node ID '00000000-0000-0000-0000-0000000000aa' with this agent's ID (127.151.1.2:8301 and 127.151.1.3:8301); stop the agent at 127.151.1.2:8301 or give it another node id; besides, 2 of 3 servers are here: n1, n3",
    ),
    (
        Reason::NameConflict,
        "name-conflict: Conflicting address for n1. Mine: 127.185.6.3:8301 Theirs: 127.185.6.1:8301 Old state: 0 (node ids 5e0aaf4b-9c1f-46a3-8f6e-0d94a1c7be21 and c2f7d6aa-31b4-4f0e-9a55-7d1be3f0c884)",
    ),
    (
        Reason::WrongDatacenter,
        "wrong-datacenter: Member 'n1' part of wrong datacenter 'dc1'",
    ),
    (
        Reason::WaitingForServers,
        "waiting-for-servers: 2 of 3 servers are here: n1, n2",
    ),
    (
        Reason::WaitingUnknownPeers,
        "waiting-unknown-peers: these may be in a cluster and give no answer: addresses 127.210.59.2:8301, 127.210.59.4:8301",
    ),
    (
        Reason::PortUnreached,
        "server-port-unreached: other servers say that n1 at 192.0.2.1:8300 leads, and nothing of it has come to this server's port, 192.0.2.3:8300, for 3 s; open that port for it, or correct `advertise_addr`",
    ),
    (
        Reason::ExpectMismatch,
        "expect-mismatch: this server says bootstrap_expect = 3, n3 says bootstrap_expect = 5",
    ),
    (
        Reason::FoundNotAsked,
        "found-not-asked: this server was given no bootstrap_expect; it waits to be adopted by a cluster",
    ),
    (
        Reason::FoundingBlocked,
        "founding-blocked: the founding of 7a487860-9ff5-4255-8b01-e753deb76ef5 waits for servers that do not answer (n8, n9); bring them back, or, if they are lost for good, run `quorate operator bootstrap abandon`",
    ),
    (
        Reason::LedgerLost,
        "ledger-lost: the data directory holds raft data but no record of its cluster; restore it whole, or start with an empty one",
    ),
    (
        Reason::QuorumLost,
        "quorum-lost: 2 of 3 voters are missing: n1 (does not answer), n2 (does not answer); start those whose disks are whole, or, if they are lost for good, see `quorate operator raft recover --plan`",
    ),
    (
        Reason::NoLeader,
        "no-leader: cluster d229626d-9ccf-4c0a-9610-da8be08578d8 has no leader; its voters: n1 (does not answer), n2 (does not answer), n3",
    ),
    (
        Reason::NoServers,
        "no-servers: this client knows no server that is alive; it knows of n1 (192.0.2.1:8300, failed)",
    ),
    (
        Reason::ServersSilent,
        "servers-silent: none of the servers answers: n1; connect to 127.169.8.1:8300: Connection refused (os error 111)",
    ),
    (
        Reason::Removed,
        "removed: an operator took this server (raft id 5f1c8a0be4d27793) out of cluster 7a487860-9ff5-4255-8b01-e753deb76ef5 at 2026-01-02T03:04:05.678Z, through n1 (raft index 57); it does not come back with this data: move the data directory /var/lib/quorate away and start it again, and it joins as a new server",
    ),
];
