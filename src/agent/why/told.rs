//! How a client learns why its cluster does not serve: it asks a server.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::agent::route::Router;
use crate::why::Told;

/// Pause between two questions while all is well. Chosen: a lost leader shall show on a client
/// within seconds, and a hundred clients shall cost a server next to nothing.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// Pause while it is not.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// The last word of a server, or why there is none; none before the first.
pub(in crate::agent) type Word = Option<Result<Told, String>>;

/// Asks until the agent stops; at once when this agent was found in the catalogue, as that takes a
/// leader.
#[expect(clippy::infinite_loop, reason = "the task set ends it with the agent")]
pub(in crate::agent) async fn ask_servers(
    router: Arc<Router>,
    mut registered: watch::Receiver<bool>,
    word: watch::Sender<Word>,
) {
    loop {
        router.servers_known().await;
        let told = router.why().await;
        let is_well = told.as_ref().is_ok_and(Told::is_ready);
        word.send_if_modified(|now| {
            let told = Some(told);
            let is_news = *now != told;
            *now = told;
            is_news
        });
        let pause = if is_well { ASK_EVERY } else { ASK_AGAIN };
        let led = async {
            if registered.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let _either_is_a_reason = timeout(pause, led).await;
    }
}
