//! The only door to the browser's own objects. On the server every function does nothing,
//! because [`window`] is absent there.

use std::cell::RefCell;
use std::time::Duration;

use leptos::ev;
use leptos::leptos_dom::helpers;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Document, Element, HtmlDialogElement, HtmlElement, MessageEvent, WebSocket, Window};

mod form;
mod post;

pub(crate) use form::{form_body, form_value, submit_form_of};
pub(crate) use post::{Refusal, post};

thread_local! {
    static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// What is typed into, where single letters are text and not shortcuts.
const TYPED_INTO: &str = "input, textarea, select, [contenteditable]";

/// A key was pressed without Ctrl, Alt or Meta.
pub(crate) struct Key {
    /// The key as the keyboard layout names it.
    pub(crate) name: String,
    /// True while the focus is where letters are text.
    pub(crate) typing: bool,
    /// True while a dialog has the screen.
    pub(crate) modal: bool,
}

/// What happens on the socket.
pub(crate) enum SocketEvent {
    /// A text frame arrived.
    Frame(String),
    /// It ended, or never began.
    Closed,
}

/// The open socket with what listens to it: dropped together.
struct Connection {
    socket: WebSocket,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        // A replaced socket says nothing any more.
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        _ = self.socket.close();
    }
}

fn window() -> Option<Window> {
    cfg!(target_arch = "wasm32").then(helpers::window)
}

fn document() -> Option<Document> {
    window()?.document()
}

// --- time ---------------------------------------------------------------------------------

/// The browser's clock in microseconds since 1970; 0 on the server.
pub(crate) fn now() -> i64 {
    window().map_or(0, |_| micros(js_sys::Date::now()))
}

/// When the first byte of this document arrived, by the browser's clock.
pub(crate) fn document_received_at() -> Option<i64> {
    let timing = window()?.performance()?.timing();
    Some(micros(timing.response_start())).filter(|time| *time > 0)
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "milliseconds since 1970 fit 52 bits"
)]
fn micros(milliseconds: f64) -> i64 {
    (milliseconds * 1000.0) as i64
}

/// A number from 0 to 1.
pub(crate) fn random() -> f64 {
    window().map_or(0.0, |_| js_sys::Math::random())
}

/// Runs `f` every second from now on.
pub(crate) fn every_second(f: impl Fn() + 'static) {
    if window().is_some() {
        helpers::set_interval(f, Duration::from_secs(1));
    }
}

/// Runs `f` once, later.
pub(crate) fn after(milliseconds: u64, f: impl FnOnce() + 'static) {
    if window().is_some() {
        helpers::set_timeout(f, Duration::from_millis(milliseconds));
    }
}

/// Waits.
pub(crate) async fn pause(milliseconds: u64) {
    if window().is_none() {
        return;
    }
    let later = js_sys::Promise::new(&mut |resolve, _| {
        after(milliseconds, move || _ = resolve.call0(&JsValue::NULL));
    });
    _ = JsFuture::from(later).await;
}

/// Runs `f` before the next paint; a hidden tab waits until it is seen.
pub(crate) fn next_frame(f: impl FnOnce() + 'static) {
    if window().is_some() {
        helpers::request_animation_frame(f);
    }
}

// --- the socket ---------------------------------------------------------------------------

/// Opens the only socket, at `path` of this origin, in place of a former one.
pub(crate) fn open_socket(path: &str, on_event: impl Fn(SocketEvent) + Clone + 'static) {
    let Some(location) = window().map(|window| window.location()) else {
        return;
    };
    let secure = location.protocol().is_ok_and(|name| name == "https:");
    let scheme = if secure { "wss" } else { "ws" };
    let host = location.host().unwrap_or_default();
    let Ok(socket) = WebSocket::new(&format!("{scheme}://{host}{path}")) else {
        after(0, move || on_event(SocketEvent::Closed));
        return;
    };
    let heard = on_event.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
        if let Some(text) = message.data().as_string() {
            heard(SocketEvent::Frame(text));
        }
    });
    let on_close = Closure::<dyn FnMut()>::new(move || on_event(SocketEvent::Closed));
    socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
    let connection = Connection {
        socket,
        _on_message: on_message,
        _on_close: on_close,
    };
    let former = CONNECTION.with(|slot| slot.borrow_mut().replace(connection));
    drop(former);
}

/// Sends one text frame, if the socket is open. One that closes has not told so yet, and complains.
pub(crate) fn send(text: &str) {
    if window().is_none() {
        return;
    }
    CONNECTION.with(|slot| {
        let slot = slot.borrow();
        let open = slot
            .as_ref()
            .filter(|it| it.socket.ready_state() == WebSocket::OPEN);
        if let Some(connection) = open {
            _ = connection.socket.send_with_str(text);
        }
    });
}

/// True while the tab is not seen.
pub(crate) fn is_hidden() -> bool {
    document().is_some_and(|document| document.hidden())
}

/// Runs `f` whenever the network is back or the tab is seen again.
pub(crate) fn on_return(f: impl Fn() + Clone + 'static) {
    if window().is_none() {
        return;
    }
    let online = f.clone();
    helpers::window_event_listener(ev::online, move |_| online());
    let seen = move |_: ev::Event| {
        if !is_hidden() {
            f();
        }
    };
    helpers::window_event_listener_untyped("visibilitychange", seen);
}

// --- what is remembered -------------------------------------------------------------------

/// What was stored under `name`.
pub(crate) fn recall(name: &str) -> Option<String> {
    let storage = window()?.local_storage().ok()??;
    storage.get_item(name).ok()?
}

/// Stores `value` under `name`, or forgets it.
pub(crate) fn remember(name: &str, value: Option<&str>) {
    let Some(Ok(Some(storage))) = window().map(|window| window.local_storage()) else {
        return;
    };
    _ = match value {
        Some(value) => storage.set_item(name, value),
        None => storage.remove_item(name),
    };
}

/// An attribute of the document's root.
pub(crate) fn root_attribute(name: &str) -> Option<String> {
    document()?.document_element()?.get_attribute(name)
}

/// Sets or removes an attribute of `<html>`.
pub(crate) fn set_root_attribute(name: &str, value: Option<&str>) {
    let Some(root) = document().and_then(|document| document.document_element()) else {
        return;
    };
    _ = match value {
        Some(value) => root.set_attribute(name, value),
        None => root.remove_attribute(name),
    };
}

/// Puts `text` on the clipboard.
pub(crate) fn copy(text: &str) {
    if let Some(window) = window() {
        _ = window.navigator().clipboard().write_text(text);
    }
}

// --- keyboard and focus -------------------------------------------------------------------

/// Hands every key to `f`, which answers true when it used the key.
pub(crate) fn on_key(f: impl Fn(&Key) -> bool + 'static) {
    if window().is_none() {
        return;
    }
    helpers::window_event_listener(ev::keydown, move |event| {
        if event.ctrl_key() || event.alt_key() || event.meta_key() || event.default_prevented() {
            return;
        }
        let target = event.target().and_then(|it| it.dyn_into::<Element>().ok());
        let key = Key {
            name: event.key(),
            typing: target.is_some_and(|it| it.matches(TYPED_INTO).unwrap_or(false)),
            modal: find("dialog:modal").is_some(),
        };
        if f(&key) {
            event.prevent_default();
        }
    });
}

fn find(selector: &str) -> Option<Element> {
    document()?.query_selector(selector).ok()?
}

fn focus(element: &Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        _ = element.focus();
    }
}

/// Moves the focus to the element with this id; false when there is none.
pub(crate) fn focus_id(id: &str) -> bool {
    let found = find(&format!("#{id}"));
    found.as_ref().inspect(|element| focus(element)).is_some()
}

/// Moves the focus to the heading of the page when what had it is gone, such as a button that did
/// its work: the keyboard would start again at the top of the document. Lists have no heading
/// that is seen.
pub(crate) fn rescue_focus() {
    let lost = document()
        .and_then(|document| document.active_element())
        .is_none_or(|element| element.tag_name() == "BODY");
    if let Some(heading) = find("main h1:not(.sr-only)").filter(|_| lost) {
        _ = heading.set_attribute("tabindex", "-1");
        focus(&heading);
    }
}

/// Moves the focus to the row after (or before) the one that has it.
pub(crate) fn move_row(step: i32) -> bool {
    let rows = document().and_then(|it| it.query_selector_all("[data-row]").ok());
    let Some(rows) = rows.filter(|rows| rows.length() > 0) else {
        return false;
    };
    let row = |index: u32| rows.item(index)?.dyn_into::<Element>().ok();
    let holds_focus =
        |index: &u32| row(*index).is_some_and(|it| it.matches(":focus-within").unwrap_or(false));
    let last = rows.length() - 1;
    let next = match (0..=last).find(holds_focus) {
        Some(index) => index.saturating_add_signed(step).min(last),
        None => 0,
    };
    let link = row(next).and_then(|row| row.query_selector("a").ok()?);
    link.inspect(focus).is_some()
}

/// True when the focus is within `element`.
pub(crate) fn has_focus(element: &Element) -> bool {
    element.matches(":focus-within").unwrap_or(false)
}

/// How far the page is scrolled down, in pixels.
pub(crate) fn page_offset() -> f64 {
    window().map_or(0.0, |window| window.scroll_y().unwrap_or_default())
}

// --- dialogs and scrolling ----------------------------------------------------------------

/// Gives `dialog` the screen: the focus stays in it, and Escape closes it.
pub(crate) fn open_dialog(dialog: &HtmlDialogElement) {
    // The server renders it open for those without JavaScript; only a closed one can be modal.
    if window().is_some() && !dialog.matches(":modal").unwrap_or(false) {
        dialog.set_open(false);
        _ = dialog.show_modal();
    }
}

/// Closes `dialog`; the focus returns to where it was.
pub(crate) fn close_dialog(dialog: &HtmlDialogElement) {
    dialog.close();
}

/// Takes the focus from the field of `event`.
pub(crate) fn leave_field(event: &ev::Event) {
    let target = event
        .target()
        .and_then(|it| it.dyn_into::<HtmlElement>().ok());
    if let Some(field) = target {
        _ = field.blur();
    }
}

/// Where a scrolled box stands: the distance from its top and to its end, in pixels.
pub(crate) fn scroll_place(element: &Element) -> (i32, i32) {
    let top = element.scroll_top();
    (top, element.scroll_height() - element.client_height() - top)
}

/// Scrolls a box to its end.
pub(crate) fn scroll_to_end(element: &Element) {
    element.set_scroll_top(element.scroll_height());
}

/// Scrolls a box to this place.
pub(crate) fn scroll_to(element: &Element, top: i32) {
    element.set_scroll_top(top);
}

/// Where the element with this id is in its box, however that is scrolled.
pub(crate) fn place_of(id: &str) -> Option<i32> {
    let element = document()?.get_element_by_id(id)?;
    Some(element.dyn_into::<HtmlElement>().ok()?.offset_top())
}
