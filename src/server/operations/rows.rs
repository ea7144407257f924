//! Tasks and agents as rows of pages: without what no row shows, and as many as a page may hold.

use crate::domain::{Agent, Excerpt, Page, Task, Waiting, page_weight as weight};

/// What a row of a list of tasks takes besides its words: HTML, and the data beside it.
const TASK: usize = 4400;
/// What an agent takes besides its words: as a card with its buttons, or as a line.
pub(super) const CARD: usize = 6600;
pub(super) const LINE: usize = 2400;
/// What a task takes that an agent holds.
const HELD: usize = 1900;
/// Tasks that are named with their agent; the others are counted.
pub(super) const SHOWN: usize = 5;
/// What words of a row may take that are not its title.
const WORDS: usize = 500;
/// Reasons for waiting; the last one counts the rest.
const REASONS: usize = 3;

/// A task without what no row shows. Of an error and of a question, the first line is shown.
pub(super) fn row(mut task: Task) -> Task {
    if let Some(question) = &mut task.question {
        question.text = Excerpt::of(question.text.trim_start(), WORDS).text;
        question.options.clear();
    }
    task.requires.clear();
    task.after.clear();
    task.excerpt = Excerpt::of(&task.excerpt, WORDS).text;
    task.error = task
        .error
        .map(|error| Excerpt::of(error.trim_start(), WORDS).text);
    task.waiting = Waiting::first(&task.waiting, REASONS);
    task
}

/// As many rows as take at most `most` bytes of a page; the next page begins after them.
pub(super) fn fit(page: Page<Task>, most: usize) -> Page<Task> {
    let (mut items, mut taken) = (Vec::new(), 0);
    let found = page.items.len();
    for task in page.items {
        let task = row(task);
        let question = task.question.as_ref().map(|question| &question.text);
        let words = [Some(&task.excerpt), task.error.as_ref(), question];
        let words = words.into_iter().flatten().chain(&task.labels);
        let words = words.chain(task.waiting.iter().map(|reason| &reason.detail));
        let words: usize = words.map(|words| 12 + weight(words)).sum();
        taken += TASK + words + weight(&task.title);
        if taken > most && !items.is_empty() {
            break;
        }
        items.push(task);
    }
    let last = items.last().filter(|_| items.len() < found);
    let next = last.map(|task| task.number.to_string()).or(page.next);
    Page { items, next }
}

/// The first agents that take at most `most` bytes of a page, where one takes `each` besides its
/// words; and how many there are besides.
pub(super) fn fit_agents(agents: Vec<Agent>, most: usize, each: usize) -> (Vec<Agent>, u64) {
    let (mut shown, mut taken) = (Vec::new(), 0);
    let found = agents.len();
    for agent in agents {
        let agent = card(agent);
        let held = agent.running.len();
        taken += each + weight(&agent.title) + agent.error.as_deref().map_or(0, weight);
        taken += held.min(SHOWN) * HELD + held * 50;
        if taken > most && !shown.is_empty() {
            break;
        }
        shown.push(agent);
    }
    let more = found - shown.len();
    (shown, u64::try_from(more).unwrap_or(u64::MAX))
}

/// An agent without what no card shows.
fn card(mut agent: Agent) -> Agent {
    agent.capabilities.clear();
    agent.error = agent.error.map(|error| Excerpt::of(&error, WORDS).text);
    agent
}
