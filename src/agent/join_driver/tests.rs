//! What the driver of a client tells the engine of what it sees.

use tokio::time::advance;

use super::*;
use crate::agent::route::tests::{client, client_of};
use crate::config;
use crate::host::Real;
use crate::http::fake::{member, server};
use crate::join::{Kind, Phase};
use crate::types::MemberStatus::{self, Alive, Failed};
use crate::types::{ClusterId, Reason, Role};
use crate::why::{Said, Told};

/// A driver without sources, whose engine rests as soon as there are others and a leader.
struct World {
    driver: JoinDriver,
    word: watch::Sender<Word>,
    _evidence: watch::Receiver<Evidence>,
    _sights: watch::Receiver<Vec<Sight>>,
    _end: mpsc::Receiver<End>,
}

impl World {
    fn new() -> Self {
        let matches = config::command()
            .try_get_matches_from(["agent", "--dev"])
            .unwrap();
        let config = Arc::new(config::load(&matches, |_| Ok(())).unwrap().config);
        let (dir, host) = (DataDir::memory(), Arc::new(Real));
        let lookup = Lookup::new(quorate_providers::Io::real(), 8301);
        let (word, told) = watch::channel(None);
        let (evidence, seen) = watch::channel(Evidence::default());
        let (sights, shown) = watch::channel(Vec::new());
        let (end, ends) = mpsc::channel(1);
        let mut driver = JoinDriver {
            engine: Engine::new(Policy::default(), Vec::<Kind>::new()),
            memory: Memory::default(),
            files: Files::new(&lookup, std::iter::empty()),
            settings: watch::channel(config).1,
            told,
            sources: Sources::default(),
            lookup,
            gossip: client(),
            raft: None,
            membership: Arc::new(Membership::new(dir.clone(), Some(ClusterId::new(7)))),
            dir,
            host,
            evidence,
            end,
            work: FuturesUnordered::new(),
            seen: Seen::default(),
            sights,
            joined: BTreeSet::new(),
            leaderless: Some(Instant::now()),
            was_alone: true,
            servers_before: 0,
        };
        driver.handle(Event::Started);
        Self {
            driver,
            word,
            _evidence: seen,
            _sights: shown,
            _end: ends,
        }
    }

    /// A client that sees a server and another client, and rests.
    fn resting() -> Self {
        let mut world = Self::new();
        world.driver.look_at_members(&pool(Alive, Alive));
        assert!(matches!(world.driver.engine.phase(), Phase::Resting { .. }));
        world
    }

    /// Whether the engine began a round.
    fn begins_a_round(&mut self, look: impl FnOnce(&mut JoinDriver)) -> bool {
        let before = self.driver.engine.phase();
        look(&mut self.driver);
        self.driver.engine.phase() != before
    }
}

/// A server and a client.
fn pool(of_server: MemberStatus, of_client: MemberStatus) -> [Member; 2] {
    [
        server(1, "s1", of_server),
        member(50, "web1", of_client, Role::Client),
    ]
}

#[test]
fn a_server_of_a_cluster_looks_more_often_and_one_that_founds_with_others_awaits_them() {
    let config = |expect: &str| {
        let words = [
            "agent",
            "--server",
            "--data-dir=/data",
            "--bind=127.0.0.1",
            expect,
        ];
        let matches = config::command().try_get_matches_from(words).unwrap();
        config::load(&matches, |_| Ok(())).unwrap().config
    };
    let (three, one) = (
        config("--bootstrap-expect=3"),
        config("--bootstrap-expect=1"),
    );
    let usual = Policy::configured(three.retry_interval, None);
    let of_member = Policy::of_member(three.retry_interval, None);
    assert_ne!(usual, of_member);
    let rows = [
        (&three, true, true, usual.clone().founding(true)),
        (&one, true, true, usual.clone()),
        (&three, true, false, of_member.clone()),
        (&one, true, false, of_member),
        (&three, false, false, usual.clone()),
        (&one, false, true, usual),
    ];
    for (config, is_server, is_blank, expected) in rows {
        assert_eq!(
            policy(config, is_server, is_blank),
            expected,
            "{is_server} {is_blank}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_alone_looks_at_once() {
    let mut world = World::resting();
    assert!(!world.begins_a_round(|driver| driver.look_at_members(&pool(Alive, Failed))));
    // It does not rest before it has met somebody.
    world.driver.look_at_members(&[]);
    assert_eq!(world.driver.engine.phase(), Phase::Seeking);
    let mut world = World::resting();
    world.driver.look_at_members(&pool(Failed, Failed));
    assert_eq!(world.driver.engine.phase(), Phase::Seeking);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_lost_its_last_server_looks_at_once_though_others_are_there() {
    let mut world = World::resting();
    assert!(world.begins_a_round(|driver| driver.look_at_members(&pool(Failed, Alive))));
    assert!(
        !world.begins_a_round(|driver| driver.look_at_members(&pool(Failed, Alive))),
        "once per fall"
    );
}

#[tokio::test(start_paused = true)]
async fn who_has_had_no_leader_for_ten_seconds_looks_and_not_before() {
    for leaves in [true, false] {
        let mut world = World::resting();
        let told = Told {
            by: "192.0.2.1:8300".to_owned(),
            said: Said::plain(Reason::NoLeader),
        };
        world.word.send_replace(Some(Ok(told)));
        world.driver.look_at_leader();
        advance(Duration::from_millis(9_900)).await;
        assert!(!world.begins_a_round(JoinDriver::look_at_leader));
        if leaves {
            advance(Duration::from_millis(100)).await;
            assert!(world.begins_a_round(JoinDriver::look_at_leader));
            continue;
        }
        // One is back in time, and goes again.
        for word in [Reason::Ready, Reason::NoLeader] {
            let said = Said::plain(word);
            let by = String::new();
            world.word.send_replace(Some(Ok(Told { by, said })));
            world.driver.look_at_leader();
        }
        advance(Duration::from_millis(9_900)).await;
        assert!(!world.begins_a_round(JoinDriver::look_at_leader));
    }
}

#[tokio::test]
async fn addresses_of_the_last_life_whose_members_left_are_not_tried() {
    let world = World::new();
    let (stays, leaves) = (client_of(1), client_of(2));
    let own = &world.driver.gossip;
    for other in [&stays, &leaves] {
        assert!(own.join(&[other.local_addr()]).await.failed.is_empty());
    }
    leaves.leave().await;
    let mut members = own.watch();
    let has_left = |members: &Arc<[Member]>| {
        members
            .iter()
            .any(|member| member.status == MemberStatus::Left)
    };
    drop(
        tokio::time::timeout(Duration::from_secs(20), members.wait_for(has_left))
            .await
            .unwrap(),
    );
    let unknown = "192.0.2.77:8301".parse().unwrap();
    let all = vec![stays.local_addr(), leaves.local_addr(), unknown];
    let left = world.driver.without_leavers(Some(Entry::Remembered(all)));
    assert!(
        matches!(&left, Some(Entry::Remembered(rest)) if *rest == [stays.local_addr(), unknown]),
        "{left:?}"
    );
}
