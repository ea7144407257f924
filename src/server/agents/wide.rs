//! Output in UTF-16, which begins with its mark, as UTF-8. All other output is passed on as it is.

use std::borrow::Cow;

use encoding_rs::{Decoder, Encoding, UTF_8};

/// The mark, and the first unit behind it.
const HEAD: usize = 4;

/// Reads an output piece by piece.
#[derive(Default)]
pub(super) struct Wide {
    /// What came before it was known what it is.
    head: Vec<u8>,
    is_known: bool,
    decoder: Option<Decoder>,
}

impl Wide {
    pub(super) fn read<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        if self.is_known {
            return self.decode(Cow::Borrowed(bytes), false);
        }
        self.head.extend(bytes);
        let marks: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];
        let begins = |mark: &&[u8]| self.head.iter().zip(*mark).all(|(byte, of)| byte == of);
        if self.head.len() < HEAD && marks.iter().any(begins) {
            return Cow::Borrowed(&[]);
        }
        let head = self.begin();
        self.decode(Cow::Owned(head), false)
    }

    /// What is left at the end.
    pub(super) fn end(&mut self) -> Vec<u8> {
        let head = self.begin();
        self.decode(Cow::Owned(head), true).into_owned()
    }

    fn begin(&mut self) -> Vec<u8> {
        let mut head = std::mem::take(&mut self.head);
        self.is_known = true;
        if let Some((encoding, mark)) = Encoding::for_bom(&head)
            && encoding != UTF_8
            && !is_plain(&head[mark..])
        {
            self.decoder = Some(encoding.new_decoder_without_bom_handling());
            head.drain(..mark);
        }
        head
    }

    fn decode<'a>(&mut self, bytes: Cow<'a, [u8]>, last: bool) -> Cow<'a, [u8]> {
        let Some(decoder) = &mut self.decoder else {
            return bytes;
        };
        let room = decoder.max_utf8_buffer_length(bytes.len());
        let mut text = String::with_capacity(room.unwrap_or_default());
        let _all = decoder.decode_to_string(&bytes, &mut text, last);
        Cow::Owned(text.into_bytes())
    }
}

/// True for plain text behind two odd bytes: a unit of UTF-16 that begins a text is no two letters.
fn is_plain(rest: &[u8]) -> bool {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    rest.len() >= 2 && rest[..2].iter().all(is_plain)
}
