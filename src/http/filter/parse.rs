//! From words to an expression: `or` binds least, then `and`, then `not`.

use std::iter::Peekable;
use std::vec::IntoIter;

use regex_lite::{Regex, RegexBuilder};

use super::words::Word;
use super::{
    DEPTH_MAX, Expression, FilterError, GROUPS_MAX, Match, PATTERNS_BYTES, PATTERNS_MAX, Test,
};

/// Reads all words.
pub(super) fn parse(words: Vec<Word>) -> Result<Expression, FilterError> {
    let patterns = words.iter().filter(|word| is_keyword(word, "matches"));
    let patterns = patterns.count();
    if patterns > PATTERNS_MAX {
        return Err(FilterError::Patterns(patterns));
    }
    let mut parser = Parser {
        words: words.into_iter().peekable(),
        pattern_bytes_max: PATTERNS_BYTES.checked_div(patterns).unwrap_or_default(),
    };
    let expression = parser.any(0)?;
    match parser.words.next() {
        None => Ok(expression),
        Some(word) => Err(unexpected("`and`, `or` or the end", Some(&word))),
    }
}

struct Parser {
    words: Peekable<IntoIter<Word>>,
    /// What each regular expression may take when it is compiled: its share.
    pattern_bytes_max: usize,
}

impl Parser {
    fn any(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut parts = vec![self.all(depth)?];
        while self.take_keyword("or") {
            parts.push(self.all(depth)?);
        }
        Ok(Expression::Any(parts))
    }

    fn all(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut parts = vec![self.one(depth)?];
        while self.take_keyword("and") {
            parts.push(self.one(depth)?);
        }
        Ok(Expression::All(parts))
    }

    fn one(&mut self, depth: usize) -> Result<Expression, FilterError> {
        if depth >= DEPTH_MAX {
            return Err(FilterError::Deep);
        }
        if self.take_keyword("not") {
            return Ok(Expression::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.words.next_if_eq(&Word::Open).is_none() {
            return self.matching().map(Expression::Match);
        }
        let inner = self.any(depth + 1)?;
        self.expect(&Word::Close, "`)`")?;
        Ok(inner)
    }

    /// A field with its test, or a value that is `in` a field.
    fn matching(&mut self) -> Result<Match, FilterError> {
        let first = self.words.next();
        let selector = match &first {
            Some(Word::Bare(_) | Word::Quoted(_)) => self.selector(first.clone())?,
            other => return Err(unexpected("a selector", other.as_ref())),
        };
        if self.words.next_if_eq(&Word::Equal).is_some() {
            return self.valued(selector, Test::Equals, false);
        }
        if self.words.next_if_eq(&Word::NotEqual).is_some() {
            return self.valued(selector, Test::Equals, true);
        }
        if self.take_keyword("is") {
            let is_negated = self.take_keyword("not");
            self.expect_keyword("empty")?;
            return Ok(Match {
                selector,
                test: Test::IsEmpty,
                is_negated,
            });
        }
        let is_negated = self.take_keyword("not");
        if self.take_keyword("contains") {
            return self.valued(selector, Test::Contains, is_negated);
        }
        if self.take_keyword("matches") {
            let test = Test::Matches(self.pattern()?);
            return Ok(Match {
                selector,
                test,
                is_negated,
            });
        }
        self.expect_keyword("in")?;
        let field = self.words.next();
        let test = Test::Contains(text_of(first)?);
        Ok(Match {
            selector: self.selector(field)?,
            test,
            is_negated,
        })
    }

    fn valued(
        &mut self,
        selector: Vec<String>,
        test: fn(String) -> Test,
        is_negated: bool,
    ) -> Result<Match, FilterError> {
        Ok(Match {
            selector,
            test: test(self.value()?),
            is_negated,
        })
    }

    /// A selector whose first word was taken: names with dots between, indices in brackets.
    fn selector(&mut self, first: Option<Word>) -> Result<Vec<String>, FilterError> {
        let text = text_of(first)?;
        let mut names: Vec<String> = text.split('.').map(str::to_owned).collect();
        while self.words.next_if_eq(&Word::OpenIndex).is_some() {
            names.push(self.value()?);
            self.expect(&Word::CloseIndex, "`]`")?;
        }
        Ok(names)
    }

    fn value(&mut self) -> Result<String, FilterError> {
        text_of(self.words.next())
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        self.words
            .next_if(|word| is_keyword(word, keyword))
            .is_some()
    }

    /// The size that a pattern is compiled to has nothing to do with its length: `{60000}` is one.
    fn pattern(&mut self) -> Result<Regex, FilterError> {
        let pattern = self.value()?;
        let mut builder = RegexBuilder::new(&pattern);
        let compiled = builder.size_limit(self.pattern_bytes_max).build();
        match compiled {
            Ok(compiled) if compiled.captures_len() > GROUPS_MAX => Err(FilterError::Pattern {
                pattern,
                why: format!("more than {GROUPS_MAX} groups, write (?:...)"),
            }),
            Ok(compiled) => Ok(compiled),
            Err(error) => Err(FilterError::Pattern {
                pattern,
                why: error.to_string(),
            }),
        }
    }

    fn expect_keyword(&mut self, keyword: &'static str) -> Result<(), FilterError> {
        if self.take_keyword(keyword) {
            return Ok(());
        }
        let expected = match keyword {
            "empty" => "`empty` or `not empty`",
            _ => "an operator: `==`, `!=`, `in`, `contains`, `is empty`, `matches`, or with `not`",
        };
        Err(unexpected(expected, self.words.peek()))
    }

    fn expect(&mut self, word: &Word, expected: &'static str) -> Result<(), FilterError> {
        match self.words.next() {
            Some(found) if found == *word => Ok(()),
            other => Err(unexpected(expected, other.as_ref())),
        }
    }
}

fn text_of(word: Option<Word>) -> Result<String, FilterError> {
    match word {
        Some(Word::Quoted(text) | Word::Bare(text)) => Ok(text),
        other => Err(unexpected("a value", other.as_ref())),
    }
}

fn is_keyword(word: &Word, keyword: &str) -> bool {
    matches!(word, Word::Bare(text) if text == keyword)
}

fn unexpected(expected: &'static str, found: Option<&Word>) -> FilterError {
    FilterError::Unexpected {
        expected,
        found: Word::shown(found),
    }
}
