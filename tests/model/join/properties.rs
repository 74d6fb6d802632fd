//! What must hold in every run, and what must be possible from every state.

use quorate::join::{Action, Activity, Ended, Event, Kind, Notice, Outcome, Phase, Source, Token};

use quorate::types::Address;

use super::answer::{Contact, address, event};
use super::world::{SOURCES, Step, Work, WorkKind, World};

/// Moves of a friendly world within which every engine must rest: a start, a leader, three for
/// each source (it wakes, resolves, joins), a member where no source has hope, and the check.
const KIND_MOVES: usize = 10;

/// What was violated, if anything.
pub(super) type Verdict = Result<(), String>;

/// Checks one move of the driver.
pub(super) fn check_move(before: &World, step: &Step, after: &World, done: &[Action]) -> Verdict {
    rest_is_left_for_a_reason(before, step, after, done)?;
    notices_are_true(before, step, done)?;
    giving_up_is_justified(after, done)?;
    attempts_are_limited(before, after)
}

/// Checks a state that was not seen before.
pub(super) fn check_state(world: &World, tokens: &[Token]) -> Verdict {
    what_is_over_has_no_effect(world, tokens)?;
    stop_stops(world)?;
    rest_is_earned(world)?;
    awaited_work_can_be_answered(world)?;
    nothing_is_left_undone(world)?;
    evidence_is_what_was_said(world)?;
    a_kind_world_brings_rest(world)
}

fn holds(condition: bool, what: &str) -> Verdict {
    if condition {
        Ok(())
    } else {
        Err(what.to_owned())
    }
}

/// Answers to anything but the newest work of an owner, however late, change nothing. So a source
/// never has two tokens that both count.
fn what_is_over_has_no_effect(world: &World, tokens: &[Token]) -> Verdict {
    for token in tokens {
        let owner = token.source().map_or(SOURCES, |id| usize::from(id.0));
        for kind in [WorkKind::Resolve, WorkKind::Join, WorkKind::Sleep] {
            let token = *token;
            let work = Work { token, owner, kind };
            if world.newest.contains(&Some(work)) {
                continue;
            }
            let (engine, done) = world.engine.clone().handle(event(&work.done_well()));
            let has_effect = engine != world.engine || !done.is_empty();
            holds(!has_effect, "an answer that is not awaited had an effect")?;
        }
    }
    Ok(())
}

/// The engine can be stopped at any time, and then does nothing more.
fn stop_stops(world: &World) -> Verdict {
    let (stopped, done) = world.engine.clone().handle(Event::Stop);
    let was_stopped = matches!(world.engine.phase(), Phase::Stopped(_));
    let is_told = stopped.phase() == Phase::Stopped(Outcome::Told);
    holds(
        (is_told || was_stopped) && done.is_empty(),
        "was not stopped",
    )?;
    for step in world.steps() {
        let (engine, done) = stopped.clone().handle(event(&step));
        holds(
            engine == stopped && done.is_empty(),
            "goes on after the end",
        )?;
    }
    Ok(())
}

/// From rest only the refresh, an alarm, an operator and the end have an effect.
fn rest_is_left_for_a_reason(
    before: &World,
    step: &Step,
    after: &World,
    done: &[Action],
) -> Verdict {
    let Phase::Resting { token } = before.engine.phase() else {
        return Ok(());
    };
    let is_reason = match step {
        Step::Wake(work) => work.token == token,
        Step::Happen(event) => matches!(
            event,
            Event::LeaderLost | Event::Isolated | Event::BelowFloor | Event::Asked | Event::Stop
        ),
        Step::Resolve(..) | Step::Join(..) => false,
    };
    let is_reason = is_reason || is_news(before, step);
    let changed = before.engine != after.engine || !done.is_empty();
    holds(
        changed == is_reason,
        "rest was left for no reason, or not for one",
    )
}

/// A source that can be asked has something new to say.
fn is_news(before: &World, step: &Step) -> bool {
    let Step::Happen(Event::Changed(id)) = step else {
        return false;
    };
    let source = before.engine.sources().get(usize::from(id.0));
    source.is_some_and(|source| source.activity() == Activity::Idle)
}

/// A join is noticed when others took part and only then.
fn notices_are_true(before: &World, step: &Step, done: &[Action]) -> Verdict {
    let joins = |action: &Action| matches!(action, Action::Notice(Notice::Joined { .. }));
    let may_join = matches!(step, Step::Join(_, Contact::Others));
    let rests = |action: &Action| matches!(action, Action::Notice(Notice::Rests));
    holds(may_join || !done.iter().any(joins), "a join without others")?;
    let is_new = before.engine.phase() == Phase::New;
    let is_start = *step == Step::Happen(Event::Started);
    holds(
        !(is_new && !is_start && done.iter().any(rests)),
        "rest before the start",
    )
}

/// The agent ends only if a source that may fail only later failed at first, or if an operator set
/// a limit, nothing was ever joined and no source is left.
fn giving_up_is_justified(after: &World, done: &[Action]) -> Verdict {
    for action in done {
        let Action::GiveUp(outcome) = action else {
            continue;
        };
        let justified = match outcome {
            Outcome::Told => false,
            Outcome::Exhausted => {
                let all_ended = after.engine.sources().iter().all(is_ended);
                after.retry_max.is_some() && !after.was_joined && all_ended
            }
            Outcome::OnceFailed { source, .. } => {
                let place = usize::from(source.0);
                let account = after.accounts.get(place);
                after.kinds.get(place) == Some(&Kind::Once)
                    && account.is_some_and(|account| !account.is_proven && account.lookups == 1)
            }
        };
        holds(justified, "gave up without need")?;
        let is_stopped = after.engine.phase() == Phase::Stopped(*outcome);
        holds(is_stopped, "gave up and went on")?;
    }
    Ok(())
}

/// An engine rests only when others are there and a leader is known.
fn rest_is_earned(after: &World) -> Verdict {
    let rests = matches!(after.engine.phase(), Phase::Resting { .. });
    let is_content = after.is_joined && after.is_leader_known;
    holds(!rests || is_content, "rests without others or a leader")?;
    let unheard = after.engine.sources().iter().any(|source| {
        matches!(
            source.activity(),
            Activity::Resolving { .. } | Activity::Joining { .. } | Activity::Sleeping { .. }
        )
    });
    holds(!rests || !unheard, "rests with work at hand")
}

/// Before anything was joined a source is looked up N + 1 times at most, unless its last answer
/// had the agent itself.
fn attempts_are_limited(before: &World, after: &World) -> Verdict {
    let Some(max) = after.retry_max else {
        return Ok(());
    };
    let mut accounts = before.accounts.iter().zip(&after.accounts);
    let is_beyond = accounts
        .any(|(old, new)| !old.has_own && new.tries > old.tries && new.tries > max.get() + 1);
    holds(
        after.was_joined || !is_beyond,
        "more attempts than the limit",
    )
}

/// Whatever the engine waits for is the newest work of its owner, which the driver will answer.
fn awaited_work_can_be_answered(after: &World) -> Verdict {
    for (place, source) in after.engine.sources().iter().enumerate() {
        let awaited = match source.activity() {
            Activity::Resolving { token, .. }
            | Activity::Joining { token, .. }
            | Activity::Sleeping { token, .. } => token,
            Activity::Idle | Activity::Ended(_) => continue,
        };
        let newest = after.newest.get(place).copied().flatten();
        let can = newest.is_some_and(|work| work.token == awaited);
        holds(can, "waits for work that was not asked for")?;
    }
    if let Phase::Resting { token } = after.engine.phase() {
        let newest = after.newest.get(SOURCES).copied().flatten();
        let can = newest.is_some_and(|work| work.token == token);
        holds(can, "rests without a refresh to come")?;
    }
    Ok(())
}

/// While others or a leader are missing, every source is at work or has ended; and one that is
/// exhausted has no place in an engine that was joined.
fn nothing_is_left_undone(after: &World) -> Verdict {
    if after.engine.phase() != Phase::Seeking || (after.is_joined && after.is_leader_known) {
        return Ok(());
    }
    for source in after.engine.sources() {
        let is_idle = source.activity() == Activity::Idle;
        let is_exhausted = source.activity() == Activity::Ended(Ended::Exhausted);
        holds(
            !is_idle,
            "a source is idle while others or a leader are missing",
        )?;
        holds(
            !(is_exhausted && after.was_joined),
            "a limit outlives the first join",
        )?;
    }
    Ok(())
}

/// Evidence never says more than the sources did.
fn evidence_is_what_was_said(after: &World) -> Verdict {
    for (place, evidence) in after.engine.evidence().into_iter().enumerate() {
        let account = after.accounts.get(place).copied().unwrap_or_default();
        let is_same = evidence.is_complete == account.is_complete;
        holds(
            is_same,
            "an answer with gaps counts as complete, or a complete one not",
        )?;
        let is_own = |listed: &Address| *listed == address(place);
        holds(
            evidence.listed.iter().all(is_own),
            "lists what no source said",
        )?;
        let is_within = evidence.reached.is_subset(&evidence.listed);
        holds(is_within, "reached what is not listed")?;
        let was_reached = evidence.reached.is_empty() || after.was_joined;
        holds(was_reached, "reached what nobody reached")?;
    }
    Ok(())
}

/// From every state: if the world turns friendly, the engine rests soon.
fn a_kind_world_brings_rest(after: &World) -> Verdict {
    let mut world = after.clone();
    for _ in 0..KIND_MOVES {
        match world.engine.phase() {
            Phase::Resting { .. } | Phase::Stopped(_) => return Ok(()),
            Phase::New | Phase::Seeking => {}
        }
        let step = world.kind_step().unwrap_or(Step::Happen(Event::Met));
        world = world.take(&step).0;
    }
    Err("a friendly world does not bring rest".to_owned())
}

fn is_ended(source: &Source) -> bool {
    matches!(source.activity(), Activity::Ended(_))
}
