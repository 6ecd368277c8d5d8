//! The state that all requests share.

use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, watch};

use super::data::Digests;
use super::failures::links::Links;
use super::failures::reasons::Reasons;
use super::lanes::ByHand;
use crate::page::frame::Frames;
use crate::page::scene::Scene;

/// A run, and what the page needs to remember of it.
pub(crate) struct Shared {
    pub(crate) scene: Scene,
    /// The newest frame as JSON, or an empty text before the first one.
    pub(super) newest: watch::Sender<Arc<str>>,
    pub(super) frames: Mutex<Frames>,
    /// Notified when a browser connects and waits for its first frame.
    pub(super) came: Notify,
    /// Whether the run has ended. No frame comes after that.
    pub(super) ended: watch::Sender<bool>,
    pub(super) reasons: Reasons,
    pub(super) links: Links,
    pub(super) digests: Digests,
    pub(super) by_hand: ByHand,
}

impl Shared {
    pub(crate) fn new(scene: Scene) -> Self {
        Self {
            scene,
            newest: watch::Sender::new("".into()),
            frames: Mutex::default(),
            came: Notify::new(),
            ended: watch::Sender::new(false),
            reasons: Reasons::default(),
            links: Links::default(),
            digests: Digests::default(),
            by_hand: ByHand::default(),
        }
    }
}
