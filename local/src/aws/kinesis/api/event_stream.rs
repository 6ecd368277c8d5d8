//! Messages of `application/vnd.amazon.eventstream`, in which `SubscribeToShard` answers.
//!
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>

/// Lengths and their checksum.
const PRELUDE_BYTES: usize = 12;
const CHECKSUM_BYTES: usize = 4;
/// A header whose value is a text.
const TEXT: u8 = 7;

/// One message.
pub(super) fn message(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut written = Vec::new();
    for (name, value) in headers {
        written.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        written.extend_from_slice(name.as_bytes());
        written.push(TEXT);
        written.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        written.extend_from_slice(value.as_bytes());
    }
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes();
    let total = PRELUDE_BYTES + written.len() + payload.len() + CHECKSUM_BYTES;
    let mut message = Vec::with_capacity(total);
    message.extend_from_slice(&length(total));
    message.extend_from_slice(&length(written.len()));
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message.extend_from_slice(&written);
    message.extend_from_slice(payload);
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_laid_out_as_smithy_says() {
        let written = message(&[(":event-type", "E")], b"{}");
        assert_eq!(written.len(), 12 + (1 + 11 + 1 + 2 + 1) + 2 + 4);
        assert_eq!(written[..8], [0, 0, 0, 34, 0, 0, 0, 16]);
        assert_eq!(written[8..12], crc32fast::hash(&written[..8]).to_be_bytes());
        assert_eq!(&written[12..28], b"\x0b:event-type\x07\0\x01E");
        assert_eq!(written[30..], crc32fast::hash(&written[..30]).to_be_bytes());
    }
}
