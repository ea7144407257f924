//! What forms hold.

use leptos::ev::{Event, SubmitEvent};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, FormData, HtmlFormElement, UrlSearchParams};

/// What the form of `event` would send, as the body of a POST.
pub(crate) fn form_body(event: &SubmitEvent) -> Option<String> {
    let form = event.target()?.dyn_into::<HtmlFormElement>().ok()?;
    let data = FormData::new_with_form(&form).ok()?;
    let pairs = UrlSearchParams::new_with_str_sequence_sequence(&data).ok()?;
    Some(pairs.to_string().into())
}

/// Asks the form of `event` to send itself, with its own checks.
pub(crate) fn submit_form_of(event: &Event) {
    if let Some(form) = form_of(event) {
        _ = form.request_submit();
    }
}

/// What the field `name` of the form of `event` holds.
pub(crate) fn form_value(event: &Event, name: &str) -> String {
    let field = form_of(event).and_then(|it| it.query_selector(&format!("[name={name}]")).ok()?);
    let value = field.map(|it| js_sys::Reflect::get(&it, &JsValue::from_str("value")));
    value
        .and_then(Result::ok)
        .and_then(|value| value.as_string())
        .unwrap_or_default()
}

fn form_of(event: &Event) -> Option<HtmlFormElement> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    target.closest("form").ok()??.dyn_into().ok()
}
