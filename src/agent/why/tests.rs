//! What is told of one reason after another, and when.

use super::*;

fn why() -> (Why, Teller) {
    let (_sights, seen) = watch::channel(Vec::new());
    Why::new(seen, 0)
}

fn said(reason: Reason, line: &str) -> Said {
    Said {
        line: line.to_owned(),
        ..Said::plain(reason)
    }
}

async fn pass(time: Duration) {
    tokio::time::advance(time).await;
}

#[tokio::test(start_paused = true)]
async fn a_reason_holds_since_its_code_came_whatever_its_words_and_a_new_code_begins_anew() {
    let (why, teller) = why();
    let second = Duration::from_secs(1);
    let mut seen = Vec::new();
    for (at_ms, reason, line, is_formed) in [
        (
            1_000,
            Reason::WaitingForServers,
            "1 of 3 servers are here",
            false,
        ),
        (
            2_000,
            Reason::WaitingForServers,
            "2 of 3 servers are here",
            false,
        ),
        (
            3_000,
            Reason::WaitingForServers,
            "2 of 3 servers are here",
            false,
        ),
        (4_000, Reason::Ready, "in cluster", true),
        (5_000, Reason::Ready, "in cluster", true),
        (
            6_000,
            Reason::WaitingForServers,
            "1 of 3 servers are here",
            true,
        ),
    ] {
        pass(second).await;
        teller.tell(said(reason, line), is_formed, at_ms);
        let report = why.report();
        assert_eq!(report.said, said(reason, line));
        assert_eq!(report.is_formed, is_formed);
        seen.push((report.since_ms, report.held.as_secs()));
    }
    let expected = [
        (1_000, 0),
        (1_000, 1),
        (1_000, 2),
        (4_000, 0),
        (4_000, 1),
        (6_000, 0),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test(start_paused = true)]
async fn whoever_follows_hears_of_a_change_of_code_words_or_cluster_and_of_nothing_else() {
    let (mut why, teller) = why();
    let mut hears = |reason, line, is_formed| {
        why.mark();
        teller.tell(said(reason, line), is_formed, 0);
        futures_util::FutureExt::now_or_never(why.changed()).is_some()
    };
    assert!(hears(Reason::NoLeader, "a", false));
    assert!(!hears(Reason::NoLeader, "a", false));
    assert!(hears(Reason::NoLeader, "b", false), "words");
    assert!(hears(Reason::NoLeader, "b", true), "a cluster");
    assert!(hears(Reason::Ready, "b", true), "a code");
}

#[tokio::test(start_paused = true)]
async fn an_agent_is_live_while_its_loop_turns_and_for_five_seconds_more() {
    let (why, teller) = why();
    for _ in 0..10 {
        pass(Duration::from_secs(4)).await;
        teller.tell(Said::plain(Reason::NoLeader), false, 0);
        assert!(why.report().is_live);
    }
    pass(Duration::from_millis(4_999)).await;
    assert!(why.is_live());
    pass(Duration::from_millis(1)).await;
    assert!(!why.is_live() && !why.report().is_live);
}

#[tokio::test(start_paused = true)]
async fn the_log_has_a_line_for_each_code_at_once_and_for_new_words_of_one_now_and_then() {
    let (_why, teller) = why();
    let is_line = |reason, line| teller.is_line(&said(reason, line));
    assert!(is_line(Reason::NoLeader, "a"));
    assert!(!is_line(Reason::NoLeader, "a"), "nothing new");
    assert!(!is_line(Reason::NoLeader, "b"), "new words so soon");
    pass(LOG_EVERY).await;
    assert!(
        !is_line(Reason::NoLeader, "a"),
        "the words that were logged"
    );
    assert!(is_line(Reason::NoLeader, "b"));
    assert!(is_line(Reason::Formed, "c"), "a new code at once");
    assert!(is_line(Reason::Ready, "d"));
    pass(LOG_EVERY * 10).await;
    assert!(!is_line(Reason::Ready, "d"));
    assert!(is_line(Reason::NoLeader, "b"), "a code that comes again");
}
