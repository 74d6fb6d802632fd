//! Whole hours in virtual time: how often the sources are asked, and how soon when it matters.
//!
//! The driver here answers at once and draws each sleep; nothing else takes time.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::*;

const START: Duration = Duration::ZERO;
const REFRESH: Duration = Duration::from_mins(5);
/// The longest time from one refresh to the next.
const REFRESH_MAX: Duration = Duration::from_mins(7);

/// A source that always says the same.
#[derive(Debug, Clone, Copy)]
struct Says {
    cost: Cost,
    /// How long its answer stays true, in seconds.
    fresh_for: Option<u64>,
    /// Somebody is there.
    is_right: bool,
}

const fn says(cost: Cost, fresh_for: Option<u64>) -> Says {
    Says {
        cost,
        fresh_for,
        is_right: true,
    }
}

const LIST: Says = says(Cost::Light, None);
const API: Says = says(Cost::Call, None);

/// An engine, its clock, and what it asked.
struct World {
    engine: Engine,
    says: Vec<Says>,
    now: Duration,
    /// Who wakes when; the number tells apart what wakes at one time.
    asleep: BTreeMap<(Duration, usize), Token>,
    asked: Vec<(usize, Duration)>,
    chance: u64,
}

impl World {
    fn new(says: &[Says], seed: u64) -> Self {
        let manner = |said: &Says| Manner {
            kind: Kind::Retry,
            cost: said.cost,
        };
        Self {
            engine: Engine::new(Policy::default(), says.iter().map(manner)),
            says: says.to_vec(),
            now: START,
            asleep: BTreeMap::new(),
            asked: Vec::new(),
            chance: seed | 1,
        }
    }

    /// Lets something happen, and all that follows from it at once.
    fn happens(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let (engine, actions) = self.engine.clone().handle(event);
            self.engine = engine;
            for action in actions {
                events.extend(self.take(action));
            }
        }
    }

    fn take(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::Resolve { source, token } => {
                let place = usize::from(source.0);
                self.asked.push((place, self.now));
                let answer = Ok(Found {
                    addresses: addresses(&[&format!("10.0.0.{place}")]),
                    has_own: false,
                    complete: true,
                    fresh_for: self.says[place].fresh_for.map(Duration::from_secs),
                });
                Some(Event::Resolved { token, answer })
            }
            Action::Join {
                source,
                token,
                addresses,
                ..
            } => {
                let is_right = self.says[usize::from(source.0)].is_right;
                let reached = if is_right { addresses } else { Vec::new() };
                let own = Vec::new();
                Some(Event::Joined {
                    token,
                    reached,
                    own,
                })
            }
            Action::Sleep { token, window } => {
                let span = window.to.saturating_sub(window.from);
                let share = u32::try_from(self.draw() >> 32).unwrap();
                let more = span.saturating_mul(share).checked_div(u32::MAX).unwrap();
                let at = [window.from, more]
                    .into_iter()
                    .fold(self.now, Duration::saturating_add);
                self.asleep.insert((at, self.asleep.len()), token);
                None
            }
            Action::Notice(_) => None,
            Action::GiveUp(outcome) => panic!("{outcome:?}"),
        }
    }

    /// A linear congruential generator (Knuth's MMIX); its upper half is good enough.
    fn draw(&mut self) -> u64 {
        self.chance = self
            .chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.chance
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now.saturating_add(time);
        while let Some(entry) = self.asleep.first_entry().filter(|e| e.key().0 <= end) {
            let ((at, _), token) = entry.remove_entry();
            self.now = at;
            self.happens(Event::Woke(token));
        }
        self.now = end;
    }

    /// When the sources were asked for which this holds, after the first time.
    fn asked_again(&self, is_it: impl Fn(usize) -> bool) -> Vec<Duration> {
        let it = self.asked.iter().filter(|(place, _)| is_it(*place));
        let times = it.map(|(_, at)| *at);
        times.filter(|at| *at > START).collect()
    }
}

/// Sources that found others at once, under a leader.
fn at_peace(says: &[Says], seed: u64) -> World {
    let mut world = World::new(says, seed);
    for event in [Event::Met, Event::LeaderKnown, Event::Started] {
        world.happens(event);
    }
    assert!(matches!(world.engine.phase(), Phase::Resting { .. }));
    world
}

/// The times from one to the next, the start among them.
fn gaps(times: &[Duration]) -> Vec<Duration> {
    let before = std::iter::once(&START).chain(times);
    before
        .zip(times)
        .map(|(from, to)| to.saturating_sub(*from))
        .collect()
}

#[test]
fn an_hour_of_peace_costs_one_call_in_five_minutes_however_many_apis_there_are() {
    for (count, longest) in [(1, 1), (3, 3), (7, 7)] {
        let mut sources = vec![API; count];
        sources.push(LIST);
        let mut world = at_peace(&sources, 7);
        world.pass(Duration::from_hours(1));
        let calls = world.asked_again(|place| place < count);
        assert!((8..=12).contains(&calls.len()), "{count}: {calls:?}");
        assert!(gaps(&calls).iter().all(|gap| *gap >= REFRESH), "{calls:?}");
        for place in 0..count {
            let mine = world.asked_again(|other| other == place);
            assert!(!mine.is_empty());
            let is_late = |gap: &Duration| *gap > REFRESH_MAX.saturating_mul(longest);
            assert!(!gaps(&mine).iter().any(is_late), "{place}: {mine:?}");
        }
    }
}

#[test]
fn what_costs_little_is_asked_at_each_refresh() {
    let mut world = at_peace(&[API, LIST, LIST, API], 3);
    world.pass(Duration::from_hours(1));
    for place in [1, 2] {
        let times = world.asked_again(|other| other == place);
        let is_right = |gap: &Duration| (REFRESH..=REFRESH_MAX).contains(gap);
        assert!(gaps(&times).iter().all(is_right), "{times:?}");
    }
}

#[test]
fn a_name_is_asked_for_once_in_its_ttl_and_never_forgotten() {
    for (ttl, most) in [(0, 24), (5, 24), (300, 24), (301, 12), (900, 8), (3_000, 2)] {
        let mut world = at_peace(&[says(Cost::Light, Some(ttl)), API], ttl);
        world.pass(Duration::from_hours(2));
        let times = world.asked_again(|place| place == 0);
        assert!((1..=most).contains(&times.len()), "{ttl}: {times:?}");
        let ttl = Duration::from_secs(ttl);
        assert!(gaps(&times).iter().all(|gap| *gap >= ttl), "{ttl:?}");
        assert!(
            !world.asked_again(|place| place == 1).is_empty(),
            "the other source has its turns"
        );
    }
}

#[test]
fn an_alarm_asks_every_source_at_once_also_what_is_fresh_and_was_just_asked() {
    let day = Some(86_400);
    let sources = [LIST, API, says(Cost::Light, day), says(Cost::Call, day)];
    for alarm in [
        Event::Isolated,
        Event::LeaderLost,
        Event::BelowFloor,
        Event::Asked,
    ] {
        let mut world = at_peace(&sources, 1);
        world.pass(Duration::from_mins(1));
        world.happens(alarm.clone());
        let asked = world.asked_again(|_| true);
        assert_eq!(asked, [world.now; 4], "{alarm:?}");
    }
}

#[test]
fn a_source_that_changed_is_asked_at_once_and_alone() {
    let mut world = at_peace(&[API, LIST], 1);
    world.pass(Duration::from_mins(1));
    world.happens(Event::Changed(B));
    assert_eq!(world.asked[2..], [(1, world.now)]);
    world.pass(Duration::from_mins(4));
    assert_eq!(world.asked.len(), 3, "and then comes the usual time");
}

/// Nobody is where the sources say, for an hour; then somebody is.
#[test]
fn an_hour_alone_is_bounded_and_who_comes_back_is_found_within_the_interval() {
    for seed in 1..=20 {
        let wrong = Says {
            is_right: false,
            ..API
        };
        let mut world = World::new(&[wrong], seed);
        world.happens(Event::Started);
        world.pass(Duration::from_hours(1));
        // Full jitter: half the interval on average.
        let calls = world.asked.len();
        assert!((200..=300).contains(&calls), "{calls}");
        world.says[0].is_right = true;
        world.happens(Event::LeaderKnown);
        world.pass(Duration::from_secs(30));
        assert!(matches!(world.engine.phase(), Phase::Resting { .. }));
    }
}

fn any_source() -> impl Strategy<Value = Says> {
    let cost = prop_oneof![Just(Cost::Light), Just(Cost::Call)];
    let fresh_for = prop_oneof![Just(None), (0..10_000_u64).prop_map(Some)];
    (cost, fresh_for).prop_map(|(cost, fresh_for)| says(cost, fresh_for))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn peace_never_costs_more_than_it_may(
        sources in proptest::collection::vec(any_source(), 1..6),
        seed in any::<u64>(),
    ) {
        let mut world = at_peace(&sources, seed);
        world.pass(Duration::from_hours(1));
        let calls = world.asked_again(|place| sources[place].cost == Cost::Call);
        prop_assert!(gaps(&calls).iter().all(|gap| *gap >= REFRESH), "{calls:?}");
        for (place, said) in sources.iter().enumerate() {
            let times = world.asked_again(|other| other == place);
            let ttl = Duration::from_secs(said.fresh_for.unwrap_or_default()).max(REFRESH);
            prop_assert!(gaps(&times).iter().all(|gap| *gap >= ttl), "{place}: {times:?}");
        }
    }
}
