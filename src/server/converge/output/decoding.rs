//! The text of what a tool prints: UTF-8, or UTF-16 with or without a mark at its beginning. What
//! is no text is replaced, never left out.

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// So many bytes tell one encoding from another.
const LOOK: usize = 32;

/// So many bytes of plain text in a row, with a bracket and a quote, are no UTF-16, in which every
/// other byte is something else.
const PLAIN: usize = 32;
/// The same at the end.
const LAST_PLAIN: usize = 8;
/// More of it is not held back.
const MOST_PLAIN: usize = 64 * 1024;

/// Decodes piece by piece.
#[derive(Default)]
pub(super) struct Decoding {
    /// What came before the encoding was known.
    head: Vec<u8>,
    decoder: Option<Decoder>,
    /// The end of UTF-16, as long as it may be plain text.
    plain: Vec<u8>,
    has_bracket: bool,
    has_quote: bool,
    text: String,
}

impl Decoding {
    /// Passes on the text of `bytes`, in pieces of whole characters.
    pub(super) fn push(&mut self, bytes: &[u8], mut take: impl FnMut(&str)) {
        if self.decoder.is_some() {
            return self.hear(bytes, &mut take);
        }
        self.head.extend_from_slice(bytes);
        if self.head.len() >= LOOK {
            let head = std::mem::take(&mut self.head);
            self.begin(&head);
            self.hear(&head, &mut take);
        }
    }

    /// Passes on what is left.
    pub(super) fn finish(&mut self, mut take: impl FnMut(&str)) {
        if self.decoder.is_none() {
            let head = std::mem::take(&mut self.head);
            self.begin(&head);
            self.hear(&head, &mut take);
        }
        if self.plain.len() >= LAST_PLAIN && self.has_bracket && self.has_quote {
            self.go_on_as_utf8(&mut take);
        }
        let plain = self.take_plain();
        self.decode(&plain, true, &mut take);
    }

    fn begin(&mut self, head: &[u8]) {
        self.decoder = Some(encoding(head).new_decoder_with_bom_removal());
    }

    /// Another program may write UTF-8 behind the UTF-16 of one.
    fn hear(&mut self, bytes: &[u8], take: &mut impl FnMut(&str)) {
        let is_wide = |it: &Decoder| it.encoding() != UTF_8;
        if !self.decoder.as_ref().is_some_and(is_wide) {
            return self.decode(bytes, false, take);
        }
        for (at, byte) in bytes.iter().enumerate() {
            self.plain.push(*byte);
            self.has_bracket |= matches!(byte, b'{' | b'[');
            self.has_quote |= *byte == b'"';
            let length = self.plain.len();
            if !is_plain(*byte) || length == MOST_PLAIN {
                let text = self.take_plain();
                self.decode(&text, false, take);
            } else if length >= PLAIN && self.has_bracket && self.has_quote {
                self.go_on_as_utf8(take);
                return self.decode(&bytes[at + 1..], false, take);
            }
        }
    }

    fn take_plain(&mut self) -> Vec<u8> {
        (self.has_bracket, self.has_quote) = (false, false);
        std::mem::take(&mut self.plain)
    }

    fn go_on_as_utf8(&mut self, take: &mut impl FnMut(&str)) {
        self.decode(&[], true, take);
        self.decoder = Some(UTF_8.new_decoder_without_bom_handling());
        let plain = self.take_plain();
        self.decode(&plain, false, take);
    }

    fn decode(&mut self, mut bytes: &[u8], last: bool, take: &mut impl FnMut(&str)) {
        let Some(decoder) = &mut self.decoder else {
            return;
        };
        loop {
            self.text.clear();
            self.text.reserve(bytes.len().clamp(LOOK, 16 * 1024));
            let (result, read, _) = decoder.decode_to_string(bytes, &mut self.text, last);
            take(&self.text);
            bytes = &bytes[read..];
            if result == CoderResult::InputEmpty {
                return;
            }
        }
    }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')
}

fn encoding(head: &[u8]) -> &'static Encoding {
    // After a mark of UTF-16 there is UTF-16, and not two odd bytes before plain text.
    let plain = |rest: &[u8]| {
        let rest = &rest[..rest.len().min(16)];
        !rest.is_empty() && rest.iter().filter(|byte| is_plain(**byte)).count() * 4 > rest.len() * 3
    };
    match head {
        [0xff, 0xfe, rest @ ..] if !plain(rest) => UTF_16LE,
        [0xfe, 0xff, rest @ ..] if !plain(rest) => UTF_16BE,
        [1..=127, 0, 1..=127, 0, ..] => UTF_16LE,
        [0, 1..=127, 0, 1..=127, ..] => UTF_16BE,
        _ => UTF_8,
    }
}
