//! The rail's width: narrow shows icons alone.

use crate::ui::browser;

/// Makes the rail narrow or wide, and remembers it.
pub(crate) fn toggle_rail() {
    let narrow = browser::recall("rail").is_none();
    let value = narrow.then_some("narrow");
    browser::remember("rail", value);
    browser::set_root_attribute("data-rail", value);
}
