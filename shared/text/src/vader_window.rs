//! Rates one token by the tokens around it: boosters, negations, idioms and capitals.

use crate::lexicon::Row;
use crate::vader::Valence;
use crate::vader_tokens::{Token, Tokens};
use crate::vader_words::Role;

const BOOST: f64 = 0.293;
const CAPITALS: f64 = 0.733;
const NEGATION: f64 = -0.74;
const NEVER_SO: f64 = 1.25;
/// The part of a booster's effect that remains at a distance of one, two and three words.
const DISTANCE: [f64; 3] = [1.0, 0.95, 0.9];

/// Phrases that have a rating of their own.
const IDIOMS: [(&[Role], Valence); 8] = [
    (&[Role::The, Role::Shit], whole(3.0)),
    (&[Role::The, Role::Bomb], whole(3.0)),
    (&[Role::Bad, Role::Ass], Valence { value: 1.5, whole: false }),
    (&[Role::Bus, Role::Stop], Valence { value: 0.0, whole: false }),
    (&[Role::Yeah, Role::Right], whole(-2.0)),
    (&[Role::Kiss, Role::Of, Role::Death], Valence { value: -1.5, whole: false }),
    (&[Role::To, Role::Die, Role::For], whole(3.0)),
    (&[Role::Beating, Role::Heart], Valence { value: 3.5, whole: false }),
];

/// Two-word dampeners.
const DAMPENING_PAIRS: [[Role; 2]; 3] =
    [[Role::Just, Role::Enough], [Role::Kind, Role::Of], [Role::Sort, Role::Of]];

const fn whole(value: f64) -> Valence {
    Valence { value, whole: true }
}

#[inline]
pub(crate) fn is(token: Option<&Token>, role: Role) -> bool {
    token.and_then(|token| token.row).is_some_and(|row| row.role == role)
}

fn rating(token: Option<&Token>) -> Option<i8> {
    token?.row?.valence_tenths
}
/// The tokens around the one that is being rated.
pub(crate) struct Window<'a> {
    pub(crate) tokens: &'a Tokens,
    pub(crate) text: &'a str,
}

impl<'a> Window<'a> {
    fn at(&self, at: usize) -> Option<&'a Token> {
        self.tokens.list.get(at)
    }

    fn before(&self, at: usize, distance: usize) -> Option<&'a Token> {
        self.at(at.checked_sub(distance)?)
    }

    /// The rating of a token with its surroundings; `None` for a token without a rating, and for a modifier.
    #[inline]
    pub(crate) fn valence(&self, at: usize, token: &Token, row: &Row) -> Option<Valence> {
        let tenths = row.valence_tenths?;
        let kind_of = row.role == Role::Kind && is(self.at(at + 1), Role::Of);
        if row.modifier != 0 || kind_of {
            return None;
        }
        let mut valence =
            Valence { value: self.rating_after_no(at, row, f64::from(tenths) / 10.0), whole: false };
        if token.upper && self.tokens.mixed_capitals {
            valence.value += if valence.value > 0.0 { CAPITALS } else { -CAPITALS };
        }
        for (distance, weight) in (1..).zip(DISTANCE) {
            let Some(earlier) = self.before(at, distance) else { break };
            if rating(Some(earlier)).is_some() {
                continue;
            }
            valence.value += self.modifier(earlier, valence.value) * weight;
            valence.value *= self.turn(at, distance, earlier);
            if distance == 3 {
                valence = self.idiom(at, valence);
            }
        }
        Some(self.after_least(at, valence))
    }

    /// "no" before a rated word negates that word and has no rating itself.
    fn rating_after_no(&self, at: usize, row: &Row, rated: f64) -> f64 {
        let no = |distance| is(self.before(at, distance), Role::No);
        let joined = || is(self.before(at, 1), Role::Or) || is(self.before(at, 1), Role::Nor);
        if no(1) || no(2) || (no(3) && joined()) {
            rated * NEGATION
        } else if row.role == Role::No && rating(self.at(at + 1)).is_some() {
            0.0
        } else {
            rated
        }
    }

    /// What a booster or dampener adds, in the direction of the rating so far.
    fn modifier(&self, word: &Token, rated: f64) -> f64 {
        let sign = match word.row {
            Some(row) if row.modifier != 0 => f64::from(row.modifier),
            _ => return 0.0,
        };
        let boost = if rated < 0.0 { -sign * BOOST } else { sign * BOOST };
        if !(word.upper && self.tokens.mixed_capitals) {
            boost
        } else if rated > 0.0 {
            boost + CAPITALS
        } else {
            boost - CAPITALS
        }
    }

    /// The factor of a negation at `distance`: "never so" strengthens, and "without doubt" changes nothing.
    fn turn(&self, at: usize, distance: usize, earlier: &Token) -> f64 {
        let nearer = |distance| self.before(at, distance);
        let so = |distance| is(nearer(distance), Role::So) || is(nearer(distance), Role::This);
        let doubt = |distance| is(nearer(distance), Role::Doubt);
        let never = is(Some(earlier), Role::Never);
        let without = is(Some(earlier), Role::Without);
        match distance {
            2 if never && so(1) => NEVER_SO,
            2 if without && doubt(1) => 1.0,
            // Python binds `and` before `or`, so a bare "so" directly before the word is enough.
            3 if (never && so(2)) || so(1) => NEVER_SO,
            3 if without && (doubt(2) || doubt(1)) => 1.0,
            _ if self.tokens.negates(earlier, self.text) => NEGATION,
            _ => 1.0,
        }
    }

    /// Applies idioms around a word with three words before it, and then two-word dampeners before it.
    fn idiom(&self, at: usize, rated: Valence) -> Valence {
        const BACKWARD: [(usize, usize); 5] = [(1, 2), (2, 3), (2, 2), (3, 3), (3, 2)];
        let find = |start: usize, length: usize| {
            IDIOMS.iter().find(|(words, _)| words.len() == length && self.matches(start, words))
        };
        let mut valence = rated;
        if let Some((_, idiom)) = BACKWARD.iter().find_map(|&(back, length)| find(at - back, length)) {
            valence = *idiom;
        }
        for length in [2, 3] {
            if let Some((_, idiom)) = find(at, length) {
                valence = *idiom;
            }
        }
        for back in [3, 2] {
            if DAMPENING_PAIRS.iter().any(|pair| self.matches(at - back, pair)) {
                valence = Valence { value: valence.value - BOOST, whole: false };
            }
        }
        valence
    }

    fn matches(&self, start: usize, words: &[Role]) -> bool {
        words.iter().zip(start..).all(|(&role, at)| is(self.at(at), role))
    }

    /// "least" negates the next word, but not in "at least" and "very least".
    fn after_least(&self, at: usize, valence: Valence) -> Valence {
        let exempt = is(self.before(at, 2), Role::At) || is(self.before(at, 2), Role::Very);
        if is(self.before(at, 1), Role::Least) && !exempt {
            Valence { value: valence.value * NEGATION, whole: false }
        } else {
            valence
        }
    }
}
