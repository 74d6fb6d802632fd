//! Asks a live member whether it is still there, before its node id is given to somebody who speaks
//! from another address.
//!
//! Whoever moved gets its place at once, as nothing listens where it was; a copy of a data
//! directory is refused, as the original answers (decision 11).

use std::io;

use tracing::debug;

use super::Shell;
use super::exchange::exchange;
use crate::gossip::error::GossipError;
use crate::gossip::machine::Partner;
use crate::gossip::wire::Picture;

/// Asks the member whose node id the speaker of a picture uses, if there is one.
pub(super) async fn settle_claim(shell: &Shell, picture: &Picture) {
    let claimed = shell.step(|machine, _| Some((machine.claimed(picture)?, machine.patience())));
    let Some((holder, patience)) = claimed else {
        return;
    };
    let is_gone = match exchange(shell, holder.addr, patience).await {
        Ok(Partner::Other(node_id)) if node_id == holder.node_id => return,
        // It is there, and says so by name.
        Err(GossipError::LeavingThere { .. }) => return,
        Ok(Partner::Other(_) | Partner::Own) => true,
        Err(GossipError::Connect { source, .. }) => {
            source.kind() == io::ErrorKind::ConnectionRefused
        }
        Err(_) => false,
    };
    debug!(addr = %holder.addr, node_id = %holder.node_id, is_gone, "member did not answer a claim");
    shell.step(|machine, now| machine.judge_claim(now, &holder, is_gone));
}
