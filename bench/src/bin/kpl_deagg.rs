//! A Lambda function that takes KPL aggregates apart, and answers how many user records it saw, their bytes,
//! and the MD5 over their data in order. The KPL's Python and Node libraries are asked for the same answer,
//! so that the times can be compared.

use std::{
    future::ready,
    process::ExitCode,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use edge::lambda::events::KinesisEvent;
use edge::lambda::{self, Invocation, InvocationError};
use fast_md5::Md5;
use record_model::{Limits, kpl::Checked};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let buffers = Mutex::new(Vec::new());
    let served = lambda::run(|invocation| {
        let mut buffers = buffers.lock().unwrap_or_else(PoisonError::into_inner);
        ready(answer(&invocation, &mut buffers))
    });
    match served.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// `buffers` keep their room from one invocation to the next: new pages would cost as much as the base64.
fn answer(invocation: &Invocation, buffers: &mut Vec<Vec<u8>>) -> Result<Bytes, InvocationError> {
    let event =
        KinesisEvent::parse(&invocation.body).map_err(|error| InvocationError::new("Event", &error))?;
    buffers.resize_with(event.records.len().max(buffers.len()), Vec::new);
    for (record, buffer) in event.records.iter().zip(&mut *buffers) {
        record.decode_into(buffer).map_err(|error| InvocationError::new("Base64", &error))?;
    }
    let records: Vec<&[u8]> = buffers.iter().take(event.records.len()).map(Vec::as_slice).collect();
    let mut seen = Seen::new();
    for record in records.into_iter().map(Checked::new) {
        let user_records = record.user_records(Limits::default().sub_records);
        match user_records.map_err(|error| InvocationError::new("Aggregate", &error))? {
            Some(user_records) => user_records.for_each(|(_, data)| seen.add(data)),
            None => seen.add(record.data()),
        }
    }
    Ok(seen.answer())
}

/// What the answer is made of.
struct Seen {
    user_records: u64,
    bytes: usize,
    md5: Md5,
}

impl Seen {
    fn new() -> Self {
        Self { user_records: 0, bytes: 0, md5: Md5::new() }
    }

    fn add(&mut self, data: &[u8]) {
        self.user_records += 1;
        self.bytes += data.len();
        self.md5.update(data);
    }

    fn answer(self) -> Bytes {
        let md5 = u128::from_be_bytes(self.md5.finalize());
        format!(r#"{{"n":{},"bytes":{},"md5":"{md5:032x}"}}"#, self.user_records, self.bytes).into()
    }
}
