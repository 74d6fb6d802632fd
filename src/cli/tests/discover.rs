//! `discover` where nothing has to be looked up: reading, checking, help and mistakes.

use super::{done, failed, run_alone};

#[tokio::test]
async fn parse_prints_one_object_of_strings() {
    let rows: &[(&[&str], &str)] = &[
        (&[""], "{}\n"),
        (&["key=a key2=b"], "{\"key\":\"a\",\"key2\":\"b\"}\n"),
        (
            &["provider=k8s label_selector=\"app = x\""],
            "{\"label_selector\":\"app = x\",\"provider\":\"k8s\"}\n",
        ),
        (&["a=é", "b=\"x\\ty\""], "{\"a\":\"é\",\"b\":\"x\\ty\"}\n"),
        (&["secret=\"abc+GU2=\""], "{\"secret\":\"abc+GU2=\"}\n"),
        // What the shell took the quotes of.
        (
            &["provider=x", "a=b c"],
            "{\"a\":\"b c\",\"provider\":\"x\"}\n",
        ),
        // Several strings.
        (
            &["provider=x a=1", "provider=y"],
            "{\"a\":\"1\",\"provider\":\"x\"}\n{\"provider\":\"y\"}\n",
        ),
    ];
    for (words, wanted) in rows {
        let args = [&["discover", "-parse"], *words].concat();
        assert_eq!(run_alone(&args).await, done(wanted), "{words:?}");
    }
}

#[tokio::test]
async fn a_secret_is_shown_only_where_it_is_asked_for() {
    let known = "provider=http url=http://h/ bearer_token=hush";
    let of_another_build = "provider=nobody secret_access_key=hush api_tokn=hush";
    let in_a_url = "provider=http url=\"http://h/x?k=hush\" bearer_token=\"hush\"";
    for text in [known, of_another_build, in_a_url] {
        let masked = run_alone(&["discover", "-parse", text]).await;
        assert!(masked.stdout.contains("\"****\""), "{}", masked.stdout);
        assert!(!masked.stdout.contains("hush"), "{}", masked.stdout);
        let shown = run_alone(&["discover", "-parse", "-show-secrets", text]).await;
        assert!(shown.stdout.contains("\"hush\""), "{}", shown.stdout);
    }
    for args in [
        &["discover", "-parse", "bearer_token=hush x"][..],
        &["discover", "-parse", "-show-secrets", "bearer_token=hush x"],
        &[
            "discover",
            "-check",
            "provider=http url=x bearer_token=hush",
        ],
        &["discover", "provider=http bearer_token=hush= url=http://h/"],
        &[
            "discover",
            "addrs",
            "provider=http",
            "bearer_token=hush",
            "x",
        ],
        &["discover", "-json", "provider=http bearer_token=\"hush"],
        &["discover", "provider=static addrs=a hush"],
        &["discover", "provider=http url=http://h/x?token=hush"],
        &[
            "discover",
            "-check",
            "provider=exec command=/bin/false environment=\"A=hush\"",
        ],
    ] {
        let ran = run_alone(args).await;
        assert_eq!(ran.code, 1, "{args:?}");
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!all.contains("hush"), "{args:?}: {all}");
    }
}

#[tokio::test]
async fn a_mistake_has_a_caret_under_its_character() {
    let rows = [
        (
            "provider=aws foo",
            "Error in the string: character 14: a word without `=`; a value with spaces needs \
             double quotes\n  provider=aws ****\n               ^\n",
        ),
        (
            "日本=é secret_key=abc4=",
            "Error in the string: character 21: unexpected `=` behind `secret_key`; a value with \
             `=` needs double quotes\n  日本=**** secret_key=****=\n                           ^\n",
        ),
        (
            "key=",
            "Error in the string: character 5: `key=` has no value; an empty one is written as \
             \"\"\n  key=\n      ^\n",
        ),
    ];
    for (text, wanted) in rows {
        let ran = run_alone(&["discover", "-parse", text]).await;
        assert_eq!(ran, failed(wanted), "{text}");
    }
}

#[tokio::test]
async fn check_says_how_a_string_is_understood_or_where_it_is_wrong() {
    let valid = "provider=static addrs=\"10.0.0.1, 10.0.0.2\"";
    let ran = run_alone(&["discover", "-check", valid]).await;
    assert_eq!(ran, done(&format!("valid: {valid}\n")));
    let rows = [
        (
            "provider=static adrs=10.0.0.1",
            "static takes no key `adrs`; one of addrs, addr\n  provider=static adrs=****\n\
             \x20                 ^\n",
        ),
        (
            "provider=statik addrs=a",
            "unknown provider `statik`; is `static` meant?\n  provider=statik addrs=****\n\
             \x20          ^\n",
        ),
        ("provider=static", "static needs the key `addrs`\n"),
        ("addrs=a", "no `provider=` in the query\n"),
    ];
    for (text, wanted) in rows {
        let ran = run_alone(&["discover", "-check", text]).await;
        assert_eq!(ran, failed(&format!("Error in the string: {wanted}")));
    }
    // Every mistake is told, and what is valid too.
    let ran = run_alone(&["discover", "-check", "provider=x", valid, "provider=y"]).await;
    assert_eq!((ran.code, ran.stdout), (1, format!("valid: {valid}\n")));
    assert_eq!(ran.stderr.matches("unknown provider").count(), 2);
}

#[tokio::test]
async fn help_for_each_provider_comes_from_its_tables() {
    let list = run_alone(&["discover", "-providers"]).await;
    assert_eq!(list.code, 0);
    for provider in quorate_providers::PROVIDERS {
        assert!(list.stdout.contains(provider.name()), "{}", list.stdout);
        let help = format!("-help-provider={}", provider.name());
        let help = run_alone(&["discover", &help]).await;
        assert_eq!((help.code, help.stderr.as_str()), (0, ""));
        assert!(help.stdout.contains(provider.about().finds));
        for key in provider.keys().iter().copied().flatten() {
            let line = help.stdout.lines().find(|line| {
                let mut words = line.split_whitespace();
                words.next() == Some(key.name) && words.next().is_some()
            });
            let line = line.unwrap_or_else(|| panic!("{} is not explained", key.name));
            assert!(line.contains(key.doc), "{line}");
            assert_eq!(line.contains(" secret "), key.secret, "{line}");
        }
    }
    let ran = run_alone(&["discover", "-help-provider", "statik"]).await;
    assert_eq!(
        ran,
        failed("unknown provider `statik`; is `static` meant?\n")
    );
}

#[tokio::test]
async fn a_command_that_makes_no_sense_is_refused() {
    for (args, text) in [
        (&["discover"][..], "STRING"),
        (&["discover", "-timeout=0", "a=b"], "longer than zero"),
        (&["discover", "-timeout=5", "a=b"], "has no unit"),
        (&["discover", "-at-least=x", "a=b"], "at-least"),
        (
            &["discover", "-json", "addrs", "a=b"],
            "-json does not go with",
        ),
        (&["discover", "-chek", "a=b"], "did you mean -check?"),
        (
            &["discover", "provider=static addrs=a", "-timeout=5s"],
            "-timeout stands behind a string",
        ),
        (
            &["discover", "provider=static", "addrs=a", "-json"],
            "-json stands behind a string",
        ),
        // As with go-discover, a flag behind `addrs` is a key.
        (&["discover", "addrs", "-q", "a=b"], "a word without `=`"),
    ] {
        let ran = run_alone(args).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{args:?}");
        assert!(ran.stderr.contains(text), "{args:?}: {}", ran.stderr);
    }
}
