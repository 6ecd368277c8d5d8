//! The hop frame: how often a record went back to its stream.
//!
//! A record that is put back on the stream it came from carries how often that happened, so that it can't go round
//! for ever. Version 1, 6 bytes before the record itself:
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | magic `C0 4B 46 48`; `C0` occurs nowhere in UTF-8, so no text is taken for a frame |
//! | 4 | version, 1 |
//! | 5 | hops, 1 to 255 |
//! | 6.. | the record as it was |

pub(super) const MAGIC: [u8; 4] = [0xC0, b'K', b'F', b'H'];
const VERSION: u8 = 1;

/// Bytes a frame adds to a record.
pub const OVERHEAD_BYTES: usize = MAGIC.len() + 2;

/// Why a hop frame can't be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HopError {
    /// The record ends inside the frame.
    #[error("hop frame is {OVERHEAD_BYTES} bytes, the record has {found}")]
    Short {
        /// Bytes there are.
        found: usize,
    },
    /// A later release wrote this version.
    #[error("hop frame has version {found}, the newest known is {VERSION}")]
    Version {
        /// The version found.
        found: u8,
    },
    /// The frame counts 0 hops.
    #[error("hop frame counts 0 hops, the minimum is 1")]
    Zero,
}

/// Appends `record` to `out` in a frame that says it has made `hops` hops. A frame that `record` already has
/// is replaced, so there is never more than one.
pub fn write(hops: u8, record: &[u8], out: &mut Vec<u8>) -> Result<(), HopError> {
    if hops == 0 {
        return Err(HopError::Zero);
    }
    let inner = if record.starts_with(&MAGIC) { read(record)?.1 } else { record };
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[VERSION, hops]);
    out.extend_from_slice(inner);
    Ok(())
}

/// The number of hops and the record inside, read from bytes that begin with the magic.
pub(super) fn read(framed: &[u8]) -> Result<(u8, &[u8]), HopError> {
    let Some(([_, _, _, _, version, hops], inner)) = framed.split_first_chunk::<OVERHEAD_BYTES>() else {
        return Err(HopError::Short { found: framed.len() });
    };
    match (*version, *hops) {
        (VERSION, 0) => Err(HopError::Zero),
        (VERSION, hops) => Ok((hops, inner)),
        (found, _) => Err(HopError::Version { found }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(hops: u8, record: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        write(hops, record, &mut out).unwrap();
        out
    }

    #[test]
    fn the_frame_is_the_documented_bytes() {
        assert_eq!(framed(2, b"a|b"), [0xC0, 0x4B, 0x46, 0x48, 1, 2, b'a', b'|', b'b']);
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read(&framed(255, b"row")), Ok((255, &b"row"[..])));
        assert_eq!(read(&framed(1, b"")), Ok((1, &b""[..])));
    }

    #[test]
    fn a_second_hop_replaces_the_first_frame() {
        assert_eq!(framed(2, &framed(1, b"row")), framed(2, b"row"));
    }

    #[test]
    fn a_frame_that_makes_no_sense_is_refused() {
        assert_eq!(read(&[0xC0, 0x4B, 0x46, 0x48, 1]), Err(HopError::Short { found: 5 }));
        assert_eq!(read(&[0xC0, 0x4B, 0x46, 0x48, 9, 1]), Err(HopError::Version { found: 9 }));
        assert_eq!(read(&[0xC0, 0x4B, 0x46, 0x48, 1, 0]), Err(HopError::Zero));
        assert_eq!(write(0, b"row", &mut Vec::new()), Err(HopError::Zero));
    }
}
