//! What the sequences of a terminal do to the line.

use vte::{Params, Perform};

use super::TextLook;
use super::row::{Cell, Row};

/// How far the cursor can be moved to the right of what is written: the width of a terminal that
/// nobody has set up.
const WIDTH: usize = 80;
const TAB: usize = 8;
/// Shows nothing and moves nothing.
pub(super) const DELETE: char = '\u{7f}';
/// Pictures of lines and corners, for the characters from the grave accent to the tilde.
const GRAPHICS: &str = "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·";

/// The rows of one line of output, and where the next character goes.
#[derive(Debug)]
pub(super) struct Screen {
    width: fn(char) -> usize,
    limit: usize,
    /// Those above the last one. There are some when the line moves down.
    above: Vec<Row>,
    above_bytes: usize,
    row: Row,
    column: usize,
    saved: usize,
    look: TextLook,
    /// Which of the two sets of characters is in use, and which are pictures of lines.
    shifted: bool,
    graphics: [bool; 2],
    /// How much data of a picture was read; 0 when none is being sent.
    pub(super) payload: usize,
    last: Option<char>,
    /// There is more than the limit.
    pub(super) is_full: bool,
    /// Up to which row and column it was answered.
    answered: (usize, usize),
    /// What was answered has changed.
    changed: bool,
}

impl Screen {
    pub(super) fn new(width: fn(char) -> usize, limit: usize) -> Self {
        Self {
            width,
            limit,
            above: Vec::new(),
            above_bytes: 0,
            row: Row::default(),
            column: 0,
            saved: 0,
            look: TextLook::default(),
            shifted: false,
            graphics: [false; 2],
            payload: 0,
            last: None,
            is_full: false,
            answered: (0, 0),
            changed: false,
        }
    }

    /// Begins another line.
    pub(super) fn begin(&mut self) {
        self.above.clear();
        self.above_bytes = 0;
        self.row = Row::default();
        self.column = 0;
        self.saved = 0;
        self.last = None;
        self.is_full = false;
        self.answered = (0, 0);
        self.changed = false;
    }

    pub(super) fn is_plain(&self) -> bool {
        self.look == TextLook::default()
            && !self.shifted
            && self.graphics == [false; 2]
            && self.payload == 0
            && self.above.is_empty()
            && self.row.len() == 0
            && !self.was_answered()
    }

    pub(super) fn was_answered(&self) -> bool {
        self.answered != (0, 0)
    }

    /// What was not answered before; everything when what was answered has changed.
    pub(super) fn take(&mut self) -> String {
        let from = if std::mem::take(&mut self.changed) {
            (0, 0)
        } else {
            self.answered
        };
        let mut text = String::new();
        let mut former = TextLook::default();
        self.read(from, |part, look| {
            look.write_after(former, &mut text);
            former = look;
            text.push_str(part);
        });
        TextLook::default().write_after(former, &mut text);
        self.answered = (self.above.len(), self.row.len());
        text
    }

    /// Calls `see` with runs of text that look alike, from a row and a column on.
    pub(super) fn read(&self, from: (usize, usize), mut see: impl FnMut(&str, TextLook)) {
        let rows = self.above.iter().chain([&self.row]);
        let mut run = String::new();
        let mut look = TextLook::default();
        for (at, row) in rows.enumerate().skip(from.0) {
            if at > from.0 {
                run.push('\n');
            }
            let first = if at == from.0 { from.1 } else { 0 };
            for cell in row.cells().get(first..).unwrap_or_default() {
                if cell.look != look && cell.base.is_some() {
                    tell(&mut run, look, &mut see);
                    look = cell.look;
                }
                cell.push_to(&mut run);
            }
        }
        tell(&mut run, look, &mut see);
    }

    fn has_room(&mut self, bytes: usize) -> bool {
        let has = self.above_bytes + self.row.bytes() + bytes <= self.limit;
        self.is_full |= !has;
        has && !self.is_full
    }

    /// Notes that what stands from `column` on changes.
    fn change(&mut self, column: usize) {
        let (rows, columns) = self.answered;
        self.changed |= rows == self.above.len() && column < columns;
    }

    /// What follows stands on another row.
    fn next_row(&mut self) {
        if self.above.len() >= self.limit {
            self.is_full = true;
            return;
        }
        let row = std::mem::take(&mut self.row);
        self.above_bytes += row.bytes() + 1;
        self.above.push(row);
    }

    /// The cursor moves up or down, where it could write over nothing that is known here.
    fn leave_row(&mut self) {
        if self.row.len() > 0 {
            self.next_row();
        }
    }

    fn go_to(&mut self, column: usize) {
        self.column = column.min(self.row.len().max(WIDTH - 1));
    }

    fn write(&mut self, c: char) {
        let c = self.as_picture(c);
        let width = (self.width)(c);
        if !self.has_room(c.len_utf8() + self.column.saturating_sub(self.row.len())) {
            return;
        }
        if width == 0 {
            // A mark of the order of bytes says nothing in a line.
            if c == '\u{feff}' {
                return;
            }
            self.change(self.column.saturating_sub(1));
            if self.row.mark(self.column, c) {
                return;
            }
        }
        let width = width.max(1);
        self.change(self.column);
        self.row.put(self.column, width, Cell::new(c, self.look));
        self.column += width;
        self.last = Some(c);
    }

    fn as_picture(&self, c: char) -> char {
        let in_use = self.graphics[usize::from(self.shifted)];
        let place = u32::from(c).checked_sub(u32::from('`'));
        let place = place
            .filter(|_| in_use)
            .and_then(|at| usize::try_from(at).ok());
        place.and_then(|at| GRAPHICS.chars().nth(at)).unwrap_or(c)
    }

    fn tab(&mut self) {
        let target = (self.column / TAB + 1) * TAB;
        if self.column < self.row.len() {
            return self.go_to(target);
        }
        if self.has_room(target - self.row.len()) {
            let width = target - self.column;
            self.row.put(self.column, width, Cell::new('\t', self.look));
            self.column = target;
        }
    }

    /// What `J` erases beyond the row itself is what stands above it.
    fn clear_above(&mut self) {
        self.changed |= self.answered != (0, 0);
        self.above.clear();
        self.above_bytes = 0;
        self.is_full = false;
    }

    fn erase(&mut self, start: usize, end: usize) {
        self.change(start);
        self.row.erase(start, end);
    }

    fn move_or_erase(&mut self, action: char, params: &Params) {
        let param = |at: usize| {
            let param = params.iter().nth(at).and_then(|param| param.first());
            param.copied().map_or(0, usize::from)
        };
        let (mode, count) = (param(0), param(0).max(1));
        let column = self.column;
        match action {
            // It erases only what was scrolled out of sight.
            'J' if mode == 3 => {}
            'K' | 'J' => {
                match mode {
                    0 => self.erase(column, usize::MAX),
                    1 => self.erase(0, column + 1),
                    _ => self.erase(0, usize::MAX),
                }
                if action == 'J' && mode > 0 {
                    self.clear_above();
                }
            }
            'X' => self.erase(column, column + count),
            'P' => {
                self.change(column);
                self.row.delete(column, count);
            }
            '@' if self.has_room(count) => {
                self.change(column);
                self.row.insert(column, count);
            }
            'G' | '`' => self.go_to(count - 1),
            'C' | 'a' => self.go_to(column + count),
            'D' => self.column = column.saturating_sub(count),
            'A' | 'B' | 'd' | 'e' => self.leave_row(),
            'E' | 'F' => {
                self.leave_row();
                self.column = 0;
            }
            'H' | 'f' => {
                self.leave_row();
                self.go_to(param(1).max(1) - 1);
            }
            'I' => (0..count.min(WIDTH)).for_each(|_| self.go_to((self.column / TAB + 1) * TAB)),
            'Z' => {
                let stop = column.div_ceil(TAB).saturating_sub(count);
                self.column = stop * TAB;
            }
            'b' => {
                if let Some(last) = self.last {
                    (0..count).for_each(|_| self.write(last));
                }
            }
            's' => self.saved = column,
            'u' => self.go_to(self.saved),
            _ => {}
        }
    }
}

/// Tells of a run that ends.
fn tell(run: &mut String, look: TextLook, see: &mut impl FnMut(&str, TextLook)) {
    if !run.is_empty() {
        see(run, look);
    }
    run.clear();
}

impl Perform for Screen {
    fn print(&mut self, c: char) {
        if c != DELETE {
            self.write(c);
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            0x08 => self.column = self.column.saturating_sub(1),
            b'\t' => self.tab(),
            b'\n' => {
                self.next_row();
                self.column = 0;
            }
            // A vertical tab and a form feed go down, and stay in their column.
            0x0b | 0x0c => self.leave_row(),
            b'\r' => self.column = 0,
            0x0e => self.shifted = true,
            0x0f => self.shifted = false,
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], _cut: bool, action: char) {
        match (intermediates, action) {
            ([], 'm') => self.look.apply(params),
            ([], _) => self.move_or_erase(action, params),
            // Another screen, or back to this one.
            ([b'?'], 'h' | 'l') => {
                let screens = [47, 1047, 1049];
                if params.iter().flatten().any(|mode| screens.contains(mode)) {
                    self.leave_row();
                    self.column = 0;
                }
            }
            _ => {}
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], _cut: bool, byte: u8) {
        match (intermediates, byte) {
            ([b'('], _) => self.graphics[0] = byte == b'0',
            ([b')'], _) => self.graphics[1] = byte == b'0',
            ([], b'7') => self.saved = self.column,
            ([], b'8') => self.go_to(self.saved),
            ([], b'D' | b'M') => self.leave_row(),
            ([], b'E') => {
                self.next_row();
                self.column = 0;
            }
            ([], b'c') => {
                self.clear_above();
                self.erase(0, usize::MAX);
                (self.column, self.saved, self.look) = (0, 0, TextLook::default());
                (self.shifted, self.graphics) = (false, [false; 2]);
            }
            _ => {}
        }
    }

    /// Only the data of a picture goes on over lines; other data ends with its line, as titles do.
    fn hook(&mut self, _: &Params, intermediates: &[u8], _: bool, action: char) {
        self.payload = usize::from(action == 'q' && intermediates.is_empty());
    }

    fn put(&mut self, _: u8) {
        if self.payload > 0 {
            self.payload += 1;
        }
    }

    fn unhook(&mut self) {
        self.payload = 0;
    }
}
