//! However data is cut into gzip members or zstd frames, the data comes out, and one rule judges what follows
//! them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::io::{Read as _, Write as _};

use flate2::{Compression, GzBuilder, read::MultiGzDecoder};
use proptest::prelude::*;
use record_model::{Content, DecodeError, Decoder, Format, Limits, compress};

/// The payload of a record that is no aggregate.
fn opened(decoder: &mut Decoder, data: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut payload = Vec::new();
    decoder.start_batch();
    decoder.decode(data, &mut |record| {
        if let Ok(Content::Payload(bytes)) = record.content {
            payload.extend_from_slice(bytes);
        }
    })?;
    Ok(payload)
}

fn open(data: &[u8]) -> Result<Vec<u8>, DecodeError> {
    opened(&mut Decoder::new(Limits::default()), data)
}

/// One gzip member as some writer makes it: by its level, and what is in its header.
fn member(data: &[u8], level: u32, header: u8) -> Vec<u8> {
    let mut builder = GzBuilder::new().mtime(u32::from(header));
    if header & 1 != 0 {
        builder = builder.filename("name");
    }
    if header & 2 != 0 {
        builder = builder.comment("comment");
    }
    if header & 4 != 0 {
        builder = builder.extra(vec![header; 5]);
    }
    let mut encoder = builder.write(Vec::new(), Compression::new(level));
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// The same member with a checksum of its header.
fn with_header_checksum(member: &[u8]) -> Vec<u8> {
    let mut header = member[..10].to_vec();
    header[3] |= 2;
    let mut end = 10;
    if header[3] & 4 != 0 {
        end += 2 + usize::from(u16::from_le_bytes([member[end], member[end + 1]]));
    }
    for flag in [8, 16] {
        if header[3] & flag != 0 {
            end += member[end..].iter().position(|byte| *byte == 0).unwrap() + 1;
        }
    }
    header.extend_from_slice(&member[10..end]);
    let mut crc = flate2::Crc::new();
    crc.update(&header);
    let [low, high, ..] = crc.sum().to_le_bytes();
    [&header, &[low, high][..], &member[end..]].concat()
}

/// One zstd frame: whole, with its size, or as a stream, without it; `level` 0 is a skippable frame of the data.
fn frame(data: &[u8], level: i32, streamed: bool) -> Vec<u8> {
    match (level, streamed) {
        (0, _) => {
            let magic = 0x184D_2A50 + u32::from(data.first().copied().unwrap_or(0) % 16);
            let len = u32::try_from(data.len()).unwrap();
            [&magic.to_le_bytes()[..], &len.to_le_bytes(), data].concat()
        }
        (level, true) => zstd::stream::encode_all(data, level).unwrap(),
        (level, false) => zstd::bulk::compress(data, level).unwrap(),
    }
}

/// Short pieces of few different bytes: of many, some have one length, and some are what others begin with.
fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let byte = prop::sample::select(vec![b'a', b'b', 0, 0x8B, 0xFF]);
    prop::collection::vec(prop::collection::vec(byte, 0..12), 1..6)
}

proptest! {
    #[test]
    fn data_in_gzip_members_comes_out_whole(pieces in pieces(), level in 0..10_u32, header in 0..8_u8) {
        let members: Vec<u8> = pieces.iter().flat_map(|piece| member(piece, level, header)).collect();
        let mut expected = Vec::new();
        MultiGzDecoder::new(&*members).read_to_end(&mut expected).unwrap();
        prop_assert_eq!(&expected, &pieces.concat());
        prop_assert_eq!(open(&members), Ok(expected));
    }

    /// The reference is the reader of the law, which also checks what a fast one may skip, such as a header's checksum.
    #[test]
    fn whatever_byte_is_changed_the_members_are_read_as_the_reference_reads_them(
        // Bytes with which no wrapping begins.
        pieces in prop::collection::vec((prop::collection::vec(0x20..0xC0_u8, 0..40), 0..8_u8, any::<bool>()), 1..4),
        at in any::<prop::sample::Index>(), change in 0..=255_u8,
    ) {
        let members = pieces.iter().map(|(data, header, has_checksum)| {
            let member = member(data, 6, *header);
            if *has_checksum { with_header_checksum(&member) } else { member }
        });
        let mut bytes = members.collect::<Vec<_>>().concat();
        // The first two bytes say that this is gzip.
        let at = 2 + at.index(bytes.len() - 2);
        bytes[at] ^= change;
        let mut expected = Vec::new();
        let is_read = MultiGzDecoder::new(&*bytes).read_to_end(&mut expected).is_ok();
        prop_assert!(is_read || change != 0);
        let damaged = Err(DecodeError::Damaged { format: Format::Gzip });
        prop_assert_eq!(open(&bytes), if is_read { Ok(expected) } else { damaged });
    }

    #[test]
    fn data_in_zstd_frames_comes_out_whole(
        frames in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), prop::sample::select(vec![0, 1, 3, 9]), any::<bool>()), 1..5),
    ) {
        let bytes: Vec<u8> = frames.iter().flat_map(|(data, level, streamed)| frame(data, *level, *streamed)).collect();
        let expected = zstd::stream::decode_all(&*bytes).unwrap();
        let data = frames.iter().filter(|(_, level, _)| *level != 0).flat_map(|(data, ..)| data.clone());
        prop_assert_eq!(&expected, &data.collect::<Vec<u8>>());
        prop_assert_eq!(open(&bytes), Ok(expected));
    }

    #[test]
    fn behind_the_last_member_there_is_padding_or_damage(
        pieces in pieces(), rest in "(\0|\r|\n|a){0,4}", in_zstd: bool,
    ) {
        let write = |piece: &Vec<u8>| if in_zstd { frame(piece, 3, false) } else { member(piece, 6, 0) };
        let record = [pieces.iter().flat_map(write).collect(), rest.clone().into_bytes()].concat();
        let bare = rest.trim_matches('\0');
        let format = if in_zstd { Format::Zstd } else { Format::Gzip };
        let is_padding = ["", "\n", "\r\n", "\r"].contains(&bare);
        let expected = if is_padding { Ok(pieces.concat()) } else { Err(DecodeError::Damaged { format }) };
        prop_assert_eq!(open(&record), expected, "{:?}", rest);
    }
}

#[test]
fn members_of_equal_length_are_all_opened() {
    let members = [member(b"aaa", 6, 0), member(b"bbb", 6, 0), member(b"ccc", 6, 0)].concat();
    assert_eq!(open(&members).unwrap(), b"aaabbbccc");
}

#[test]
fn a_header_whose_checksum_is_wrong_is_damage_alone_and_among_others() {
    let (right, mut wrong) =
        (with_header_checksum(&member(b"row", 6, 1)), with_header_checksum(&member(b"row", 6, 1)));
    assert_eq!(open(&right).unwrap(), b"row");
    wrong[4] ^= 1; // a time that is not the one of the checksum
    let damaged = Err(DecodeError::Damaged { format: Format::Gzip });
    for members in [vec![&wrong], vec![&right, &wrong], vec![&wrong, &right]] {
        let record: Vec<u8> = members.into_iter().flatten().copied().collect();
        assert_eq!(open(&record), damaged);
    }
}

#[test]
fn a_line_end_behind_compressed_bytes_is_passed_over() {
    for end in ["\n", "\r\n", "\0", "\0\0\n\0"] {
        assert_eq!(open(&[&member(b"row", 6, 0), end.as_bytes()].concat()).unwrap(), b"row", "{end:?}");
        assert_eq!(open(&[&frame(b"row", 3, false), end.as_bytes()].concat()).unwrap(), b"row", "{end:?}");
    }
}

#[test]
fn a_member_cut_short_behind_a_whole_one_is_damage() {
    let (whole, other) = (member(b"a row", 6, 0), member(b"another", 6, 0));
    for cut in 1..other.len() {
        let damaged = Err(DecodeError::Damaged { format: Format::Gzip });
        assert_eq!(open(&[&whole[..], &other[..cut]].concat()), damaged, "{cut}");
    }
}

#[test]
fn a_stream_of_the_highest_levels_takes_no_window_of_its_own() {
    let data = b"0123456789".repeat(30_000);
    for level in [19, 20, 22] {
        assert_eq!(open(&frame(&data, level, true)).as_deref(), Ok(&*data), "level {level}");
    }
}

#[test]
fn zstd_that_begins_with_a_skippable_frame_is_zstd() {
    let record = [frame(b"mark", 0, false), frame(b"row", 3, true), frame(b"", 0, false)].concat();
    assert_eq!(open(&record).unwrap(), b"row");
}

#[test]
fn frames_that_name_no_size_are_held_to_the_limit() {
    let limits = Limits { record_bytes_out: 100_000, ..Limits::default() };
    let mut decoder = Decoder::new(limits);
    assert_eq!(opened(&mut decoder, &frame(&[7; 100_000], 3, true)).unwrap().len(), 100_000);
    let refused = opened(&mut decoder, &frame(&[7; 100_001], 3, true));
    assert_eq!(refused, Err(DecodeError::RecordBytes { limit: 100_000 }));
}

#[test]
fn what_the_writers_here_write_is_opened() {
    let mut record = Vec::new();
    for data in [&b"one"[..], b"", b"two"] {
        compress::Gzip::new(6).write(data, Some("mark"), &mut record).unwrap();
    }
    assert_eq!(open(&record).unwrap(), b"onetwo");
}
