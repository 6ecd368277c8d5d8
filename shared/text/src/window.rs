//! How much of a text is looked at: the first bytes of it, so that memory and time are bounded whatever comes.

/// The most of a text that is analysed, in bytes. A few dozen pages fit.
///
/// What an analysis takes is bounded by it: some 20 MiB for the worst text, which is one of emoji, since each of them
/// counts as several words.
pub const WINDOW_BYTES: usize = 128 * 1024;

/// The part of a text that is analysed: its first [`WINDOW_BYTES`], less a character that would be cut.
pub fn window(text: &str) -> &str {
    text.get(..text.floor_char_boundary(WINDOW_BYTES)).unwrap_or(text)
}

/// Whether the buffers that a text filled are given back after it. Those of usual texts are kept, as fresh memory costs
/// time.
#[inline]
pub(crate) fn is_long(text: &str) -> bool {
    text.len() > 16 * 1024
}
