//! The part of the protobuf encoding that aggregated records need: fields that borrow from the message.

/// The value of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// A fixed 32-bit or 64-bit number. Nothing here uses one, so it is skipped.
    Fixed,
}

/// The fields of a message in order. The iterator ends with [`None`] at the end of the message. Bytes that
/// are not protobuf give one `Err` and then the end.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

/// The bytes are not a protobuf message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.bytes(8).map(|_| Value::Fixed)?,
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.bytes(usize::try_from(length).ok()?)?)
            }
            5 => self.bytes(4).map(|_| Value::Fixed)?,
            _ => return None, // groups, long gone, and types that never were
        };
        let number = tag >> 3;
        (number != 0).then_some((number, value))
    }

    #[inline]
    fn varint(&mut self) -> Option<u64> {
        let (&first, rest) = self.rest.split_first()?;
        if first < 0x80 {
            self.rest = rest;
            return Some(u64::from(first));
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for (position, &byte) in self.rest.iter().take(10).enumerate() {
            let bits = u64::from(byte & 0x7F);
            value |= bits << (7 * position);
            if byte < 0x80 {
                self.rest = self.rest.get(position + 1..)?;
                return Some(value);
            }
        }
        None
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.rest = &[];
        }
        Some(field.ok_or(Malformed))
    }
}

/// Appends a number in base 128, least significant digit first.
pub(super) fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Appends a field of numeric value.
pub(super) fn write_number(field: u8, value: u64, out: &mut Vec<u8>) {
    out.push(field << 3);
    write_varint(value, out);
}

/// Appends a field of text, bytes or an embedded message. `field` is below 16.
pub(super) fn write_bytes(field: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(field << 3 | 2);
    write_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Bytes [`write_varint`] appends.
pub(super) fn varint_len(value: u64) -> usize {
    let bits = (u64::BITS - value.leading_zeros()).max(1);
    bits.div_ceil(7) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(message: &[u8]) -> Vec<Result<(u64, Value<'_>), Malformed>> {
        Fields::of(message).collect()
    }

    proptest! {
        #[test]
        fn a_number_is_read_as_it_was_written(value: u64) {
            let mut message = Vec::new();
            write_number(1, value, &mut message);
            prop_assert_eq!(message.len(), 1 + varint_len(value));
            prop_assert_eq!(fields(&message), vec![Ok((1, Value::Varint(value)))]);
        }

        #[test]
        fn any_bytes_come_to_an_end(message: Vec<u8>) {
            prop_assert!(fields(&message).len() <= message.len());
        }
    }

    #[test]
    fn bytes_are_read_as_they_were_written() {
        let mut message = Vec::new();
        write_bytes(3, b"data", &mut message);
        write_bytes(15, b"", &mut message);
        assert_eq!(fields(&message), [Ok((3, Value::Bytes(b"data"))), Ok((15, Value::Bytes(b"")))]);
    }

    #[test]
    fn fixed_numbers_are_stepped_over() {
        assert_eq!(fields(&[0x0D, 1, 2, 3, 4, 0x08, 5]), [Ok((1, Value::Fixed)), Ok((1, Value::Varint(5)))]);
        assert_eq!(fields(&[0x09, 1, 2, 3, 4, 5, 6, 7, 8]), [Ok((1, Value::Fixed))]);
    }

    #[test]
    fn what_is_no_protobuf_ends_in_one_error() {
        let endless = [0xFF; 11];
        for message in [&[0x0A, 5, 1][..], &[0x08], &[0x0B, 0], &[0x00, 0], &[0x0D, 1], &endless] {
            assert_eq!(fields(message), [Err(Malformed)], "{message:?}");
        }
    }
}
