//! The event source mapping: one batch at a time, retried from the reported record, in parts, or given up.

use super::records::Records;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Poller {
    /// Everything of its lane before this number is acknowledged or given up.
    next: u32,
    /// What is left of the batch in hand, its first part last.
    parts: Vec<Records>,
    tries: u8,
    pub(crate) running: Option<usize>,
    pub(crate) acknowledged: Records,
    pub(crate) given_up: Records,
}

impl Poller {
    pub(crate) fn unread(&self, lane: Records) -> Records {
        if self.parts.is_empty() { lane.from(self.next) } else { Records::NONE }
    }

    pub(crate) fn read(&mut self, batch: Records) {
        self.next = batch.end();
        self.parts.push(batch);
        self.tries = 0;
    }

    /// What the next invocation gets.
    pub(crate) fn part(&self) -> Option<Records> {
        self.parts.last().copied()
    }

    /// Cuts the part in hand in two; that uses up no try.
    pub(crate) fn bisect(&mut self) {
        if let Some(part) = self.parts.pop() {
            let first_half = part.take(part.len() / 2);
            self.parts.extend([part.minus(first_half), first_half]);
        }
    }

    /// The answer names the first failed record; whatever is not below it is delivered again.
    pub(crate) fn answered(&mut self, first_failed: u32, tries: Option<u8>) {
        let Some(part) = self.parts.pop() else { return };
        let rest = part.from(first_failed);
        self.acknowledged = self.acknowledged.or(part.minus(rest));
        self.given_up = self.given_up.minus(part.minus(rest));
        self.running = None;
        if rest.is_empty() {
            self.tries = 0;
        } else {
            self.parts.push(rest);
            self.count_failure(tries);
        }
    }

    pub(crate) fn failed(&mut self, tries: Option<u8>) {
        self.running = None;
        self.count_failure(tries);
    }

    fn count_failure(&mut self, tries: Option<u8>) {
        let Some(tries) = tries else { return };
        self.tries += 1;
        if self.tries == tries {
            self.given_up = self.parts.pop().map_or(self.given_up, |part| self.given_up.or(part));
            self.tries = 0;
        }
    }

    /// A later redrive: what was given up is the batch in hand again, and waits until it is acknowledged.
    pub(crate) fn redrive(&mut self) {
        self.parts.push(self.given_up);
    }
}
