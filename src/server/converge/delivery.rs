//! Brings one parcel to its webhook. Whoever receives it may see some events twice (an answer may be
//! lost on its way); their ids tell.
//!
//! What is refused is cut in two, and again, until each event that nobody takes stands alone and is
//! set aside; the rest arrives in order. Before it is said that nothing at all is taken, and where a
//! refusal may be about who posts, another event is tried: it tells what a refusal is about. Where every
//! event is refused with the same answer, the parcel is refused as a whole.

use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;
use url::Url;

use super::alike::Alike;
use super::answer::{Meaning, Trouble};
use super::journal::{Line, Reader};
use super::parcel::Parcel;
use super::voice::Voice;
use super::webhook::Webhook;
use crate::server::links::shown;

/// Whoever refuses so many events one by one, and takes none, takes nothing of the parcel.
const HOPELESS: usize = 100;
/// How often a post is sent on before it is said that it goes round in circles.
const MOST_MOVES: u32 = 5;
/// How long a post may take at most, however slow they were before.
const LONGEST_PATIENCE: Duration = Duration::from_mins(10);

/// A parcel on its way.
pub(crate) struct Delivery {
    pub(crate) parcel: Parcel,
    reader: Reader,
    /// Where to, if it has moved.
    url: Option<Url>,
    moves: u32,
    /// How many events the next posts have, the next one last; as many as may be when empty.
    portions: Vec<usize>,
    patience: Duration,
    taken: usize,
    refused: usize,
    /// Something was taken since it was last unclear what a refusal is about.
    takes_others: bool,
    /// Refusals that may be about none of the events.
    alike: Alike,
}

/// How far it has come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Course {
    /// All of a closed journal has arrived, or stands aside.
    Done,
    /// Nothing more of it is posted.
    Ended,
    /// It may go on later.
    Trouble(Trouble),
    /// It cannot be read.
    Broken(String),
}

impl Delivery {
    pub(crate) fn new(parcel: Parcel, webhook: &Webhook) -> Self {
        Self {
            reader: parcel.reader(),
            url: None,
            moves: 0,
            portions: Vec::new(),
            patience: webhook.patience,
            taken: 0,
            refused: 0,
            takes_others: false,
            alike: Alike::new(parcel.note.sent == 0),
            parcel,
        }
    }

    /// Posts everything as it is written, until nothing more comes or something stands in the way.
    /// Dropping this loses nothing.
    pub(crate) async fn go(&mut self, webhook: &Webhook, voice: &Voice<'_>) -> Course {
        if self.parcel.note.ended.is_some() {
            return Course::Ended;
        }
        let course = self.post_all(webhook, voice).await;
        if course == Course::Done
            && let Some(course) = self.refuse_whole(self.refused, voice)
        {
            return course;
        }
        self.say_held(voice);
        course
    }

    async fn post_all(&mut self, webhook: &Webhook, voice: &Voice<'_>) -> Course {
        let url = match (self.url.clone(), Url::parse(&self.parcel.note.url)) {
            (Some(url), _) | (None, Ok(url)) => url,
            (None, Err(error)) => {
                let words = format!("the address cannot be used: {error}");
                return Course::Trouble(Trouble::dead(words));
            }
        };
        self.url = Some(url);
        loop {
            match self.next(webhook).await {
                Ok(Some(lines)) => {
                    if let Some(course) = self.post(webhook, lines, voice).await {
                        return course;
                    }
                }
                Ok(None) => {
                    let problem = self.parcel.loss();
                    return problem.map_or(Course::Done, Course::Broken);
                }
                Err(error) => return Course::Broken(self.parcel.unreadable(&error)),
            }
        }
    }

    /// The events of the next post.
    async fn next(&mut self, webhook: &Webhook) -> std::io::Result<Option<Vec<Line>>> {
        let most = self.portions.last().copied().unwrap_or(webhook.batch);
        let Some(lines) = self.reader.peek(most).await? else {
            return Ok(None);
        };
        if lines.len() == most || !self.reader.ends_with(&lines) {
            return Ok(Some(lines));
        }
        // More may come.
        let _ = timeout(webhook.interval, self.reader.closed()).await;
        self.reader.peek(most).await
    }

    /// Posts what can be posted of these lines; answers where that leads if it cannot go on.
    async fn post(
        &mut self,
        webhook: &Webhook,
        mut lines: Vec<Line>,
        voice: &Voice<'_>,
    ) -> Option<Course> {
        if let Some(bad) = lines.iter().position(|line| !is_event(line)) {
            lines.truncate(bad.max(1));
            if bad == 0 {
                self.portion(1);
                self.say_held(voice);
                self.set_aside(&lines[0], "it cannot be read in the journal", voice);
                self.note(voice);
                return None;
            }
        }
        match self.ask(webhook, &lines).await {
            Meaning::Taken(left_out) => self.take(&lines, left_out, voice),
            Meaning::Refused(why) if lines.len() == 1 => {
                if let Some(course) = self.refuse(webhook, &lines[0], &why, voice).await {
                    return Some(course);
                }
            }
            Meaning::Refused(_) => self.split(lines.len(), lines.len() / 2),
            Meaning::Unclear { why, trouble } => {
                let course = self.doubt(webhook, &lines, &why, trouble, voice).await;
                if course.is_some() {
                    return course;
                }
            }
            Meaning::Gone(why) => return Some(self.end(&why, voice)),
            Meaning::Moved(to) => {
                self.say_stranger(&to, voice);
                self.moves += 1;
                if self.moves > MOST_MOVES {
                    self.moves = 0;
                    let host = to.host_str().unwrap_or_default();
                    let words = format!("{host} sends us round in circles");
                    return Some(Course::Trouble(Trouble::told(words)));
                }
                self.url = Some(to);
            }
            Meaning::Later(trouble) => return Some(Course::Trouble(trouble)),
        }
        self.note(voice);
        None
    }

    /// Posts these lines.
    async fn ask(&mut self, webhook: &Webhook, lines: &[Line]) -> Meaning {
        let Some(url) = &self.url else {
            let words = "there is no address".to_owned();
            return Meaning::Later(Trouble::dead(words));
        };
        let session = &self.parcel.note.session;
        let answer = webhook.post(url, session, lines, self.patience).await;
        answer.unwrap_or_else(|| {
            let seconds = self.patience.as_secs();
            self.patience = (self.patience * 2).min(LONGEST_PATIENCE);
            let host = url.host_str().unwrap_or_default();
            let words = format!("{host} did not answer in {seconds} s");
            Meaning::Later(Trouble::dead(words))
        })
    }

    /// This event, which was posted alone, is not taken.
    async fn refuse(
        &mut self,
        webhook: &Webhook,
        line: &Line,
        why: &str,
        voice: &Voice<'_>,
    ) -> Option<Course> {
        self.refused += 1;
        if self.taken == 0 && self.refused >= HOPELESS {
            match self.takes_another(webhook).await {
                Ok(true) => self.say_held(voice),
                Ok(false) => {
                    let whole = self.refuse_whole(self.refused - 1, voice);
                    let each = || self.end(&format!("{why} (as of each of {HOPELESS})"), voice);
                    return Some(whole.unwrap_or_else(each));
                }
                Err(trouble) => return Some(Course::Trouble(trouble)),
            }
        }
        self.portion(1);
        self.set_aside(line, why, voice);
        None
    }

    /// These are not let in, or not these: whoever takes others means these.
    async fn doubt(
        &mut self,
        webhook: &Webhook,
        lines: &[Line],
        why: &str,
        trouble: Trouble,
        voice: &Voice<'_>,
    ) -> Option<Course> {
        // What was taken long ago says nothing of now.
        self.takes_others &= !self.portions.is_empty();
        if lines.len() > 1 {
            let first = if self.takes_others {
                lines.len() / 2
            } else {
                1
            };
            self.split(lines.len(), first);
            return None;
        }
        let takes_others = std::mem::take(&mut self.takes_others)
            || match self.takes_another(webhook).await {
                Ok(takes) => takes,
                Err(trouble) => return Some(Course::Trouble(trouble)),
            };
        if takes_others {
            self.say_held(voice);
            self.refuse(webhook, &lines[0], why, voice).await
        } else {
            Some(Course::Trouble(trouble))
        }
    }

    /// Whether any other event of the parcel is taken. It comes once more when it is its turn.
    async fn takes_another(&mut self, webhook: &Webhook) -> Result<bool, Trouble> {
        let another = self.parcel.another().ok().flatten();
        let Some(line) = another.filter(is_event) else {
            return Ok(false);
        };
        match self.ask(webhook, &[line]).await {
            Meaning::Taken(left_out) if left_out.is_empty() => {
                self.taken += 1;
                Ok(true)
            }
            Meaning::Later(trouble) => Err(trouble),
            _ => Ok(false),
        }
    }

    /// These have arrived, but for those at these places.
    fn take(&mut self, lines: &[Line], left_out: Vec<(usize, String)>, voice: &Voice<'_>) {
        self.portion(lines.len());
        self.moves = 0;
        self.taken += lines.len() - left_out.len();
        self.takes_others |= lines.len() > left_out.len();
        self.say_held(voice);
        let mut left_out = left_out.into_iter().peekable();
        for (place, line) in lines.iter().enumerate() {
            if let Some((_, why)) = left_out.next_if(|(refused, _)| *refused == place) {
                self.set_aside(line, &why, voice);
            } else {
                self.reader.advance(std::slice::from_ref(line));
                self.parcel.arrived(self.reader.at());
            }
        }
    }

    fn set_aside(&mut self, line: &Line, why: &str, voice: &Voice<'_>) {
        self.parcel.set_aside(line, why);
        self.reader.advance(std::slice::from_ref(line));
        let words = format!("webhook: {} is set aside: {why}", name_of(line));
        for words in self.alike.add(why, words) {
            voice.name(&words);
        }
    }

    /// Says of each what it may have been too early to say.
    pub(crate) fn say_held(&mut self, voice: &Voice<'_>) {
        for words in self.alike.end() {
            voice.name(&words);
        }
    }

    /// Ends a parcel of which so many events, all that there were, were refused with one answer.
    fn refuse_whole(&mut self, events: usize, voice: &Voice<'_>) -> Option<Course> {
        let why = self.alike.reason(events)?;
        let words = format!("{why} (as of each of {})", self.refused);
        let _said_at_once = self.alike.end();
        self.parcel.take_back();
        Some(self.end(&words, voice))
    }

    /// Whoever is at another port is not told who we are.
    fn say_stranger(&self, to: &Url, voice: &Voice<'_>) {
        let has_login = |url: &Url| !url.username().is_empty() || url.password().is_some();
        if self.url.as_ref().is_some_and(has_login) && !has_login(to) {
            let to = shown(to.as_str());
            voice.complain(&format!(
                "webhook: it has moved to {to}, which is told no password: name that address with it"
            ));
        }
    }

    /// Nothing more is posted.
    fn end(&mut self, why: &str, voice: &Voice<'_>) -> Course {
        self.parcel.note.ended = Some(why.to_owned());
        voice.complain(&format!(
            "webhook: {why}; nothing more of this session is posted there"
        ));
        self.note(voice);
        Course::Ended
    }

    /// So many events are posted in two portions, the first of which has so many.
    fn split(&mut self, events: usize, first: usize) {
        self.portion(events);
        self.portions.extend([events - first, first]);
    }

    /// So many events of the next portion are dealt with.
    fn portion(&mut self, events: usize) {
        if let Some(next) = self.portions.pop()
            && next > events
        {
            self.portions.push(next - events);
        }
    }

    pub(crate) fn note(&mut self, voice: &Voice<'_>) {
        if let Err(error) = self.parcel.note_down() {
            voice.complain(&format!(
                "webhook: cannot note what has arrived, some may come twice: {error}"
            ));
        }
    }
}

fn is_event(line: &Line) -> bool {
    line.text.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(&line.text).is_ok()
}

/// An event by its type and id.
pub(super) fn name_of(line: &Line) -> String {
    let event: Value = serde_json::from_str(&line.text).unwrap_or_default();
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    match (text("event_type"), text("event_id")) {
        (Some(kind), Some(id)) => format!("{kind} {id}"),
        _ => "an event".to_owned(),
    }
}
