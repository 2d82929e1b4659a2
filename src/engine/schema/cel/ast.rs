//! What a parsed expression is.

use super::lex::Literal;

/// An expression and where it stands: the byte that cel-go names in its errors.
#[derive(Debug, Clone)]
pub(super) struct Expr {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

/// The forms of an expression. Macros are forms of their own.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Literal(Literal),
    Ident(String),
    /// `a.b`, `a.?b`, and `has(a.b)` as a test.
    Select {
        operand: Box<Expr>,
        field: String,
        test: bool,
        optional: bool,
    },
    Index {
        operand: Box<Expr>,
        index: Box<Expr>,
        optional: bool,
    },
    Call {
        name: String,
        target: Option<Box<Expr>>,
        args: Vec<Expr>,
    },
    /// Items, and whether each stands behind a `?`.
    List(Vec<(Expr, bool)>),
    Map(Vec<(Expr, Expr, bool)>),
    /// `name{field: value}`, which no type of a schema can have.
    Struct(String),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Ternary(Box<[Expr; 3]>),
    Fold(Box<Fold>),
    OptMap {
        flat: bool,
        target: Box<Expr>,
        variable: String,
        body: Box<Expr>,
    },
}

/// A macro that goes through a list or a map.
#[derive(Debug, Clone)]
pub(super) struct Fold {
    pub(super) what: FoldKind,
    pub(super) range: Expr,
    pub(super) first: String,
    pub(super) second: Option<String>,
    pub(super) filter: Option<Expr>,
    pub(super) body: Expr,
}

/// What a macro makes of the items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FoldKind {
    All,
    Exists,
    ExistsOne,
    /// `map` and `transformList`.
    List,
    Filter,
    /// `transformMap`: the same keys.
    Map,
    /// `transformMapEntry`: each body is a map of one entry.
    Entries,
    SortBy,
}
