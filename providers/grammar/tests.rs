//! The writer, the bounds, and the properties behind the cases.

use proptest::prelude::*;

use super::{KEYS_MAX, Mistake, TEXT_BYTES_MAX, parse, read, write};

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

#[test]
fn a_text_of_sixteen_kibibytes_is_read_and_a_longer_one_refused_at_its_bound() {
    let longest = format!("a={}", "b".repeat(TEXT_BYTES_MAX - 2));
    assert!(parse(&longest).is_ok());
    // The bound falls into the middle of a character.
    let longer = format!("a={}é", "b".repeat(TEXT_BYTES_MAX - 3));
    let error = parse(&longer).unwrap_err();
    assert_eq!(error.at(), TEXT_BYTES_MAX - 1);
    let bytes = TEXT_BYTES_MAX + 1;
    assert_eq!(*error.mistake(), Mistake::TooLong { bytes });
}

#[test]
fn sixty_four_keys_are_read_and_one_more_refused_at_its_place() {
    let some = |count: usize| -> Vec<String> { (0..count).map(|n| format!("k{n}=v ")).collect() };
    let most = some(KEYS_MAX).concat();
    assert_eq!(parse(&most).unwrap().len(), KEYS_MAX);
    let error = parse(&some(KEYS_MAX + 1).concat()).unwrap_err();
    assert_eq!(*error.mistake(), Mistake::TooManyKeys);
    assert_eq!(error.at(), most.len());
}

#[test]
fn an_error_says_which_character_and_cannot_break_a_log_line() {
    let error = parse("é=1 x").unwrap_err();
    assert_eq!((error.at(), error.character()), (5, 5));
    assert_eq!(
        error.to_string(),
        "character 5: `x` has no `=`; a value with spaces needs double quotes"
    );
    let long = format!("\"a\\n\u{7}{}\" b", "b".repeat(1_000));
    let shown = parse(&long).unwrap_err().to_string();
    assert!(
        shown.starts_with("character 1: `abbb") && shown.contains("bbb...`"),
        "{shown}"
    );
    assert!(
        shown.len() < 200 && !shown.contains(char::is_control),
        "{shown}"
    );
}

/// Texts of the characters that mean something, so that most of them come close to the grammar.
fn near() -> impl Strategy<Value = String> {
    r#"[ a="\\xuU01\t\né日]{0,40}"#
}

/// What holds for a reading of any text.
fn holds(text: &str) -> Result<(), TestCaseError> {
    let reading = read(text);
    let mut end = 0;
    for pair in &reading.pairs {
        // Places are in order, on characters, and hold what was read.
        prop_assert!(end <= pair.key_at.start && pair.key_at.end < pair.value_at.start);
        end = pair.value_at.end;
        // Another pair before and behind, since white space at the ends of a text is not read.
        let (key, value) = (pair.key_at.clone(), pair.value_at.clone());
        let (key, value) = (text.get(key).unwrap(), text.get(value).unwrap());
        let again = parse(&format!("first=1 {key}={value} last=2")).unwrap();
        let wanted = (pair.key.clone(), pair.value.clone());
        prop_assert_eq!(again.get(1), Some(&wanted));
    }
    if let Some(error) = reading.error {
        prop_assert!(text.is_char_boundary(error.at()) && error.at() >= end);
        let before = text.get(..error.at()).unwrap().chars().count();
        prop_assert_eq!(error.character(), before + 1);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_at_a_place_in_it(text in any::<String>()) {
        holds(&text)?;
    }

    #[test]
    fn any_bytes_are_read_or_refused_at_a_place_in_them(
        bytes in proptest::collection::vec(any::<u8>(), 0..200)
    ) {
        holds(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn text_near_the_grammar_is_read_or_refused_at_a_place_in_it(text in near()) {
        holds(&text)?;
    }

    #[test]
    fn what_is_written_reads_back(
        pairs in proptest::collection::btree_map(any::<String>(), any::<String>(), 0..5)
    ) {
        let pairs: Vec<(String, String)> = pairs.into_iter().collect();
        prop_assert_eq!(parse(&written(&pairs)), Ok(pairs));
    }

    #[test]
    fn what_was_read_is_read_again_from_its_writing(text in near()) {
        if let Ok(pairs) = parse(&text) {
            prop_assert_eq!(parse(&written(&pairs)), Ok(pairs));
        }
    }

    #[test]
    fn a_quoted_text_is_itself_again(value in any::<String>()) {
        let escaped = value.chars().map(|c| format!("\\U{:08x}", u32::from(c)));
        let read = parse(&format!("a=\"{}\"", escaped.collect::<Vec<_>>().concat()));
        prop_assert_eq!(read, Ok(vec![("a".to_owned(), value)]));
    }
}
