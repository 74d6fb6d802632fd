//! Addresses: chosen, refused, and kept apart.

use std::net::IpAddr;

use super::{load, load_on, machine, mistakes};
use crate::config::machine::Machine;

const DATA: &str = "--data-dir=/data";

#[test]
fn an_address_to_advertise_is_chosen_only_if_there_is_no_doubt() {
    let on = |v4: &[&str], v6: &[&str], word: &str| {
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let machine = Machine {
            private_v4: parse(v4),
            public_v6: parse(v6),
            ..machine()
        };
        let loaded = load_on(&machine, &[DATA, word]);
        loaded
            .map(|loaded| loaded.config.advertise_addr)
            .map_err(|errors| errors.to_string())
    };
    let addr = |text: &str| Ok::<IpAddr, String>(text.parse().unwrap());
    assert_eq!(on(&["10.0.0.1"], &[], "--log-json"), addr("10.0.0.1"));
    assert_eq!(on(&[], &["2a01::1"], "--bind=::"), addr("2a01::1"));
    assert_eq!(on(&[], &[], "--bind=192.0.2.9"), addr("192.0.2.9"));
    assert_eq!(on(&[], &[], "--advertise=192.0.2.9"), addr("192.0.2.9"));
    assert_eq!(
        on(&[], &[], "--log-json"),
        Err(
            "No private IPv4 address found; bind_addr is 0.0.0.0, so others need to be told which \
             address to use: please configure one with 'bind' and/or 'advertise'"
                .to_owned()
        )
    );
    assert_eq!(
        on(&["10.0.0.1", "10.0.0.2"], &[], "--log-json"),
        Err(
            "Multiple private IPv4 addresses found; bind_addr is 0.0.0.0, so others need to be \
             told which address to use (10.0.0.1, 10.0.0.2): please configure one with 'bind' \
             and/or 'advertise'"
                .to_owned()
        )
    );
    assert!(on(&["10.0.0.1"], &[], "--bind=::").is_err());
    assert!(on(&[], &[], "--advertise=0.0.0.0").is_err());
}

#[test]
fn an_address_that_cannot_be_bound_is_refused_with_the_reason() {
    let rows = [
        ("", "cannot be empty"),
        ("unix:///tmp/x", "cannot be a unix socket"),
        (
            "10.0.0.1 10.0.0.2",
            "cannot contain multiple addresses; client_addr can",
        ),
        ("localhost", "must be an ip address"),
        (
            "{{ GetPrivateIP }}",
            "is a template, which quorate does not fill in; write the IP address",
        ),
    ];
    for (addr, why) in rows {
        let told = mistakes(&[DATA, &format!("--bind={addr}")]);
        assert_eq!(told, [format!("-bind: bind_addr = {addr:?} {why}")]);
    }
}

#[test]
fn two_listeners_on_one_address_are_refused() {
    let told = mistakes(&[DATA, "--server-port=8301"]);
    assert_eq!(
        told,
        [
            "Serf LAN address 0.0.0.0:8301 already configured for RPC (give ports.serf_lan or \
          ports.server another port)"
        ]
    );
    assert_eq!(mistakes(&[DATA, "--http-port=8300"]).len(), 1);
    assert!(load(&[DATA, "--bind=10.0.0.1", "--http-port=8300"]).is_ok());
    assert!(
        load(&[
            DATA,
            "--server-port=0",
            "--serf-lan-port=0",
            "--http-port=0"
        ])
        .is_ok()
    );
}
