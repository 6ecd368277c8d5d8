//! The `aws-chunked` coding of upload bodies: sizes, data and trailers, with or without signatures.
//!
//! `<size in hexadecimal>[;chunk-signature=…]\r\n<data>\r\n … 0[;…]\r\n[name:value\r\n]…\r\n`

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue};

/// A size line, or a line of the trailer, is longer than this only in an attack.
const MAX_LINE_BYTES: usize = 4096;
const MAX_TRAILERS: usize = 32;

/// Why a body is not `aws-chunked`.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChunkedError {
    #[error("a line is over {MAX_LINE_BYTES} bytes, or the trailer over {MAX_TRAILERS} lines")]
    TooLong,
    #[error("a chunk does not start with its size")]
    Size,
    #[error("a chunk does not end with its line")]
    End,
    #[error("a line of the trailer is not a header")]
    Trailer,
    #[error("the body has {found} bytes, {declared} were declared")]
    Length { found: u64, declared: u64 },
    #[error("the body ends within a chunk")]
    Cut,
    #[error("the connection broke")]
    Connection(#[source] axum::Error),
}

/// The headers that came after a body. They are complete once the body was read to its end.
#[derive(Clone, Default)]
pub(super) struct Trailers(Arc<Mutex<HeaderMap>>);

impl Trailers {
    /// Takes them out.
    pub(super) fn take(&self) -> HeaderMap {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, name: HeaderName, value: HeaderValue) -> Result<(), ChunkedError> {
        let mut headers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if headers.len() >= MAX_TRAILERS {
            return Err(ChunkedError::TooLong);
        }
        headers.insert(name, value);
        Ok(())
    }
}

/// The data of a coded body. `declared` is its length without the coding.
pub(super) fn decode<S>(
    body: S,
    declared: Option<u64>,
    trailers: Trailers,
) -> impl Stream<Item = Result<Bytes, ChunkedError>>
where
    S: Stream<Item = Result<Bytes, axum::Error>> + Unpin,
{
    let decoder = Decoder { at: At::Size, line: Vec::new(), found: 0, declared, trailers };
    stream::try_unfold((body, decoder), |(mut body, mut decoder)| async move {
        while let Some(coded) = body.next().await {
            let data = decoder.feed(coded.map_err(ChunkedError::Connection)?)?;
            if !data.is_empty() {
                return Ok(Some((data, (body, decoder))));
            }
        }
        decoder.finish().map(|()| None)
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Size,
    Data { left: u64 },
    DataEnd,
    Trailer,
    End,
}

struct Decoder {
    at: At,
    line: Vec<u8>,
    found: u64,
    declared: Option<u64>,
    trailers: Trailers,
}

impl Decoder {
    fn feed(&mut self, mut coded: Bytes) -> Result<Bytes, ChunkedError> {
        let mut data = BytesMut::new();
        while coded.has_remaining() {
            if let At::Data { left } = self.at {
                let taken = coded.split_to(usize::try_from(left).unwrap_or(usize::MAX).min(coded.len()));
                self.took(left, taken.len() as u64)?;
                data.extend_from_slice(&taken);
            } else {
                let byte = coded.get_u8();
                self.line.push(byte);
                if byte == b'\n' {
                    self.at = self.after_line()?;
                    self.line.clear();
                } else if self.line.len() > MAX_LINE_BYTES {
                    return Err(ChunkedError::TooLong);
                }
            }
        }
        Ok(data.freeze())
    }

    fn took(&mut self, left: u64, taken: u64) -> Result<(), ChunkedError> {
        self.found += taken;
        self.at = if left == taken { At::DataEnd } else { At::Data { left: left - taken } };
        match self.declared {
            Some(declared) if self.found > declared => {
                Err(ChunkedError::Length { found: self.found, declared })
            }
            _ => Ok(()),
        }
    }

    /// What comes after a line.
    fn after_line(&self) -> Result<At, ChunkedError> {
        let line = str::from_utf8(self.line.trim_ascii_end()).map_err(|_| ChunkedError::Trailer)?;
        match self.at {
            At::Size => {
                let size = line.split(';').next().unwrap_or_default();
                match u64::from_str_radix(size, 16).map_err(|_| ChunkedError::Size)? {
                    0 => Ok(At::Trailer),
                    left => Ok(At::Data { left }),
                }
            }
            At::DataEnd if line.is_empty() => Ok(At::Size),
            At::Trailer | At::End if line.is_empty() => Ok(At::End),
            At::Trailer => {
                let (name, value) = line.split_once(':').ok_or(ChunkedError::Trailer)?;
                let name = HeaderName::try_from(name.trim()).map_err(|_| ChunkedError::Trailer)?;
                let value = HeaderValue::try_from(value.trim()).map_err(|_| ChunkedError::Trailer)?;
                self.trailers.add(name, value)?;
                Ok(At::Trailer)
            }
            At::DataEnd | At::Data { .. } | At::End => Err(ChunkedError::End),
        }
    }

    /// Checks at the end of the body that it was complete. Some clients omit the empty line after the
    /// trailer.
    fn finish(&self) -> Result<(), ChunkedError> {
        if !matches!(self.at, At::Trailer | At::End) || !self.line.is_empty() {
            return Err(ChunkedError::Cut);
        }
        match self.declared {
            Some(declared) if self.found != declared => {
                Err(ChunkedError::Length { found: self.found, declared })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds a coded body in pieces of a size.
    fn decoded(coded: &[u8], piece: usize, declared: Option<u64>) -> Result<(Vec<u8>, HeaderMap), String> {
        let trailers = Trailers::default();
        let mut decoder =
            Decoder { at: At::Size, line: Vec::new(), found: 0, declared, trailers: trailers.clone() };
        let mut data = Vec::new();
        for piece in coded.chunks(piece) {
            data.extend(decoder.feed(Bytes::copy_from_slice(piece)).map_err(|error| error.to_string())?);
        }
        decoder.finish().map_err(|error| error.to_string())?;
        Ok((data, trailers.take()))
    }

    const SIGNED: &[u8] = b"5;chunk-signature=0123abc\r\nhello\r\n6;chunk-signature=77\r\n\r\n0\r\nx\r\n\
        0;chunk-signature=00\r\nx-amz-checksum-crc32:AAAAAA==\r\nx-amz-trailer-signature:1234\r\n\r\n";

    #[test]
    fn data_and_trailers_come_out_wherever_the_body_is_cut_into_pieces() {
        for piece in 1..SIGNED.len() {
            let (data, trailers) = decoded(SIGNED, piece, Some(11)).unwrap();
            assert_eq!(data, b"hello\r\n0\r\nx");
            assert_eq!(trailers["x-amz-checksum-crc32"], "AAAAAA==");
        }
    }

    #[test]
    fn a_body_that_ends_early_or_is_not_as_long_as_declared_is_refused() {
        for cut in 1..SIGNED.len() - 70 {
            assert!(decoded(&SIGNED[..cut], 7, None).is_err(), "cut at {cut}");
        }
        assert_eq!(decoded(SIGNED, 7, Some(10)), Err("the body has 11 bytes, 10 were declared".to_owned()));
        assert_eq!(decoded(SIGNED, 7, Some(12)), Err("the body has 11 bytes, 12 were declared".to_owned()));
    }

    #[test]
    fn what_is_not_chunked_is_refused() {
        assert_eq!(decoded(b"zz\r\n", 9, None), Err("a chunk does not start with its size".to_owned()));
        assert_eq!(decoded(b"1\r\nab\r\n", 9, None), Err("a chunk does not end with its line".to_owned()));
        assert_eq!(
            decoded(b"0\r\nno header\r\n", 9, None),
            Err("a line of the trailer is not a header".to_owned())
        );
        assert!(decoded(&[b'0'; 9000], 100, None).unwrap_err().starts_with("a line is over 4096"));
        assert!(decoded(&[b"0\r\n".as_slice(), &b"a:b\r\n".repeat(9)].concat(), 9, None).is_ok());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(coded in proptest::collection::vec(any::<u8>(), 0..200), piece in 1usize..20) {
            drop(decoded(&coded, piece, Some(10)));
        }

        #[test]
        fn decoding_undoes_coding(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..9), piece in 1usize..60) {
            let mut coded = Vec::new();
            for chunk in &chunks {
                coded.extend(format!("{:x}\r\n", chunk.len()).bytes());
                coded.extend(chunk);
                coded.extend(b"\r\n");
            }
            coded.extend(b"0\r\n\r\n");
            let data = chunks.concat();
            prop_assert_eq!(decoded(&coded, piece, Some(data.len() as u64)).unwrap().0, data);
        }
    }
}
