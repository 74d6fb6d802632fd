//! Contradictions and warnings about founding: texts and order of Consul.

use super::{load, mistakes};

const DATA: &str = "--data-dir=/data";

/// Words of a command line, and the warnings they bring.
type Row<'a> = (&'a [&'a str], &'a [&'a str]);

#[test]
fn contradictions_about_bootstrap_are_told_in_the_words_of_consul_and_with_their_places() {
    let rows: &[(&[&str], &str)] = &[
        (
            &["--bootstrap"],
            "'bootstrap = true' requires 'server = true' (bootstrap = true from -bootstrap, \
             server = false from default; give -server, or take bootstrap away)",
        ),
        (
            &["--bootstrap-expect=1"],
            "'bootstrap = true' requires 'server = true' (bootstrap_expect = 1 from \
             -bootstrap-expect, server = false from default; give -server, or take \
             bootstrap_expect away)",
        ),
        (
            &["--server", "--hcl=\n bootstrap_expect = -1"],
            "bootstrap_expect cannot be -1. Must be greater than or equal to zero \
             (bootstrap_expect = -1 from -hcl#1:2:2)",
        ),
        (
            &["--bootstrap-expect=3", "--server=false"],
            "'bootstrap_expect > 0' requires 'server = true' (bootstrap_expect = 3 from \
             -bootstrap-expect, server = false from -server; give -server, or take \
             bootstrap_expect away)",
        ),
        (
            &["--dev", "--bootstrap-expect=3"],
            "'bootstrap_expect > 0' not allowed in dev mode (bootstrap_expect = 3 from \
             -bootstrap-expect, -dev; take one of them away)",
        ),
        (
            &["--server", "--bootstrap", "--bootstrap-expect=3"],
            "'bootstrap_expect > 0' and 'bootstrap = true' are mutually exclusive \
             (bootstrap_expect = 3 from -bootstrap-expect, bootstrap = true from -bootstrap; \
             take bootstrap away)",
        ),
    ];
    for (words, wanted) in rows {
        assert_eq!(
            mistakes(&[&[DATA], *words].concat()),
            [*wanted],
            "{words:?}"
        );
    }
}

#[test]
fn contradictions_keep_the_order_of_consul() {
    let told = mistakes(&[
        DATA,
        "--dev",
        "--server=0",
        "--bootstrap",
        "--bootstrap-expect=4",
    ]);
    let texts: Vec<_> = told
        .iter()
        .map(|line| line.split(" (").next().unwrap())
        .collect();
    let wanted = [
        "'bootstrap = true' requires 'server = true'",
        "'bootstrap_expect > 0' requires 'server = true'",
        "'bootstrap_expect > 0' not allowed in dev mode",
        "'bootstrap_expect > 0' and 'bootstrap = true' are mutually exclusive",
    ];
    assert_eq!(texts, wanted);
}

#[test]
fn warnings_about_bootstrap_are_those_of_consul() {
    const ALONE: &str = "bootstrap = true: do not enable unless necessary";
    const ONE: &str = "bootstrap_expect is set to 1: this server founds a cluster alone, unless \
                       its sources list others that do not answer";
    let rows: &[Row<'_>] = &[
        (&[], &[]),
        (&["--bootstrap"], &[ALONE]),
        (&["--bootstrap-expect=1"], &[ONE]),
        (&["--bootstrap-expect=1", "--bootstrap"], &[ONE, ALONE]),
        (
            &["--bootstrap-expect=2"],
            &[
                "bootstrap_expect = 2: A cluster with 2 servers will provide no failure tolerance.",
                "bootstrap_expect > 0: expecting 2 servers",
            ],
        ),
        (
            &["--bootstrap-expect=3"],
            &["bootstrap_expect > 0: expecting 3 servers"],
        ),
        (
            &["--bootstrap-expect=4"],
            &[
                "bootstrap_expect is even number: A cluster with an even number of servers does \
                 not achieve optimum fault tolerance.",
                "bootstrap_expect > 0: expecting 4 servers",
            ],
        ),
    ];
    for (words, wanted) in rows {
        let loaded = load(&[&[DATA, "--server"], *words].concat()).unwrap();
        let told = loaded
            .warnings
            .iter()
            .map(|text| text.split(" See ").next().unwrap());
        assert_eq!(told.collect::<Vec<_>>(), *wanted, "{words:?}");
    }
}

#[test]
fn an_expected_number_of_one_stays_a_number_and_only_dev_asks_nobody() {
    for (words, is_alone) in [(["--server", DATA], false), (["--dev", "--log-json"], true)] {
        let config = load(&[&words[..], &["--bootstrap-expect=1"]].concat())
            .unwrap()
            .config;
        assert_eq!(config.founds_alone(), is_alone);
        assert_eq!(
            (config.bootstrap, config.bootstrap_expect),
            (false, Some(1))
        );
    }
}
