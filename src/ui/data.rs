//! What pages ask the server. On the server the question is answered on the spot, in the
//! browser by a request; what the server fetched for the first view is sent with the page.
//!
//! All data travels as JSON text until it is shown, so that the browser loads the code that
//! waits for an answer once and not for every type.

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::ui::dynamic::Erase;
use leptos::prelude::*;
use leptos::server::codee::{Decoder, Encoder};
use leptos::server_fn::ServerFn;
use send_wrapper::SendWrapper;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::browser::{self, Refusal};
use super::dynamic::dynamic;
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
        answer.map_err(error_of)
    }))
}

/// The error that a refusal says.
pub(crate) fn error_of(refusal: Refusal) -> AppError {
    match refusal {
        Refusal::Answered(body) => read(&body).unwrap_or_else(|error| error),
        Refusal::Unreachable => rpc::unreachable(),
    }
}

pub(crate) struct Data<T> {
    carried: Resource<Answer<Carried>, Verbatim>,
    of: PhantomData<fn() -> T>,
}

/// Asks for the data of a page. The server waits for it before it answers.
pub(crate) fn data<S>(question: impl Fn() -> S + Send + Sync + 'static) -> Data<S::Output>
where
    S: ServerFn<Error = AppError> + Serialize + Send + 'static,
    S::Output: Serialize + Send + Sync + 'static,
{
    let ask = move || -> Later<Answer<Carried>> {
        let question = question();
        if IN_BROWSER {
            match body_of(&question) {
                Ok(body) => Box::pin(received(S::url(), body)),
                Err(error) => Box::pin(async { Err(error) }),
            }
        } else {
            Box::pin(async { Carried::new(question.run_body().await?) })
        }
    };
    Data {
        carried: resource(Box::new(ask)),
        of: PhantomData,
    }
}

/// What the server answers on the spot, sent with the page: nothing waits for it, and nothing of it
/// runs beside the rest of the page on another thread.
pub(crate) fn at_once<S>(question: S) -> Answer<S::Output>
where
    S: ServerFn<Error = AppError> + Send + 'static,
    S::Output: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let answered = move || {
        if IN_BROWSER {
            return Err(rpc::unreachable());
        }
        let mut answer = Box::pin(question.run_body());
        match answer
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(answer) => Carried::new(answer?),
            Poll::Pending => Err(rpc::unreachable()),
        }
    };
    let shared = SharedValue::<Answer<Carried>, Verbatim>::new_with_encoding(answered);
    shared.into_inner()?.value()
}

type Ask = Box<dyn Fn() -> Later<Answer<Carried>> + Send + Sync>;

fn resource(ask: Ask) -> Resource<Answer<Carried>, Verbatim> {
    Resource::new_with_options(|| (), move |()| ask(), true)
}

async fn received(url: &'static str, body: String) -> Answer<Carried> {
    let text = String::from_utf8_lossy(&fetch(url, body).await?).into_owned();
    Ok(Carried {
        text: text.into(),
        value: None,
    })
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
    suspended(data.carried, fallback, Arc::new(view))
}

type Show = Arc<dyn Fn(Answer<Carried>) -> AnyView + Send + Sync>;

fn suspended(
    carried: Resource<Answer<Carried>, Verbatim>,
    fallback: fn() -> AnyView,
    view: Show,
) -> AnyView {
    let content = dynamic(move || {
        let view = Arc::clone(&view);
        Suspend::new(async move { view(carried.await) })
    });
    view! { <Suspense fallback>{content}</Suspense> }.any()
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

/// Writes carried data into the page as it is: an error behind `!`.
struct Verbatim;

impl Encoder<Answer<Carried>> for Verbatim {
    type Error = AppError;
    type Encoded = String;

    fn encode(answer: &Answer<Carried>) -> Answer<String> {
        match answer {
            Ok(carried) => Ok(carried.text.to_string()),
            Err(error) => Ok(format!("!{}", body_of(error)?)),
        }
    }
}

impl Decoder<Answer<Carried>> for Verbatim {
    type Error = AppError;
    type Encoded = str;

    fn decode(text: &str) -> Answer<Answer<Carried>> {
        if let Some(error) = text.strip_prefix('!') {
            return Ok(Err(read(error.as_bytes())?));
        }
        Ok(Ok(Carried {
            text: text.into(),
            value: None,
        }))
    }
}
