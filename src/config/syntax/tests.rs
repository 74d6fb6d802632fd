//! The three languages: what is read, what is refused and where.

use super::{DEPTH_MAX, Entry, Format, Tree};

/// A tree as JSON-like text, spots left out.
fn shown(tree: &Tree) -> String {
    match tree {
        Tree::Null => "null".to_owned(),
        Tree::Bool(value) => value.to_string(),
        Tree::Integer(value) => value.to_string(),
        Tree::Float(value) => format!("{value:?}"),
        Tree::Text(value) => format!("{value:?}"),
        Tree::List(items) => {
            let items: Vec<_> = items.iter().map(|(_, item)| shown(item)).collect();
            format!("[{}]", items.join(" "))
        }
        Tree::Block(entries) => format!("{{{}}}", shown_all(entries)),
    }
}

fn shown_all(entries: &[Entry]) -> String {
    let pair = |entry: &Entry| format!("{}={}", entry.key, shown(&entry.value));
    entries.iter().map(pair).collect::<Vec<_>>().join(" ")
}

fn read(format: Format, text: &str) -> String {
    match format.parse(text) {
        Ok(entries) => shown_all(&entries),
        Err(error) => format!("{}:{} {}", error.spot.line, error.spot.column, error.why),
    }
}

/// Each row: a text, and what it means.
fn check(format: Format, rows: &[(&str, &str)]) {
    for (text, wanted) in rows {
        assert_eq!(read(format, text), *wanted, "{text}");
    }
}

#[test]
fn hcl_takes_what_other_dialects_refuse() {
    check(
        Format::Hcl,
        &[
            (
                "ports { http = 8500 grpc = 8502 }",
                "ports={http=8500 grpc=8502}",
            ),
            ("ports { http = 1, dns = 2 }", "ports={http=1 dns=2}"),
            (
                "connect { sidecar_service {} }",
                "connect={sidecar_service={}}",
            ),
            ("a { b { c = 1 } d = 2 }", "a={b={c=1} d=2}"),
            ("\"server\" = true", "server=true"),
            ("\"ports\" { \"http\" = 1 }", "ports={http=1}"),
            ("a = 1 b = 2", "a=1 b=2"),
            ("a = { b = 1 c = 2 }", "a={b=1 c=2}"),
            ("a = [{ b = 1 c = 2 } , {}]", "a=[{b=1 c=2} {}]"),
            ("a = 0x1F", "a=31"),
            ("ports.http = 8500", "ports={http=8500}"),
            ("\"a.b\" = 1", "a.b=1"),
            ("\u{feff}a = 1", "a=1"),
            ("\n {\"a\": [1, null]}", "a=[1 null]"),
            ("a = \"%{ x }\"", "a=\"%{ x }\""),
            ("ports { a = 1 } ports { b = 2 }", "ports={a=1} ports={b=2}"),
            ("a = 1\na = 2", "a=1 a=2"),
            (
                "service \"web\" \"x\" { port = 1 }",
                "service={web={x={port=1}}}",
            ),
        ],
    );
}

#[test]
fn hcl_values_of_every_kind_are_read() {
    check(
        Format::Hcl,
        &[
            ("a = -5 b = 0755 c = 0 d = -0x10", "a=-5 b=493 c=0 d=-16"),
            ("a = 1.5 b = 1e3 c = -2.5E-1", "a=1.5 b=1000.0 c=-0.25"),
            ("a = true b = false", "a=true b=false"),
            (
                "a = [] b = [1,] c = [ \"x\" , 2 ]",
                "a=[] b=[1] c=[\"x\" 2]",
            ),
            ("a = [[1], [[2]]]", "a=[[1] [[2]]]"),
            (
                r#"a = "x\"y\\z\n\t\u00e9\U0001F600\x41\101""#,
                "a=\"x\\\"y\\\\z\\n\\té😀AA\"",
            ),
            (
                r#"a = "${x("y", "{}")} z""#,
                "a=\"${x(\\\"y\\\", \\\"{}\\\")} z\"",
            ),
            ("a = \"$5 {\"", "a=\"$5 {\""),
            ("a-b_c = \"é\" ünï = 1", "a-b_c=\"é\" ünï=1"),
            (
                "a = <<EOF\none\n two\nEOF\nb = 1",
                "a=\"one\\n two\\n\" b=1",
            ),
            ("a = <<EOF\nEOF\n", "a=\"\""),
            (
                "a = <<-EOF\n    one\n      two\n    EOF\n",
                "a=\"one\\n  two\\n\"",
            ),
            ("a = <<-EOF\n  one\n    EOF\n", "a=\"  one\\n\""),
            ("a = <<EOF\r\none\r\nEOF\r\nb = 1\r\n", "a=\"one\\n\" b=1"),
            ("a = [<<EOF\none\nEOF\n, 2]", "a=[\"one\\n\" 2]"),
        ],
    );
}

#[test]
fn comments_of_hcl_may_stand_wherever_blanks_may() {
    let text = "# one\n// two\n/* three\n */ a /* x */ = /**/ [ # y\n 1, // z\n 2 ] # end";
    check(
        Format::Hcl,
        &[(text, "a=[1 2]"), ("#", ""), ("a = 1 //", "a=1")],
    );
    check(
        Format::Hcl,
        &[(
            "a = \"# no // comment /* */\"",
            "a=\"# no // comment /* */\"",
        )],
    );
}

#[test]
fn a_mistake_in_hcl_is_told_with_its_line_and_column() {
    const NO_QUOTE: &str = "the text that begins here has no closing quote on its line";
    let rows = [
        ("a = ", "1:5 the file ends where a value should be"),
        ("a = b", "1:5 a text needs quotes"),
        ("a = 08", "1:5 this is not a number; a text needs quotes"),
        ("a = 5-3", "1:5 this is not a number; a text needs quotes"),
        (
            "a = 10.0.0.5",
            "1:5 this is not a number; a text needs quotes",
        ),
        (
            "a = 99999999999999999999",
            "1:5 this is not a number; a text needs quotes",
        ),
        ("a = 1.", "1:5 this is not a number; a text needs quotes"),
        ("a", "1:2 the file ends where `=` or `{` should be"),
        ("a : 1", "1:3 found ':' where `=` or `{` should be"),
        ("= 1", "1:1 found '=' where a key should be"),
        ("a = 1 }", "1:7 found '}' where a key should be"),
        (
            "\n\nports {\n  http = 1\n",
            "3:7 the block that begins here is not closed",
        ),
        ("a = [1,\n 2", "1:5 the list that begins here is not closed"),
        ("a = [1 2]", "1:8 found '2' where `,` or `]` should be"),
        ("a = [,]", "1:6 found ',' where a value should be"),
        ("é = \"x\n\"", &format!("1:5 {NO_QUOTE}")),
        ("a = \"x", &format!("1:5 {NO_QUOTE}")),
        (
            "a = \"${x\"",
            "1:5 the text that begins here has `${` and no `}`",
        ),
        (
            "a = \"\\q\"",
            "1:6 unknown escape in a text; a backslash is written twice",
        ),
        ("a = \"\\ud800\"", "1:6 the escape is no Unicode character"),
        ("a = \"\\19\"", "1:6 an octal escape has three digits"),
        (
            "a = <<EOF\nx\n",
            "1:5 no line ends the text: `EOF` is missing",
        ),
        (
            "a = <<\nx\n",
            "1:5 `<<` takes a mark of letters and digits, then a new line",
        ),
        ("a = <EOF", "1:5 found '<' where `<<` should be"),
        ("/* a\n", "1:1 the comment that begins here is not closed"),
    ];
    check(Format::Hcl, &rows);
}

#[test]
fn json_is_read_strictly() {
    check(
        Format::Json,
        &[
            (
                r#"{"a": [1, -2.5, true, null, {"b": {}}], "c": "x\u00e9\ud83d\ude00\/"}"#,
                "a=[1 -2.5 true null {b={}}] c=\"xé😀/\"",
            ),
            ("{}", ""),
            ("", ""),
            ("{\"a\": 18446744073709551615}", "a=1.8446744073709552e19"),
            ("[]", "1:1 found '[' where `{` should be"),
            (
                "{\"a\": 1,}",
                "1:9 found '}' where a key in quotes should be",
            ),
            ("{\"a\": [1,]}", "1:10 found ']' where a value should be"),
            ("{\"a\" 1}", "1:6 found '1' where `:` should be"),
            ("{a: 1}", "1:2 found 'a' where a key in quotes should be"),
            ("{\"a\": x}", "1:7 a text needs quotes"),
            ("{\"a\": 01}", "1:7 this is not a number"),
            (
                "{\n\"a\": 1\n\"b\": 2}",
                "3:1 found '\"' where `,` or `}` should be",
            ),
            ("{\"a\": 1", "1:1 `}` is missing for what begins here"),
            ("{} x", "1:4 the file goes on after its closing brace"),
            (
                "{\"a\": \"\t\"}",
                "1:8 a control character in a text has to be escaped",
            ),
            (
                "{\"a\": \"\\ude00\"}",
                "1:8 the escape is half of a surrogate pair",
            ),
            (
                "{\"a\": 1} // no",
                "1:10 the file goes on after its closing brace",
            ),
        ],
    );
}

#[test]
fn toml_is_read_and_its_mistakes_are_told_in_one_line() {
    check(
        Format::Toml,
        &[
            ("a = 1\n[ports]\nhttp = -1\n", "a=1 ports={http=-1}"),
            ("a = [1.5, \"x\", true]", "a=[1.5 \"x\" true]"),
            ("[[a]]\nb = 1\n[[a]]\nb = 2", "a=[{b=1} {b=2}]"),
        ],
    );
    let error = Format::Toml
        .parse("# é\na = 1\nb = \"é\" = 2\n")
        .unwrap_err();
    assert_eq!((error.spot.line, error.spot.column), (3, 9));
    assert!(
        !error.why.is_empty() && !error.why.contains('\n'),
        "{}",
        error.why
    );
    assert!(Format::Toml.parse("a = inf").is_err());
}

#[test]
fn every_key_and_element_keeps_its_place() {
    let rows = [
        (Format::Hcl, "é = 1\nports {\n  http = [5,\n    6]\n}"),
        (Format::Json, "{\"é\":\n2,\n  \"http\": [5,\n    6]\n}"),
        (Format::Toml, "\nb = \"é\"\n  http = [5,\n    6]\n"),
    ];
    for (format, text) in rows {
        let mut entries = format.parse(text).unwrap();
        let mut last = entries.pop().unwrap();
        if let Tree::Block(inner) = &mut last.value {
            last = inner.pop().unwrap();
        }
        assert_eq!((last.spot.line, last.spot.column), (3, 3), "{format:?}");
        let Tree::List(items) = last.value else {
            panic!("{format:?}")
        };
        let spot = items[1].0;
        assert_eq!((spot.line, spot.column), (4, 5), "{format:?}");
    }
}

#[test]
fn nesting_is_bounded_in_every_way_of_nesting() {
    let deep = 100_000;
    let texts = [
        (Format::Hcl, format!("a = {}", "[".repeat(deep))),
        (Format::Hcl, "a {".repeat(deep)),
        (Format::Hcl, format!("{}{{}}", "a ".repeat(deep))),
        (Format::Hcl, format!("a{} = 1", ".a".repeat(deep))),
        (Format::Json, "{\"a\":".repeat(deep)),
        (Format::Json, format!("{{\"a\":{}", "[".repeat(deep))),
        (Format::Toml, format!("a = {}", "[".repeat(deep))),
        (Format::Toml, format!("a{} = 1", ".a".repeat(deep))),
    ];
    for (format, text) in texts {
        let start: String = text.chars().take(9).collect();
        assert!(format.parse(&text).is_err(), "{format:?} {start}");
    }
    let blocks = |count| format!("{}{}", "a {".repeat(count), "}".repeat(count));
    let lists = |count| format!("a = {}{}", "[".repeat(count), "]".repeat(count));
    let fits = |text: String| Format::Hcl.parse(&text).is_ok();
    assert!(fits(blocks(DEPTH_MAX)) && !fits(blocks(DEPTH_MAX + 1)));
    assert!(fits(lists(DEPTH_MAX)) && !fits(lists(DEPTH_MAX + 1)));
}
