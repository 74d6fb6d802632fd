//! The operator's word that a founding is over (design, section 5, end of rule 9).

use tracing::warn;

use super::Founding;
use crate::agent::lookup::chain;
use crate::bootstrap::{self, Decision, Ledger, Raft, Seat, Waiting};
use crate::http::{Abandoned, NodeError};
use crate::types::Reason;

impl Founding {
    /// Gives up the founding that binds this server, if the rules found no way out of it.
    ///
    /// # Errors
    /// `Failed`, with the reason, if nothing is bound or the rules may still decide; nothing has
    /// changed then.
    pub(in crate::agent) async fn abandon(&self) -> Result<Abandoned, NodeError> {
        let mut book = self.book.lock().await;
        let ledger = book.ledger().clone();
        self.check_blocked(&ledger, &bootstrap::decide(&self.view(&book)))?;
        let (Some(proposal), Some(next)) = (ledger.bound(), ledger.abandoned()) else {
            return Err(refusal("no founding binds this server"));
        };
        let own = self.terms.server.raft_id;
        let others = proposal
            .others(own)
            .map(|member| member.name.to_string())
            .collect();
        warn!(target: "agent.server", cluster_id = %proposal.cluster, reason = "operator",
            "founding abandoned");
        let wipes_raft = matches!(next.seat(), Seat::Wiping(_));
        let written = self.write(&mut book, next).await;
        written.map_err(|error| NodeError::Failed(chain(&error)))?;
        Ok(Abandoned {
            cluster: proposal.cluster,
            others,
            wipes_raft,
        })
    }

    /// Only a founding that is stuck may be given up: one that goes on could commit elsewhere.
    ///
    /// Between two looks the rules ask anew, so their last word that was not a question counts.
    fn check_blocked(&self, ledger: &Ledger, decision: &Decision) -> Result<(), NodeError> {
        match ledger.seat() {
            Seat::Member(cluster) => {
                return Err(refusal(&format!(
                    "the founding of cluster {cluster} has committed; this server is in it"
                )));
            }
            Seat::Blank => return Err(refusal("no founding binds this server")),
            Seat::Wiping(_) => return Err(refusal("it is over already")),
            Seat::Preparing(_) | Seat::Promised { .. } | Seat::Founding(_) => {}
        }
        if self.raft_state() == Raft::Committed {
            return Err(refusal("it has committed"));
        }
        let said = self.said();
        let was_blocked = said.reason == Reason::FoundingBlocked;
        match decision {
            Decision::Wait(Waiting::Blocked { .. }) => Ok(()),
            Decision::Ask(_) if was_blocked => Ok(()),
            _ => Err(refusal(&format!(
                "it is not blocked; {}: {}",
                said.reason, said.line
            ))),
        }
    }
}

fn refusal(why: &str) -> NodeError {
    NodeError::Failed(format!("there is nothing to abandon: {why}"))
}
