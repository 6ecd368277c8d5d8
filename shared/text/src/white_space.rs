//! Finds the words between ASCII white space, sixty-four bytes at a time.

/// How many bytes are looked at together.
const BLOCK_BYTES: usize = 64;

/// Calls `found` with the start and end of every run of bytes that are not Python's white space: space, 09 to
/// 0D, and the separators 1C to 1F.
pub(crate) fn words(text: &[u8], mut found: impl FnMut(usize, usize)) {
    let mut start = 0;
    let (blocks, rest) = text.as_chunks::<BLOCK_BYTES>();
    let mut last = [0; BLOCK_BYTES];
    last.iter_mut().zip(rest).for_each(|(to, &from)| *to = from);
    for (number, block) in blocks.iter().chain([&last]).enumerate() {
        let mut spaces = spaces(block);
        while spaces != 0 {
            let space = number * BLOCK_BYTES + spaces.trailing_zeros() as usize;
            if start < space {
                found(start, space);
            }
            start = space + 1;
            spaces &= spaces - 1;
        }
    }
    if start < text.len() {
        found(start, text.len());
    }
}

/// A bit for each byte of the block that is white space, written so that the compiler handles many bytes at a
/// time.
fn spaces(block: &[u8; BLOCK_BYTES]) -> u64 {
    let flags = block.map(|byte| u8::from(is_space(byte)));
    let (eights, _) = flags.as_chunks::<8>();
    eights.iter().rev().fold(0, |bits, &eight| {
        // Moves the lowest bit of each byte to the top byte.
        let gathered = u64::from_le_bytes(eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        (bits << 8) | gathered
    })
}

fn is_space(byte: u8) -> bool {
    (byte == b' ') | (byte.wrapping_sub(0x09) < 5) | (byte.wrapping_sub(0x1C) < 4)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_what_lies_between_white_space() {
        for length in 0..200 {
            let text: Vec<u8> = (0..length).map(|at| if at % 7 == at % 5 { b'\t' } else { b'a' }).collect();
            let mut found = Vec::new();
            words(&text, |start, end| found.push(&text[start..end]));
            let expected: Vec<_> =
                text.split(|&byte| byte == b'\t').filter(|word| !word.is_empty()).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn every_white_space_of_pythons_and_no_other_byte_separates() {
        let separates = |byte: u8| {
            let mut count = 0;
            words(&[b'a', byte, b'a'], |_, _| count += 1);
            count == 2
        };
        let found: Vec<u8> = (0..=255).filter(|&byte| separates(byte)).collect();
        assert_eq!(found, [9, 10, 11, 12, 13, 0x1C, 0x1D, 0x1E, 0x1F, 32]);
    }
}
