//! Where a function's schema comes from: compiled in, from its package, or from S3.

use crate::aws::AwsSettings;
use crate::store::StoreError;
use record_model::{Schema, SchemaError};
use std::path::Path;

/// The longest schema file that is read, in bytes.
const MAX_SCHEMA_BYTES: u64 = 256 << 10;

/// Why no schema could be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SchemaSourceError {
    /// The name is neither that of a compiled-in schema nor the place of a file.
    #[error("no schema is named {name:?}, expected one of {}, s3://bucket/key or a path to a .toml file", Schema::built_in_names().join(", "))]
    Unknown {
        /// The name asked for.
        name: String,
    },
    /// The file in the package can't be read.
    #[error("schema file {path} can't be read")]
    File {
        /// Where it should be.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The object can't be read.
    #[error("schema object {url} can't be read")]
    Object {
        /// Where it should be.
        url: String,
        /// Why not.
        source: StoreError,
    },
    /// There is no such object, or it is too long for a schema.
    #[error("schema object {url} does not exist or is over {MAX_SCHEMA_BYTES} bytes")]
    NoObject {
        /// Where it should be.
        url: String,
    },
    /// The file or object is not a valid schema.
    #[error("schema {name} is refused")]
    Refused {
        /// The name that was asked for.
        name: String,
        /// Line and reason.
        source: SchemaError,
    },
}

/// Loads the schema that a setting names: `crime`, `schemas/mine.toml` or `s3://bucket/mine.toml`.
pub async fn load_schema(name: &str, aws: &AwsSettings) -> Result<Schema, SchemaSourceError> {
    if let Some(schema) = Schema::built_in(name) {
        return Ok(schema);
    }
    let toml = match name.strip_prefix("s3://").and_then(|place| place.split_once('/')) {
        Some((bucket, key)) => object(name, bucket, key, aws).await?,
        None if Path::new(name).extension().is_some_and(|extension| extension == "toml") => {
            std::fs::read_to_string(name)
                .map_err(|source| SchemaSourceError::File { path: name.to_owned(), source })?
        }
        None => return Err(SchemaSourceError::Unknown { name: name.to_owned() }),
    };
    Schema::parse(&toml).map_err(|source| SchemaSourceError::Refused { name: name.to_owned(), source })
}

async fn object(url: &str, bucket: &str, key: &str, aws: &AwsSettings) -> Result<String, SchemaSourceError> {
    use crate::aws::S3Store;
    use crate::store::ObjectStore as _;
    let fail = |source| SchemaSourceError::Object { url: url.to_owned(), source };
    let store = S3Store::connect(bucket, aws).map_err(fail)?;
    let head = store.head(key).await.map_err(fail)?;
    let no_object = || SchemaSourceError::NoObject { url: url.to_owned() };
    head.filter(|head| head.size <= MAX_SCHEMA_BYTES).ok_or_else(no_object)?;
    let object = store.get(key).await.map_err(fail)?.ok_or_else(no_object)?;
    String::from_utf8(object.body.into()).map_err(|_| no_object())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn load(name: &str) -> Result<String, String> {
        let loaded = load_schema(name, &AwsSettings::default()).await;
        loaded.map(|schema| schema.name().to_owned()).map_err(|error| crate::logging::chain(&error))
    }

    #[tokio::test]
    async fn a_schema_is_found_by_name_or_by_path() {
        assert_eq!(load("crime").await.as_deref(), Ok("crime"));
        assert_eq!(load("../../schemas/users.toml").await.as_deref(), Ok("users"));
    }

    #[tokio::test]
    async fn what_is_no_schema_is_told_in_one_line() {
        assert!(
            load("crimes").await.unwrap_err().starts_with("no schema is named \"crimes\", expected one of ")
        );
        let absent = load("absent.toml").await.unwrap_err();
        assert!(absent.starts_with("schema file absent.toml can't be read: "), "{absent}");
        assert!(
            load("Cargo.toml").await.unwrap_err().starts_with("schema Cargo.toml is refused: schema line ")
        );
    }
}
