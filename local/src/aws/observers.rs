//! Several observers that act as one.

use std::sync::Arc;

use super::event::{Event, Observer};

/// Tells every event to each of its observers, in the order in which they were given.
pub(crate) struct Observers(Vec<Arc<dyn Observer>>);

impl Observers {
    pub(crate) fn new(observers: Vec<Arc<dyn Observer>>) -> Self {
        Self(observers)
    }
}

impl Observer for Observers {
    fn on(&self, event: Event) {
        for observer in &self.0 {
            observer.on(event.clone());
        }
    }
}
