//! One record as a segment stores it: length, checksum, and what was put.

use std::io::{self, Read};

use bytes::Bytes;

/// Length and checksum.
const HEADER_BYTES: usize = 8;
/// Counter, arrival, encryption, length of the key.
const FIXED_BYTES: usize = 8 + 8 + 1 + 2;
/// A record of 10 MiB with its key and fixed part. No record has a greater length.
const MAX_BODY_BYTES: usize = 12 << 20;

/// More records than any segment holds. A segment is closed at 8 MiB, and a put adds at most 10 MiB.
const MAX_RECORDS_OF_A_SEGMENT: u64 = 1 << 20;

/// A record of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its place in the shard.
    pub(crate) counter: u64,
    /// When it was put, in milliseconds since 1970. This is never before the record that precedes it.
    pub(crate) arrived_ms: u64,
    /// Whether the stream was encrypted when it arrived.
    pub(crate) encrypted: bool,
    pub(crate) partition_key: String,
    pub(crate) data: Bytes,
}

/// What is put, in the caller's memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draft<'a> {
    pub(crate) partition_key: &'a str,
    pub(crate) data: &'a [u8],
}

/// What the store adds to a draft.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    pub(super) counter: u64,
    pub(super) arrived_ms: u64,
    pub(super) encrypted: bool,
}

/// Appends one record's bytes.
pub(super) fn write(out: &mut Vec<u8>, draft: Draft<'_>, stamp: Stamp) -> io::Result<()> {
    let too_long = |_| io::Error::new(io::ErrorKind::InvalidInput, "a record is longer than a segment takes");
    let key_bytes = u16::try_from(draft.partition_key.len()).map_err(too_long)?;
    let body_bytes = FIXED_BYTES + draft.partition_key.len() + draft.data.len();
    let length = u32::try_from(body_bytes).map_err(too_long)?;
    if body_bytes > MAX_BODY_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a record is longer than a segment takes"));
    }
    let fixed = [
        &stamp.counter.to_le_bytes()[..],
        &stamp.arrived_ms.to_le_bytes(),
        &[u8::from(stamp.encrypted)],
        &key_bytes.to_le_bytes(),
        draft.partition_key.as_bytes(),
        draft.data,
    ];
    let mut checksum = crc32fast::Hasher::new();
    for part in fixed {
        checksum.update(part);
    }
    out.reserve(HEADER_BYTES + body_bytes);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&checksum.finalize().to_le_bytes());
    for part in fixed {
        out.extend_from_slice(part);
    }
    Ok(())
}

/// One record, and how many bytes it takes.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) record: Record,
    pub(super) bytes: u64,
}

/// Reads the next record. `None` if the rest is not a whole record: a torn tail, or damage.
pub(super) fn read(reader: &mut impl Read) -> io::Result<Option<Frame>> {
    let Some((length, checksum)) = header(reader)? else { return Ok(None) };
    let mut body = vec![0; length];
    match reader.read_exact(&mut body) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    }
    if crc32fast::hash(&body) != checksum {
        return Ok(None);
    }
    let bytes = (HEADER_BYTES + length) as u64;
    Ok(record(&body.into()).map(|record| Frame { record, bytes }))
}

/// The counter of the last whole record in bytes that begin with damage; `None` if there is no record, as
/// after a torn write. `next` is the counter of the damaged record.
pub(super) fn last_counter(bytes: &[u8], next: u64) -> Option<u64> {
    let mut last = None;
    let mut at = 1;
    while let Some(rest) = bytes.get(at..) {
        let mut frame = None;
        if may_begin(rest, last.map_or(next, |last| last + 1)) {
            frame = read(&mut &*rest).ok().flatten();
        }
        match frame {
            Some(Frame { record, bytes }) => {
                last = Some(record.counter);
                at += usize::try_from(bytes).unwrap_or(usize::MAX);
            }
            None if rest.is_empty() => break,
            None => at += 1,
        }
    }
    last
}

/// Whether a record from this counter on may begin here, judged by its fixed part alone, since a checksum at
/// every byte would take minutes.
fn may_begin(bytes: &[u8], from: u64) -> bool {
    let counter =
        bytes.get(HEADER_BYTES..).and_then(|body| body.first_chunk()).copied().map(u64::from_le_bytes);
    counter.is_some_and(|counter| counter >= from && counter - from <= MAX_RECORDS_OF_A_SEGMENT)
}

/// Length and checksum; `None` at the end, or if no record can begin here.
fn header(reader: &mut impl Read) -> io::Result<Option<(usize, u32)>> {
    let (mut length, mut checksum) = ([0; 4], [0; 4]);
    for part in [&mut length, &mut checksum] {
        match reader.read_exact(part) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            result => result?,
        }
    }
    let length = u32::from_le_bytes(length) as usize;
    let is_record = (FIXED_BYTES..=MAX_BODY_BYTES).contains(&length);
    Ok(is_record.then_some((length, u32::from_le_bytes(checksum))))
}

fn record(body: &Bytes) -> Option<Record> {
    let (counter, rest) = body.split_first_chunk()?;
    let (arrived_ms, rest) = rest.split_first_chunk()?;
    let ([flag], rest) = rest.split_first_chunk()?;
    let (key_bytes, rest) = rest.split_first_chunk()?;
    let (key, _) = rest.split_at_checked(usize::from(u16::from_le_bytes(*key_bytes)))?;
    Some(Record {
        counter: u64::from_le_bytes(*counter),
        arrived_ms: u64::from_le_bytes(*arrived_ms),
        encrypted: *flag != 0,
        partition_key: std::str::from_utf8(key).ok()?.to_owned(),
        data: body.slice(FIXED_BYTES + key.len()..),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(key: &str, data: &[u8], stamp: Stamp) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out, Draft { partition_key: key, data }, stamp).unwrap();
        out
    }

    proptest! {
        #[test]
        fn a_record_reads_back_as_it_was_put(
            key in ".{1,256}", data: Vec<u8>, counter: u64, arrived_ms: u64, encrypted: bool,
        ) {
            let bytes = written(&key, &data, Stamp { counter, arrived_ms, encrypted });
            let frame = read(&mut &bytes[..]).unwrap().unwrap();
            prop_assert_eq!(frame.bytes, bytes.len() as u64);
            let expected = Record { counter, arrived_ms, encrypted, partition_key: key, data: data.into() };
            prop_assert_eq!(frame.record, expected);
        }

        #[test]
        fn a_torn_or_damaged_record_is_none(data: Vec<u8>, cut: prop::sample::Index, flip in 1u8..) {
            let bytes = written("key", &data, Stamp { counter: 1, arrived_ms: 2, encrypted: false });
            let at = cut.index(bytes.len());
            prop_assert!(read(&mut &bytes[..at]).unwrap().is_none());
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            prop_assert!(read(&mut &damaged[..]).unwrap().is_none());
        }

        #[test]
        fn records_behind_damage_tell_how_many_were_lost(
            sizes in prop::collection::vec(0..200_usize, 2..20), flip in 1u8.., at: prop::sample::Index,
        ) {
            let record = |(counter, size): (u64, &usize)| {
                written("key", &vec![7; *size], Stamp { counter, arrived_ms: 2, encrypted: false })
            };
            let records: Vec<Vec<u8>> = (5..).zip(&sizes).map(record).collect();
            let mut bytes = records.concat();
            let first = records[0].len();
            prop_assert_eq!(last_counter(&bytes[..first - 1], 5), None, "a torn write is no damage");
            bytes[at.index(first)] ^= flip;
            prop_assert_eq!(last_counter(&bytes, 5), Some(5 + sizes.len() as u64 - 1));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = read(&mut &bytes[..]).unwrap();
        }
    }
}
