//! The pages behind the code: how it hangs together, what words mean, where it differs from
//! Consul, and why things were decided as they are.
//!
//! Pages only, no code. A page says what is; the [decisions](adr) say why, and are not edited but
//! superseded.

#[doc = include_str!("architecture.md")]
pub mod architecture {}

#[doc = include_str!("one-cluster.md")]
pub mod one_cluster {}

#[doc = include_str!("scenarios.md")]
pub mod scenarios {}

#[doc = include_str!("glossary.md")]
pub mod glossary {}

#[doc = include_str!("compatibility.md")]
pub mod compatibility {}

/// Every reason code: what it means, and what to do.
#[doc = include_str!("codes.md")]
pub mod codes {}

/// How members are found to be gone, and figures.
#[doc = include_str!("gossip.md")]
pub mod gossip {}

/// TLS between agents: the files, the switches, reloads, and what is said when it does not fit.
#[doc = include_str!("tls.md")]
pub mod tls {}

#[doc = include_str!("storage.md")]
pub mod storage {}

/// How fast it is: the commands that measure, and what they showed.
#[doc = include_str!("benchmarks.md")]
pub mod benchmarks {}

/// Decisions, one page each: context, decision, consequences, what was refused, what would make
/// us think again.
pub mod adr {
    #[doc = include_str!("adr/0001-two-packages.md")]
    pub mod adr_0001_two_packages {}

    #[doc = include_str!("adr/0002-decisions-without-io.md")]
    pub mod adr_0002_decisions_without_io {}

    #[doc = include_str!("adr/0003-who-founds.md")]
    pub mod adr_0003_who_founds {}

    #[doc = include_str!("adr/0004-openraft-0.10.md")]
    pub mod adr_0004_openraft {}

    #[doc = include_str!("adr/0005-raft-log.md")]
    pub mod adr_0005_raft_log {}

    #[doc = include_str!("adr/0006-frames.md")]
    pub mod adr_0006_frames {}

    #[doc = include_str!("adr/0007-foca.md")]
    pub mod adr_0007_foca {}

    #[doc = include_str!("adr/0008-hcl.md")]
    pub mod adr_0008_hcl {}

    #[doc = include_str!("adr/0009-aws-sdk.md")]
    pub mod adr_0009_aws_sdk {}

    #[doc = include_str!("adr/0010-measures.md")]
    pub mod adr_0010_measures {}

    #[doc = include_str!("adr/0011-one-life-of-a-node.md")]
    pub mod adr_0011_one_life_of_a_node {}
    #[doc = include_str!("adr/0012-recovery.md")]
    pub mod adr_0012_recovery {}
    #[doc = include_str!("adr/0013-log-mark.md")]
    pub mod adr_0013_log_mark {}
    #[doc = include_str!("adr/0014-a-host-to-simulate.md")]
    pub mod adr_0014_a_host_to_simulate {}
    #[doc = include_str!("adr/0015-removed-by-an-operator.md")]
    pub mod adr_0015_removed_by_an_operator {}
    #[doc = include_str!("adr/0016-one-way-to-amazon.md")]
    pub mod adr_0016_one_way_to_amazon {}
    #[doc = include_str!("adr/0017-a-smaller-histogram.md")]
    pub mod adr_0017_a_smaller_histogram {}
    #[doc = include_str!("adr/0018-own-sources-first.md")]
    pub mod adr_0018_own_sources_first {}
    #[doc = include_str!("adr/0019-a-leader-that-cannot-be-used.md")]
    pub mod adr_0019_a_leader_that_cannot_be_used {}
}
