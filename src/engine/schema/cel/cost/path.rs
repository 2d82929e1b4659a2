//! Where a value comes from: the steps that lead to it from a variable.
//!
//! The API server keeps the steps in slices of Go, which share their memory: a step that is added to a path can replace
//! the one that was added to the same path before. The sizes that it then looks up are those of another field, and
//! the estimate is right only where the memory is shared in the same way.

/// The items of a list.
pub(super) const ITEMS: &str = "@items";
/// The places in a list.
pub(super) const INDICES: &str = "@indices";
/// The keys of a map.
pub(super) const KEYS: &str = "@keys";
/// The values of a map.
pub(super) const VALUES: &str = "@values";

/// A path, by the piece of memory that it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Path {
    piece: usize,
    length: usize,
}

impl Path {
    /// Whether it leads nowhere, as that of what is made in the rule does.
    pub(super) const fn is_empty(self) -> bool {
        self.length == 0
    }
}

/// The memory of all paths of one rule. The length of a piece is what it has room for.
#[derive(Debug, Default)]
pub(super) struct Paths<'e> {
    pieces: Vec<Vec<&'e str>>,
}

impl<'e> Paths<'e> {
    /// `path` and one step more: in the same piece where that has room, otherwise in one of twice the room.
    pub(super) fn add(&mut self, path: Path, step: &'e str) -> Path {
        let room = self.room(path);
        if path.length < room {
            self.pieces[path.piece][path.length] = step;
            return Path {
                length: path.length + 1,
                ..path
            };
        }
        let mut piece = Vec::with_capacity((2 * room).max(1));
        piece.extend_from_slice(self.steps(path));
        piece.push(step);
        piece.resize((2 * room).max(1), "");
        self.pieces.push(piece);
        Path {
            piece: self.pieces.len() - 1,
            length: path.length + 1,
        }
    }

    /// The steps that are there now.
    pub(super) fn steps(&self, path: Path) -> &[&'e str] {
        match self.pieces.get(path.piece) {
            Some(piece) => &piece[..path.length],
            None => &[],
        }
    }

    fn room(&self, path: Path) -> usize {
        if path.is_empty() {
            0
        } else {
            self.pieces[path.piece].len()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_step_replaces_an_earlier_one_where_there_is_room() {
        let mut paths = Paths::default();
        let own = paths.add(Path::default(), "self");
        let field = paths.add(own, "a");
        let other = paths.add(own, "b");
        assert_eq!(paths.steps(field), ["self", "a"]);
        assert_eq!(paths.steps(other), ["self", "b"]);
        let items = paths.add(field, ITEMS);
        let first = paths.add(items, "c");
        let second = paths.add(items, "d");
        assert_eq!(paths.steps(first), ["self", "a", ITEMS, "d"]);
        assert_eq!(paths.steps(second), ["self", "a", ITEMS, "d"]);
        assert_eq!(paths.steps(Path::default()), [""; 0]);
    }
}
