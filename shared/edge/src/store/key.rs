//! Which keys an object may have.

use super::StoreError;

/// Refuses keys that some client would rewrite.
pub(crate) fn check_key(key: &str) -> Result<(), StoreError> {
    let plain = |segment: &str| !matches!(segment, "" | "." | "..") && !segment.chars().any(char::is_control);
    if key.len() <= 1024 && key.split('/').all(plain) {
        return Ok(());
    }
    Err(StoreError::InvalidKey { key: key.chars().take(80).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_a_client_would_rewrite_are_refused() {
        for key in ["", "/a", "a/", "a//b", "a/../b", "a/.", "a\nb", &"k".repeat(1025)] {
            assert!(check_key(key).is_err(), "{key:?}");
        }
        for key in
            ["a", "enriched/crime/dt=2026-01-02/hour=03/s-shardId-0-1.ndjson.gz", "tilde~%#{}*", "ключ"]
        {
            assert!(check_key(key).is_ok(), "{key:?}");
        }
    }
}
