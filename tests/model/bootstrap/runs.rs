//! The runs by name.

use quorate::bootstrap::{Expectation, Safety};

use super::terms::SERVERS;
use super::world::{Heir, Knowledge, Lie, Setup};

/// Every server expects as many.
const fn each(expect: u32) -> [Expectation; SERVERS] {
    [Expectation::Servers(expect); SERVERS]
}

/// Three servers found a cluster of two and try twice.
pub(super) const TWO_OF_THREE: Setup = Setup {
    servers: 3,
    expects: each(2),
    safety: Safety::Majority,
    proposals: 2,
    knowledge: Knowledge::Addresses,
    living: 0,
    is_other: false,
    has_heard: false,
    losses: 0,
    most_lost: 0,
    heir: Heir::Nobody,
    ledger_losses: 0,
    may_block: false,
    is_calm: false,
    lie: Lie::None,
};

/// Three servers found a cluster of three and try twice.
pub(super) const THREE: Setup = Setup {
    expects: each(3),
    ..TWO_OF_THREE
};

/// Two servers that each expect one.
pub(super) const EACH_ALONE: Setup = Setup {
    servers: 2,
    expects: each(1),
    ..TWO_OF_THREE
};

/// Four servers, of which the proposers know as few as can be.
pub(super) const BLIND: Setup = Setup {
    servers: 4,
    knowledge: Knowledge::Blind,
    is_calm: true,
    ..TWO_OF_THREE
};

/// Two blank servers beside one that is in a cluster; they see it, or do not hear it.
pub(super) const BESIDE_ONE: Setup = Setup {
    knowledge: Knowledge::Full,
    living: 1,
    ..TWO_OF_THREE
};

/// The same behind a cut, after the two heard of the cluster.
pub(super) const HEARD: Setup = Setup {
    knowledge: Knowledge::Cut,
    has_heard: true,
    ..BESIDE_ONE
};

/// Two servers that expect two, each of which may take the other for dead.
pub(super) const CUT_IN_TWO: Setup = Setup {
    servers: 2,
    knowledge: Knowledge::Cut,
    ..TWO_OF_THREE
};

/// Three servers found a cluster of three, and the one with the smallest id may be lost.
pub(super) const PROPOSER_LOST: Setup = Setup {
    knowledge: Knowledge::Full,
    losses: 0b001,
    most_lost: 1,
    ..THREE
};

/// A server with `-bootstrap` that sees another, which is in a cluster.
pub(super) const BOOTSTRAP: Setup = Setup {
    servers: 2,
    expects: [
        Expectation::Alone,
        Expectation::Servers(1),
        Expectation::Nothing,
        Expectation::Nothing,
        Expectation::Nothing,
        Expectation::Nothing,
    ],
    ..BESIDE_ONE
};

/// Three servers that do not agree, one of them without a number.
const MIXED: [Expectation; SERVERS] = [
    Expectation::Servers(2),
    Expectation::Servers(2),
    Expectation::Servers(3),
    Expectation::Nothing,
    Expectation::Nothing,
    Expectation::Nothing,
];

/// They found a cluster of two, if any.
pub(super) const DISAGREE: Setup = Setup {
    expects: MIXED,
    ..TWO_OF_THREE
};

/// One with `-bootstrap`, and others without a number.
const ONE_ALONE: [Expectation; SERVERS] = [
    Expectation::Alone,
    Expectation::Nothing,
    Expectation::Nothing,
    Expectation::Nothing,
    Expectation::Nothing,
    Expectation::Nothing,
];

/// Six servers that expect three.
pub(super) const SIX: Setup = Setup {
    servers: 6,
    expects: each(3),
    knowledge: Knowledge::Full,
    is_calm: true,
    ..TWO_OF_THREE
};

/// The runs of every test run.
pub(super) const SMALL: [(&str, Setup); 25] = [
    ("three that expect two", TWO_OF_THREE),
    ("three that expect three", THREE),
    ("two that each expect one", EACH_ALONE),
    (
        "three that each expect one",
        Setup {
            servers: 3,
            ..EACH_ALONE
        },
    ),
    ("two that expect two, cut", CUT_IN_TWO),
    (
        "three that expect two, cut",
        Setup {
            knowledge: Knowledge::Cut,
            ..TWO_OF_THREE
        },
    ),
    (
        "three that expect three, cut",
        Setup {
            knowledge: Knowledge::Cut,
            ..THREE
        },
    ),
    (
        "four that expect three, cut, calm",
        Setup {
            servers: 4,
            knowledge: Knowledge::Cut,
            is_calm: true,
            ..THREE
        },
    ),
    ("four that expect two, half blind", BLIND),
    (
        "four that expect two, cut, strict",
        Setup {
            servers: 4,
            knowledge: Knowledge::Cut,
            safety: Safety::Strict,
            is_calm: true,
            ..TWO_OF_THREE
        },
    ),
    ("six that expect three", SIX),
    ("three that expect three, proposer lost", PROPOSER_LOST),
    (
        "three that expect three, any one lost",
        Setup {
            losses: 0b111,
            most_lost: 1,
            may_block: true,
            ..THREE
        },
    ),
    (
        "two that expect two, any disk wiped",
        Setup {
            servers: 2,
            knowledge: Knowledge::Full,
            losses: 0b11,
            most_lost: 2,
            heir: Heir::Namesake,
            may_block: true,
            ..TWO_OF_THREE
        },
    ),
    (
        "two that expect two, any replaced",
        Setup {
            servers: 2,
            knowledge: Knowledge::Full,
            losses: 0b11,
            most_lost: 2,
            heir: Heir::Stranger,
            may_block: true,
            ..TWO_OF_THREE
        },
    ),
    (
        "three that expect three, two replaced",
        Setup {
            knowledge: Knowledge::Full,
            losses: 0b011,
            most_lost: 2,
            heir: Heir::Stranger,
            proposals: 1,
            may_block: true,
            ..THREE
        },
    ),
    (
        "two that expect two, ledger lost",
        Setup {
            servers: 2,
            knowledge: Knowledge::Full,
            ledger_losses: 0b11,
            may_block: true,
            ..TWO_OF_THREE
        },
    ),
    (
        "three that expect two, open",
        Setup {
            safety: Safety::Open,
            ..TWO_OF_THREE
        },
    ),
    (
        "three that expect two, strict",
        Setup {
            safety: Safety::Strict,
            ..TWO_OF_THREE
        },
    ),
    ("three that disagree", DISAGREE),
    ("two beside a cluster of one", BESIDE_ONE),
    ("two that heard of a cluster that is cut off", HEARD),
    (
        "one between two clusters",
        Setup {
            living: 2,
            is_other: true,
            ..BESIDE_ONE
        },
    ),
    ("bootstrap beside a cluster of one", BOOTSTRAP),
    (
        "bootstrap and two that were told nothing",
        Setup {
            servers: 3,
            expects: ONE_ALONE,
            living: 0,
            ..BOOTSTRAP
        },
    ),
];

/// The runs of `just model`.
pub(super) const LARGE: [(&str, Setup); 7] = [
    (
        "three that expect three, three proposals",
        Setup {
            proposals: 3,
            ..THREE
        },
    ),
    (
        "three that expect two, any two replaced",
        Setup {
            knowledge: Knowledge::Full,
            losses: 0b111,
            most_lost: 2,
            heir: Heir::Stranger,
            may_block: true,
            ..TWO_OF_THREE
        },
    ),
    (
        "three that expect three, cut, proposer lost",
        Setup {
            knowledge: Knowledge::Cut,
            ..PROPOSER_LOST
        },
    ),
    (
        "four that expect three, cut, one proposal",
        Setup {
            servers: 4,
            knowledge: Knowledge::Cut,
            proposals: 1,
            ..THREE
        },
    ),
    (
        "four that expect three, proposer lost",
        Setup {
            servers: 4,
            ..PROPOSER_LOST
        },
    ),
    (
        "three that expect three, any two wiped",
        Setup {
            knowledge: Knowledge::Full,
            losses: 0b111,
            most_lost: 2,
            heir: Heir::Namesake,
            may_block: true,
            ..THREE
        },
    ),
    (
        "four that expect three",
        Setup {
            servers: 4,
            ..THREE
        },
    ),
];
