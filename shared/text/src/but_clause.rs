//! VADER's rule for "but": ratings before it count half, after it half as much again.

use std::collections::BTreeSet;

use crate::vader::Valence;

/// Ratings up to this number are searched one by one, more through an index.
const SEARCHED: usize = 64;

/// Applies the rule as Python does: it looks each rating up *by value* in the changing list, so of equal ratings the
/// first one is changed. Only ratings other than zero are kept here, as zero stays zero.
#[derive(Default, Debug)]
pub(crate) struct BalanceAroundBut {
    rated: Vec<(usize, f64)>,
}

impl BalanceAroundBut {
    /// Changes `valences` around the word at position `but`.
    pub(crate) fn apply(&mut self, but: usize, valences: &mut [Valence]) {
        // A zero becomes a float zero, which ends Python's exact sum of whole numbers.
        let zero = valences.iter().position(|valence| valence.value == 0.0);
        if let Some(zero) = zero.filter(|&zero| zero != but).and_then(|zero| valences.get_mut(zero)) {
            zero.whole = false;
        }
        self.rated.clear();
        let rated = valences.iter().enumerate().filter(|(_, valence)| valence.value != 0.0);
        self.rated.extend(rated.map(|(at, valence)| (at, valence.value)));
        if self.rated.len() <= SEARCHED {
            self.search(but);
        } else {
            self.index(but);
        }
        for &(at, value) in &self.rated {
            if let Some(valence) =
                valences.get_mut(at).filter(|valence| valence.value.to_bits() != value.to_bits())
            {
                *valence = Valence { value, whole: false };
            }
        }
    }

    fn search(&mut self, but: usize) {
        for number in 0..self.rated.len() {
            let Some(&(_, value)) = self.rated.get(number) else { break };
            if let Some((at, first)) =
                self.rated.iter_mut().find(|(_, other)| other.to_bits() == value.to_bits())
            {
                *first = balanced(value, *at, but);
            }
        }
    }

    fn index(&mut self, but: usize) {
        let mut first_of: BTreeSet<(u64, usize)> =
            self.rated.iter().enumerate().map(|(number, (_, value))| (value.to_bits(), number)).collect();
        for number in 0..self.rated.len() {
            let Some(&(_, value)) = self.rated.get(number) else { break };
            let Some(&(bits, first)) = first_of.range((value.to_bits(), 0)..).next() else { break };
            if let Some((at, changed)) = self.rated.get_mut(first) {
                *changed = balanced(value, *at, but);
                first_of.remove(&(bits, first));
                first_of.insert((changed.to_bits(), first));
            }
        }
    }
}

fn balanced(value: f64, at: usize, but: usize) -> f64 {
    match at.cmp(&but) {
        std::cmp::Ordering::Less => value * 0.5,
        std::cmp::Ordering::Equal => value,
        std::cmp::Ordering::Greater => value * 1.5,
    }
}
