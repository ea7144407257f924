//! What pages are made of. Components show what they are given and ask for what a button says;
//! they fetch nothing.

mod action;
mod activity;
mod agent_actions;
mod agent_card;
mod ansi;
mod badge;
mod chart;
mod format;
mod frame;
mod icon;
mod load_more;
mod log;
mod loops;
mod pill;
mod project_switch;
mod questions;
mod rest;
mod shade;
mod shortcut_sheet;
mod states;
mod summary;
mod task_actions;
mod task_row;
mod time;
mod toast;
mod topbar;

pub(crate) use action::{ActionForm, HiddenFields, Look, SubmitButton};
pub(crate) use activity::{ActivityLine, Mention};
pub(crate) use agent_actions::{AgentControls, EnableDemo};
pub(crate) use agent_card::{
    AgentCard, AgentFigures, AgentLine, Current, CurrentTask, CurrentTasks,
};
pub(crate) use badge::{AgentBadge, ProgressBar, TaskBadge};
pub(crate) use chart::Chart;
pub(crate) use format::{ago, clock_time, cost, count, duration, grouped, hundredths, percent};
pub(crate) use frame::Frame;
pub(crate) use icon::{Icon, SPRITE};
pub(crate) use load_more::LoadMore;
pub(crate) use log::LogLine;
pub(crate) use loops::{FindingBadge, SessionBadge, SeverityChip, Stepper, VerdictBadge};
pub(crate) use rest::{Rest, Whole};
pub(crate) use states::{Empty, Failure, Snippet, skeleton};
pub(crate) use summary::timing;
pub(crate) use task_actions::{AnswerForm, CancelTask, RetryForm, RetryTask, StartTask};
pub(crate) use task_row::{TaskRow, Waits};
pub(crate) use time::Ago;
pub(crate) use toast::Toasts;
