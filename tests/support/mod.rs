//! Worlds for the tests: real agents as real processes, each on a loopback address of its own.

mod agent;
mod cli;
mod clock;
mod cluster;
mod disk;
#[cfg(feature = "aws")]
#[expect(
    dead_code,
    reason = "the tests of the providers use more of the stand-in"
)]
pub(crate) mod ec2;
mod eventually;
mod gate;
mod listing;
mod manager;
mod names;
mod netns;
mod preload;
mod throughout;
mod world;
mod writer;

pub(crate) use agent::{Agent, OURS, from_to, time_of_day};
pub(crate) use cli::{Output, quorate, quorate_with};
pub(crate) use clock::Clock;
pub(crate) use cluster::{Cluster, SOON, all_vote, founding, leader_and_others, vote};
pub(crate) use disk::{Errno, FaultyDisk};
pub(crate) use eventually::{PATIENCE, eventually};
pub(crate) use gate::{Door, Gate};
pub(crate) use listing::Listing;
pub(crate) use manager::Manager;
pub(crate) use names::{Data, NameServer};
pub(crate) use netns::Net;
pub(crate) use throughout::{Pulse, throughout};
pub(crate) use world::{STEADY, World};
pub(crate) use writer::Writer;
