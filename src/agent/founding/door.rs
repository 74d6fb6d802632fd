//! The door for raft's messages: for which cluster raft may speak on this disk.

use super::Founding;
use crate::agent::{lookup, obstacle};
use crate::bootstrap::{self, Admission, Seat, Speech};

impl Founding {
    /// Lets a raft message in, or says why not.
    ///
    /// A message that cannot be read, or is meant for another disk that lived at this address,
    /// changes nothing here. A blank server lets itself be adopted only by a cluster of which it
    /// knows a member: whoever adds it has seen it in gossip, and so the other way round.
    pub(in crate::agent) async fn admit(
        &self,
        speech: Speech,
        message: &[u8],
    ) -> Result<(), String> {
        if *self.speech.borrow()
            == Some(Speech {
                has_committed: true,
                ..speech
            })
        {
            return Ok(());
        }
        self.rooms
            .raft
            .inspect(message)
            .map_err(|error| error.to_string())?;
        let mut book = self.book.lock().await;
        let is_blank = *book.ledger().seat() == Seat::Blank;
        if is_blank && let Some(why) = self.obstacle() {
            return Err(why);
        }
        if is_blank && !self.view(&book).clusters().contains_key(&speech.cluster) {
            return Err(format!(
                "no member of cluster {} is known here",
                speech.cluster
            ));
        }
        let own = self.terms.server.raft_id;
        match bootstrap::admit(book.ledger(), own, self.raft_state(), speech) {
            Admission::Open => Ok(()),
            Admission::Adopt(next) => self
                .write(&mut book, next)
                .await
                .map_err(|error| lookup::chain(&error)),
            Admission::Shut(why) => Err(why.to_string()),
        }
    }

    /// Why a blank server lets no cluster adopt it yet.
    fn obstacle(&self) -> Option<String> {
        if !*self.sources_heard.borrow() {
            return Some("not all sources have been heard yet".to_owned());
        }
        obstacle::ambiguity(&self.rooms.gossip)
            .map(|torn| format!("{}: {}", torn.reason, torn.line))
    }
}
