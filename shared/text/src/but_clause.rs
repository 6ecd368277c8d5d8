//! VADER's rule for "but": ratings before it are halved, and ratings after it grow by half.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::vader::{Rated, Valence};

/// Up to this many ratings are searched one by one; more are searched through an index.
const SEARCHED: usize = 64;

/// Applies the rule around the word at position `but` as Python does: it looks each rating up *by value* in
/// the changing list, so the first of several equal ratings is changed. Zero stays zero.
pub(crate) fn balance_around_but(but: usize, tokens: usize, rated: &mut Vec<Rated>) {
    make_first_zero_a_float(but, tokens, rated);
    if rated.len() <= SEARCHED {
        search(but, rated);
    } else {
        search_by_index(but, rated);
    }
}

/// The first of all zeros becomes a float, which ends Python's exact sum of whole numbers.
fn make_first_zero_a_float(but: usize, tokens: usize, rated: &mut Vec<Rated>) {
    let is_rated = |&(number, (at, valence)): &(usize, &Rated)| number == *at && valence.value != 0.0;
    let zero = rated.iter().enumerate().take_while(is_rated).count();
    if zero == but || zero >= tokens {
        return;
    }
    match rated.get_mut(zero) {
        Some((at, valence)) if *at == zero => valence.whole = false,
        _ => rated.insert(zero, (zero, Valence { value: 0.0, whole: false })),
    }
}

fn search(but: usize, rated: &mut [Rated]) {
    for number in 0..rated.len() {
        let Some(value) = value_at(rated, number) else { continue };
        let is_equal = |(_, other): &&mut Rated| other.value.to_bits() == value.to_bits();
        if let Some(first) = rated.iter_mut().find(is_equal) {
            balance(first, but);
        }
    }
}

fn search_by_index(but: usize, rated: &mut [Rated]) {
    let numbers = 0..rated.len();
    let mut first_of: BTreeSet<(u64, usize)> =
        numbers.clone().filter_map(|number| Some((value_at(rated, number)?.to_bits(), number))).collect();
    for number in numbers {
        let Some(value) = value_at(rated, number) else { continue };
        let Some(&(bits, first)) = first_of.range((value.to_bits(), 0)..).next() else { break };
        if let Some(changed) = rated.get_mut(first) {
            balance(changed, but);
            first_of.remove(&(bits, first));
            first_of.insert((changed.1.value.to_bits(), first));
        }
    }
}

/// The rating with this number, unless it is zero.
fn value_at(rated: &[Rated], number: usize) -> Option<f64> {
    rated.get(number).map(|(_, valence)| valence.value).filter(|&value| value != 0.0)
}

fn balance((at, valence): &mut Rated, but: usize) {
    let times = match (*at).cmp(&but) {
        Ordering::Less => 0.5,
        Ordering::Equal => return,
        Ordering::Greater => 1.5,
    };
    *valence = Valence { value: valence.value * times, whole: false };
}
