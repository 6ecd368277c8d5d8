//! Takes the wrappings off one user record, with a separate buffer for each depth of compression.

use super::{
    Content, DecodeError, Format,
    chunk::Chunk,
    hop,
    inflate::{Buffer, InflateError, Inflater},
    limits::Budget,
};

/// Both decompressors, and a buffer for each depth.
pub(super) struct Opener {
    inflater: Inflater,
    buffers: Vec<Buffer>,
    wrappings: Wrappings,
}

/// One user record, unwrapped as far as possible.
pub(super) struct Opened<'a> {
    pub(super) formats: &'a [Format],
    pub(super) hops: u8,
    pub(super) content: Result<Content<'a>, DecodeError>,
}

impl Opened<'_> {
    /// A user record of an aggregate that is lost before it is looked at.
    pub(super) fn spoiled(error: &DecodeError) -> Self {
        Self { formats: &[Format::Kpl], hops: 0, content: Err(error.clone()) }
    }
}

/// The wrappings that have been taken off so far.
struct Wrappings {
    limit: u8,
    formats: Vec<Format>,
    hops: u8,
}

impl Wrappings {
    fn add(&mut self, format: Format) -> Result<(), DecodeError> {
        if self.formats.len() >= usize::from(self.limit) {
            return Err(DecodeError::Depth { limit: self.limit });
        }
        self.formats.push(format);
        Ok(())
    }
}

impl Opener {
    pub(super) fn new(depth: u8) -> Self {
        Self {
            inflater: Inflater::new(),
            buffers: (0..depth).map(|_| Buffer::default()).collect(),
            wrappings: Wrappings { limit: depth, formats: Vec::with_capacity(usize::from(depth)), hops: 0 },
        }
    }

    /// Releases the memory that a large record took.
    #[inline]
    pub(super) fn give_back(&mut self) {
        self.buffers.iter_mut().for_each(|buffer| buffer.keep(0));
    }

    /// Opens `data`, which was found inside `outermost`.
    pub(super) fn open<'a>(
        &'a mut self,
        outermost: Option<Format>,
        data: &'a [u8],
        budget: &mut Budget<'_>,
    ) -> Opened<'a> {
        let Self { inflater, buffers, wrappings } = self;
        wrappings.formats.clear();
        wrappings.formats.extend(outermost);
        wrappings.hops = 0;
        let content = unwrap(data, inflater, buffers, wrappings, budget);
        Opened { formats: &wrappings.formats, hops: wrappings.hops, content }
    }
}

/// Takes off one wrapping and then what is inside it, no deeper than `wrappings` allows and therefore no
/// deeper than `buffers`.
fn unwrap<'a>(
    data: &'a [u8],
    inflater: &mut Inflater,
    buffers: &'a mut [Buffer],
    wrappings: &mut Wrappings,
    budget: &mut Budget<'_>,
) -> Result<Content<'a>, DecodeError> {
    let Some(format) = Format::of(data) else { return Ok(Content::Payload(data)) };
    wrappings.add(format)?;
    match format {
        Format::Gzip | Format::Zstd => {
            let limit = wrappings.limit;
            let (buffer, deeper) = buffers.split_first_mut().ok_or(DecodeError::Depth { limit })?;
            let opened = inflate(format, data, inflater, buffer, budget)?;
            unwrap(opened, inflater, deeper, wrappings, budget)
        }
        Format::Hop => {
            let (hops, inner) = hop::read(data)?;
            wrappings.hops = wrappings.hops.max(hops);
            unwrap(inner, inflater, buffers, wrappings, budget)
        }
        Format::Chunk => Ok(Content::Chunk(Chunk::read(data)?)),
        Format::Kpl => Ok(Content::Payload(data)), // an aggregate in an aggregate is a payload like any other
    }
}

/// This is not inlined, so that records without a wrapping don't pay for the decompressors' stack.
#[inline(never)]
fn inflate<'a>(
    format: Format,
    data: &[u8],
    inflater: &mut Inflater,
    buffer: &'a mut Buffer,
    budget: &mut Budget<'_>,
) -> Result<&'a [u8], DecodeError> {
    let limit = budget.bytes_left();
    let filled = match format {
        Format::Zstd => inflater.unzstd(data, limit, buffer),
        _ => inflater.gunzip(data, limit, buffer),
    };
    match filled {
        Ok(filled) => {
            budget.spend(filled);
            buffer.keep(filled);
            Ok(buffer.filled(filled))
        }
        Err(error) => {
            buffer.keep(0);
            Err(match error {
                InflateError::OverLimit => budget.overdraw(),
                InflateError::Damaged => DecodeError::Damaged { format },
            })
        }
    }
}
