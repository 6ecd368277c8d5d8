//! Puts chunked messages together, as far as the input contains their chunks.

use std::collections::{BTreeMap, btree_map::Entry};

use edge::logging::chain;
use record_model::{
    Content, Decoder, Limits,
    chunk::{Chunk, Message, Reassembly, ReassemblyError},
};

use super::{
    DataForm,
    line::{Line, names},
};

/// The largest message that is put together, which is far larger than a record of a stream can be.
const MAX_MESSAGE_BYTES: usize = 256 << 20;

/// The messages by id, each with the line of the record that came last.
#[derive(Default)]
pub(super) struct Messages(BTreeMap<u128, (Reassembly, Line)>);

impl Messages {
    /// Takes a piece in. Returns a line if the piece completed its message, or if it does not belong.
    pub(super) fn add(&mut self, chunk: &Chunk<'_>, line: Line, form: DataForm) -> Option<Line> {
        match self.whole(chunk, &line) {
            Ok(message) => message.map(|message| opened(&message, line, form)),
            Err(error) => Some(line.with_error(chain(&error))),
        }
    }

    fn whole(&mut self, chunk: &Chunk<'_>, line: &Line) -> Result<Option<Vec<u8>>, ReassemblyError> {
        let Message { id, .. } = chunk.message;
        let (message, last) = match self.0.entry(id) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(room) => {
                room.insert((Reassembly::new(chunk.message, MAX_MESSAGE_BYTES)?, line.clone()))
            }
        };
        let was_whole = message.missing() == 0;
        message.add(chunk)?;
        last.clone_from(line);
        if was_whole || message.missing() > 0 { Ok(None) } else { message.message().map(Some) }
    }

    /// A line for each message with pieces missing.
    pub(super) fn into_incomplete(self) -> impl Iterator<Item = Line> {
        let lines = self.0.into_values().map(|(message, line)| (message.missing(), line));
        lines.filter(|(missing, _)| *missing > 0).map(|(missing, line)| {
            line.with_error(format!("{missing} chunks of the message are not in this input"))
        })
    }
}

/// The line of a whole message, which may be compressed itself.
fn opened(message: &[u8], line: Line, form: DataForm) -> Line {
    let mut found = None;
    let outcome = Decoder::new(Limits::default()).decode(message, &mut |record| {
        let mut line = line.clone();
        line.format.extend(names(record.formats));
        found = match record.content {
            Ok(Content::Payload(data)) => Some(line.with_data(data, form)),
            _ => Some(line.with_data(message, form)), // a message in a message: told as it is
        };
    });
    match (outcome, found) {
        (Ok(()), Some(found)) => found,
        (Ok(()), None) => line.with_data(message, form),
        (Err(error), _) => line.with_error(chain(&error)),
    }
}
