//! Every rule broken once, the run that is to notice it, and by which invariant.

use quorate::bootstrap::Safety;

use super::runs::{
    BESIDE_ONE, BLIND, BOOTSTRAP, CUT_IN_TWO, DISAGREE, EACH_ALONE, HEARD, PROPOSER_LOST,
};
use super::runs::{THREE, TWO_OF_THREE};
use super::world::{Knowledge, Lie, Setup};

/// One broken rule.
pub(super) struct Broken {
    /// The rule or invariant of the design.
    pub(super) rule: &'static str,
    /// What is done instead of the rule.
    pub(super) instead: &'static str,
    pub(super) lie: Lie,
    pub(super) setup: Setup,
    /// How the search notices: an invariant, or that servers are stuck. Empty where it is safe.
    pub(super) wanted: &'static str,
}

const fn row(
    rule: &'static str,
    instead: &'static str,
    lie: Lie,
    setup: Setup,
    wanted: &'static str,
) -> Broken {
    Broken {
        rule,
        instead,
        lie,
        setup,
        wanted,
    }
}

/// The table of the page "Why there is only one cluster".
pub(super) const TABLE: [Broken; 26] = [
    row(
        "0",
        "a part of the member list is taken for the whole",
        Lie::PartOfTheList,
        EACH_ALONE,
        "I1",
    ),
    row(
        "1",
        "a server in a cluster says that it is blank",
        Lie::ClusterDenied,
        BESIDE_ONE,
        "I1",
    ),
    row(
        "1",
        "a start forgets the cluster that was heard of",
        Lie::HeardForgotten,
        HEARD,
        "I1",
    ),
    row(
        "2",
        "whoever is here founds",
        Lie::TooFewFound,
        CUT_IN_TWO,
        "I1",
    ),
    row(
        "3",
        "another expected number stops nobody",
        Lie::MismatchIgnored,
        DISAGREE,
        "",
    ),
    row(
        "4",
        "a silent server stops nobody",
        Lie::SilenceIgnored,
        BESIDE_ONE,
        "I1",
    ),
    row(
        "5",
        "a yes does not say how many servers there could be",
        Lie::ElectorateUntold,
        BLIND,
        "I1",
    ),
    row(
        "5",
        "the members' consent is enough",
        Lie::MembersAlone,
        EACH_ALONE,
        "I1",
    ),
    row("6", "any server proposes", Lie::AnyProposes, ALL_KNOWN, ""),
    row(
        "6",
        "a start forgets what was being prepared",
        Lie::PreparingForgotten,
        TWO_OF_THREE,
        "I7",
    ),
    row(
        "7",
        "a start forgets a promise",
        Lie::PromiseForgotten,
        THREE,
        "I7",
    ),
    row(
        "7",
        "a second promise takes the place of the first",
        Lie::TwoPromises,
        THREE_ALONE,
        "I1",
    ),
    row(
        "8",
        "a member's promise is taken for granted",
        Lie::MemberUnheard,
        THREE,
        "I7",
    ),
    row(
        "8",
        "`initialize` comes before \"founded\" is on disk",
        Lie::FoundedUnwritten,
        THREE,
        "I7",
    ),
    row(
        "8",
        "a proposer that has founded says that it is over",
        Lie::FoundedIsOver,
        THREE,
        "I7",
    ),
    row(
        "8, I2",
        "every member initialises",
        Lie::AllInitialize,
        THREE,
        "I2",
    ),
    row(
        "9a",
        "no member refuses",
        Lie::NobodyRefuses,
        PROPOSER_LOST,
        "stuck",
    ),
    row(
        "9a",
        "one refusal too few is enough",
        Lie::OneRefusalTooMany,
        THREE,
        "I7",
    ),
    row(
        "9b",
        "a refusal does not bind",
        Lie::RefusalBindsNot,
        THREE,
        "I7",
    ),
    row(
        "9b",
        "a refusal is never lifted",
        Lie::NeverLifted,
        PROPOSER_LOST,
        "stuck",
    ),
    row(
        "9c",
        "\"I never will\" is said and not written",
        Lie::RenounceForgotten,
        THREE,
        "I7",
    ),
    row(
        "9c",
        "a server that cannot tell says that it is dead",
        Lie::AnyoneEnds,
        LEDGER_LOST,
        "I7",
    ),
    row(
        "9d",
        "a proposer that comes back does not let go",
        Lie::ProposerHoldsOn,
        THREE,
        "stuck",
    ),
    row(
        "9d",
        "a dead founding leaves its raft state",
        Lie::NotWiped,
        THREE,
        "stuck",
    ),
    row(
        "10",
        "`-bootstrap` looks at nobody",
        Lie::BootstrapLooksNot,
        BOOTSTRAP,
        "I1",
    ),
    row(
        "I4",
        "a server is blank because gossip does not say otherwise",
        Lie::BlankByHearsay,
        BESIDE_ONE,
        "I1",
    ),
];

/// Three that expect two, where nothing is lost.
const ALL_KNOWN: Setup = Setup {
    is_calm: true,
    ..TWO_OF_THREE
};

/// Three that each expect one: two of them share the third as a witness.
const THREE_ALONE: Setup = Setup {
    servers: 3,
    ..EACH_ALONE
};

/// Three that expect three, any of which may lose its ledger and keep its raft data.
const LEDGER_LOST: Setup = Setup {
    knowledge: Knowledge::Full,
    ledger_losses: 0b111,
    proposals: 1,
    may_block: true,
    ..THREE
};

/// I3, which no other rule holds up: broken, it is noticed for itself.
pub(super) const PROMISE_OF_A_MEMBER: Broken = row(
    "I3",
    "a member of a cluster promises",
    Lie::MemberPromises,
    Setup {
        knowledge: Knowledge::Addresses,
        ..BESIDE_ONE
    },
    "I3",
);

/// What the rules do not promise, each with the words of the page.
pub(super) const LIMITS: [(&str, Setup); 4] = [
    (
        "an even cut, `majority`",
        Setup {
            servers: 4,
            is_calm: true,
            knowledge: Knowledge::Cut,
            ..TWO_OF_THREE
        },
    ),
    (
        "a cluster of fewer than half, out of reach, `majority`",
        Setup {
            knowledge: Knowledge::Cut,
            ..BESIDE_ONE
        },
    ),
    (
        "listed addresses that are silent, `open`",
        Setup {
            safety: Safety::Open,
            ..EACH_ALONE
        },
    ),
    (
        "`-bootstrap` beside a cluster that it was not told of",
        Setup {
            knowledge: Knowledge::Blind,
            ..BOOTSTRAP
        },
    ),
];
