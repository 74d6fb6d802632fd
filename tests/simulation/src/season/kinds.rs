//! The kinds of weather.

/// Things that happen; a season has some of them.
pub(super) const KINDS: [Kind; 17] = [
    Kind::Partition,
    Kind::LongCut,
    Kind::OneWay,
    Kind::NoRpc,
    Kind::Storm,
    Kind::Pause,
    Kind::Kill,
    Kind::KillAll,
    Kind::PowerCut,
    Kind::Blackout,
    Kind::Wipe,
    Kind::Move,
    Kind::MoveAll,
    Kind::Copy,
    Kind::Reuse,
    Kind::DiskTrouble,
    Kind::SlowDisks,
];

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Two groups that do not hear each other.
    Partition,
    /// Two groups that do not hear each other for longer than a failed member is kept.
    LongCut,
    /// One computer that is heard and does not hear, or the other way round.
    OneWay,
    /// Gossip gets through and port 8300 does not.
    NoRpc,
    /// Loss, doubles and long delays.
    Storm,
    /// SIGSTOP and SIGCONT.
    Pause,
    /// `kill -9`, and a new start.
    Kill,
    /// `kill -9` of all at once.
    KillAll,
    /// A power cut at one computer, while it writes.
    PowerCut,
    /// A power cut at all of them, while they write.
    Blackout,
    /// A server comes back with an empty disk.
    Wipe,
    /// A computer comes back at another address.
    Move,
    /// All computers come back at other addresses.
    MoveAll,
    /// A copy of a disk is started elsewhere.
    Copy,
    /// An address of one family is given to a computer of another.
    Reuse,
    /// A disk is slow, or full for a while.
    DiskTrouble,
    /// All disks are slow.
    SlowDisks,
}
