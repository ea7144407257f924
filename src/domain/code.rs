//! The words by which programs tell one trouble from another. They only grow: a client may have
//! learnt any of them.

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::ErrorKind;

/// Defines [`Code`]: one row for each, with the kind of trouble, the word on the wire, and one
/// sentence for whoever reads the documentation.
macro_rules! codes {
    ($($name:ident $kind:ident $word:literal $sentence:literal)*) => {
        /// What exactly went wrong: a stable word, for programs.
        #[derive(Clone, Copy, Debug, Eq, PartialEq, ToSchema)]
        #[schema(rename_all = "snake_case")]
        pub enum Code {
            $(#[doc = $sentence] $name,)*
        }

        impl Code {
            /// All of them, by status.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The kind of trouble that it is.
            #[must_use]
            pub fn kind(self) -> ErrorKind {
                match self { $(Self::$name => ErrorKind::$kind,)* }
            }

            /// The word on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// What it means, in one sentence.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

codes! {
    MalformedRequest Malformed "malformed_request" "The request cannot be read."
    MalformedJson Malformed "malformed_json" "The body is not JSON, or is not UTF-8."
    MalformedFrame Malformed "malformed_frame" "A frame of the socket cannot be read."
    HostUnclear Malformed "host_unclear" "The request names no host, or more than one."
    WebsocketExpected Malformed "websocket_expected" "This address speaks WebSocket."
    NotAllowed Forbidden "not_allowed" "Whoever asks may not do this."
    ForeignHost Forbidden "foreign_host" "The request was addressed to another host."
    ForeignSite Forbidden "foreign_site" "The request came from a page of another web site."
    NotFound NotFound "not_found" "There is no such thing, or it may not be seen."
    NoSuchAddress NotFound "no_such_address" "There is nothing at this address."
    TaskNotFound NotFound "task_not_found" "There is no such task, or it may not be seen."
    AgentNotFound NotFound "agent_not_found" "There is no such agent, or it may not be seen."
    ProjectNotFound NotFound "project_not_found" "There is no such project, or it may not be seen."
    SessionNotFound NotFound "session_not_found" "There is no such session, or it may not be seen."
    EventNotFound NotFound "event_not_found" "The session has no such event."
    FindingNotFound NotFound "finding_not_found" "The session has no such finding."
    MethodNotAllowed Method "method_not_allowed" "The address does not know this method; `Allow` names those that it knows."
    Conflict Conflict "conflict" "The present state does not allow it; the detail names that state."
    TaskNotPending Conflict "task_not_pending" "Only a pending task can be changed so, and this one is no longer pending."
    TaskNotRunning Conflict "task_not_running" "Only a running task is reported on, and this one does not run."
    TaskNotRetryable Conflict "task_not_retryable" "Only a failed or cancelled task can be tried again."
    TaskRetried Conflict "task_retried" "Another task tries this one again already, and has not ended."
    TaskFinished Conflict "task_finished" "The task has ended."
    TaskHeld Conflict "task_held" "An agent holds the task: only the holder of its lease may do this."
    TaskRanOutside Conflict "task_ran_outside" "The task ran outside, and nobody here could run it again."
    TransitionNotAllowed Conflict "transition_not_allowed" "A task in this status cannot move to the one that was asked for."
    LeaseLost Conflict "lease_lost" "The lease expired or was taken back; nothing was applied."
    QuestionNotOpen Conflict "question_not_open" "The task does not ask this question."
    TooManyQuestions Conflict "too_many_questions" "So many questions of the task wait already that it may ask no more."
    AgentStopped Conflict "agent_stopped" "The agent was stopped and takes no tasks."
    AgentRemoved Conflict "agent_removed" "The agent was removed from the configuration."
    AgentNotRemote Conflict "agent_not_remote" "The agent does not take tasks by itself: only a registered one does."
    AgentNotControlled Conflict "agent_not_controlled" "The agent only reports; it is started and stopped where it runs."
    AgentNameTaken Conflict "agent_name_taken" "An agent of this server has the name already."
    ProjectExists Conflict "project_exists" "There is a project of this name already."
    ProjectArchived Conflict "project_archived" "The project is archived and takes no new tasks."
    ProjectInUse Conflict "project_in_use" "The project has tasks or sessions; archive it instead."
    ProjectIsDefault Conflict "project_is_default" "The project `default` is always there and always open."
    DamagedRow Conflict "damaged_row" "What is stored about it is damaged and cannot be read."
    RequestUnderWay Conflict "request_under_way" "A request with this `Idempotency-Key` is still under way; send it again."
    ChangedMeanwhile Outdated "changed_meanwhile" "It was changed since the version that `If-Match` names; read it again."
    BodyTooLarge TooLarge "body_too_large" "The body is larger than is read here, as it was sent or unpacked."
    MediaTypeNotRead NotRead "media_type_not_read" "The `Content-Type` is none that is read here."
    EncodingNotRead NotRead "encoding_not_read" "The `Content-Encoding` is none that is read: send it plain or with `gzip`."
    InvalidInput Invalid "invalid_input" "It can be read but makes no sense; `errors` says what is wrong with which field."
    IdempotencyKeyReused Invalid "idempotency_key_reused" "The `Idempotency-Key` was used for another request."
    TooManyRequests Busy "too_many_requests" "Too many requests at once; `Retry-After` says when to come again."
    HeadTooLarge Head "head_too_large" "The address or the headers are longer than is read."
    InternalError Internal "internal_error" "A fault of the server; its log knows more, by the `request_id`."
    Unavailable Unreachable "unavailable" "The server, or its database, cannot do this now; it may later."
    ServerStopping Unreachable "server_stopping" "The server is stopping."
    OutcomeUnknown Unreachable "outcome_unknown" "It may or may not have been stored: look before you send it again."
    DiskFull NoRoom "disk_full" "The disk of the server is full."
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The general word for a kind, where no other says more.
impl From<ErrorKind> for Code {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Malformed => Self::MalformedRequest,
            ErrorKind::Forbidden => Self::NotAllowed,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::Method => Self::MethodNotAllowed,
            ErrorKind::Conflict => Self::Conflict,
            ErrorKind::Outdated => Self::ChangedMeanwhile,
            ErrorKind::TooLarge => Self::BodyTooLarge,
            ErrorKind::NotRead => Self::MediaTypeNotRead,
            ErrorKind::Invalid => Self::InvalidInput,
            ErrorKind::Busy => Self::TooManyRequests,
            ErrorKind::Head => Self::HeadTooLarge,
            ErrorKind::Internal => Self::InternalError,
            ErrorKind::Unreachable => Self::Unavailable,
            ErrorKind::NoRoom => Self::DiskFull,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Code;

    #[test]
    fn every_code_has_a_word_of_its_own_and_its_kind_has_a_general_one() {
        let words: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
        for code in Code::ALL {
            let word = code.as_str();
            let legal = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            assert!(word.bytes().all(legal), "{word}");
            assert!(code.sentence().ends_with('.'), "{word}");
            // The name in the documentation is derived from that of the variant.
            let name: String = format!("{code:?}")
                .chars()
                .map(|c| {
                    if c.is_uppercase() {
                        format!("_{}", c.to_lowercase())
                    } else {
                        c.to_string()
                    }
                })
                .collect();
            assert_eq!(name.trim_start_matches('_'), word);
            assert_eq!(Code::from(code.kind()).kind(), code.kind(), "{word}");
            assert!((400..=507).contains(&code.kind().status()), "{word}");
        }
        let by_status = Code::ALL.windows(2);
        for pair in by_status {
            assert!(pair[0].kind().status() <= pair[1].kind().status());
        }
    }
}
