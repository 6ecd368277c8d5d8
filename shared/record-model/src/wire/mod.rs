//! Every form in which a record travels: read by one [`Decoder`], written by the modules below.

mod aggregate;
mod decode_error;
mod decoder;
mod format;
mod inflate;
mod limits;
mod opener;
mod protobuf;
mod reassembly;
mod split;

pub mod chunk;
pub mod compress;
pub mod hop;
pub mod kpl;

pub use decode_error::DecodeError;
pub use decoder::{Content, Decoder, UserRecord};
pub use format::Format;
pub use limits::Limits;
