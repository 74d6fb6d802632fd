//! A command line to words, by the quoting rules of a shell and nothing else of it.
//!
//! Pure. Rules: POSIX, Shell Command Language, section 2.2, read 2026: nothing is special between
//! single quotes; between double ones a backslash escapes `"`, `\`, `$` and a backquote; elsewhere it
//! escapes any character. No variable, pattern or operator counts.

/// Splits a command into the program and its arguments. The error is a phrase that follows the key.
pub(super) fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\0' => return Err("has a zero byte in it".to_owned()),
            '\'' => single(&mut rest, word.get_or_insert_default())?,
            '"' => double(&mut rest, word.get_or_insert_default())?,
            '\\' => {
                let escaped = rest.next().ok_or("ends behind a backslash")?;
                word.get_or_insert_default().push(escaped);
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match words.first() {
        None => Err("names no program".to_owned()),
        Some(program) if !program.starts_with('/') => Err(format!(
            "begins with the absolute path of a program, not `{program}`"
        )),
        Some(_program) => Ok(words),
    }
}

fn single(rest: &mut impl Iterator<Item = char>, word: &mut String) -> Result<(), String> {
    for c in rest {
        if c == '\'' {
            return Ok(());
        }
        word.push(c);
    }
    Err("has a single quote that is not closed".to_owned())
}

fn double(rest: &mut impl Iterator<Item = char>, word: &mut String) -> Result<(), String> {
    while let Some(c) = rest.next() {
        match c {
            '"' => return Ok(()),
            '\\' => match rest.next() {
                Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                Some(other) => word.extend(['\\', other]),
                None => break,
            },
            c => word.push(c),
        }
    }
    Err("has a double quote that is not closed".to_owned())
}
