//! The VADER score, equal to `PyPI`'s vaderSentiment 3.3.2: Hutto & Gilbert, "VADER", ICWSM 2014.

use crate::analyzer::Label;
use crate::but_clause::balance_around_but;
use crate::lexicon::Row;
use crate::python_float::{compensated_sum, round};
use crate::vader_tokens::{Token, Tokens};
use crate::vader_words::Role;

const BOOST: f64 = 0.293;
const CAPITALS: f64 = 0.733;
const NEGATION: f64 = -0.74;
const NEVER_SO: f64 = 1.25;
/// How much of a booster is left one, two and three words away.
const DISTANCE: [f64; 3] = [1.0, 0.95, 0.9];

/// VADER's four numbers, rounded as Python prints them.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct VaderScore {
    /// -1 (most negative) to 1 (most positive), four decimal places.
    pub compound: f64,
    /// Share of the text that is positive, three decimal places.
    pub positive: f64,
    /// Share that is neutral.
    pub neutral: f64,
    /// Share that is negative.
    pub negative: f64,
}

impl VaderScore {
    /// The label VADER's authors give: a compound of 0.05 or more is positive, of -0.05 or less negative.
    pub fn label(&self) -> Label {
        if self.compound >= 0.05 {
            Label::Positive
        } else if self.compound <= -0.05 {
            Label::Negative
        } else {
            Label::Neutral
        }
    }
}

/// How many numbers [`Vader::features`] gives.
pub(crate) const VADER_FEATURES: usize = 16;

/// A token's rating. Python sums whole numbers apart from floats, so the kind of number is part of the result.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Valence {
    pub(crate) value: f64,
    pub(crate) whole: bool,
}

/// A token with a rating, by its position; any other token counts as a whole zero.
pub(crate) type Rated = (usize, Valence);

/// Phrases with a rating of their own.
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

/// Scores texts one after another; holds the buffers.
#[derive(Default, Debug)]
pub(crate) struct Vader {
    tokens: Tokens,
    rated: Vec<Rated>,
    has_but: bool,
}

impl Vader {
    /// The score of a text. Linear in its length but for texts with "but", where it is n log n.
    pub(crate) fn score(&mut self, text: &str) -> VaderScore {
        self.tokens.read(text);
        self.rated.clear();
        self.has_but = false;
        let window = Window { tokens: &self.tokens, text };
        for (at, token) in self.tokens.list.iter().enumerate() {
            let Some(row) = token.row else { continue };
            self.has_but |= row.role == Role::But;
            self.rated.extend(window.valence(at, token, row).map(|valence| (at, valence)));
        }
        if self.has_but {
            let but = self.tokens.list.iter().position(|token| is(Some(token), Role::But));
            balance_around_but(but.unwrap_or_default(), self.tokens.list.len(), &mut self.rated);
        }
        self.total()
    }

    /// The tokens of the text scored last.
    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// What a score was made of, for the linear model: all of about -1 to 1.
    #[allow(clippy::cast_possible_truncation)] // the model needs no more digits
    pub(crate) fn features(&self, score: &VaderScore) -> [f32; VADER_FEATURES] {
        let (mut positive, mut negative, mut highest, mut lowest) = (0.0_f64, 0.0_f64, 0.0_f64, 0.0_f64);
        let rated = || self.rated.iter().map(|(_, valence)| valence.value).filter(|&value| value != 0.0);
        for value in rated() {
            positive += value.max(0.0);
            negative += value.min(0.0);
            highest = highest.max(value);
            lowest = lowest.min(value);
        }
        let (first, last) = (rated().next(), rated().next_back());
        let words = 1.0 + number(self.tokens.list.len());
        [
            score.compound,
            score.positive,
            score.negative,
            (positive / 6.0).min(1.5),
            (negative / 6.0).max(-1.5),
            highest / 4.0,
            lowest / 4.0,
            last.unwrap_or(0.0) / 4.0,
            first.unwrap_or(0.0) / 4.0,
            f64::from(first.is_none()),
            words.ln() / 4.0,
            (positive + negative) / words.sqrt() / 2.0,
            number(self.tokens.exclamation_marks.min(4)) / 4.0,
            number(self.tokens.question_marks.min(4)) / 4.0,
            f64::from(self.has_but),
            1.0,
        ]
        .map(|feature| feature as f32)
    }

    fn total(&self) -> VaderScore {
        if self.tokens.list.is_empty() {
            return VaderScore::default();
        }
        let emphasis = emphasis(self.tokens.exclamation_marks, self.tokens.question_marks);
        let mut sum = compensated_sum(self.rated.iter().map(|(_, valence)| *valence));
        if sum != 0.0 {
            sum += emphasis.copysign(sum);
        }
        let (mut positive, mut negative, mut neutral) = (0.0, 0.0, number(self.tokens.list.len()));
        for (_, valence) in self.rated.iter().filter(|(_, valence)| valence.value != 0.0) {
            neutral -= 1.0;
            if valence.value > 0.0 {
                positive += valence.value + 1.0;
            } else {
                negative += 1.0 - valence.value;
            }
        }
        if positive > negative {
            positive += emphasis;
        } else if positive < negative {
            negative += emphasis;
        }
        let all = positive + negative + neutral;
        VaderScore {
            compound: round::<4>((sum / (sum * sum + 15.0).sqrt()).clamp(-1.0, 1.0)),
            positive: round::<3>(positive / all),
            neutral: round::<3>(neutral / all),
            negative: round::<3>(negative / all),
        }
    }
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// Up to four exclamation marks and any number of question marks from two on add weight.
fn emphasis(exclamation_marks: usize, question_marks: usize) -> f64 {
    let exclamation =
        [0.0, 0.292, 2.0 * 0.292, 3.0 * 0.292].get(exclamation_marks).copied().unwrap_or(4.0 * 0.292);
    let question = [0.0, 0.0, 2.0 * 0.18, 3.0 * 0.18].get(question_marks).copied().unwrap_or(0.96);
    exclamation + question
}

fn is(token: Option<&Token>, role: Role) -> bool {
    token.and_then(|token| token.row).is_some_and(|row| row.role == role)
}

fn rating(token: Option<&Token>) -> Option<i8> {
    token?.row?.valence_tenths
}

/// The tokens around the one being rated.
struct Window<'a> {
    tokens: &'a Tokens,
    text: &'a str,
}

impl<'a> Window<'a> {
    fn at(&self, at: usize) -> Option<&'a Token> {
        self.tokens.list.get(at)
    }

    fn before(&self, at: usize, distance: usize) -> Option<&'a Token> {
        self.at(at.checked_sub(distance)?)
    }

    /// The rating of a token with its surroundings; `None` for one that has none and for a modifier.
    fn valence(&self, at: usize, token: &Token, row: &Row) -> Option<Valence> {
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

    /// "no" before a rated word turns that word round and has no rating of its own.
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

    /// The factor of a negation at `distance`: "never so" strengthens, "without doubt" leaves as it is.
    fn turn(&self, at: usize, distance: usize, earlier: &Token) -> f64 {
        let nearer = |distance| self.before(at, distance);
        let so = |distance| is(nearer(distance), Role::So) || is(nearer(distance), Role::This);
        let doubt = |distance| is(nearer(distance), Role::Doubt);
        let never = is(Some(earlier), Role::Never);
        let without = is(Some(earlier), Role::Without);
        match distance {
            2 if never && so(1) => NEVER_SO,
            2 if without && doubt(1) => 1.0,
            // Python binds `and` before `or`: a bare "so" just before the word is enough.
            3 if (never && so(2)) || so(1) => NEVER_SO,
            3 if without && (doubt(2) || doubt(1)) => 1.0,
            _ if self.tokens.negates(earlier, self.text) => NEGATION,
            _ => 1.0,
        }
    }

    /// Idioms around a word with three words before it, then two-word dampeners before it.
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

    /// "least" turns the next word round, but not in "at least" and "very least".
    fn after_least(&self, at: usize, valence: Valence) -> Valence {
        let exempt = is(self.before(at, 2), Role::At) || is(self.before(at, 2), Role::Very);
        if is(self.before(at, 1), Role::Least) && !exempt {
            Valence { value: valence.value * NEGATION, whole: false }
        } else {
            valence
        }
    }
}
