//! What is kept whole: JSON, gzipped.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tenantry_engine::EngineError;

/// Packs a value.
///
/// # Errors
/// [`EngineError::Unread`]: a value that has no JSON is a fault of the program.
pub(super) fn pack(value: &impl Serialize) -> Result<Vec<u8>, EngineError> {
    let unread =
        |error: &dyn std::fmt::Display| EngineError::Unread(format!("it cannot be written down: {error}"));
    let json = serde_json::to_vec(value).map_err(|error| unread(&error))?;
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(&json).and_then(|()| packer.finish()).map_err(|error| unread(&error))
}

/// Unpacks a value.
///
/// # Errors
/// In words, when it is damaged or of another form.
pub(super) fn unpack<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let mut json = Vec::new();
    GzDecoder::new(body).read_to_end(&mut json).map_err(|error| format!("it is damaged: {error}"))?;
    serde_json::from_slice(&json).map_err(|error| format!("it has another form: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back_and_what_is_damaged_says_so() {
        let value = vec!["a".to_owned(), "é\0\"".to_owned()];
        let mut body = pack(&value).unwrap();
        assert_eq!(unpack::<Vec<String>>(&body).unwrap(), value);
        assert!(unpack::<Vec<u8>>(&body).unwrap_err().contains("another form"));
        body.truncate(body.len() - 4);
        assert!(unpack::<Vec<String>>(&body).unwrap_err().contains("damaged"));
        assert!(unpack::<Vec<String>>(b"").is_err());
    }
}
