//! Finds where a JSON number ends.

/// How many bytes at the front are a number.
#[inline]
pub(super) fn number(token: &[u8]) -> usize {
    let digits = |from: usize| {
        let rest = token.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let is = |at: usize, bytes: &[u8]| token.get(at).is_some_and(|byte| bytes.contains(byte));
    let start = usize::from(is(0, b"-"));
    let whole = if is(start, b"0") { start + 1 } else { digits(start) };
    if whole == start {
        return 0;
    }
    // A part that has begun needs at least one digit.
    let part = |begins: bool, before: usize, from: usize| match digits(from) {
        end if begins && end > from => end,
        _ => before,
    };
    let fraction = part(is(whole, b"."), whole, whole + 1);
    part(is(fraction, b"eE"), fraction, fraction + 1 + usize::from(is(fraction + 1, b"+-")))
}
