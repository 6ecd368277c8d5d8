//! Checks that work grows linearly with its input, by processor time, so that a busy machine makes no
//! difference.

use std::time::Duration;

use test_support::processor_time_of;

/// The largest record of a stream.
pub(crate) const LARGE_BYTES: usize = 10 << 20;
/// What is read of a kind of input. Quadratic work on it takes many seconds, and a hundred kinds of linear work do not.
const READ_BYTES: usize = 1 << 20;

/// Linear work takes 4 times as long for the large input, quadratic work 16 times.
const MOST: u32 = 9;
/// A clock that counts ticks of 10 ms says 0 of three of them, so less than this is taken for this.
const UNCERTAIN: Duration = Duration::from_millis(40);
/// The best of so many runs is believed.
const RUNS: usize = 5;

/// Reads what `make` makes of 256 KiB and of 1 MiB, and fails where the latter takes out of proportion long.
#[track_caller]
pub(crate) fn check(name: &str, make: impl Fn(usize) -> Vec<u8>, read: impl FnMut(&[u8])) {
    check_up_to(READ_BYTES, name, make, read);
}

/// As [`check`], where what is read is never as long as a record.
#[track_caller]
pub(crate) fn check_up_to(
    bytes: usize,
    name: &str,
    make: impl Fn(usize) -> Vec<u8>,
    mut read: impl FnMut(&[u8]),
) {
    let (small, large) = (make(bytes / 4), make(bytes));
    let mut best = (Duration::MAX, Duration::MAX);
    for _ in 0..RUNS {
        best.1 = best.1.min(processor_time_of(|| read(&large)));
        if best.1 < UNCERTAIN * MOST {
            return;
        }
        best.0 = best.0.min(processor_time_of(|| read(&small)));
        if best.1 < best.0.max(UNCERTAIN) * MOST {
            return;
        }
    }
    panic!("{name}: {} bytes take {:?}, {} bytes {:?}", small.len(), best.0, large.len(), best.1);
}
