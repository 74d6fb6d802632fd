//! `operator raft recover`: for a cluster that has lost its quorum for good (design, section 5).
//!
//! Works on the data directory of a stopped server. Says what is there, what will be lost and what
//! will be done; does it only with `--apply`.

use std::path::PathBuf;

use crate::agent::chain;
use crate::agent::recover::{self, Plan};
use crate::cli::{Failure, World};
use crate::raft::offline::StoredPeer;

/// Makes a stopped server the first of a new cluster that holds its data
///
/// For a cluster that has lost its quorum for good. Run it with --plan on every server that is
/// left, and with --apply on the one that has the most.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  quorate operator raft recover -data-dir=/opt/quorate --plan")]
pub(in crate::cli) struct Recover {
    /// Data directory of the stopped server
    #[arg(long, value_name = "PATH")]
    data_dir: Option<PathBuf>,

    /// Say what is there, what will be lost and what will be done; change nothing
    #[arg(long)]
    plan: bool,

    /// Do it
    #[arg(long)]
    apply: bool,
}

impl Recover {
    /// Prints the plan, and carries it out if asked.
    pub(in crate::cli) fn run(self, world: &mut World) -> Result<(), Failure> {
        let fail = |error: recover::RecoverError| {
            Failure::new(format!("Error recovering: {}", chain(&error)))
        };
        let Some(dir) = self.data_dir.filter(|dir| !dir.as_os_str().is_empty()) else {
            let text = "Error recovering: -data-dir is required, the data directory of the server";
            return Err(Failure::misuse(text));
        };
        if self.plan == self.apply {
            let text = "Error recovering: give either --plan, to see what is there and what would \
                        be lost and done, or --apply, to do it";
            return Err(Failure::misuse(text));
        }
        let plan = recover::plan(&dir).map_err(fail)?;
        for line in describe(&plan) {
            world.out.line(line);
        }
        if !self.apply {
            return Ok(());
        }
        let done = recover::apply(&dir)
            .map_err(|broken_off| Failure::new(format!("Error recovering: {broken_off}")))?;
        world.out.line("");
        world.out.line(format!(
            "Recovered: cluster {} is now {}",
            done.from, done.to
        ));
        world.out.line(format!(
            "What was changed is kept in {}",
            done.backup.display()
        ));
        world
            .out
            .line("Start the server as before; then let new servers join it");
        Ok(())
    }
}

fn describe(plan: &Plan) -> Vec<String> {
    let mut lines = facts(plan);
    if let Some(cluster) = plan.begun {
        lines.push(String::new());
        lines.push(format!(
            "A recovery to cluster {cluster} was begun and not finished. --apply finishes it, and so \
             does the next start of the agent"
        ));
        return lines;
    }
    lines.extend(losses(plan));
    lines.extend(deeds(plan));
    lines.extend(advice());
    lines
}

fn facts(plan: &Plan) -> Vec<String> {
    let stored = &plan.stored;
    let place = |place: Option<(u64, u64)>| match place {
        Some((index, term)) => format!("index {index}, term {term}"),
        None => "none".to_owned(),
    };
    let committed = match (stored.committed, plan.uncertain()) {
        (None, _) => "nothing is known to be committed".to_owned(),
        (Some(index), 0) => format!("all known to be committed, up to index {index}"),
        (Some(index), beyond) => {
            format!("known to be committed up to index {index}; {beyond} beyond")
        }
    };
    let mut lines = vec![
        format!("Server:         {}", named(&plan.own)),
        format!("Data directory: {}", plan.dir.display()),
        format!("Cluster:        {}", plan.cluster),
        format!("Last vote:      term {}", stored.term),
        format!("Last entry:     {}", place(stored.last)),
        format!("Last snapshot:  {}", place(stored.snapshot)),
        format!("Entries:        {committed}"),
    ];
    if stored.is_torn {
        lines.push(
            "Torn tail:      the log ends in half an entry, which was never acknowledged"
                .to_owned(),
        );
    }
    for (kind, is_voter) in [("Voters", true), ("Learners", false)] {
        let peers: Vec<&StoredPeer> = stored
            .peers
            .iter()
            .filter(|peer| peer.is_voter == is_voter)
            .collect();
        if !peers.is_empty() {
            lines.push(format!("{kind} of the cluster:"));
            lines.extend(peers.into_iter().map(|peer| format!("  {}", named(peer))));
        }
    }
    lines
}

fn losses(plan: &Plan) -> Vec<String> {
    let others: Vec<&str> = plan.others().map(|peer| peer.peer.name.as_str()).collect();
    let last = plan.stored.last.map_or(0, |(index, _)| index);
    let mut lines = vec![
        String::new(),
        "What will be lost:".to_owned(),
        format!("  the votes of {}", others.join(", ")),
        format!("  whatever was acknowledged behind index {last}, which only they had"),
    ];
    let kept = match plan.uncertain() {
        0 => "What will be kept: every entry that is here".to_owned(),
        beyond => format!(
            "What will be kept: every entry that is here, also the {beyond} that may or may not have \
             been acknowledged"
        ),
    };
    lines.push(kept);
    lines
}

fn deeds(plan: &Plan) -> Vec<String> {
    vec![
        String::new(),
        "What --apply will do:".to_owned(),
        format!(
            "  keep a copy of raft's data and of the records in {}",
            plan.backup.display()
        ),
        "  give the cluster a new id, so that agents of the old one are refused at every door"
            .to_owned(),
        format!(
            "  make {} its only voter, with all that is here",
            plan.own.peer.name
        ),
    ]
}

fn advice() -> Vec<String> {
    [
        "",
        "Before: make sure that the other voters are gone for good. A majority of them that still \
         runs goes on as the old cluster.",
        "If more than one server is left, run --plan on each. Take the one whose last entry has the \
         highest term, and among those the highest index. Apply there and nowhere else.",
        "After: every other server starts with an empty data directory and joins. One that comes \
         back with its old disk is refused and keeps its data, until it does so too. A client forgets \
         the old cluster when it starts without the file cluster.record in its data directory.",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn named(peer: &StoredPeer) -> String {
    let about = &peer.peer;
    format!(
        "{} at {} (node id {}, raft id {})",
        about.name, about.rpc_addr, about.node_id, peer.id
    )
}
