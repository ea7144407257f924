//! Reading the JSON of bodies: malformed is 400, of the wrong shape 422 with the field.

use axum::http::{HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;

use super::{complaint, numbers};
use crate::domain::{AppError, Code, FieldError, Strict};

/// Reads a JSON object.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, AppError> {
    checked(body, |_| Vec::new())
}

/// Like [`json`]; when a field cannot be read, `problems` says what is wrong with the others.
pub(super) fn checked<T: DeserializeOwned>(
    body: &[u8],
    problems: impl Fn(&T) -> Vec<FieldError>,
) -> Result<T, AppError> {
    // In the words of a whole body.
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
    if let Ok(value) = whole(body) {
        return Ok(value);
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(Strict(&mut reader));
    let value = value.map_err(|error| {
        let inner = error.inner();
        if inner.is_data() {
            Refusal::Wrong(complaint::wrong(&error.path().to_string(), inner))
        } else if let Some(words) = complaint::too_deep(inner, body) {
            Refusal::Wrong(FieldError::new(complaint::beginning(error.path()), words))
        } else {
            Refusal::Malformed(complaint::malformed(inner))
        }
    })?;
    let end = reader.end();
    end.map_err(|error| Refusal::Malformed(complaint::malformed(&error)))?;
    Ok(value)
}

/// Reads all of it, and nothing in another shape than the one that is described.
fn whole<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = T::deserialize(Strict(&mut reader))?;
    reader.end()?;
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
    whole(line).map_err(|error| {
        let place = format!("line {n}");
        if error.is_data() {
            AppError::invalid(vec![complaint::wrong(&place, &error)])
        } else if let Some(words) = complaint::too_deep(&error, line) {
            AppError::invalid_field(&place, words)
        } else {
            let detail = format!("line {n} of the body is not JSON");
            AppError::new(Code::MalformedJson, detail)
        }
    })
}

/// The `Lease` of a reporting agent.
pub(super) fn lease(headers: &HeaderMap) -> Result<Option<String>, AppError> {
    let Some(value) = once(headers, "lease", "Lease")? else {
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

/// The one value of a header; of two that differ nobody knows which is meant.
pub(super) fn once<'a>(
    headers: &'a HeaderMap,
    name: &str,
    field: &str,
) -> Result<Option<&'a HeaderValue>, AppError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.any(|other| Some(other) != first) {
        let message = "is given twice, and not the same";
        return Err(AppError::invalid_field(field, message));
    }
    Ok(first)
}
