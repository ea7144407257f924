//! Questions: what an agent asks a person, and what the person answers.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{FieldError, LIMITS, Timestamp, is_visible};

/// The longest text of a question, in characters.
pub const QUESTION_TEXT: usize = 10_000;
/// The most options of a question.
pub const QUESTION_OPTIONS: usize = 50;
/// The longest id or label of an option, in characters.
pub const OPTION_TEXT: usize = 200;

/// What an agent asks a person, as everybody sees it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Question {
    /// Unique within its task; an answer may name it.
    pub id: String,
    /// What is wanted.
    #[serde(default)]
    pub kind: QuestionKind,
    /// What is asked, in the agent's words.
    pub text: String,
    /// What can be chosen; any text may be the answer when there are none.
    #[serde(default)]
    pub options: Vec<QuestionOption>,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// When its agent stops waiting, if it ever does.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// What kind of answer is wanted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// Something that the agent has to know.
    #[default]
    Input,
    /// Whether it may do something.
    Permission,
    /// Whether what it did is good.
    Approval,
}

/// One answer that can be chosen.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
pub struct QuestionOption {
    /// What an answer names.
    pub id: String,
    /// What a person reads.
    pub label: String,
    /// What choosing it means, where its agent says so, such as `allow_once`.
    pub kind: Option<String>,
}

/// A question on its way in: an agent knows neither its id nor the time.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, ToSchema)]
pub struct NewQuestion {
    /// What is wanted; `input` when absent.
    pub kind: QuestionKind,
    /// What is asked.
    pub text: String,
    /// What can be chosen.
    pub options: Vec<QuestionOption>,
    /// When its agent stops waiting.
    pub expires_at: Option<Timestamp>,
}

/// What a person answers.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    /// The id of the question.
    pub question: String,
    /// The answer in words; the label of the option where one was chosen.
    pub text: String,
    /// The id of the option that was chosen.
    pub option: Option<String>,
}

/// A person's answer on its way in: text, or the option that was chosen.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reply {
    /// The id of the question; whichever is open when absent.
    pub question: Option<String>,
    /// 1 to 100,000 characters.
    pub text: Option<String>,
    /// The id of one of its options.
    pub option: Option<String>,
}

impl Reply {
    /// An answer in words.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }

    /// Everything that is wrong with it; empty when it may be given.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let legal = |text: &str| {
            let length = text.chars().count();
            !text.trim().is_empty() && length <= LIMITS.description && !text.contains('\0')
        };
        let problem = match (&self.text, &self.option) {
            (Some(_), Some(_)) => Some(("option", "is given instead of text, not beside it")),
            (None, None) => Some(("text", "give text, or the id of an option")),
            (Some(text), None) if !legal(text) => Some(("text", "must be 1 to 100,000 characters")),
            (None, Some(id)) if !legal(id) => Some(("option", "must be the id of an option")),
            _ => None,
        };
        let named = |id: &String| legal(id) && id.chars().count() <= OPTION_TEXT;
        let other = self.question.as_ref().filter(|id| !named(id));
        let other = other.map(|_| ("question", "must be the id of the question"));
        let all = problem.into_iter().chain(other);
        all.map(|(field, message)| FieldError::new(field, message))
            .collect()
    }
}

impl NewQuestion {
    /// A question to which any text is an answer.
    #[must_use]
    pub fn asking(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// Everything that is wrong with it; empty when it may be asked.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let mut found = Vec::new();
        let length = self.text.chars().count();
        if !is_visible(&self.text) || length > QUESTION_TEXT || self.text.contains('\0') {
            let message = format!("must be 1 to {QUESTION_TEXT} characters without NUL");
            found.push(FieldError::new("question.text", message));
        }
        let legal = |text: &str| {
            !text.trim().is_empty() && text.chars().count() <= OPTION_TEXT && !text.contains('\0')
        };
        let fits = |option: &QuestionOption| {
            let kind = option.kind.as_deref().is_none_or(legal);
            let label = &option.label;
            legal(&option.id) && legal(label) && is_visible(label) && kind
        };
        if self.options.len() > QUESTION_OPTIONS || !self.options.iter().all(fits) {
            let message = format!(
                "at most {QUESTION_OPTIONS} options, each with an id and a label of 1 to \
                 {OPTION_TEXT} characters"
            );
            found.push(FieldError::new("question.options", message));
        }
        let mut ids: Vec<&str> = self.options.iter().map(|it| it.id.as_str()).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) {
            let message = "every option needs an id of its own";
            found.push(FieldError::new("question.options", message));
        }
        found
    }
}

impl<'de> Deserialize<'de> for NewQuestion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

/// Reads both ways to write a question: its text alone, or text and options. By hand, so that what
/// is wrong with it is named.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = NewQuestion;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, or an object with text and options")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<NewQuestion, E> {
        Ok(NewQuestion::asking(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<NewQuestion, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Whole {
            text: String,
            #[serde(default)]
            kind: QuestionKind,
            #[serde(default)]
            options: Vec<QuestionOption>,
            #[serde(default)]
            expires_at: Option<Timestamp>,
        }
        let whole = Whole::deserialize(MapAccessDeserializer::new(map))?;
        Ok(NewQuestion {
            kind: whole.kind,
            text: whole.text,
            options: whole.options,
            expires_at: whole.expires_at,
        })
    }
}

impl<'de> Deserialize<'de> for QuestionOption {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WrittenOption)
    }
}

/// Reads both ways to write an option: its label alone, which is then its id, or both. By hand, as
/// `serde(untagged)` would make every browser load what it takes to keep any JSON.
struct WrittenOption;

impl<'de> Visitor<'de> for WrittenOption {
    type Value = QuestionOption;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the label of an option, or an object with its id and label")
    }

    fn visit_str<E: de::Error>(self, label: &str) -> Result<QuestionOption, E> {
        Ok(QuestionOption {
            id: label.to_owned(),
            label: label.to_owned(),
            kind: None,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<QuestionOption, A::Error> {
        #[derive(Deserialize)]
        struct Whole {
            id: Option<String>,
            label: Option<String>,
            #[serde(default)]
            kind: Option<String>,
        }
        let Whole { id, label, kind } = Whole::deserialize(MapAccessDeserializer::new(map))?;
        let Some(label) = label.or_else(|| id.clone()) else {
            return Err(de::Error::custom("an option has an id or a label"));
        };
        Ok(QuestionOption {
            id: id.unwrap_or_else(|| label.clone()),
            label,
            kind,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::NewQuestion;

    #[test]
    fn a_question_is_its_text_or_text_with_options() {
        let plain: NewQuestion = serde_json::from_str(r#""which?""#).unwrap();
        assert_eq!(plain, NewQuestion::asking("which?"));
        let text = r#"{"text":"go?","options":["yes",{"id":"n","label":"no"},{"id":"later"}]}"#;
        let whole: NewQuestion = serde_json::from_str(text).unwrap();
        let options: Vec<_> = whole
            .options
            .iter()
            .map(|it| (it.id.as_str(), it.label.as_str()))
            .collect();
        assert_eq!(options, [("yes", "yes"), ("n", "no"), ("later", "later")]);
        assert!(whole.problems().is_empty());
        for wrong in [
            "{}",
            "3",
            r#"{"text":"x","colour":1}"#,
            r#"{"text":"x","options":[{}]}"#,
        ] {
            assert!(
                serde_json::from_str::<NewQuestion>(wrong).is_err(),
                "{wrong}"
            );
        }
        for wrong in [
            r#""""#,
            r#"{"text":"x","options":["a","a"]}"#,
            r#"{"text":"x","options":[""]}"#,
            r#""\u200b""#,
            r#"{"text":"x","options":["\u200b"]}"#,
        ] {
            let question: NewQuestion = serde_json::from_str(wrong).unwrap();
            assert!(!question.problems().is_empty(), "{wrong}");
        }
    }
}
