//! What is stored beside an object's bytes, as headers.

use std::borrow::Cow;

use object_store::{Attribute, AttributeValue, GetResult};

use crate::store::Attributes;

/// Metadata that tells our own write from another write of equal bytes. Readers never see it.
const WRITE_ID: &str = "kinflow-write-id";

/// Whether the write with this id wrote the object.
pub(super) fn is_written_by(found: &GetResult, write_id: &str) -> bool {
    let id = found.attributes.get(&Attribute::Metadata(Cow::Borrowed(WRITE_ID)));
    id.is_some_and(|id| id.as_ref() == write_id)
}

pub(super) fn outgoing(attributes: &Attributes, write_id: &str) -> object_store::Attributes {
    let mut out = object_store::Attributes::new();
    let mut set = |name, value: &str| out.insert(name, AttributeValue::from(value.to_owned()));
    if let Some(content_type) = &attributes.content_type {
        set(Attribute::ContentType, content_type);
    }
    if let Some(encoding) = &attributes.content_encoding {
        set(Attribute::ContentEncoding, encoding);
    }
    for (name, value) in &attributes.metadata {
        set(Attribute::Metadata(Cow::Owned(name.clone())), value);
    }
    set(Attribute::Metadata(Cow::Borrowed(WRITE_ID)), write_id);
    out
}

pub(super) fn incoming(attributes: &object_store::Attributes) -> Attributes {
    let mut found = Attributes::default();
    for (name, value) in attributes {
        let value = value.to_string();
        match name {
            Attribute::ContentType => found.content_type = Some(value),
            Attribute::ContentEncoding => found.content_encoding = Some(value),
            Attribute::Metadata(name) if name != WRITE_ID => {
                found.metadata.insert(name.to_string(), value);
            }
            _ => {}
        }
    }
    found
}
