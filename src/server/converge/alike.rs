//! The first refusals of a parcel, as long as nothing was taken and all have the same answer: if that
//! is all there is, the answer is about the post and about none of its events. Pure.

/// Refusals, which are not told yet.
#[derive(Debug)]
pub(super) struct Alike {
    /// Nothing else has become of any event.
    is_open: bool,
    why: String,
    /// What is to be said of each.
    told: Vec<String>,
}

impl Alike {
    /// Of a parcel of which nothing was posted yet, or something.
    pub(super) fn new(is_fresh: bool) -> Self {
        Self {
            is_open: is_fresh,
            why: String::new(),
            told: Vec::new(),
        }
    }

    /// Adds a refusal, and what is to be said of it; answers everything that is to be said now.
    pub(super) fn add(&mut self, why: &str, words: String) -> Vec<String> {
        if self.told.is_empty() {
            why.clone_into(&mut self.why);
        }
        self.is_open &= gist(why) == gist(&self.why);
        self.told.push(words);
        if self.is_open {
            Vec::new()
        } else {
            std::mem::take(&mut self.told)
        }
    }

    /// Something else has become of an event; answers everything that is to be said now.
    pub(super) fn end(&mut self) -> Vec<String> {
        self.is_open = false;
        std::mem::take(&mut self.told)
    }

    /// Why so many were refused, if each was, and each for the same reason.
    pub(super) fn reason(&self, events: usize) -> Option<&str> {
        (self.is_open && events > 1 && self.told.len() == events).then_some(&self.why)
    }
}

/// An answer without what is never the same twice: numbers, times, and what requests are called.
fn gist(answer: &str) -> Vec<&str> {
    let words = answer.split(|c: char| !c.is_alphanumeric());
    let varies = |word: &&str| word.is_empty() || word.contains(|c: char| c.is_ascii_digit());
    words.filter(|word| !varies(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::Alike;

    #[test]
    fn refusals_are_one_while_their_answers_say_the_same() {
        let mut alike = Alike::new(true);
        let first = r#"422: odd, "request_id": "019a-7f00""#;
        assert!(alike.add(first, "a".to_owned()).is_empty());
        assert_eq!(alike.reason(1), None);
        let second = r#"422: odd, "request_id": "019b-8a17""#;
        assert!(alike.add(second, "b".to_owned()).is_empty());
        assert_eq!((alike.reason(2), alike.reason(3)), (Some(first), None));
        assert_eq!(alike.add("422: even", "c".to_owned()), ["a", "b", "c"]);
        assert_eq!(alike.add("422: even", "d".to_owned()), ["d"]);
        assert_eq!(alike.reason(1), None);
        let mut ended = Alike::new(true);
        assert!(ended.add("odd", "a".to_owned()).is_empty());
        assert_eq!(ended.end(), ["a"]);
        assert_eq!(Alike::new(false).add("odd", "a".to_owned()), ["a"]);
    }
}
