//! The text of what a tool prints: UTF-8, or UTF-16 with or without a mark at its beginning. What
//! is no text is replaced, never left out.

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// So many bytes tell one encoding from another.
const LOOK: usize = 32;

/// Decodes piece by piece.
#[derive(Default)]
pub(super) struct Decoding {
    /// What came before the encoding was known.
    head: Vec<u8>,
    decoder: Option<Decoder>,
    text: String,
}

impl Decoding {
    /// Passes on the text of `bytes`, in pieces of whole characters.
    pub(super) fn push(&mut self, bytes: &[u8], mut take: impl FnMut(&str)) {
        if self.decoder.is_some() {
            return self.decode(bytes, false, &mut take);
        }
        self.head.extend_from_slice(bytes);
        if self.head.len() >= LOOK {
            let head = std::mem::take(&mut self.head);
            self.decode(&head, false, &mut take);
        }
    }

    /// Passes on what is left.
    pub(super) fn finish(&mut self, mut take: impl FnMut(&str)) {
        let head = std::mem::take(&mut self.head);
        self.decode(&head, true, &mut take);
    }

    fn decode(&mut self, mut bytes: &[u8], last: bool, take: &mut impl FnMut(&str)) {
        let new = || encoding(bytes).new_decoder_with_bom_removal();
        let decoder = self.decoder.get_or_insert_with(new);
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

fn encoding(head: &[u8]) -> &'static Encoding {
    // After a mark of UTF-16 there is UTF-16, and not two odd bytes before plain text.
    let plain = |rest: &[u8]| {
        let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t');
        let rest = &rest[..rest.len().min(16)];
        !rest.is_empty() && rest.iter().filter(|byte| is_plain(byte)).count() * 4 > rest.len() * 3
    };
    match head {
        [0xff, 0xfe, rest @ ..] if !plain(rest) => UTF_16LE,
        [0xfe, 0xff, rest @ ..] if !plain(rest) => UTF_16BE,
        [1..=127, 0, 1..=127, 0, ..] => UTF_16LE,
        [0, 1..=127, 0, 1..=127, ..] => UTF_16BE,
        _ => UTF_8,
    }
}
