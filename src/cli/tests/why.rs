//! `info -why`: what a person reads, and what a script goes by; `reload`.

use super::{Ran, done, failed, run, run_in};
use crate::cli::tests::Captured;
use crate::http::NodeError;
use crate::http::fake::serve_fake;
use crate::types::Reason;
use crate::why::Said;

#[tokio::test]
async fn an_agent_that_waits_is_told_with_all_that_helps_and_code_2() {
    let served = serve_fake().await;
    let text = "\
waiting-for-servers: 1 of 3 servers are here: s1
  since    12.3 s (2025-01-02T03:04:05.678Z)
  meaning  fewer servers are here than `bootstrap_expect` asks for
  missing  2 more servers
  to do    Start the servers that are missing, and let each find one of these.
  source   192.0.2.2: waiting, attempt 3, next in 0.2 s; last: gossip-key-mismatch 1.5 s ago: \
         gossip key mismatch
";
    let told = Ran {
        code: 2,
        stdout: text.to_owned(),
        stderr: String::new(),
    };
    assert_eq!(run(&served, &["info", "-why"]).await, told);
}

#[tokio::test]
async fn a_reload_says_that_it_was_done_or_what_is_wrong() {
    let served = serve_fake().await;
    let told = done("Configuration reload triggered\n");
    assert_eq!(run(&served, &["reload"]).await, told);
    assert_eq!(served.node.calls(), ["reload"]);
    served
        .node
        .fail(NodeError::Failed("agent.hcl: x".to_owned()));
    let told = failed("Error reloading: Unexpected response code: 500 (agent.hcl: x)\n");
    assert_eq!(run(&served, &["reload"]).await, told);
}

#[tokio::test]
async fn an_agent_that_serves_ends_the_command_with_0_and_one_that_does_not_answer_with_1() {
    let served = serve_fake().await;
    served.node.report.lock().unwrap().said = Said::plain(Reason::Ready);
    let ran = run(&served, &["info", "-why"]).await;
    assert_eq!(ran.code, 0);
    let told = "ready: the agent serves requests\n  since    12.3 s ";
    assert!(ran.stdout.starts_with(told), "{ran:?}");
    assert!(!ran.stdout.contains("meaning"), "said twice: {ran:?}");
    let (world, captured) = Captured::world([("CONSUL_HTTP_ADDR", "127.0.0.1:1")]);
    let ran = run_in(world, captured, &["info", "-why"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.starts_with("Error querying agent: "), "{ran:?}");
}
