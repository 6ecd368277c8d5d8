//! Counts what a redrive did, or would do.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use crate::failures::{By, name};
use crate::shards::ruled;

/// The most failures that are named one by one.
const MAX_NAMED: usize = 20;

/// Counts of records and of batches that were given up.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// How many are planned and fed, by who put them aside and where they go.
    ways: BTreeMap<(By, String), Way>,
    /// How many stay where they are, by the reason.
    left: BTreeMap<String, u64>,
    /// How many an earlier redrive has fed.
    pub(super) done_before: u64,
    /// Those of which it is unknown whether they were fed.
    unsure: Named,
    failed: Named,
    /// Objects that can't be read.
    unread: Named,
    /// The number of requests whose records may be on the stream twice.
    pub(super) uncertain_calls: u64,
}

#[derive(Debug, Default, Clone, Copy, Serialize)]
struct Way {
    planned: u64,
    fed: u64,
}

type Named = crate::named::Named<MAX_NAMED>;

impl Account {
    pub(super) fn plans(&mut self, by: By, to: &str) {
        self.ways.entry((by, to.to_owned())).or_default().planned += 1;
    }

    pub(super) fn fed(&mut self, by: By, to: &str) {
        self.ways.entry((by, to.to_owned())).or_default().fed += 1;
    }

    pub(super) fn leaves(&mut self, reason: &str) {
        *self.left.entry(reason.to_owned()).or_default() += 1;
    }

    pub(super) fn unsure(&mut self, at: &str) {
        self.unsure.add(|| at.to_owned());
    }

    pub(super) fn failed(&mut self, at: &str, reason: &str) {
        self.failed.add(|| format!("{at}: {reason}"));
    }

    pub(super) fn unread(&mut self, at: &str, reason: &str) {
        self.unread.add(|| format!("{at}: {reason}"));
    }

    /// The number that is planned so far.
    pub(super) fn planned(&self) -> u64 {
        self.ways.values().map(|way| way.planned).sum()
    }

    /// Whether everything that was planned was fed, and nothing is unsure or unread.
    pub(super) fn is_complete(&self) -> bool {
        self.failed.count == 0 && self.unsure.count == 0 && self.unread.count == 0
    }

    pub(super) fn json(&self, is_dry: bool) -> Value {
        let ways = self.ways.iter().map(
            |((by, to), way)| json!({"function": by, "to": to, "planned": way.planned, "redriven": way.fed}),
        );
        json!({
            "dryRun": is_dry,
            "ways": ways.collect::<Vec<_>>(),
            "left": self.left,
            "doneBefore": self.done_before,
            "unsure": self.unsure,
            "failed": self.failed,
            "unread": self.unread,
            "uncertainCalls": self.uncertain_calls,
        })
    }

    pub(super) fn text(&self, is_dry: bool) -> String {
        let mut text = String::new();
        let heading =
            ["put aside by", "goes to", if is_dry { "would go" } else { "went" }].map(str::to_owned).to_vec();
        let rows = self.ways.iter().map(|((by, to), way)| {
            let count = if is_dry { way.planned } else { way.fed };
            vec![name(*by), to.clone(), count.to_string()]
        });
        if self.ways.is_empty() {
            text.push_str("nothing to feed\n");
        } else {
            text.push_str(&ruled(&std::iter::once(heading).chain(rows).collect::<Vec<_>>()));
        }
        let mut say = |line: String| writeln!(text, "{line}").unwrap_or_default();
        if self.done_before > 0 {
            say(format!("{} were redriven before", self.done_before));
        }
        for (reason, count) in &self.left {
            say(format!("{count} stay: {reason}"));
        }
        if self.unsure.count > 0 {
            say(format!(
                "{} were begun by a redrive that was killed, and may have been fed: --unsure feeds them again",
                self.unsure.count
            ));
        }
        if self.uncertain_calls > 0 {
            say(format!(
                "{} requests got no answer and were sent again: the stream may have their records twice",
                self.uncertain_calls
            ));
        }
        for (what, named) in
            [("unsure", &self.unsure), ("failed", &self.failed), ("can't be read", &self.unread)]
        {
            for line in &named.first {
                say(format!("{what}: {line}"));
            }
            if named.has_more() {
                say(format!("{what}: {} in all", named.count));
            }
        }
        text
    }
}
