//! Numbers as HCL 1 and JSON write them.

use super::Tree;

/// Reads a number of HCL 1: decimal, `0x` hexadecimal, octal with a leading zero, or with a
/// fraction or exponent; any of them may be negative.
pub(super) fn parse_hcl(text: &str) -> Option<Tree> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    if let Some(hex) = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        return parse_radix(sign, hex, 16);
    }
    if digits.len() > 1 && digits.starts_with('0') && is_digits(digits) {
        return parse_radix(sign, digits, 8);
    }
    if is_digits(digits) {
        return text.parse().ok().map(Tree::Integer);
    }
    parse_float(text)
}

/// Reads a number of JSON (RFC 8259, section 6); what no 64-bit integer holds is a float.
pub(super) fn parse_json(text: &str) -> Option<Tree> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = digits.split(['.', 'e', 'E']).next()?;
    let is_good_whole = is_digits(whole) && (whole.len() == 1 || !whole.starts_with('0'));
    if !is_good_whole {
        return None;
    }
    match text.parse() {
        Ok(number) => Some(Tree::Integer(number)),
        Err(_too_big_or_fraction) => parse_float(text),
    }
}

fn parse_radix(sign: &str, digits: &str, radix: u32) -> Option<Tree> {
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix)
        .ok()
        .map(Tree::Integer)
}

/// Reads `digits[.digits][e[+-]digits]`; what Rust takes besides (`inf`, `1.`, `.5`) is refused.
fn parse_float(text: &str) -> Option<Tree> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent = exponent.map(|text| text.strip_prefix(['+', '-']).unwrap_or(text));
    let parts = [Some(whole), fraction, exponent];
    if !parts.into_iter().flatten().all(is_digits) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    number.is_finite().then_some(Tree::Float(number))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
