//! The only error that crosses the wire.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Code;

/// What went wrong, in words that a person can act on. Never holds internals or secrets.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct AppError {
    /// What exactly it is. Pages know no more than its kind: the words of all codes would be a part
    /// of the program that every browser loads.
    #[serde(rename = "kind", with = "kind_alone")]
    pub code: Code,
    /// What happened and what to do.
    pub detail: String,
    /// For invalid input: what is wrong with which field.
    pub errors: Vec<FieldError>,
}

/// One thing that is wrong with one field.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// The field's name.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// The longest name of a field, its message and the detail of an error, in bytes: what is quoted in
/// them may be as long as a request.
const FIELD: usize = 200;
const MESSAGE: usize = 2000;
const DETAIL: usize = 8000;

/// `text` without its middle when it is longer than `most` bytes: words stand at either end of what
/// they quote.
#[must_use]
pub fn shortened(text: String, most: usize) -> String {
    if text.len() <= most {
        return text;
    }
    let end = text.floor_char_boundary(most / 4 * 3);
    let rest = text.ceil_char_boundary(text.len() - most / 4);
    format!("{}…{}", &text[..end], &text[rest..])
}

impl FieldError {
    /// `message` about `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: shortened(field.into(), FIELD),
            message: shortened(message.into(), MESSAGE),
        }
    }

    /// `priority must be low or high`, `labels: at most 20`.
    fn sentence(&self) -> String {
        let Self { field, message } = self;
        let goes_on = message.starts_with("must ") || message.starts_with("is ");
        let colon = if goes_on { "" } else { ":" };
        format!("{field}{colon} {message}")
    }
}

/// The kinds of trouble, each with its HTTP status.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum ErrorKind {
    /// The request cannot be read.
    Malformed,
    /// The caller may not do this.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The address does not know the method.
    Method,
    /// The present state does not allow it.
    Conflict,
    /// It was changed since the caller read it.
    Outdated,
    /// The request is too large.
    TooLarge,
    /// A type or an encoding that is not read.
    NotRead,
    /// The request can be read but makes no sense.
    Invalid,
    /// Too many at once; try again later.
    Busy,
    /// The head of the request is too long.
    Head,
    /// Our fault; the log knows more.
    Internal,
    /// The server, or its database, does not answer.
    Unreachable,
    /// The disk of the server is full.
    NoRoom,
}

impl ErrorKind {
    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Method => 405,
            Self::Conflict => 409,
            Self::Outdated => 412,
            Self::TooLarge => 413,
            Self::NotRead => 415,
            Self::Invalid => 422,
            Self::Busy => 429,
            Self::Head => 431,
            Self::Internal => 500,
            Self::Unreachable => 503,
            Self::NoRoom => 507,
        }
    }

    /// A short name for people: the `title` of a problem document.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Malformed => "Malformed request",
            Self::Forbidden => "Not allowed",
            Self::NotFound => "Not found",
            Self::Method => "Method not allowed",
            Self::Conflict => "Conflicts with the current state",
            Self::Outdated => "Changed meanwhile",
            Self::TooLarge => "Too large",
            Self::NotRead => "Not read here",
            Self::Invalid => "Invalid input",
            Self::Busy => "Too many requests",
            Self::Head => "Head too large",
            Self::Internal => "Internal error",
            Self::Unreachable => "Not available now",
            Self::NoRoom => "No room to store it",
        }
    }
}

impl AppError {
    /// An error that says `detail`. A kind stands for its general code.
    pub fn new(code: impl Into<Code>, detail: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            detail: shortened(detail.into(), DETAIL),
            errors: Vec::new(),
        }
    }

    /// The kind of trouble that it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.code.kind()
    }

    /// Invalid input, with every problem named.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let words: Vec<_> = errors.iter().map(FieldError::sentence).collect();
        Self {
            code: Code::InvalidInput,
            detail: shortened(words.join("; "), DETAIL),
            errors,
        }
    }

    /// Invalid input in one field.
    pub fn invalid_field(field: &str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(field, message)])
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for AppError {}

impl From<super::Illegal> for AppError {
    fn from(illegal: super::Illegal) -> Self {
        let code = if illegal.from.is_finished() {
            Code::TaskFinished
        } else {
            Code::TransitionNotAllowed
        };
        Self::new(code, illegal.to_string())
    }
}

/// A code as its kind.
mod kind_alone {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Code, ErrorKind};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
    pub(super) fn serialize<S: Serializer>(code: &Code, serializer: S) -> Result<S::Ok, S::Error> {
        code.kind().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(reader: D) -> Result<Code, D::Error> {
        ErrorKind::deserialize(reader).map(Code::from)
    }
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn a_long_text_loses_its_middle() {
        assert_eq!(shortened("as it is".to_owned(), 8), "as it is");
        let text = format!("the field {} is odd", "x".repeat(1000));
        let short = shortened(text, 40);
        assert_eq!(short, "the field xxxxxxxxxxxxxxxxxxxx…xxx is odd");
        let crabs = shortened("🦀".repeat(100), 41);
        assert_eq!(crabs, format!("{}…{}", "🦀".repeat(7), "🦀".repeat(2)));
    }
}
