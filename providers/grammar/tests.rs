//! The numbered cases of the provider reference, section 1.4, and the properties behind them.

use proptest::prelude::*;

use super::{Broken, GrammarError, parse, write};

type Row<'a> = (&'a str, &'a [(&'a str, &'a str)]);

/// An error without the details that the reference does not number.
#[derive(Debug, PartialEq)]
enum Code {
    MissingEquals,
    MissingValue,
    Duplicate,
    BadValue(Broken),
    BareEquals,
    BadKey(Broken),
}

fn code(error: GrammarError) -> (Code, String) {
    match error {
        GrammarError::MissingEquals { key, .. } => (Code::MissingEquals, key),
        GrammarError::MissingValue { key, .. } => (Code::MissingValue, key),
        GrammarError::DuplicateKey { key } => (Code::Duplicate, key),
        GrammarError::BadValue { key, why } => (Code::BadValue(why), key),
        GrammarError::BareEquals { after } => (Code::BareEquals, after),
        GrammarError::BadKey { after, why } => (Code::BadKey(why), after),
    }
}

#[test]
fn cases_1_to_29_of_the_reference_are_read() {
    let rows: &[Row<'_>] = &[
        ("", &[]),
        ("   ", &[]),
        ("\t\n", &[]),
        ("key=a", &[("key", "a")]),
        ("key=a key2=b", &[("key", "a"), ("key2", "b")]),
        ("key=a+b key2=c/d", &[("key", "a+b"), ("key2", "c/d")]),
        (" key=a    key2=b ", &[("key", "a"), ("key2", "b")]),
        (" key = a   key2 = b ", &[("key", "a"), ("key2", "b")]),
        (
            r#"  "k e \\\" y" = "a \" b" key2=c"#,
            &[(r#"k e \" y"#, r#"a " b"#), ("key2", "c")],
        ),
        (r#"secret="abc+GU2=""#, &[("secret", "abc+GU2=")]),
        (
            r#"p=Test z=us-(?west|east).+ t="consul server" f=xxx"#,
            &[
                ("p", "Test"),
                ("z", "us-(?west|east).+"),
                ("t", "consul server"),
                ("f", "xxx"),
            ],
        ),
        (
            r#"provider=k8s label_selector="app = x""#,
            &[("provider", "k8s"), ("label_selector", "app = x")],
        ),
        (r#"key="""#, &[("key", "")]),
        (r#"""=v"#, &[("", "v")]),
        (r#"a=" b ""#, &[("a", " b ")]),
        (r#"a= "b" "#, &[("a", "b")]),
        (r#"a="b"c=d"#, &[("a", "b"), ("c", "d")]),
        (r#"a="b""c"=d"#, &[("a", "b"), ("c", "d")]),
        (r#"a=b"c"#, &[("a", r#"b"c"#)]),
        (r"a=b\c", &[("a", r"b\c")]),
        (r#"a="b\\c""#, &[("a", r"b\c")]),
        (r#"a="x\ty""#, &[("a", "x\ty")]),
        (r#"a="\x41""#, &[("a", "A")]),
        (r#"a="\101""#, &[("a", "A")]),
        (r#"a="\u00e9""#, &[("a", "é")]),
        (r#"a="\U0001F600""#, &[("a", "😀")]),
        (r#"a="\xc3\xa9""#, &[("a", "é")]),
        ("a=\"x\ty\"", &[("a", "x\ty")]),
        ("a=é", &[("a", "é")]),
        ("a='b'", &[("a", "'b'")]),
        ("A=1 a=2", &[("A", "1"), ("a", "2")]),
        ("a=b\u{a0} c=d", &[("a", "b"), ("c", "d")]),
        (r#"url="https://h/?q=1""#, &[("url", "https://h/?q=1")]),
        ("a=b%20c", &[("a", "b%20c")]),
    ];
    for (text, wanted) in rows {
        let wanted: Vec<(String, String)> = wanted
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(parse(text), Ok(wanted), "{text:?}");
    }
}

#[test]
fn cases_30_to_64_of_the_reference_are_refused() {
    use Broken::{Syntax, Unbalanced, Unterminated};
    use Code::{BadKey, BadValue, BareEquals, Duplicate, MissingEquals, MissingValue};
    let rows = [
        ("key", MissingEquals, "key"),
        ("key key2", MissingEquals, "key"),
        ("provider=aws foo", MissingEquals, "foo"),
        ("a=b c", MissingEquals, "c"),
        (r#""a"b=c"#, MissingEquals, "a"),
        (r#"a="b"c"#, MissingEquals, "c"),
        (r#"a=b"c d""#, MissingEquals, r#"d""#),
        ("a='b c'", MissingEquals, "c'"),
        ("a='b='", BareEquals, "a"),
        ("a=1 \t b=2", MissingEquals, ""),
        ("key=", MissingValue, "key"),
        ("key=a key2=", MissingValue, "key2"),
        ("key==v", MissingValue, "key"),
        ("a = = b", MissingValue, "a"),
        (r#"key="a"#, BadValue(Unbalanced), "key"),
        (r#"a="b\""#, BadValue(Unbalanced), "a"),
        (r#"key="\"#, BadValue(Unterminated), "key"),
        (r#"a="b\c""#, BadValue(Syntax), "a"),
        (r#"a="\'""#, BadValue(Syntax), "a"),
        ("a=\"1\n2\"", BadValue(Syntax), "a"),
        (r#"a="\xff""#, BadValue(Syntax), "a"),
        (r#"a="\400""#, BadValue(Syntax), "a"),
        (r#"a="\ud800""#, BadValue(Syntax), "a"),
        (r#"a="\UFFFFFFFF""#, BadValue(Syntax), "a"),
        ("key=a key=b", Duplicate, "key"),
        ("key=a key", Duplicate, "key"),
        (r#"a=b "a"=c"#, Duplicate, "a"),
        ("secret=abc4=", BareEquals, "secret"),
        ("k=x=y", BareEquals, "k"),
        ("url=https://h/?q=1", BareEquals, "url"),
        (r#"a="b"="c""#, BareEquals, "a"),
        ("a=b = c", BareEquals, "a"),
        ("key= key2=b", BareEquals, "key"),
        ("a=b,c=d", BareEquals, "a"),
        ("a=b\tc=d", BareEquals, "a"),
        ("a=b\nc=d", BareEquals, "a"),
        ("=v", BareEquals, ""),
        ("=", BareEquals, ""),
        ("==", BareEquals, ""),
        (r#""a=b"#, BadKey(Unbalanced), ""),
        (r#""a"#, BadKey(Unbalanced), ""),
        (r#"a=1 "b=2"#, BadKey(Unbalanced), "a"),
    ];
    for (text, wanted, name) in rows {
        let found = parse(text).map_err(code);
        assert_eq!(found, Err((wanted, name.to_owned())), "{text:?}");
    }
}

fn written(pairs: &[(String, String)]) -> String {
    let mut text = String::new();
    let pairs = pairs.iter().map(|(key, value)| (&**key, &**value));
    write(&mut text, pairs).unwrap();
    text
}

#[test]
fn a_text_is_quoted_only_where_it_must_be() {
    let rows = [
        ("a a", "b b", r#""a a"="b b""#),
        ("b", "name=vault", r#"b="name=vault""#),
        ("b", "é/+,(?|)", "b=é/+,(?|)"),
        ("a", "", r#"a="""#),
        ("", "v", r#"""=v"#),
        ("a", "x\ty\u{7}", r#"a="x\ty\u0007""#),
    ];
    for (key, value, wanted) in rows {
        assert_eq!(written(&[(key.to_owned(), value.to_owned())]), wanted);
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _outcome = parse(&text);
    }

    #[test]
    fn text_near_the_grammar_is_read_or_refused(text in r#"[ a="\\xuU01\t\n]{0,40}"#) {
        let _outcome = parse(&text);
    }

    #[test]
    fn what_is_written_reads_back(
        pairs in proptest::collection::btree_map(any::<String>(), any::<String>(), 0..5)
    ) {
        let pairs: Vec<(String, String)> = pairs.into_iter().collect();
        prop_assert_eq!(parse(&written(&pairs)), Ok(pairs));
    }
}
