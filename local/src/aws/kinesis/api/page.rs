//! A token that says where a listing continues.

use base64_simd::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ApiError;

pub(super) fn token<T: Serialize + ?Sized>(place: &T) -> Result<String, ApiError> {
    let place = serde_json::to_vec(place).map_err(|error| ApiError::internal(&error))?;
    Ok(URL_SAFE_NO_PAD.encode_to_string(place))
}

pub(super) fn read_token<T: DeserializeOwned>(token: &str) -> Result<T, ApiError> {
    let place = URL_SAFE_NO_PAD.decode_to_vec(token).ok();
    let read = place.and_then(|place| serde_json::from_slice(&place).ok());
    read.ok_or_else(|| ApiError::invalid("NextToken is not valid."))
}
