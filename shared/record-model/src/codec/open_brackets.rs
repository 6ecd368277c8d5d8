//! What is open around a place in JSON.

/// What is open around a place: a bit each, the innermost lowest, set for an object.
#[derive(Default)]
pub(super) struct OpenBrackets {
    bits: u128,
    pub(super) depth: u32,
}

impl OpenBrackets {
    /// `None` where no more than the 128 that are open may be.
    #[inline]
    pub(super) fn push(&mut self, is_object: bool) -> Option<()> {
        self.depth = Some(self.depth + 1).filter(|&depth| depth <= u128::BITS)?;
        self.bits = self.bits << 1 | u128::from(is_object);
        Some(())
    }

    #[inline]
    pub(super) fn pop(&mut self) {
        self.bits >>= 1;
        self.depth = self.depth.saturating_sub(1);
    }

    #[inline]
    pub(super) fn is_object(&self) -> bool {
        self.bits & 1 == 1
    }

    /// What closes the innermost.
    #[inline]
    pub(super) fn close(&self) -> u8 {
        if self.is_object() { b'}' } else { b']' }
    }
}
