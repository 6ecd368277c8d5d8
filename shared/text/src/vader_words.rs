//! VADER's words with special roles: modifiers, negations, and the words of its rules. The build script puts
//! the words into the table, and the engine knows them by their roles.
#![allow(dead_code)] // each side uses its half

/// Words that strengthen the word after them ("very good").
pub(crate) const BOOSTERS: &str = "absolutely amazingly awfully completely considerable considerably decidedly \
    deeply effing enormous enormously entirely especially exceptional exceptionally extreme extremely fabulously \
    flipping flippin frackin fracking fricking frickin frigging friggin fully fuckin fucking fuggin fugging greatly \
    hella highly hugely incredible incredibly intensely major majorly more most particularly purely quite really \
    remarkably so substantially thoroughly total totally tremendous tremendously uber unbelievably unusually utter \
    utterly very";

/// Words that weaken the word after them ("slightly good").
pub(crate) const DAMPENERS: &str = "almost barely hardly kinda kindof kind-of less little marginal marginally \
    occasional occasionally partly scarce scarcely slight slightly somewhat sorta sortof sort-of";

/// Words that negate the word after them. Any word with "n't" in it does so too.
pub(crate) const NEGATIONS: &str = "aint arent cannot cant couldnt darent didnt doesnt ain't aren't can't couldn't \
    daren't didn't doesn't dont hadnt hasnt havent isnt mightnt mustnt neither don't hadn't hasn't haven't isn't \
    mightn't mustn't neednt needn't never none nope nor not nothing nowhere oughtnt shant shouldnt uhuh wasnt werent \
    oughtn't shan't shouldn't uh-uh wasn't weren't without wont wouldnt won't wouldn't rarely seldom despite";

/// The role of a word in the rules that name single words.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[rustfmt::skip]
pub(crate) enum Role {
    #[default]
    Other,
    Ass, At, Bad, Beating, Bomb, Bus, But, Death, Die, Doubt, Enough, For, Heart, Just, Kind, Kiss, Least, Never,
    No, Nor, Of, Or, Right, Shit, So, Sort, Stop, The, This, To, Very, Without, Yeah,
}

/// The words that have these roles.
pub(crate) const ROLES: [(&str, Role); 33] = [
    ("ass", Role::Ass),
    ("at", Role::At),
    ("bad", Role::Bad),
    ("beating", Role::Beating),
    ("bomb", Role::Bomb),
    ("bus", Role::Bus),
    ("but", Role::But),
    ("death", Role::Death),
    ("die", Role::Die),
    ("doubt", Role::Doubt),
    ("enough", Role::Enough),
    ("for", Role::For),
    ("heart", Role::Heart),
    ("just", Role::Just),
    ("kind", Role::Kind),
    ("kiss", Role::Kiss),
    ("least", Role::Least),
    ("never", Role::Never),
    ("no", Role::No),
    ("nor", Role::Nor),
    ("of", Role::Of),
    ("or", Role::Or),
    ("right", Role::Right),
    ("shit", Role::Shit),
    ("so", Role::So),
    ("sort", Role::Sort),
    ("stop", Role::Stop),
    ("the", Role::The),
    ("this", Role::This),
    ("to", Role::To),
    ("very", Role::Very),
    ("without", Role::Without),
    ("yeah", Role::Yeah),
];
