//! What pages ask the server. On the server the question is answered on the spot, in the
//! browser by a request; what the server fetched for the first view is sent with the page.
//!
//! All data travels as JSON text until it is shown, so that the browser loads the code that
//! waits for an answer once and not for every type.

use std::any::Any;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use leptos::prelude::*;
use leptos::server::codee::{Decoder, Encoder};
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use send_wrapper::SendWrapper;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::browser::{self, Refusal};
use super::dynamic::part;
use crate::domain::{AppError, ErrorKind};
use crate::rpc;

pub(crate) type Answer<T> = Result<T, AppError>;

type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// True where the program runs in a browser.
const IN_BROWSER: bool = cfg!(target_arch = "wasm32");

/// Asks the server function that `question` are the arguments of.
pub(crate) async fn ask<S>(question: S) -> Answer<S::Output>
where
    S: ServerFn<Error = AppError> + Serialize,
    S::Output: DeserializeOwned,
{
    if IN_BROWSER {
        read(&fetch(S::url(), body_of(&question)?).await?)
    } else {
        question.run_body().await
    }
}

fn body_of(question: &impl Serialize) -> Answer<String> {
    serde_json::to_string(question).map_err(unreadable)
}

pub(crate) fn read<T: DeserializeOwned>(answer: &[u8]) -> Answer<T> {
    serde_json::from_slice(answer).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> AppError {
    AppError::new(ErrorKind::Internal, error.to_string())
}

fn fetch(url: &'static str, body: String) -> Later<Answer<Vec<u8>>> {
    Box::pin(SendWrapper::new(async move {
        let answer = browser::post(url, "application/json", body).await;
        answer.map_err(|refusal| error_of(refusal, rpc::unreachable))
    }))
}

/// The error that a refusal says, or that stands for an answer that did not come.
pub(crate) fn error_of(refusal: Refusal, unreachable: fn() -> AppError) -> AppError {
    match refusal {
        Refusal::Answered(body) => read(&body).unwrap_or_else(|error| error),
        Refusal::Unreachable => unreachable(),
    }
}

/// What a page asked for: the answer, or none yet.
pub(crate) struct Data<T> {
    answer: ArcRwSignal<Option<Answer<Carried>>>,
    of: PhantomData<fn() -> T>,
}

/// Asks for the data of a page. The server has the answer before it makes the page, see
/// [`Answers`].
pub(crate) fn data<S>(question: S) -> Data<S::Output>
where
    S: ServerFn<Error = AppError> + Serialize + Send + 'static,
    S::Output: Serialize + Send + Sync + 'static,
{
    let body = body_of(&question);
    let run = move || -> Later<Answer<Carried>> {
        Box::pin(async { Carried::new(question.run_body().await?) })
    };
    Data {
        answer: asked(S::url(), body, Box::new(run)),
        of: PhantomData,
    }
}

fn asked(
    url: &'static str,
    body: Answer<String>,
    run: Run,
) -> ArcRwSignal<Option<Answer<Carried>>> {
    let known = || match body.clone() {
        Ok(_) if IN_BROWSER => None,
        Ok(body) => use_context::<Answers>()?.of((url, body), run),
        Err(error) => Some(Err(error)),
    };
    let sent = SharedValue::<Option<Answer<Carried>>, Verbatim>::new_with_encoding(known);
    let answer = ArcRwSignal::new(sent.into_inner());
    if let Ok(body) = body
        && IN_BROWSER
        && answer.read_untracked().is_none()
    {
        let answer = answer.clone();
        spawn_local(async move {
            let text = fetch(url, body).await;
            answer.set(Some(text.map(|text| Carried {
                text: String::from_utf8_lossy(&text).into(),
                value: None,
            })));
        });
    }
    answer
}

/// What `view` makes of `data` once it is there; until then what `fallback` shows.
pub(crate) fn awaited<T>(
    data: Data<T>,
    fallback: fn() -> AnyView,
    view: impl Fn(Answer<T>) -> AnyView + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    let view = move |carried: Answer<Carried>| view(carried.and_then(Carried::value));
    shown(data.answer, fallback, Box::new(view))
}

type Show = Box<dyn Fn(Answer<Carried>) -> AnyView + Send + Sync>;

fn shown(
    answer: ArcRwSignal<Option<Answer<Carried>>>,
    fallback: fn() -> AnyView,
    view: Show,
) -> AnyView {
    part(move || match answer.get() {
        Some(answer) => untrack(|| view(answer)),
        None => fallback(),
    })
    .into_any()
}

/// Which server function is asked, and with which arguments.
type Question = (&'static str, String);

type Run = Box<dyn FnOnce() -> Later<Answer<Carried>>>;

/// The answers to what a page asks. A page is made without them first, which asks; then they are
/// fetched, and it is made again, until it asks nothing new. So making a page waits for nothing,
/// and nothing of it is done beside the rest on another thread: there is nothing to wake it.
#[derive(Clone, Default)]
pub struct Answers(Arc<Mutex<HashMap<Question, Known>>>);

enum Known {
    Asked(Later<Answer<Carried>>),
    Taken,
    Answered(Answer<Carried>),
}

impl Answers {
    fn of(&self, question: Question, run: Run) -> Option<Answer<Carried>> {
        match self.known().entry(question) {
            Entry::Vacant(place) => {
                place.insert(Known::Asked(run()));
                None
            }
            Entry::Occupied(known) => match known.get() {
                Known::Answered(answer) => Some(answer.clone()),
                Known::Asked(_) | Known::Taken => None,
            },
        }
    }

    /// Fetches what was asked since the last time; each future puts its answer here.
    pub fn fetch(&self) -> Vec<impl Future<Output = ()> + Send + use<>> {
        let mut known = self.known();
        let asked = known.iter_mut().filter_map(|(question, known)| {
            match std::mem::replace(known, Known::Taken) {
                Known::Asked(answer) => Some((question.clone(), answer)),
                other => {
                    *known = other;
                    None
                }
            }
        });
        let fetched = asked.map(|(question, answer)| {
            let answers = self.clone();
            async move {
                let answer = Known::Answered(answer.await);
                answers.known().insert(question, answer);
            }
        });
        fetched.collect()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Question, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A value as JSON, and as itself where it was made.
#[derive(Clone)]
struct Carried {
    text: Arc<str>,
    value: Option<Arc<dyn Any + Send + Sync>>,
}

impl Carried {
    fn new<T: Serialize + Send + Sync + 'static>(value: T) -> Answer<Self> {
        Ok(Self {
            text: body_of(&value)?.into(),
            value: Some(Arc::new(value)),
        })
    }

    fn value<T: Clone + DeserializeOwned + 'static>(self) -> Answer<T> {
        let made_here = self.value.as_ref().and_then(|it| it.downcast_ref::<T>());
        made_here.map_or_else(|| read(self.text.as_bytes()), |value| Ok(value.clone()))
    }
}

/// Writes carried data into the page as it is: an error behind `!`, and nothing for no answer.
struct Verbatim;

impl Encoder<Option<Answer<Carried>>> for Verbatim {
    type Error = AppError;
    type Encoded = String;

    fn encode(answer: &Option<Answer<Carried>>) -> Answer<String> {
        match answer {
            Some(Ok(carried)) => Ok(carried.text.to_string()),
            Some(Err(error)) => Ok(format!("!{}", body_of(error)?)),
            None => Ok(String::new()),
        }
    }
}

impl Decoder<Option<Answer<Carried>>> for Verbatim {
    type Error = AppError;
    type Encoded = str;

    fn decode(text: &str) -> Answer<Option<Answer<Carried>>> {
        if text.is_empty() {
            return Ok(None);
        }
        if let Some(error) = text.strip_prefix('!') {
            return Ok(Some(Err(read(error.as_bytes())?)));
        }
        Ok(Some(Ok(Carried {
            text: text.into(),
            value: None,
        })))
    }
}
