//! State that pages share: provided once by the app, used anywhere through its accessor.

mod actions;
mod clock;
mod feed;
mod live;
mod page_feed;
mod place;
mod rail;
mod refresh;
mod shortcuts;
mod theme;
mod title;
mod toasts;

pub(crate) use actions::{Action, Actions};
pub(crate) use clock::Clock;
pub(crate) use feed::Message;
pub(crate) use live::{Live, News};
pub(crate) use page_feed::PageFeed;
pub(crate) use rail::toggle_rail;
pub(crate) use refresh::Refresh;
pub(crate) use shortcuts::{SHORTCUTS, Shortcuts, Wish};
pub(crate) use theme::{Choice, Theme};
pub(crate) use title::TitleMark;
pub(crate) use toasts::{Toast, Toasts};
