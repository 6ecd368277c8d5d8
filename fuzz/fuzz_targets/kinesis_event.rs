//! Any bytes as a Kinesis event: no panic, and each record of it on its own.

#![no_main]

use edge::events::KinesisEvent;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(event) = KinesisEvent::parse(body) else { return };
    let mut data = Vec::new();
    for record in &event.records {
        assert!(!record.sequence_number.is_empty());
        let _ = record.decode_into(&mut data);
    }
});
