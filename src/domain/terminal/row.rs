//! One row of a terminal: cells side by side, each with its look.

use super::TextLook;

/// A column. A character that is two columns wide, or a tab, fills more than one.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// `None` in a column that the character before it fills, too.
    pub(super) base: Option<char>,
    /// What is put on top of the character, such as accents.
    marks: Option<Box<str>>,
    pub(super) look: TextLook,
}

impl Cell {
    pub(super) fn new(base: char, look: TextLook) -> Self {
        Self {
            base: Some(base),
            marks: None,
            look,
        }
    }

    fn blank() -> Self {
        Self::new(' ', TextLook::default())
    }

    fn bytes(&self) -> usize {
        let marks = self.marks.as_deref().map_or(0, str::len);
        self.base.map_or(0, char::len_utf8) + marks
    }

    pub(super) fn push_to(&self, text: &mut String) {
        text.extend(self.base);
        text.push_str(self.marks.as_deref().unwrap_or_default());
    }
}

/// The cells of a line, and the bytes of their text.
#[derive(Debug, Default)]
pub(super) struct Row {
    cells: Vec<Cell>,
    bytes: usize,
}

impl Row {
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Writes a character that takes `width` columns over what stands at `column`.
    pub(super) fn put(&mut self, column: usize, width: usize, cell: Cell) {
        self.pad(column);
        for at in column..column + width {
            self.part(at);
        }
        let look = cell.look;
        let filler = Cell {
            base: None,
            marks: None,
            look,
        };
        let mut next = Some(cell);
        for at in column..column + width {
            let cell = next.take().unwrap_or_else(|| filler.clone());
            self.set(at, cell);
        }
    }

    /// Puts a mark on the character before `column`; false when there is none.
    pub(super) fn mark(&mut self, column: usize, mark: char) -> bool {
        let before = self.cells.get_mut(..column).unwrap_or_default();
        let Some(cell) = before.iter_mut().rev().find(|cell| cell.base.is_some()) else {
            return false;
        };
        let marks = cell.marks.as_deref().unwrap_or_default();
        cell.marks = Some(format!("{marks}{mark}").into());
        self.bytes += mark.len_utf8();
        true
    }

    pub(super) fn truncate(&mut self, column: usize) {
        if column < self.len() {
            self.part(column);
            self.bytes -= self.cells[column..].iter().map(Cell::bytes).sum::<usize>();
            self.cells.truncate(column);
        }
    }

    /// Blanks from `start` up to `end`.
    pub(super) fn erase(&mut self, start: usize, end: usize) {
        if end >= self.len() {
            return self.truncate(start);
        }
        for at in start..end {
            self.part(at);
            self.set(at, Cell::blank());
        }
        self.part(end);
    }

    /// Moves what stands from `column` on to the left, over `count` columns.
    pub(super) fn delete(&mut self, column: usize, count: usize) {
        let end = (column + count).min(self.len());
        if column < end {
            self.part(column);
            self.part(end);
            self.blank_tabs(column);
            let gone = self.cells.drain(column..end);
            self.bytes -= gone.map(|cell| cell.bytes()).sum::<usize>();
        }
    }

    /// Moves what stands from `column` on to the right.
    pub(super) fn insert(&mut self, column: usize, count: usize) {
        if column < self.len() {
            self.part(column);
            self.blank_tabs(column);
            let blanks = std::iter::repeat_n(Cell::blank(), count);
            self.cells.splice(column..column, blanks);
            self.bytes += count;
        }
    }

    /// A tab that is moved reaches to another column.
    fn blank_tabs(&mut self, column: usize) {
        for at in column..self.len() {
            if self.cells[at].base == Some('\t') {
                self.part(at);
                self.set(at, Cell::blank());
            }
        }
    }

    fn pad(&mut self, column: usize) {
        while self.len() < column {
            self.set(self.len(), Cell::blank());
        }
    }

    fn set(&mut self, at: usize, cell: Cell) {
        self.bytes += cell.bytes();
        if let Some(former) = self.cells.get_mut(at) {
            self.bytes -= former.bytes();
            *former = cell;
        } else {
            self.cells.push(cell);
        }
    }

    /// A character of several columns that is cut at `at` is gone; its columns are blank.
    fn part(&mut self, at: usize) {
        let fills = |cell: Option<&Cell>| cell.is_some_and(|cell| cell.base.is_none());
        let is_wide = fills(self.cells.get(at))
            || self.cells.get(at).is_some() && fills(self.cells.get(at + 1));
        if !is_wide {
            return;
        }
        let mut start = at;
        while start > 0 && fills(self.cells.get(start)) {
            start -= 1;
        }
        let mut end = start + 1;
        while fills(self.cells.get(end)) {
            end += 1;
        }
        for at in start..end {
            self.set(at, Cell::blank());
        }
    }
}
