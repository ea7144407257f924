//! What a task's agents ask and people answer: one question is open, others wait behind it, and
//! answers are kept until a worker elsewhere has shown that it heard of them.

use serde::{Deserialize, Serialize};

use super::StoredTask;
use super::row::{found, task_columns};
use crate::domain::{
    ActivityKind, Answer as PersonsAnswer, AppError, Code, FieldError, NewQuestion, Question,
    QuestionKind, Reply, TaskId, TaskStatus, Timestamp, Transition,
};
use crate::server::storage::columns::json;
use crate::server::storage::database::on_pool;
use crate::server::storage::tx::{Tx, in_tx};
use crate::server::storage::{Answer, Database, Write};

/// More questions than this do not wait behind one another: nobody would ever read them.
const WAITING: usize = 100;

/// What a task has been asked, beside the open question.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Questions {
    /// How many there were so far, which gives the next its id.
    pub(super) asked: u32,
    /// Those behind the open one, in order.
    pub(super) waiting: Vec<Question>,
}

/// An answer that is on its way to a worker elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sent {
    #[serde(flatten)]
    pub(super) answer: PersonsAnswer,
    /// A heartbeat has told of it; the next report shows that it arrived.
    pub(super) told: bool,
}

/// The column `question`. Databases of earlier versions have the text of the open one alone.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    asked: u32,
    open: Option<Question>,
    waiting: Vec<Question>,
}

/// Reads the column; `since` is when its attempt began.
pub(super) fn read(text: Option<&str>, since: Timestamp) -> (Option<Question>, Questions) {
    let Some(text) = text else {
        return (None, Questions::default());
    };
    if let Ok(column) = serde_json::from_str::<Column>(text) {
        let (asked, waiting) = (column.asked, column.waiting);
        return (column.open, Questions { asked, waiting });
    }
    let open = Question {
        id: "1".to_owned(),
        kind: QuestionKind::Input,
        text: text.to_owned(),
        options: Vec::new(),
        asked_at: since,
        expires_at: None,
    };
    let asked = Questions {
        asked: 1,
        waiting: Vec::new(),
    };
    (Some(open), asked)
}

/// Writes the column.
pub(super) fn write(stored: &StoredTask) -> Option<String> {
    let Questions { asked, waiting } = &stored.questions;
    (*asked > 0).then(|| {
        json(&Column {
            asked: *asked,
            open: stored.task.question.clone(),
            waiting: waiting.clone(),
        })
    })
}

impl StoredTask {
    /// False when so many questions wait that another would never be read.
    pub(super) fn takes_questions(&self) -> bool {
        self.questions.waiting.len() < WAITING
    }

    /// Opens a question, or has it wait behind the open one.
    pub(super) fn ask(
        &mut self,
        new: &NewQuestion,
        now: Timestamp,
    ) -> Result<Option<ActivityKind>, AppError> {
        let is_open = self.task.status == TaskStatus::NeedsInput && self.task.question.is_some();
        if is_open && !self.takes_questions() {
            return Err(AppError::new(
                Code::TooManyQuestions,
                format!(
                    "task #{} has {WAITING} questions that wait already",
                    self.task.number
                ),
            ));
        }
        if self.task.status != TaskStatus::NeedsInput {
            self.step(Transition::Ask)?;
        }
        self.questions.asked += 1;
        let question = Question {
            id: self.questions.asked.to_string(),
            kind: new.kind,
            text: new.text.clone(),
            options: new.options.clone(),
            asked_at: now,
            expires_at: new.expires_at,
        };
        if is_open {
            self.questions.waiting.push(question);
            return Ok(None);
        }
        self.task.question = Some(question);
        Ok(Some(ActivityKind::NeedsInput))
    }

    /// True when `new` was the last thing to be asked and is not answered yet: whoever lost the
    /// answer to a request sends it again.
    pub(super) fn asks_already(&self, new: &NewQuestion) -> bool {
        let last = self
            .questions
            .waiting
            .last()
            .or(self.task.question.as_ref());
        last.is_some_and(|last| {
            (last.kind, &last.text, &last.options) == (new.kind, &new.text, &new.options)
        })
    }

    /// Answers the open question; the next one opens, or the task goes on.
    pub(super) fn answer(&mut self, reply: &Reply) -> Result<PersonsAnswer, AppError> {
        let number = self.task.number;
        let status = self.task.status;
        if status != TaskStatus::NeedsInput {
            let detail = format!("task #{number} is {} and asks nothing", status.label());
            return Err(AppError::new(Code::QuestionNotOpen, detail));
        }
        let open = self.task.question.as_ref();
        let named = reply.question.as_deref();
        if let Some(id) = named.filter(|id| open.is_none_or(|open| open.id != *id)) {
            let detail = match open {
                Some(open) => format!(
                    "question {id:?} of task #{number} is not open; question {:?} is: {}",
                    open.id, open.text
                ),
                None => format!("task #{number} has no open question {id:?}"),
            };
            return Err(AppError::new(Code::QuestionNotOpen, detail));
        }
        let answer = answer_to(open, reply)?;
        if self.questions.waiting.is_empty() {
            self.step(Transition::Answer)?;
        } else {
            self.task.question = Some(self.questions.waiting.remove(0));
        }
        // The runs of this server are told at once; others learn of it by a heartbeat.
        if self
            .lease
            .as_ref()
            .is_some_and(|lease| lease.node.is_none())
        {
            self.answers.push(Sent {
                answer: answer.clone(),
                told: false,
            });
        }
        Ok(answer)
    }
}

fn answer_to(open: Option<&Question>, reply: &Reply) -> Result<PersonsAnswer, AppError> {
    let question = open.map(|open| open.id.clone()).unwrap_or_default();
    let Some(id) = &reply.option else {
        return Ok(PersonsAnswer {
            question,
            text: reply.text.clone().unwrap_or_default(),
            option: None,
        });
    };
    let options = open.map(|open| open.options.as_slice()).unwrap_or_default();
    let Some(chosen) = options.iter().find(|option| option.id == *id) else {
        let ids: Vec<_> = options.iter().map(|it| format!("{:?}", it.id)).collect();
        let message = if ids.is_empty() {
            "this question has no options; answer with text".to_owned()
        } else {
            format!("there is no option {id:?}; use {}", ids.join(", "))
        };
        return Err(AppError::invalid(vec![FieldError::new("option", message)]));
    };
    Ok(PersonsAnswer {
        question,
        text: chosen.label.clone(),
        option: Some(chosen.id.clone()),
    })
}

const WITH_ANSWERS: &str = "select id, answers from tasks where lease_id = $1 \
    and answers is not null";

impl Database {
    /// What people answered to the holders of these leases since their last reports.
    pub(crate) async fn answers(&self, leases: &[String]) -> Answer<Vec<(TaskId, PersonsAnswer)>> {
        let mut found = Vec::new();
        for lease in leases {
            let row: Option<(String, String)> = on_pool!(self, pool =>
                sqlx::query_as(WITH_ANSWERS).bind(lease).fetch_optional(pool).await?);
            let Some((id, text)) = row else { continue };
            let sent: Vec<Sent> = serde_json::from_str(&text).unwrap_or_default();
            if let Ok(id) = id.parse() {
                found.extend(sent.into_iter().map(|sent| (id, sent.answer)));
            }
        }
        Ok(found)
    }
}

/// Notes that the holders of these leases were told what people answered.
pub(crate) struct NoteTold {
    pub(crate) leases: Vec<String>,
}

const BY_LEASE: &str = concat!(
    "select ",
    task_columns!(),
    " from tasks where lease_id = $1 and answers is not null"
);
const SAVE_ANSWERS: &str = "update tasks set answers = $2 where number = $1";

impl Write for NoteTold {
    type Output = ();

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<()> {
        for lease in &self.leases {
            let stored: Option<StoredTask> = in_tx!(tx, conn =>
                sqlx::query(BY_LEASE).bind(lease).fetch_optional(conn).await?
                    .and_then(|row| found(&row).whole()));
            let Some(mut stored) = stored else { continue };
            for sent in &mut stored.answers {
                sent.told = true;
            }
            // Nobody is shown this, so there is nothing to announce.
            in_tx!(tx, conn => sqlx::query(SAVE_ANSWERS)
                .bind(stored.task.number)
                .bind(json(&stored.answers))
                .execute(conn)
                .await?.rows_affected());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, Questions, read};
    use crate::domain::{Question, QuestionKind, Timestamp};

    #[test]
    fn a_question_of_an_earlier_version_is_still_asked() {
        let (open, questions) = read(Some("which colour?"), Timestamp(7));
        let open = open.expect("it is open");
        assert_eq!(
            (&*open.id, &*open.text, open.asked_at),
            ("1", "which colour?", Timestamp(7))
        );
        assert_eq!(questions.asked, 1);
        assert_eq!(read(None, Timestamp(7)), (None, Questions::default()));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let question = |id: &str| Question {
            id: id.to_owned(),
            kind: QuestionKind::Permission,
            text: "may I?".to_owned(),
            options: Vec::new(),
            asked_at: Timestamp(3),
            expires_at: None,
        };
        let column = Column {
            asked: 2,
            open: Some(question("1")),
            waiting: vec![question("2")],
        };
        let text = serde_json::to_string(&column).unwrap();
        let (open, questions) = read(Some(&text), Timestamp(0));
        assert_eq!((open, questions.asked), (column.open, 2));
        assert_eq!(questions.waiting, column.waiting);
    }
}
