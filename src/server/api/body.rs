//! Reading the JSON of bodies: malformed is 400, of the wrong shape 422 with the field.

use axum::http::HeaderMap;
use serde::de::DeserializeOwned;

use super::{complaint, numbers};
use crate::domain::{AppError, Code, FieldError};

/// Reads a JSON object.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, AppError> {
    checked(body, |_| Vec::new())
}

/// Like [`json`]; when a field cannot be read, `problems` says what is wrong with the others.
pub(super) fn checked<T: DeserializeOwned>(
    body: &[u8],
    problems: impl Fn(&T) -> Vec<FieldError>,
) -> Result<T, AppError> {
    // serde would take an array for the fields of an object, in order.
    if body.trim_ascii_start().starts_with(b"[") {
        let message = "must be an object, not a list";
        return Err(AppError::invalid_field("body", message));
    }
    let value = read(body).map_err(|refusal| match refusal {
        Refusal::Malformed(error) => error,
        Refusal::Wrong(first) => AppError::invalid(complaint::all(body, first, problems)),
    })?;
    check_numbers(body)?;
    Ok(value)
}

/// Refuses numbers that not every reader of JSON keeps exact.
pub(super) fn check_numbers(body: &[u8]) -> Result<(), AppError> {
    match numbers::too_large(body) {
        Some(field) => Err(AppError::invalid_field(&field, numbers::MESSAGE)),
        None => Ok(()),
    }
}

/// Reads a JSON array.
pub(super) fn array<T: DeserializeOwned>(body: &[u8]) -> Result<T, AppError> {
    read(body).map_err(|refusal| match refusal {
        Refusal::Malformed(error) => error,
        Refusal::Wrong(first) => AppError::invalid(vec![first]),
    })
}

/// Why a body was not read.
enum Refusal {
    Malformed(AppError),
    Wrong(FieldError),
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // Keeping the path to what is wrong costs more than reading.
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader);
    let value = value.map_err(|error| {
        let inner = error.inner();
        if inner.is_data() {
            Refusal::Wrong(complaint::wrong(&error.path().to_string(), inner))
        } else {
            Refusal::Malformed(complaint::malformed(inner))
        }
    })?;
    let end = reader.end();
    end.map_err(|error| Refusal::Malformed(complaint::malformed(&error)))?;
    Ok(value)
}

/// Like [`json`], but an empty body stands for `T::default()`.
pub(super) fn json_or_default<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, AppError> {
    if body.is_empty() {
        Ok(T::default())
    } else {
        json(body)
    }
}

/// One JSON value of a body with one on each line; `n` is the line.
pub(super) fn line<T: DeserializeOwned>(n: usize, line: &[u8]) -> Result<T, AppError> {
    if numbers::too_large(line).is_some() {
        return Err(AppError::invalid_field(
            &format!("line {n}"),
            numbers::MESSAGE,
        ));
    }
    serde_json::from_slice(line).map_err(|error| {
        if error.is_data() {
            AppError::invalid(vec![complaint::wrong(&format!("line {n}"), &error)])
        } else {
            let detail = format!("line {n} of the body is not JSON");
            AppError::new(Code::MalformedJson, detail)
        }
    })
}

/// The `Lease` of a reporting agent.
pub(super) fn lease(headers: &HeaderMap) -> Result<Option<String>, AppError> {
    let Some(value) = headers.get("lease") else {
        return Ok(None);
    };
    let text = value
        .to_str()
        .ok()
        .map(str::trim)
        .filter(|lease| (1..=200).contains(&lease.len()));
    text.map(|lease| Some(lease.to_owned()))
        .ok_or_else(|| AppError::invalid_field("Lease", "must be the id of a lease"))
}
