//! The numbered cases of the provider reference, section 1.4, one row each and named by its number;
//! what the reference tells beyond them follows under numbers of ours.
//!
//! A row of an error also says where the caret stands: `^` under the text, in columns.

use super::Broken::{Syntax, Unbalanced, Unterminated};
use super::{Broken, Mistake, Picture, parse};

/// What a text comes to.
#[derive(Debug)]
enum Wanted {
    /// These pairs.
    Read(&'static [(&'static str, &'static str)]),
    /// A mistake that names a key, and the column of the caret.
    Refused(Code, &'static str, usize),
}
use Wanted::{Read, Refused};

/// A mistake without the details that the reference does not number.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Code {
    MissingEquals,
    MissingValue,
    Duplicate,
    BadValue(Broken),
    BareEquals,
    BadKey(Broken),
    Bound,
}
use Code::{BadKey, BadValue, BareEquals, Duplicate, MissingEquals, MissingValue};

fn code(mistake: &Mistake) -> (Code, &str) {
    match mistake {
        Mistake::MissingEquals { key, .. } => (MissingEquals, key),
        Mistake::MissingValue { key, .. } => (MissingValue, key),
        Mistake::DuplicateKey { key } => (Duplicate, key),
        Mistake::BareEquals { after } => (BareEquals, after),
        Mistake::BadValue { key, why } => (BadValue(*why), key),
        Mistake::BadKey { after, why } => (BadKey(*why), after),
        Mistake::TooLong { .. } | Mistake::TooManyKeys => (Code::Bound, ""),
    }
}

/// A case, the text, and what it comes to.
type Row = (&'static str, &'static str, Wanted);

const READ: &[Row] = &[
    ("1", "", Read(&[])),
    ("2", "   ", Read(&[])),
    ("3", "\t\n", Read(&[])),
    ("4", "key=a", Read(&[("key", "a")])),
    ("5", "key=a key2=b", Read(&[("key", "a"), ("key2", "b")])),
    (
        "6",
        "key=a+b key2=c/d",
        Read(&[("key", "a+b"), ("key2", "c/d")]),
    ),
    (
        "7",
        " key=a    key2=b ",
        Read(&[("key", "a"), ("key2", "b")]),
    ),
    (
        "8",
        " key = a   key2 = b ",
        Read(&[("key", "a"), ("key2", "b")]),
    ),
    (
        "9",
        r#"  "k e \\\" y" = "a \" b" key2=c"#,
        Read(&[(r#"k e \" y"#, r#"a " b"#), ("key2", "c")]),
    ),
    (
        "10",
        r#"secret="abc+GU2=""#,
        Read(&[("secret", "abc+GU2=")]),
    ),
    (
        "11",
        r#"p=Test z=us-(?west|east).+ t="consul server" f=xxx"#,
        Read(&[
            ("p", "Test"),
            ("z", "us-(?west|east).+"),
            ("t", "consul server"),
            ("f", "xxx"),
        ]),
    ),
    (
        "12",
        r#"provider=k8s label_selector="app = x""#,
        Read(&[("provider", "k8s"), ("label_selector", "app = x")]),
    ),
    ("13", r#"key="""#, Read(&[("key", "")])),
    ("14", r#"""=v"#, Read(&[("", "v")])),
    ("15", r#"a=" b ""#, Read(&[("a", " b ")])),
    ("16", r#"a= "b" "#, Read(&[("a", "b")])),
    ("17", r#"a="b"c=d"#, Read(&[("a", "b"), ("c", "d")])),
    ("18", r#"a="b""c"=d"#, Read(&[("a", "b"), ("c", "d")])),
    ("19", r#"a=b"c"#, Read(&[("a", r#"b"c"#)])),
    ("20", r"a=b\c", Read(&[("a", r"b\c")])),
    ("21", r#"a="b\\c""#, Read(&[("a", r"b\c")])),
    ("22", r#"a="x\ty""#, Read(&[("a", "x\ty")])),
    ("23 hex", r#"a="\x41""#, Read(&[("a", "A")])),
    ("23 octal", r#"a="\101""#, Read(&[("a", "A")])),
    ("24", r#"a="\u00e9""#, Read(&[("a", "é")])),
    ("25", "a=é", Read(&[("a", "é")])),
    ("26", "a='b'", Read(&[("a", "'b'")])),
    ("27", "A=1 a=2", Read(&[("A", "1"), ("a", "2")])),
    ("28", "a=b\u{a0} c=d", Read(&[("a", "b"), ("c", "d")])),
    (
        "29",
        r#"url="https://h/?q=1""#,
        Read(&[("url", "https://h/?q=1")]),
    ),
    // 1.2: every escape of Go, bytes that make a character, a raw tab.
    (
        "escapes",
        r#"a="\a\b\f\n\r\t\v\\\"\U0001F600\xc3\xa9""#,
        Read(&[("a", "\u{7}\u{8}\u{c}\n\r\t\u{b}\\\"😀é")]),
    ),
    ("raw tab", "a=\"x\ty\"", Read(&[("a", "x\ty")])),
    // 1.3: no URL decoding, no expansion of variables.
    ("percent", "a=b%20c", Read(&[("a", "b%20c")])),
    (
        "variable",
        "a=$HOME b=${X}",
        Read(&[("a", "$HOME"), ("b", "${X}")]),
    ),
    // 1.1: inner tabs stay in a bare text, outer ones go.
    (
        "inner tab",
        "a=\tx\ty\t b=c",
        Read(&[("a", "x\ty"), ("b", "c")]),
    ),
    ("wide trim", "\u{3000}a=b\u{2003}", Read(&[("a", "b")])),
];

const REFUSED: &[Row] = &[
    ("30", "key", Refused(MissingEquals, "key", 0)),
    ("31", "key key2", Refused(MissingEquals, "key", 0)),
    ("32", "provider=aws foo", Refused(MissingEquals, "foo", 13)),
    ("33", "a=b c", Refused(MissingEquals, "c", 4)),
    ("34", r#""a"b=c"#, Refused(MissingEquals, "a", 0)),
    ("35", r#"a="b"c"#, Refused(MissingEquals, "c", 5)),
    ("36", r#"a=b"c d""#, Refused(MissingEquals, r#"d""#, 6)),
    ("37", "a='b c'", Refused(MissingEquals, "c'", 5)),
    ("38", "a='b='", Refused(BareEquals, "a", 4)),
    ("39", "a=1 \t b=2", Refused(MissingEquals, "", 4)),
    ("40", "key=", Refused(MissingValue, "key", 4)),
    ("41", "key=a key2=", Refused(MissingValue, "key2", 11)),
    ("42", "key==v", Refused(MissingValue, "key", 4)),
    ("43", "a = = b", Refused(MissingValue, "a", 4)),
    ("44", r#"key="a"#, Refused(BadValue(Unbalanced), "key", 4)),
    ("45", r#"a="b\""#, Refused(BadValue(Unbalanced), "a", 2)),
    ("46", r#"key="\"#, Refused(BadValue(Unterminated), "key", 5)),
    ("47", r#"a="b\c""#, Refused(BadValue(Syntax), "a", 4)),
    ("48", r#"a="\'""#, Refused(BadValue(Syntax), "a", 3)),
    ("49", "a=\"1\n2\"", Refused(BadValue(Syntax), "a", 4)),
    ("50", "key=a key=b", Refused(Duplicate, "key", 6)),
    ("51", "key=a key", Refused(Duplicate, "key", 6)),
    ("52", r#"a=b "a"=c"#, Refused(Duplicate, "a", 4)),
    ("53", "secret=abc4=", Refused(BareEquals, "secret", 11)),
    ("54", "k=x=y", Refused(BareEquals, "k", 3)),
    ("55", "url=https://h/?q=1", Refused(BareEquals, "url", 16)),
    ("56", r#"a="b"="c""#, Refused(BareEquals, "a", 5)),
    ("57", "a=b = c", Refused(BareEquals, "a", 4)),
    ("58", "key= key2=b", Refused(BareEquals, "key", 9)),
    ("59", "a=b,c=d", Refused(BareEquals, "a", 5)),
    ("60", "a=b\tc=d", Refused(BareEquals, "a", 5)),
    ("61", "a=b\nc=d", Refused(BareEquals, "a", 5)),
    ("62 value", "=v", Refused(BareEquals, "", 0)),
    ("62 alone", "=", Refused(BareEquals, "", 0)),
    ("62 twice", "==", Refused(BareEquals, "", 0)),
    ("63 value", r#""a=b"#, Refused(BadKey(Unbalanced), "", 0)),
    ("63 alone", r#""a"#, Refused(BadKey(Unbalanced), "", 0)),
    ("64", r#"a=1 "b=2"#, Refused(BadKey(Unbalanced), "a", 4)),
    // 1.2: bytes that are no UTF-8, and numbers that are no character.
    ("byte", r#"a="b\xff""#, Refused(BadValue(Syntax), "a", 4)),
    ("half", r#"a="b\xc3c""#, Refused(BadValue(Syntax), "a", 4)),
    ("octal", r#"a="b\400""#, Refused(BadValue(Syntax), "a", 4)),
    (
        "surrogate",
        r#"a="\ud800""#,
        Refused(BadValue(Syntax), "a", 3),
    ),
    (
        "beyond",
        r#"a="\U00110000""#,
        Refused(BadValue(Syntax), "a", 3),
    ),
    ("short hex", r#"a="\x4""#, Refused(BadValue(Syntax), "a", 3)),
    (
        "backslash key",
        r#"a=1 "\"#,
        Refused(BadKey(Unterminated), "a", 5),
    ),
    (
        "escape in key",
        r#"a=1 "x\q"=2"#,
        Refused(BadKey(Syntax), "a", 6),
    ),
    // The caret counts columns: wide characters take two, marks none.
    ("wide", "日本=東京 x", Refused(MissingEquals, "x", 10)),
    ("mark", "e\u{301}=1 x", Refused(MissingEquals, "x", 4)),
    ("indented", "\t  a", Refused(MissingEquals, "a", 3)),
    ("trailing", "a=b c= \t", Refused(MissingValue, "c", 6)),
];

#[test]
fn every_case_of_the_reference_is_read_or_refused_as_it_says() {
    for (case, text, wanted) in READ.iter().chain(REFUSED) {
        match (parse(text), wanted) {
            (Ok(pairs), Read(wanted)) => {
                let pairs: Vec<(&str, &str)> = pairs
                    .iter()
                    .map(|(key, value)| (&**key, &**value))
                    .collect();
                assert_eq!(pairs, *wanted, "case {case}");
            }
            (Err(error), Refused(wanted, name, column)) => {
                assert_eq!(code(error.mistake()), (*wanted, *name), "case {case}");
                let picture = Picture::new(text, error.at(), &[]);
                assert_eq!(picture.column(), *column, "case {case}:\n{picture}");
            }
            (found, _) => panic!("case {case}: {found:?}, not {wanted:?}"),
        }
    }
}

#[test]
fn the_table_has_all_sixty_four_cases() {
    let number = |row: &Row| row.0.split(' ').next().and_then(|n| n.parse::<u8>().ok());
    let mut numbers: Vec<u8> = READ.iter().chain(REFUSED).filter_map(number).collect();
    numbers.dedup();
    assert_eq!(numbers, (1..=64).collect::<Vec<u8>>());
}
