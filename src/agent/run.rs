//! An agent as a process: start, run until a signal or the end, exit code (agent reference, 2.9
//! and 10.4).

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinError;
use tracing::{error, info};

use super::manager::Manager;
use super::reload::{Reload, Settings, WISHES_MAX, Wish};
use super::{Agent, AgentError, End};
use crate::config::Config;

/// How long a graceful leave may take before the process ends all the same (agent reference,
/// 2.9).
const LEAVE_TIMEOUT: Duration = Duration::from_secs(15);

/// Runs one agent to its end, telling the service manager that the environment names.
///
/// # Errors
/// When the agent cannot start; nothing is left running then.
pub async fn run(mut config: Config, reload: Reload) -> Result<u8, AgentError> {
    let mut signals = Signals::new()?;
    let reload = Arc::new(reload);
    let manager = Manager::of_process();
    loop {
        if let Some(code) = live(&mut config, &reload, &manager, &mut signals).await? {
            info!(target: "agent", code, "exit code");
            return Ok(code);
        }
    }
}

/// One life of the agent; no code if it is to be started again, then with the settings that were
/// in force last.
async fn live(
    config: &mut Config,
    reload: &Arc<Reload>,
    manager: &Manager,
    signals: &mut Signals,
) -> Result<Option<u8>, AgentError> {
    let agent = Agent::start(config.clone()).await?;
    info!(target: "agent", "Quorate agent running!");
    Ok(to_its_end(agent, config, reload, manager, signals).await)
}

/// As [`live`], of an agent that runs.
async fn to_its_end(
    mut agent: Agent,
    config: &mut Config,
    reload: &Arc<Reload>,
    manager: &Manager,
    signals: &mut Signals,
) -> Option<u8> {
    let leaves_on_term = config.leave_on_terminate;
    let leaves_on_interrupt = !config.skip_leave_on_interrupt;
    let settings = agent.settings();
    let mut wishes = agent.wishes();
    let hearing = hear_wishes(&settings, reload, manager, &mut wishes, &mut signals.hangup);
    let attending = manager.attend(agent.why());
    let code = tokio::select! {
        end = agent.ended() => {
            if end != End::Restart {
                manager.stopping(&end_in_words(&end));
            }
            config.clone_from(&settings.now());
            return finish(agent, end).await;
        }
        () = hearing => 1,
        () = attending => 1,
        _ = signals.terminate.recv() => {
            manager.stopping("terminated");
            stop(agent, "terminated", leaves_on_term, signals).await
        }
        _ = signals.interrupt.recv() => {
            manager.stopping("interrupt");
            stop(agent, "interrupt", leaves_on_interrupt, signals).await
        }
    };
    Some(code)
}

fn end_in_words(end: &End) -> String {
    match end {
        End::Left => "left the cluster".to_owned(),
        End::Restart => "starting again".to_owned(),
        End::Failed(why) => why.clone(),
    }
}

/// Reads the settings again at each hangup and at each wish, once for all that wait. Never returns.
async fn hear_wishes(
    settings: &Arc<Settings>,
    reload: &Arc<Reload>,
    manager: &Manager,
    wishes: &mut mpsc::Receiver<Wish>,
    hangup: &mut Signal,
) {
    loop {
        let mut waiting = Vec::new();
        tokio::select! {
            Some(()) = hangup.recv() => {
                info!(target: "agent", signal = "hangup", "caught");
            }
            1.. = wishes.recv_many(&mut waiting, WISHES_MAX) => {}
            else => return std::future::pending().await,
        }
        manager.reloading();
        let done = read_again(settings, reload).await;
        manager.reloaded();
        for wish in waiting {
            // Who asked may have gone.
            drop(wish.send(done.clone()));
        }
    }
}

/// Reads the settings again where files may be slow: signals are heard meanwhile.
async fn read_again(settings: &Arc<Settings>, reload: &Arc<Reload>) -> Result<(), String> {
    let (settings, reload) = (Arc::clone(settings), Arc::clone(reload));
    let reading = tokio::task::spawn_blocking(move || settings.reload(&reload));
    match reading.await.map_err(JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_cancelled)) => Err("the agent ends".to_owned()),
    }
}

/// The signals that an agent heeds.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> Result<Self, AgentError> {
        let open = |kind| signal(kind).map_err(AgentError::Signals);
        Ok(Self {
            terminate: open(SignalKind::terminate())?,
            interrupt: open(SignalKind::interrupt())?,
            hangup: open(SignalKind::hangup())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The agent ended by itself: by `leave`, or because a part of it failed.
async fn finish(agent: Agent, end: End) -> Option<u8> {
    match &end {
        End::Left => info!(target: "agent", "left the cluster"),
        End::Restart => info!(target: "agent", "starting again"),
        End::Failed(why) => error!(target: "agent", error = %why, "agent failed"),
    }
    agent.stop().await;
    match end {
        End::Left => Some(0),
        End::Restart => None,
        End::Failed(_) => Some(1),
    }
}

/// Ends on a signal; 0 after a graceful leave, else 1 as Consul does.
async fn stop(agent: Agent, name: &str, leaves: bool, signals: &mut Signals) -> u8 {
    info!(target: "agent", signal = name, "caught");
    if !leaves {
        info!(target: "agent", "graceful shutdown disabled, exiting");
        agent.stop().await;
        return 1;
    }
    info!(target: "agent", "gracefully shutting down agent...");
    let left = leave(&agent, signals).await;
    agent.stop().await;
    match left {
        Ok(()) => {
            info!(target: "agent", "graceful exit completed");
            0
        }
        Err(why) => {
            error!(target: "agent", error = %why, "error on leave");
            1
        }
    }
}

/// Leaves within its time, or says what was in the way.
async fn leave(agent: &Agent, signals: &mut Signals) -> Result<(), String> {
    let node = agent.node();
    tokio::select! {
        left = tokio::time::timeout(LEAVE_TIMEOUT, node.leave(false)) => match left {
            Ok(left) => left.map(drop).map_err(|error| error.to_string()),
            Err(_elapsed) => Err("timeout on graceful leave, exiting".to_owned()),
        },
        () = signals.any() => Err("caught second signal, exiting".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use futures_util::FutureExt;

    use super::*;
    use crate::config;

    /// More than a busy machine takes over anything here.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// Two keys of gossip.
    const OLD: &str = "MDEyMzQ1Njc4OWFiY2RlZg==";
    const NEW: &str = "ZmVkY2JhOTg3NjU0MzIxMA==";

    fn settings(rack: &str, key: &str) -> Config {
        let texts = [
            format!("--node-meta=rack:{rack}"),
            format!("--encrypt={key}"),
        ];
        let ports = ["--server-port=0", "--serf-lan-port=0", "--http-port=-1"];
        let words = ["agent", "--dev"].into_iter().chain(ports);
        let words = words.chain(texts.iter().map(String::as_str));
        let matches = config::command().try_get_matches_from(words).unwrap();
        config::load(&matches, |_| Ok(())).unwrap().config
    }

    #[tokio::test]
    async fn an_agent_that_starts_again_goes_by_the_settings_that_were_read_last() {
        let mut config = settings("a", OLD);
        let agent = Agent::start(config.clone()).await.unwrap();
        let reload = Arc::new(Reload {
            load: Box::new(|| Ok(settings("b", NEW))),
            set_log_level: Box::new(|_| {}),
        });
        agent.settings().reload(&reload).unwrap();
        agent.parts.end.try_send(End::Restart).unwrap();
        let (manager, mut signals) = (Manager::of_process(), Signals::new().unwrap());
        let code = to_its_end(agent, &mut config, &reload, &manager, &mut signals).await;
        assert_eq!(code, None);
        assert_eq!(config.node_meta["rack"], "b");
        assert_eq!(config.encrypt, settings("b", NEW).encrypt);
    }

    #[tokio::test]
    async fn settings_whose_files_hang_hold_nobody_up() {
        let agent = Agent::start(settings("a", OLD)).await.unwrap();
        let (go_on, hangs) = mpsc::channel();
        let hangs = Mutex::new(hangs);
        let reload = Arc::new(Reload {
            load: Box::new(move || {
                let ended = hangs.lock().unwrap().recv_timeout(PATIENCE);
                ended.map_err(|error| error.to_string())?;
                Ok(settings("b", OLD))
            }),
            set_log_level: Box::new(|_| {}),
        });
        let settings = agent.settings();
        let reading = read_again(&settings, &reload);
        let (read, ()) = tokio::join!(reading, async { go_on.send(()).unwrap() });
        assert_eq!(read, Ok(()));
        agent.stop().await;
    }

    #[tokio::test]
    async fn many_wishes_for_a_reload_wait_and_one_too_many_is_told_so() {
        let mut agent = Agent::start(settings("a", OLD)).await.unwrap();
        let (settings, wishes) = (agent.settings(), agent.wishes());
        let mut waiting: Vec<_> = (0..WISHES_MAX).map(|_| Box::pin(settings.wish())).collect();
        for wish in &mut waiting {
            assert_eq!(wish.now_or_never(), None);
        }
        let told = |told: Option<Result<(), String>>| told.unwrap().unwrap_err();
        let busy = told(settings.wish().now_or_never());
        assert!(busy.starts_with("busy"), "{busy}");
        drop(wishes);
        let nobody = told(settings.wish().now_or_never());
        assert!(nobody.contains("does not reload"), "{nobody}");
        agent.stop().await;
    }
}
