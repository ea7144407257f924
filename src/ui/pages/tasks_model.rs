//! What the tasks page shows, and how the feed changes it without moving what one reads.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::roster::Roster;
use super::rows::{Book, Row};
use crate::domain::{Activity, AppError, LiveMessage, StatusCounts, Task, TaskFilter, TasksView};
use crate::rpc::tasks::List;
use crate::ui::browser;
use crate::ui::data::ask;
use crate::ui::paths::TasksQuery;
use crate::ui::state::{Clock, Live, Message, PageFeed, Toasts};

/// A pointer that moved within so many microseconds is about to click.
const TOUCH: i64 = 2_000_000;
/// A list that grew longer than this starts over at its top.
const MOST_ROWS: usize = 500;
/// How much recent activity to show.
const MOST_ACTIVITY: usize = 20;

/// The page's data; a handle that can be copied.
#[derive(Clone, Copy)]
pub(crate) struct TasksModel {
    pub(crate) query: Memo<TasksQuery>,
    pub(crate) rows: RwSignal<Vec<Row>>,
    /// New rows that would move what one reads.
    pub(crate) arrived: RwSignal<Vec<Row>>,
    pub(crate) counts: RwSignal<StatusCounts>,
    pub(crate) roster: Roster,
    pub(crate) activity: RwSignal<Vec<Activity>>,
    /// The file in which the server looks for agents.
    pub(crate) configuration: RwSignal<String>,
    pub(crate) next: RwSignal<Option<String>>,
    pub(crate) loading: RwSignal<bool>,
    pub(crate) error: RwSignal<Option<AppError>>,
    pub(crate) list: NodeRef<html::Ol>,
    book: Book,
    feed: PageFeed,
    inner: StoredValue<Inner>,
}

/// What is not shown.
struct Inner {
    /// Tells an answer to the present question from one to a former question.
    question: u32,
    touched_at: i64,
    toasts: Toasts,
}

impl TasksModel {
    pub(crate) fn new(query: Memo<TasksQuery>) -> Self {
        let book = Book::new();
        let clock = Clock::get();
        let inner = Inner {
            question: 0,
            touched_at: 0,
            toasts: Toasts::get(),
        };
        let model = Self {
            query,
            rows: RwSignal::new(Vec::new()),
            arrived: RwSignal::new(Vec::new()),
            counts: RwSignal::new(StatusCounts::default()),
            roster: Roster::new(book),
            activity: RwSignal::new(Vec::new()),
            configuration: RwSignal::new(String::new()),
            next: RwSignal::new(None),
            loading: RwSignal::new(false),
            error: RwSignal::new(None),
            list: NodeRef::new(),
            book,
            feed: PageFeed::new(),
            inner: StoredValue::new(inner),
        };
        model
            .feed
            .listen(move |message| model.apply(message), move || model.refetch());
        Live::get().listen(move |_| model.settle());
        // What had to wait for a moving pointer comes once it rests.
        Effect::new(move |_| {
            clock.now();
            model.settle();
        });
        model
    }

    /// Shows exactly what `view` says.
    pub(crate) fn load(self, view: &TasksView) {
        self.common(view);
        self.arrived.set(Vec::new());
        self.configuration.set(view.configuration.clone());
        let rows: Vec<_> = view.tasks.items.iter().map(Row::new).collect();
        self.rows.set(rows);
        self.next.set(view.tasks.next.clone());
        self.error.set(None);
        self.finish(view);
    }

    /// Asks for the list of another filter and shows it.
    pub(crate) fn ask(self) {
        let question = self.inner.try_update_value(|inner| {
            inner.question += 1;
            inner.question
        });
        let query = self.query.get_untracked();
        self.loading.set(true);
        self.feed.fetching();
        spawn_local(async move {
            let answer = ask(list(query.filter, query.cursor)).await;
            if self.question() != question {
                self.feed.failed();
                return;
            }
            self.loading.set(false);
            match answer {
                Ok(view) => self.load(&view),
                Err(error) => {
                    self.feed.failed();
                    self.error.set(Some(error));
                }
            }
        });
    }

    /// Adds the next page below.
    pub(crate) fn ask_more(self) {
        let Some(cursor) = self.next.get_untracked() else {
            return;
        };
        if self.loading.get_untracked() {
            return;
        }
        let question = self.question();
        let filter = self.query.get_untracked().filter;
        self.loading.set(true);
        self.feed.fetching();
        spawn_local(async move {
            let answer = ask(list(filter, Some(cursor))).await;
            if self.question() != question {
                self.feed.failed();
                return;
            }
            self.loading.set(false);
            match answer {
                Ok(view) => self.append(&view),
                Err(error) => {
                    self.feed.failed();
                    self.inner.with_value(|inner| inner.toasts.fail(&error));
                }
            }
        });
    }

    /// Shows the new rows now.
    pub(crate) fn show_arrived(self) {
        self.inner.update_value(|inner| inner.touched_at = 0);
        self.take_in();
    }

    /// The pointer moves over the list.
    pub(crate) fn touch(self) {
        self.inner
            .update_value(|inner| inner.touched_at = browser::now());
    }

    fn append(self, view: &TasksView) {
        for task in &view.tasks.items {
            self.book.note(task);
        }
        self.rows.update(|rows| {
            for task in &view.tasks.items {
                if rows.iter().all(|row| row.id != task.id) {
                    rows.push(Row::new(task));
                }
            }
        });
        self.next.set(view.tasks.next.clone());
        for message in self.feed.appended(&view.feed) {
            self.apply(&message);
        }
    }

    /// Fetches again what is shown and changes it in place.
    fn refetch(self) {
        let query = self.query.get_untracked();
        let question = self.question();
        self.feed.fetching();
        spawn_local(async move {
            let answer = ask(list(query.filter, query.cursor)).await;
            if self.question() != question {
                self.feed.failed();
                return;
            }
            match answer {
                Ok(view) => self.merge(&view),
                Err(_) => self.feed.missed(move || self.refetch()),
            }
        });
    }

    /// The question asked last; `None` once the page is left.
    fn question(self) -> Option<u32> {
        self.inner.try_with_value(|inner| inner.question)
    }

    fn merge(self, view: &TasksView) {
        self.common(view);
        let oldest = view.tasks.items.last().map(|task| task.id);
        let rows = self.rows.get_untracked();
        let fresh: Vec<_> = view.tasks.items.iter().collect();
        for task in &fresh {
            match rows.iter().find(|row| row.id == task.id) {
                Some(row) => row.set(task),
                None => self.arrive(task),
            }
        }
        let newest = view.tasks.items.first().map(|task| task.id);
        // What lies between and is not there has left the filter; what is newer is news.
        let left = |row: &Row| {
            oldest.is_none_or(|oldest| row.id > oldest)
                && newest.is_none_or(|newest| row.id < newest)
                && fresh.iter().all(|task| task.id != row.id)
        };
        if rows.iter().any(left) {
            self.rows.write().retain(|row| !left(row));
        }
        if rows.is_empty() {
            self.next.set(view.tasks.next.clone());
        }
        self.error.set(None);
        self.finish(view);
        self.settle();
    }

    fn common(self, view: &TasksView) {
        for task in &view.tasks.items {
            self.book.note(task);
        }
        if self.counts.get_untracked() != view.counts {
            self.counts.set(view.counts);
        }
        self.roster.load(&view.agents, view.more_agents);
        if *self.activity.read_untracked() != view.activity {
            self.activity.set(view.activity.clone());
        }
    }

    fn finish(self, view: &TasksView) {
        for message in self.feed.loaded(&view.feed, view.now) {
            self.apply(&message);
        }
    }

    fn apply(self, message: &Message) {
        match &message.change {
            LiveMessage::Task(task) => self.apply_task(task),
            LiveMessage::Agent(agent) => self.roster.apply(agent),
            LiveMessage::Activity(activity) => self.apply_activity(activity),
            LiveMessage::Logs(..) | LiveMessage::Event(_) => {}
        }
    }

    fn apply_task(self, task: &Task) {
        let former = self.book.note(task);
        if former != Some(task.status) {
            if let Some(former) = former {
                self.counts.update(|counts| {
                    let slot = counts.slot(former);
                    *slot = slot.saturating_sub(1);
                    *counts.slot(task.status) += 1;
                });
            }
            // Others have moved up in the queue, and a task nobody knew is counted somewhere.
            self.feed.plan(move || self.refetch());
        }
        let shown = find(&self.rows.read_untracked(), task);
        let waiting = || find(&self.arrived.read_untracked(), task);
        match shown.or_else(waiting) {
            Some(row) => row.set(task),
            None => self.arrive(task),
        }
    }

    /// A task that belongs at the top of this list and is not there yet.
    fn arrive(self, task: &Task) {
        let query = self.query.get_untracked();
        let newest = self.rows.read_untracked().first().map(|row| row.id);
        let is_new = newest.is_none_or(|newest| task.id > newest);
        if query.cursor.is_some() || !is_new || !query.filter.matches(task) {
            return;
        }
        let mut rows = self.arrived.write();
        if find(&rows, task).is_none() {
            let at = rows.partition_point(|row| row.id > task.id);
            rows.insert(at, Row::new(task));
        }
    }

    fn apply_activity(self, activity: &Activity) {
        let is_it = |row: &&Row| Some(row.id) == activity.task_id;
        let row = self.rows.read_untracked().iter().find(is_it).cloned();
        if let Some(row) = row {
            row.happened(activity);
        }
        let mut shown = self.activity.write();
        if shown.iter().all(|other| other.id != activity.id) {
            let at = shown.partition_point(|other| other.id > activity.id);
            shown.insert(at, activity.clone());
            shown.truncate(MOST_ACTIVITY);
        }
    }

    /// Lets rows come and go, unless that would move what one reads or is about to click.
    fn settle(self) {
        let touched = self
            .inner
            .with_value(|inner| browser::now() - inner.touched_at < TOUCH);
        let list = self.list.get_untracked();
        let focused = list.is_some_and(|list| browser::has_focus(&list));
        if touched || focused {
            return;
        }
        let filter = self.query.read_untracked().filter.clone();
        let left = |row: &Row| !filter.matches(&row.task.read_untracked());
        // The server finds words in more places than the browser does.
        let judged = filter.q.is_none();
        if judged && self.rows.read_untracked().iter().any(left) {
            self.rows.write().retain(|row| !left(row));
        }
        if browser::page_offset() < 120.0 {
            self.take_in();
        }
    }

    fn take_in(self) {
        if self.arrived.read_untracked().is_empty() {
            return;
        }
        let mut rows = std::mem::take(&mut *self.arrived.write());
        let filter = self.query.read_untracked().filter.clone();
        rows.retain(|row| filter.matches(&row.task.read_untracked()));
        rows.extend(self.rows.get_untracked());
        let is_long = rows.len() > MOST_ROWS;
        self.rows.set(rows);
        if is_long {
            self.ask();
        }
    }
}

fn find(rows: &[Row], task: &Task) -> Option<Row> {
    rows.iter().find(|row| row.id == task.id).cloned()
}

fn list(filter: TaskFilter, cursor: Option<String>) -> List {
    List { filter, cursor }
}
