//! `operator`: what only a person may decide about consensus (agent reference, 4.10).

mod abandon;
mod autopilot;
mod list_peers;
mod peers;
mod recover;

use super::{Failure, World};

/// Tools for operators
#[derive(Debug, clap::Subcommand)]
pub(super) enum Operator {
    /// Looks at consensus and changes who takes part in it
    #[command(subcommand, arg_required_else_help = true)]
    Raft(Raft),
    /// Shows and changes how a leader looks after its servers
    #[command(subcommand, arg_required_else_help = true)]
    Autopilot(Autopilot),
    /// Ends a founding that cannot go on
    #[command(subcommand, arg_required_else_help = true)]
    Bootstrap(Bootstrap),
}

/// Looks at consensus and changes who takes part in it
#[derive(Debug, clap::Subcommand)]
pub(super) enum Raft {
    ListPeers(list_peers::ListPeers),
    RemovePeer(peers::RemovePeer),
    TransferLeader(peers::TransferLeader),
    Recover(recover::Recover),
}

/// Shows and changes how a leader looks after its servers
#[derive(Debug, clap::Subcommand)]
pub(super) enum Autopilot {
    GetConfig(autopilot::GetConfig),
    SetConfig(autopilot::SetConfig),
    State(autopilot::State),
}

/// Ends a founding that cannot go on
#[derive(Debug, clap::Subcommand)]
pub(super) enum Bootstrap {
    Abandon(abandon::Abandon),
}

impl Operator {
    /// Runs the subcommand that was named.
    pub(super) async fn run(self, world: &mut World) -> Result<(), Failure> {
        match self {
            Self::Raft(Raft::ListPeers(list)) => list.run(world).await,
            Self::Raft(Raft::RemovePeer(remove)) => remove.run(world).await,
            Self::Raft(Raft::TransferLeader(transfer)) => transfer.run(world).await,
            Self::Raft(Raft::Recover(recover)) => recover.run(world),
            Self::Autopilot(Autopilot::GetConfig(get)) => get.run(world).await,
            Self::Autopilot(Autopilot::SetConfig(set)) => set.run(world).await,
            Self::Autopilot(Autopilot::State(state)) => state.run(world).await,
            Self::Bootstrap(Bootstrap::Abandon(abandon)) => abandon.run(world).await,
        }
    }
}
