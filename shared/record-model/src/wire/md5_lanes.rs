//! MD5 of many messages side by side.
//!
//! MD5 is one long chain: each of its steps waits for the one before, and a processor idles through most of it. Eight
//! messages at once are eight chains, which the compiler turns into vector instructions: about three times the
//! bytes per second. The checksums of a batch of aggregates cost next to nothing that way.

#![allow(clippy::inline_always, reason = "out of line, the vectors would go through memory at every step")]
#![allow(clippy::many_single_char_names, reason = "the names of RFC 1321")]

use std::array;

use wide::u32x8;

use crate::keys;

const LANES: usize = 8;
const BLOCK_BYTES: usize = 64;
type Block = [u8; BLOCK_BYTES];

/// The MD5 of each message, in their order.
pub(super) fn md5_of_each(messages: &[&[u8]]) -> Vec<[u8; 16]> {
    let mut by_length: Vec<usize> = (0..messages.len()).collect();
    by_length.sort_unstable_by_key(|&at| messages.get(at).map_or(0, |message| message.len()));
    let mut digests = vec![[0; 16]; messages.len()];
    for group in by_length.chunks(LANES) {
        let together: Vec<&[u8]> = group.iter().filter_map(|&at| messages.get(at).copied()).collect();
        for (&at, digest) in group.iter().zip(md5_of_group(&together)) {
            digests.get_mut(at).into_iter().for_each(|place| *place = digest);
        }
    }
    digests
}

/// Up to [`LANES`] messages; the longest decides how long it takes.
fn md5_of_group(messages: &[&[u8]]) -> Vec<[u8; 16]> {
    if let [message] = messages {
        return vec![keys::md5(message)];
    }
    let lanes: Vec<Padded<'_>> = messages.iter().map(|message| Padded::new(message)).collect();
    let longest = lanes.iter().map(Padded::blocks).max().unwrap_or(0);
    let mut state = State::start();
    let mut digests = vec![[0; 16]; messages.len()];
    for index in 0..longest {
        let blocks = array::from_fn(|lane| lanes.get(lane).map_or(&IDLE, |padded| padded.block(index)));
        state.add(&words(blocks));
        for (lane, (padded, digest)) in lanes.iter().zip(&mut digests).enumerate() {
            if padded.blocks() == index + 1 {
                *digest = state.digest(lane);
            }
        }
    }
    digests
}

/// What a lane without a message works on.
const IDLE: Block = [0; BLOCK_BYTES];

/// A message as MD5 sees it: whole blocks, then one or two with a one bit, zeros and the length.
struct Padded<'a> {
    whole: &'a [Block],
    tail: [Block; 2],
    tail_blocks: usize,
}

impl<'a> Padded<'a> {
    fn new(message: &'a [u8]) -> Self {
        let (whole, rest) = message.as_chunks();
        let length_bits = (message.len() as u64).wrapping_mul(8).to_le_bytes();
        let tail_blocks = if rest.len() + 1 + length_bits.len() > BLOCK_BYTES { 2 } else { 1 };
        let zeros = tail_blocks * BLOCK_BYTES - rest.len() - 1 - length_bits.len();
        let bytes =
            rest.iter().chain(&[0x80]).chain([0; 2 * BLOCK_BYTES].iter().take(zeros)).chain(&length_bits);
        let mut tail = [IDLE; 2];
        tail.as_flattened_mut().iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
        Self { whole, tail, tail_blocks }
    }

    fn blocks(&self) -> usize {
        self.whole.len() + self.tail_blocks
    }

    #[inline]
    fn block(&self, index: usize) -> &Block {
        let of_tail = || self.tail.get(index - self.whole.len());
        self.whole.get(index).or_else(of_tail).unwrap_or(&IDLE)
    }
}

/// One number of each lane.
type Lanes = u32x8;

/// The sixteen numbers of each lane's block.
#[inline(always)]
#[allow(clippy::indexing_slicing, reason = "`from_fn` counts the sixteen words of a block")]
fn words(blocks: [&Block; LANES]) -> [Lanes; 16] {
    array::from_fn(|word| Lanes::new(blocks.map(|block| u32::from_le_bytes(block.as_chunks().0[word]))))
}

/// A, B, C and D of RFC 1321.
struct State([Lanes; 4]);

impl State {
    fn start() -> Self {
        Self([0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476].map(Lanes::splat))
    }

    fn digest(&self, lane: usize) -> [u8; 16] {
        let mut digest = [0; 16];
        let numbers = self.0.iter().filter_map(|lanes| lanes.as_array().get(lane));
        let bytes = numbers.flat_map(|number| number.to_le_bytes());
        digest.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        digest
    }

    /// RFC 1321, 3.4, step 4.
    fn add(&mut self, words: &[Lanes; 16]) {
        let before = self.0;
        self.round::<0, 7, 12, 17, 22>(words, |i| i, |b, c, d| d ^ (b & (c ^ d)));
        self.round::<1, 5, 9, 14, 20>(words, |i| 5 * i + 1, |b, c, d| (b & d) | (c & !d));
        self.round::<2, 4, 11, 16, 23>(words, |i| 3 * i + 5, |b, c, d| b ^ c ^ d);
        self.round::<3, 6, 10, 15, 21>(words, |i| 7 * i, |b, c, d| c ^ (b | !d));
        self.0.iter_mut().zip(before).for_each(|(sum, before)| *sum += before);
    }

    /// Sixteen steps in a straight line, rotating by constants: a loop takes twice as long.
    #[inline(always)]
    fn round<const ROUND: usize, const R0: u32, const R1: u32, const R2: u32, const R3: u32>(
        &mut self,
        words: &[Lanes; 16],
        word_of: impl Fn(usize) -> usize,
        mix: impl Fn(Lanes, Lanes, Lanes) -> Lanes,
    ) {
        self.four_steps::<ROUND, R0, R1, R2, R3>(0, words, &word_of, &mix);
        self.four_steps::<ROUND, R0, R1, R2, R3>(4, words, &word_of, &mix);
        self.four_steps::<ROUND, R0, R1, R2, R3>(8, words, &word_of, &mix);
        self.four_steps::<ROUND, R0, R1, R2, R3>(12, words, &word_of, &mix);
    }

    #[inline(always)]
    #[allow(clippy::indexing_slicing, reason = "every index is taken modulo the length it indexes")]
    fn four_steps<const ROUND: usize, const R0: u32, const R1: u32, const R2: u32, const R3: u32>(
        &mut self,
        i: usize,
        words: &[Lanes; 16],
        word_of: impl Fn(usize) -> usize,
        mix: impl Fn(Lanes, Lanes, Lanes) -> Lanes,
    ) {
        let [mut a, mut b, mut c, mut d] = self.0;
        let term = |i: usize| words[word_of(i) % 16] + Lanes::splat(SINES[(16 * ROUND + i) % 64]);
        a = b + rotate_left::<R0>(a + mix(b, c, d) + term(i));
        d = a + rotate_left::<R1>(d + mix(a, b, c) + term(i + 1));
        c = d + rotate_left::<R2>(c + mix(d, a, b) + term(i + 2));
        b = c + rotate_left::<R3>(b + mix(c, d, a) + term(i + 3));
        self.0 = [a, b, c, d];
    }
}

#[inline(always)]
fn rotate_left<const BITS: u32>(lanes: Lanes) -> Lanes {
    (lanes << BITS) | (lanes >> (u32::BITS - BITS))
}

/// The whole part of 2^32 times the sine of 1 to 64, without sign.
#[rustfmt::skip]
const SINES: [u32; 64] = [
    0xD76A_A478, 0xE8C7_B756, 0x2420_70DB, 0xC1BD_CEEE, 0xF57C_0FAF, 0x4787_C62A, 0xA830_4613, 0xFD46_9501,
    0x6980_98D8, 0x8B44_F7AF, 0xFFFF_5BB1, 0x895C_D7BE, 0x6B90_1122, 0xFD98_7193, 0xA679_438E, 0x49B4_0821,
    0xF61E_2562, 0xC040_B340, 0x265E_5A51, 0xE9B6_C7AA, 0xD62F_105D, 0x0244_1453, 0xD8A1_E681, 0xE7D3_FBC8,
    0x21E1_CDE6, 0xC337_07D6, 0xF4D5_0D87, 0x455A_14ED, 0xA9E3_E905, 0xFCEF_A3F8, 0x676F_02D9, 0x8D2A_4C8A,
    0xFFFA_3942, 0x8771_F681, 0x6D9D_6122, 0xFDE5_380C, 0xA4BE_EA44, 0x4BDE_CFA9, 0xF6BB_4B60, 0xBEBF_BC70,
    0x289B_7EC6, 0xEAA1_27FA, 0xD4EF_3085, 0x0488_1D05, 0xD9D4_D039, 0xE6DB_99E5, 0x1FA2_7CF8, 0xC4AC_5665,
    0xF429_2244, 0x432A_FF97, 0xAB94_23A7, 0xFC93_A039, 0x655B_59C3, 0x8F0C_CC92, 0xFFEF_F47D, 0x8584_5DD1,
    0x6FA8_7E4F, 0xFE2C_E6E0, 0xA301_4314, 0x4E08_11A1, 0xF753_7E82, 0xBD3A_F235, 0x2AD7_D2BB, 0xEB86_D391,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one_by_one(messages: &[&[u8]]) -> Vec<[u8; 16]> {
        messages.iter().map(|message| keys::md5(message)).collect()
    }

    proptest! {
        #[test]
        fn side_by_side_is_one_by_one(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..30)) {
            let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(md5_of_each(&messages), one_by_one(&messages));
        }
    }

    #[test]
    fn every_length_around_a_block_is_padded_right() {
        let bytes = [0xA5; 200];
        let messages: Vec<&[u8]> = (0..bytes.len()).map(|length| &bytes[..length]).collect();
        assert_eq!(md5_of_each(&messages), one_by_one(&messages));
    }
}
