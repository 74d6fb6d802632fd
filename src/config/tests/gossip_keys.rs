//! The key that seals gossip, and those beside it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::load;
use crate::config::GossipKey;

const DATA: &str = "--data-dir=/data";

#[test]
fn accepted_keys_are_few_and_stand_beside_the_one_that_seals() {
    let key = |byte: u8| STANDARD.encode([byte; 32]);
    let with = |own: Option<u8>, accepted: &[u8]| {
        let own = own.map_or_else(String::new, key);
        let accepted: Vec<String> = accepted.iter().copied().map(key).collect();
        load(&[
            DATA,
            &format!("--hcl=encrypt = {own:?}\nencrypt_accept = {accepted:?}"),
        ])
    };
    let kept = with(Some(0), &[1, 0, 2, 1]).unwrap().config.encrypt_accept;
    let kept: Vec<&[u8]> = kept.iter().map(GossipKey::as_bytes).collect();
    assert_eq!(kept, [[1; 32], [2; 32]]);
    assert!(with(Some(0), &[1, 2, 3, 4, 5, 6, 7, 8, 0, 1]).is_ok());
    for (own, accepted, why) in [
        (
            Some(0),
            &[1, 2, 3, 4, 5, 6, 7, 8, 9][..],
            "one key too many",
        ),
        (None, &[1], "is beside encrypt, which is not set"),
    ] {
        let told = with(own, accepted).unwrap_err().to_string();
        assert!(told.contains(why), "{told}");
        assert!(told.contains("encrypt_accept = \"hidden\""), "{told}");
    }
    assert!(with(None, &[]).is_ok());
}

#[test]
fn settings_whose_keys_differ_differ_though_they_show_the_same() {
    let with = |own, accepted| {
        let texts = [own, accepted].map(|byte: u8| STANDARD.encode([byte; 32]));
        let [own, accepted] = texts;
        let text = format!("--hcl=encrypt = {own:?}\nencrypt_accept = [{accepted:?}]");
        load(&[DATA, &text]).unwrap().config
    };
    let differing = |own, accepted| {
        let differing = with(1, 2).differences(&with(own, accepted));
        let keys = differing.iter().map(|setting| setting.key);
        keys.collect::<Vec<&str>>().join(" ")
    };
    assert_eq!(differing(1, 2), "");
    assert_eq!(differing(1, 3), "encrypt_accept");
    assert_eq!(differing(2, 1), "encrypt encrypt_accept");
}
