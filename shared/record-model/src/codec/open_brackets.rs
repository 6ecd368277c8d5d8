//! The brackets that are open at a place in JSON.

/// The open brackets, one bit each: the innermost is the lowest bit, and an object's bit is set.
#[derive(Default)]
pub(super) struct OpenBrackets {
    bits: u128,
    pub(super) depth: u32,
}

impl OpenBrackets {
    /// Opens a bracket; `None` if 128 are open already, which is the limit.
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

    /// The byte that closes the innermost bracket.
    #[inline]
    pub(super) fn close(&self) -> u8 {
        if self.is_object() { b'}' } else { b']' }
    }
}
