//! How much of a text is analysed: only its first bytes, so that memory and time are bounded for every text.

/// The most of a text that is analysed, in bytes. A few dozen pages fit.
///
/// It bounds the memory of an analysis to some 20 MiB. The worst text is one of emoji, since each of them
/// counts as several words.
pub const WINDOW_BYTES: usize = 128 * 1024;

/// Returns the part of a text that is analysed: its first [`WINDOW_BYTES`], without a character that would be
/// cut.
pub fn window(text: &str) -> &str {
    text.get(..text.floor_char_boundary(WINDOW_BYTES)).unwrap_or(text)
}

/// Whether the buffers that a text filled are released after it. Those of usual texts are kept, since fresh
/// memory costs time.
#[inline]
pub(crate) fn is_long(text: &str) -> bool {
    text.len() > 16 * 1024
}
