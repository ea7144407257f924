//! Whether text goes on as JSON does, byte by byte: what begins like a document and is none is
//! found out at once, and no byte is looked at twice.

/// Levels of nesting that can be read.
const DEEPEST: usize = 127;
/// So much of a name is looked at.
const LONGEST_NAME: usize = 16;
/// Whoever writes one of these begins a report.
pub(super) const TELLING: [&str; 5] = ["findings", "vulnerabilities", "issues", "fixes", "runs"];

/// Names of a finding, where a list of objects begins within a line of other text.
const OF_ENTRIES: [&str; 8] = [
    "severity",
    "file",
    "filename",
    "path",
    "ruleId",
    "rule_id",
    "cwe",
    "description",
];

/// Where a document that has begun stands. Numbers and words such as `true` are only known by
/// their first letter; whoever reads the whole looks closer.
#[derive(Debug)]
pub(super) struct Grammar {
    /// The brackets that are open.
    open: Vec<u8>,
    expect: Expect,
    token: Token,
    /// The beginning of the last name.
    name: Vec<u8>,
    is_name: bool,
    /// Only an object may follow the first bracket: it stands within a line of text.
    is_within: bool,
    /// There is more than brackets and the first name.
    pub(super) has_more: bool,
    pub(super) signs: Signs,
}

/// What tells a report from other text in brackets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Signs {
    /// It has an object with a name and a colon: no other text has that.
    pub(super) is_keyed: bool,
    /// One of its names begins a report, or a finding in a list.
    pub(super) is_telling: bool,
    /// One of its names is that of a severity, or of what SARIF begins with.
    pub(super) is_graded: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Expect {
    Value,
    ValueOrEnd,
    Name,
    NameOrEnd,
    Colon,
    CommaOrEnd,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Token {
    None,
    Text,
    /// The character after a backslash.
    Escaped,
    /// A number, or a word.
    Bare,
}

/// What came of some bytes.
#[derive(Debug)]
pub(super) enum Step {
    /// The document goes on.
    More,
    /// The last of the bytes ends it.
    Done,
    /// The next byte cannot stand there, and why.
    Wrong(String),
}

impl Grammar {
    /// A document that begins with this bracket.
    pub(super) fn new(bracket: u8, is_within: bool) -> Self {
        let mut grammar = Self {
            open: Vec::new(),
            expect: Expect::Value,
            token: Token::None,
            name: Vec::new(),
            is_name: false,
            is_within,
            has_more: false,
            signs: Signs::default(),
        };
        grammar.push(bracket);
        grammar
    }

    /// True between two quotes.
    pub(super) fn is_in_text(&self) -> bool {
        matches!(self.token, Token::Text | Token::Escaped)
    }

    /// True within a name.
    pub(super) fn is_in_name(&self) -> bool {
        self.is_name && self.is_in_text()
    }

    /// True where a name has ended.
    pub(super) fn expects_colon(&self) -> bool {
        self.expect == Expect::Colon && self.token == Token::None
    }

    /// True where names stand.
    pub(super) fn is_in_object(&self) -> bool {
        self.open.last() == Some(&b'{')
    }

    /// How many brackets are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Goes on as far as it can; answers how many bytes that takes.
    pub(super) fn run(&mut self, bytes: &[u8]) -> (usize, Step) {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match self.token {
                Token::Text => {
                    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..b' ');
                    let rest = &bytes[at..];
                    let plain = rest.iter().position(is_special).unwrap_or(rest.len());
                    self.note(&rest[..plain]);
                    at += plain;
                    match rest.get(plain) {
                        Some(b'"') => self.end_text(),
                        Some(b'\\') => self.token = Token::Escaped,
                        Some(_) => return (at, raw()),
                        None => continue,
                    }
                    at += 1;
                }
                Token::Escaped => {
                    if byte < b' ' {
                        return (at, raw());
                    }
                    self.note(&[byte]);
                    self.token = Token::Text;
                    at += 1;
                }
                Token::Bare => {
                    let is_bare = |byte: &u8| {
                        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
                    };
                    let rest = &bytes[at..];
                    let end = rest.iter().position(|byte| !is_bare(byte));
                    at += end.unwrap_or(rest.len());
                    if end.is_some() {
                        self.token = Token::None;
                    }
                }
                Token::None if byte.is_ascii_whitespace() => at += 1,
                Token::None => match self.take(byte) {
                    Ok(()) if self.open.is_empty() => return (at + 1, Step::Done),
                    Ok(()) => at += 1,
                    Err(words) => return (at, Step::Wrong(words)),
                },
            }
        }
        (at, Step::More)
    }

    /// Takes in a byte between tokens.
    fn take(&mut self, byte: u8) -> Result<(), String> {
        let shown = char::from(byte).escape_default();
        match (self.expect, byte) {
            (Expect::Name | Expect::NameOrEnd, b'"') => {
                self.name.clear();
                (self.is_name, self.token) = (true, Token::Text);
            }
            (Expect::NameOrEnd, b'}') | (Expect::ValueOrEnd, b']') => self.pop(),
            (Expect::CommaOrEnd, b'}') if self.open.last() == Some(&b'{') => self.pop(),
            (Expect::CommaOrEnd, b']') if self.open.last() == Some(&b'[') => self.pop(),
            (Expect::CommaOrEnd, b',') => {
                let in_object = self.open.last() == Some(&b'{');
                self.expect = if in_object {
                    Expect::Name
                } else {
                    Expect::Value
                };
            }
            (Expect::Colon, b':') => {
                let is_of = |names: &[&str]| names.iter().any(|it| it.as_bytes() == self.name);
                let in_list = self.open.first() == Some(&b'[');
                self.signs.is_telling |= is_of(&TELLING) || (in_list && is_of(&OF_ENTRIES));
                self.signs.is_graded |= is_of(&["severity", "$schema"]);
                (self.signs.is_keyed, self.has_more) = (true, true);
                self.expect = Expect::Value;
            }
            (Expect::Value | Expect::ValueOrEnd, b'{' | b'[') => {
                if self.is_within && self.open == [b'['] && !self.signs.is_keyed && byte == b'[' {
                    return Err("no report".to_owned());
                }
                if self.open.len() == DEEPEST {
                    return Err(format!("it is nested more than {DEEPEST} levels deep"));
                }
                self.push(byte);
            }
            (
                Expect::Value | Expect::ValueOrEnd,
                b'"' | b'0'..=b'9' | b'-' | b't' | b'f' | b'n',
            ) => {
                if self.is_within && self.open == [b'['] && !self.signs.is_keyed {
                    return Err("no report".to_owned());
                }
                self.expect = Expect::CommaOrEnd;
                self.has_more = true;
                (self.is_name, self.token) = match byte {
                    b'"' => (false, Token::Text),
                    _ => (false, Token::Bare),
                };
            }
            (Expect::Name, b'}') | (Expect::Value, b']') => {
                return Err(format!("there is a comma before `{shown}`"));
            }
            (Expect::Name | Expect::NameOrEnd, _) => {
                return Err(format!(
                    "`{shown}` stands where a name in double quotes should"
                ));
            }
            (Expect::Colon, _) => return Err(format!("`{shown}` stands where `:` should")),
            (Expect::CommaOrEnd, _) => {
                return Err(format!("`{shown}` stands where a comma or the end should"));
            }
            (Expect::Value | Expect::ValueOrEnd, _) => {
                return Err(format!("`{shown}` stands where a value should"));
            }
        }
        Ok(())
    }

    fn push(&mut self, bracket: u8) {
        self.open.push(bracket);
        self.expect = match bracket {
            b'{' => Expect::NameOrEnd,
            _ => Expect::ValueOrEnd,
        };
    }

    fn pop(&mut self) {
        self.open.pop();
        self.has_more = true;
        self.expect = Expect::CommaOrEnd;
    }

    fn end_text(&mut self) {
        self.token = Token::None;
        self.expect = if self.is_name {
            Expect::Colon
        } else {
            Expect::CommaOrEnd
        };
    }

    fn note(&mut self, bytes: &[u8]) {
        if self.is_name {
            let room = LONGEST_NAME.saturating_sub(self.name.len());
            self.name.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }
}

fn raw() -> Step {
    Step::Wrong("a raw control character stands in a text".to_owned())
}
