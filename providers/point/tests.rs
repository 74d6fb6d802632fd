//! Pictures of mistakes, and that no secret is in them.

use proptest::prelude::*;

use super::*;
use crate::Key;

const TABLES: &[Table] = &[
    (
        "cloud",
        &[
            &[
                Key::secret("password", "a secret"),
                Key::optional("region", "a region"),
            ],
            &[Key::optional("token_file", "a path")],
        ],
    ),
    (
        "other",
        &[&[Key::secret("pin", "a secret with a name of its own")]],
    ),
];

fn drawn(text: &str) -> String {
    let error = read(text, TABLES).unwrap_err();
    let picture = picture(text, &QueryError::Grammar(error.clone()), TABLES).unwrap();
    format!("{picture}\n{error}")
}

#[test]
fn a_mistake_is_pointed_at_and_secrets_are_masked() {
    let rows = [
        (
            "provider=cloud foo",
            "provider=cloud ****\n               ^",
        ),
        (
            "provider=cloud region=http://u:hush@h/ foo",
            "provider=cloud region=http://****@h/ ****\n                                     ^",
        ),
        (
            "provider=cloud password=hush foo=bar region=x y",
            "provider=cloud password=**** ****=**** region=x ****\n                                                ^",
        ),
        (
            "provider=cloud password=hush=",
            "provider=cloud password=****=\n                            ^",
        ),
        (
            "provider=cloud password=hu sh region=x",
            "provider=cloud password=**** **** region=****\n                             ^",
        ),
        (
            "provider=cloud password=\"hu\" sh\" a",
            "provider=cloud password=**** **** ****\n                             ^",
        ),
        (
            "provider=cloud password=\"hush",
            "provider=cloud password=****\n                        ^",
        ),
        (
            "a=1 b password=hush c=d",
            "a=**** **** password=**** ****=****\n       ^",
        ),
        ("a=\"b password=hush", "a=**** password=****\n  ^"),
        ("pin=hush x", "pin=**** ****\n         ^"),
        (
            "provider=cloud regoin=hush x",
            "provider=cloud regoin=**** ****\n                           ^",
        ),
        (
            "日本=1 api_tokn=日 x",
            "日本=**** api_tokn=**** ****\n                        ^",
        ),
        ("token_file=/a b", "token_file=**** ****\n                ^"),
    ];
    for (text, wanted) in rows {
        let found = drawn(text);
        assert!(found.starts_with(&format!("{wanted}\n")), "{text}\n{found}");
        assert!(!found.contains("hu") && !found.contains("sh"), "{found}");
    }
}

#[test]
fn a_name_tells_a_secret_where_no_table_does() {
    let secret = [
        ("cloud", "password"),
        ("other", "pin"),
        ("cloud", "pin"),
        ("nobody", "pin"),
        ("", "secret_access_key"),
        ("", "sesion_token"),
        ("cloud", "pasword"),
        ("nobody", "API_KEY"),
    ];
    for (provider, key) in secret {
        assert!(is_secret(provider, key, TABLES), "{provider} {key}");
    }
    for key in [
        "provider",
        "region",
        "token_file",
        "secret",
        "tag_key",
        "key",
        "",
    ] {
        assert!(!is_secret("cloud", key, TABLES), "{key}");
    }
}

#[test]
fn an_error_of_a_key_or_value_has_a_place_too() {
    let text = "tag=1 provider=nobody region=mars";
    let at = |error| picture(text, &error, TABLES).map(|picture| picture.column());
    let (provider, why) = ("cloud", String::new());
    let key = "region";
    let rows = [
        (
            QueryError::UnknownProvider {
                name: "nobody".to_owned(),
                valid: vec![],
            },
            Some(18),
        ),
        (
            QueryError::UnknownKey {
                provider,
                key: "tag".to_owned(),
                valid: vec![],
            },
            Some(0),
        ),
        (QueryError::Value { provider, key, why }, Some(32)),
        (QueryError::MissingKey { provider, key }, None),
    ];
    for (error, wanted) in rows {
        assert_eq!(at(error.clone()), wanted, "{error}");
    }
}

proptest! {
    #[test]
    fn no_broken_string_shows_its_secret(
        before in "(provider=cloud )?([a-c]=[x-z\" ]{0,3}[ \t\",])?",
        key in "password|pin|secret_access_key",
        between in " ?= ?",
        secret in "[A-Z]{3,5}",
        joint in "[=\" \\\\]{0,2}",
        more in "[A-Z]{3,5}",
        after in "( region=x)?[ =\"]{0,2}",
    ) {
        let text = format!("{before}{key}{between}{secret}{joint}{more}{after}");
        if let Err(error) = read(&text, TABLES) {
            let error = QueryError::Grammar(error);
            let shown = format!("{}{error}{error:?}", picture(&text, &error, TABLES).unwrap());
            let leaks = shown.contains(&secret) || shown.contains(&more);
            // The picture's capitals are those of the names of the errors.
            prop_assert!(!leaks || "MissingEqualsValueDuplicateKeyBadBareGrammar".contains(&secret), "{text}\n{shown}");
        }
    }

    #[test]
    fn any_text_can_be_drawn(text in any::<String>()) {
        if let Err(error) = read(&text, TABLES) {
            let at = error.at();
            let picture = picture(&text, &QueryError::Grammar(error), TABLES).unwrap();
            prop_assert!(!picture.line().contains(char::is_control), "{text:?} {at}");
        }
    }
}
