//! Views that change, behind few types.
//!
//! Leptos compiles its code anew for every type, and every closure is a type of its own: most of
//! what a browser had to load would be the same code again and again. What passes through here
//! is put behind one type, so that of each use only the closure itself is compiled.

use std::sync::{Arc, Mutex};

use leptos::prelude::*;

/// What the `view` macro makes, as one type. Its own `into_any` would know every element twice:
/// alone, and inside the macro's wrapper.
pub(crate) trait Erase {
    fn any(self) -> AnyView;
}

impl<T: IntoAny> Erase for View<T> {
    fn any(self) -> AnyView {
        self.into_inner().into_any()
    }
}

impl Erase for AnyView {
    fn any(self) -> AnyView {
        self
    }
}

/// A value of a view that changes with the signals it reads.
pub(crate) type Dynamic<T> = Arc<Mutex<dyn FnMut() -> T + Send>>;

/// What is called when something happens to an element.
pub(crate) type Handler<E> = Box<dyn FnMut(E)>;

/// A value that changes.
pub(crate) fn dynamic<T>(f: impl FnMut() -> T + Send + 'static) -> Dynamic<T> {
    Arc::new(Mutex::new(f))
}

/// Words that change: text, or the value of an attribute.
pub(crate) fn text(f: impl FnMut() -> String + Send + 'static) -> Dynamic<String> {
    dynamic(f)
}

/// An attribute that comes and goes.
pub(crate) fn attribute(
    f: impl FnMut() -> Option<&'static str> + Send + 'static,
) -> Dynamic<Option<&'static str>> {
    dynamic(f)
}

/// A part of a view that changes as a whole.
pub(crate) fn part(f: impl FnMut() -> AnyView + Send + 'static) -> Dynamic<AnyView> {
    dynamic(f)
}

/// A part of a view that comes and goes.
pub(crate) fn maybe<V: Erase>(
    mut f: impl FnMut() -> Option<V> + Send + 'static,
) -> Dynamic<AnyView> {
    part(move || f().map_or_else(nothing, Erase::any))
}

/// An empty place.
pub(crate) fn nothing() -> AnyView {
    ().into_any()
}

/// Words inside a `<textarea>`, where the parser drops a first line break: there is one to drop.
pub(crate) fn typed(words: &str) -> String {
    let words = escaped(words.to_owned());
    if cfg!(target_arch = "wasm32") {
        words
    } else {
        format!("\n{words}")
    }
}

/// Words inside a `<textarea>` or `<title>`. The server writes what these hold into the page as it
/// stands, so that it would be read as HTML; the browser sets it as text.
pub(crate) fn escaped(words: String) -> String {
    if cfg!(target_arch = "wasm32") {
        words
    } else {
        words.replace('&', "&amp;").replace('<', "&lt;")
    }
}

/// Views in a row.
pub(crate) fn row<T, V: Erase>(
    items: impl IntoIterator<Item = T>,
    view: impl FnMut(T) -> V,
) -> AnyView {
    let views = items.into_iter().map(view).map(Erase::any);
    views.collect::<Vec<AnyView>>().into_any()
}

/// Calls `f` when something happens to an element.
pub(crate) fn handler<E>(f: impl FnMut(E) + 'static) -> Handler<E> {
    Box::new(f)
}

/// A value that is computed again when the signals it reads change, and tells only of changes.
pub(crate) fn memo<T>(f: impl Fn() -> T + Send + Sync + 'static) -> Memo<T>
where
    T: PartialEq + Send + Sync + 'static,
{
    fn boxed<T>(f: Box<dyn Fn() -> T + Send + Sync>) -> Memo<T>
    where
        T: PartialEq + Send + Sync + 'static,
    {
        Memo::new(move |_| f())
    }
    boxed(Box::new(f))
}

/// Tells the items of a list from one another.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum ItemKey {
    Number(i128),
    Name(String),
}

impl From<i64> for ItemKey {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl From<u64> for ItemKey {
    fn from(number: u64) -> Self {
        Self::Number(number.into())
    }
}

impl From<String> for ItemKey {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

struct Item {
    key: ItemKey,
    view: Box<dyn FnOnce() -> AnyView + Send>,
}

/// A list whose items come, go and move one by one.
pub(crate) fn list<T, K, V>(
    each: impl Fn() -> Vec<T> + Send + Sync + 'static,
    key: fn(&T) -> K,
    view: impl Fn(T) -> V + Send + Sync + 'static,
) -> AnyView
where
    T: Send + 'static,
    K: Into<ItemKey> + 'static,
    V: Erase + 'static,
{
    let view = Arc::new(view);
    let item = move |item: T| {
        let view = Arc::clone(&view);
        Item {
            key: key(&item).into(),
            view: Box::new(move || view(item).any()),
        }
    };
    items(Box::new(move || each().into_iter().map(&item).collect()))
}

fn items(each: Box<dyn Fn() -> Vec<Item> + Send>) -> AnyView {
    view! { <For each key=|item| item.key.clone() children=|item| (item.view)()/> }.into_any()
}
