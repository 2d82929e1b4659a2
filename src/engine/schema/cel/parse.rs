//! Tokens to expressions: the grammar of CEL with optional values, and the macros that CRD rules have.

use super::{
    Fault,
    ast::{Expr, Kind},
    lex::{self, Literal, Token},
    macros::{global, receiver},
    names::RESERVED,
};

/// Deepest nesting of parentheses and the like; cel-go takes 250.
const MAX_DEPTH: usize = 80; // levels
/// Highest tree of an expression, chains like `a.b.c` among it.
const MAX_HEIGHT: usize = 160; // levels
/// Longest expression; the API server takes 100,000 code points.
const MAX_LENGTH: usize = 400_000; // bytes

/// The expression that `text` is.
pub(super) fn parse(text: &str) -> Result<Expr, Fault> {
    if text.len() > MAX_LENGTH {
        return Err(Fault::new(
            0,
            format!("expression is longer than {MAX_LENGTH} bytes"),
        ));
    }
    let mut parser = Parser {
        tokens: lex::tokens(text)?,
        next: 0,
        depth: 0,
        height: 0,
    };
    let expr = parser.expr()?;
    match parser.peek() {
        Token::End => Ok(expr),
        _ => Err(parser.unexpected("<EOF>")),
    }
}

struct Parser<'a> {
    tokens: Vec<(usize, Token<'a>)>,
    next: usize,
    depth: usize,
    /// How high the tree of the expression is that was read last.
    height: usize,
}

/// How strongly a binary operator binds, and the name of its function.
fn binary(sign: &str) -> Option<(u8, &'static str)> {
    Some(match sign {
        "==" => (1, "_==_"),
        "!=" => (1, "_!=_"),
        "<" => (1, "_<_"),
        "<=" => (1, "_<=_"),
        ">" => (1, "_>_"),
        ">=" => (1, "_>=_"),
        "+" => (2, "_+_"),
        "-" => (2, "_-_"),
        "*" => (3, "_*_"),
        "/" => (3, "_/_"),
        "%" => (3, "_%_"),
        _ => return None,
    })
}

pub(super) fn call(at: usize, name: &str, args: Vec<Expr>) -> Expr {
    Expr {
        at,
        kind: Kind::Call {
            name: name.to_owned(),
            target: None,
            args,
        },
    }
}

impl<'a> Parser<'a> {
    fn peek(&self) -> &Token<'a> {
        self.tokens.get(self.next).map_or(&Token::End, |(_, token)| token)
    }

    fn at(&self) -> usize {
        self.tokens
            .get(self.next)
            .or(self.tokens.last())
            .map_or(0, |(at, _)| *at)
    }

    fn advance(&mut self) {
        self.next += 1;
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(other) if *other == sign);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), Fault> {
        if self.eat(sign) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("'{sign}'")))
        }
    }

    fn unexpected(&self, wanted: &str) -> Fault {
        let found = match self.peek() {
            Token::End => "<EOF>".to_owned(),
            Token::Word(text) | Token::Int(text) | Token::Uint(text) | Token::Double(text) => {
                (*text).to_owned()
            }
            Token::Sign(sign) => (*sign).to_owned(),
            Token::Text(_) | Token::Bytes(_) => "a string".to_owned(),
        };
        Fault::new(
            self.at(),
            format!("Syntax error: mismatched input '{found}' expecting {wanted}"),
        )
    }

    /// One level deeper, for as long as `read` runs.
    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Result<Expr, Fault>) -> Result<Expr, Fault> {
        if self.depth == MAX_DEPTH {
            return Err(Fault::new(
                self.at(),
                format!("expression recursion limit exceeded: {MAX_DEPTH}"),
            ));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// The next expression stands above one that is `below` high, and above the one that was read last.
    fn rise(&mut self, below: usize) -> Result<(), Fault> {
        self.height = self.height.max(below) + 1;
        if self.height > MAX_HEIGHT {
            return Err(Fault::new(
                self.at(),
                format!("expression recursion limit exceeded: {MAX_HEIGHT}"),
            ));
        }
        Ok(())
    }

    fn expr(&mut self) -> Result<Expr, Fault> {
        self.deeper(|parser| {
            let condition = parser.or()?;
            let at = parser.at();
            if !parser.eat("?") {
                return Ok(condition);
            }
            let height = parser.height;
            let yes = parser.or()?;
            let height = parser.height.max(height);
            parser.expect(":")?;
            let no = parser.expr()?;
            parser.rise(height)?;
            Ok(Expr {
                at,
                kind: Kind::Ternary(Box::new([condition, yes, no])),
            })
        })
    }

    fn or(&mut self) -> Result<Expr, Fault> {
        self.chain("||", Self::and, Kind::Or)
    }

    fn and(&mut self) -> Result<Expr, Fault> {
        self.chain("&&", Self::relation, Kind::And)
    }

    fn relation(&mut self) -> Result<Expr, Fault> {
        self.binary(1)
    }

    /// Parts between `sign`s, as one expression however many they are.
    fn chain(
        &mut self,
        sign: &str,
        part: fn(&mut Self) -> Result<Expr, Fault>,
        kind: fn(Vec<Expr>) -> Kind,
    ) -> Result<Expr, Fault> {
        let first = part(self)?;
        let at = self.at();
        if !self.eat(sign) {
            return Ok(first);
        }
        let mut height = self.height;
        let mut parts = vec![first, part(self)?];
        while self.eat(sign) {
            height = height.max(self.height);
            parts.push(part(self)?);
        }
        self.rise(height)?;
        Ok(Expr {
            at,
            kind: kind(parts),
        })
    }

    /// Binary operators of this strength and above.
    fn binary(&mut self, strength: u8) -> Result<Expr, Fault> {
        let mut left = self.unary()?;
        loop {
            let found = match self.peek() {
                Token::Sign(sign) => binary(sign),
                Token::Word("in") => Some((1, "@in")),
                _ => None,
            };
            let Some((found, name)) = found.filter(|(found, _)| *found >= strength) else {
                return Ok(left);
            };
            let at = self.at();
            self.advance();
            let height = self.height;
            let right = self.binary(found + 1)?;
            self.rise(height)?;
            left = call(at, name, vec![left, right]);
        }
    }

    fn unary(&mut self) -> Result<Expr, Fault> {
        let at = self.at();
        let mut found = None;
        for (sign, name) in [("!", "!_"), ("-", "-_")] {
            let mut signs = 0_usize;
            while self.eat(sign) {
                signs += 1;
            }
            if signs == 0 {
                continue;
            }
            if sign == "-" && matches!(self.peek(), Token::Int(_) | Token::Double(_)) {
                // The last sign is the number's own where it stands alone.
                let alone = signs == 1;
                let literal = self.literal(alone)?;
                let number = self.members(literal)?;
                return self.signed(at, name, if alone { 0 } else { signs }, number);
            }
            found = Some((name, signs));
            break;
        }
        let primary = self.primary()?;
        let operand = self.members(primary)?;
        match found {
            Some((name, signs)) => self.signed(at, name, signs, operand),
            None => Ok(operand),
        }
    }

    /// `signs` in front of an expression, of which every two are none.
    fn signed(&mut self, at: usize, name: &str, signs: usize, operand: Expr) -> Result<Expr, Fault> {
        if signs.is_multiple_of(2) {
            return Ok(operand);
        }
        self.rise(0)?;
        Ok(call(at, name, vec![operand]))
    }

    /// What follows a primary expression: fields, calls, indexes.
    fn members(&mut self, mut expr: Expr) -> Result<Expr, Fault> {
        loop {
            let at = self.at();
            let height = self.height;
            let operand = expr;
            if self.eat("[") {
                let optional = self.eat("?");
                let index = self.expr()?;
                self.expect("]")?;
                self.rise(height)?;
                let kind = Kind::Index {
                    operand: Box::new(operand),
                    index: Box::new(index),
                    optional,
                };
                expr = Expr { at, kind };
            } else if self.eat(".") {
                let optional = self.eat("?");
                let Token::Word(field) = *self.peek() else {
                    return Err(self.unexpected("IDENTIFIER"));
                };
                if matches!(field, "in" | "true" | "false" | "null") {
                    return Err(self.unexpected("IDENTIFIER"));
                }
                self.advance();
                let open = self.at();
                if !optional && self.eat("(") {
                    let args = self.list(")")?;
                    self.rise(height)?;
                    expr = receiver(open, operand, field, args)?;
                } else {
                    self.rise(height)?;
                    let field = field.to_owned();
                    let kind = Kind::Select {
                        operand: Box::new(operand),
                        field,
                        test: false,
                        optional,
                    };
                    expr = Expr { at, kind };
                }
            } else if matches!(self.peek(), Token::Sign("{")) && is_name(&operand) {
                return Ok(Expr {
                    at,
                    kind: Kind::Struct(name_of(&operand)),
                });
            } else {
                return Ok(operand);
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, Fault> {
        let at = self.at();
        if self.eat("(") {
            let inner = self.expr()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.eat("[") {
            let items = self.items()?;
            self.rise(0)?;
            return Ok(Expr {
                at,
                kind: Kind::List(items),
            });
        }
        if self.eat("{") {
            let entries = self.entries()?;
            self.rise(0)?;
            return Ok(Expr {
                at,
                kind: Kind::Map(entries),
            });
        }
        self.eat(".");
        let Token::Word(word) = *self.peek() else {
            return self.literal(false);
        };
        let literal = match word {
            "true" => Some(Literal::Bool(true)),
            "false" => Some(Literal::Bool(false)),
            "null" => Some(Literal::Null),
            "in" => return Err(self.unexpected("an expression")),
            _ => None,
        };
        self.advance();
        self.height = 1;
        if let Some(literal) = literal {
            return Ok(Expr {
                at,
                kind: Kind::Literal(literal),
            });
        }
        if RESERVED.contains(&word) {
            return Err(Fault::new(at, format!("reserved identifier: {word}")));
        }
        let open = self.at();
        if self.eat("(") {
            let args = self.list(")")?;
            self.rise(0)?;
            return global(open, word, args);
        }
        Ok(Expr {
            at,
            kind: Kind::Ident(word.to_owned()),
        })
    }

    fn literal(&mut self, negative: bool) -> Result<Expr, Fault> {
        let at = self.at();
        let bad = |kind: &str| Fault::new(at, format!("invalid {kind} literal"));
        let minus = if negative { "-" } else { "" };
        let whole = |text: &str| match text.strip_prefix("0x") {
            Some(hex) => i128::from_str_radix(hex, 16).ok(),
            None => text.parse::<i128>().ok(),
        };
        let literal = match self.peek().clone() {
            Token::Int(text) => {
                let value = whole(text).map(|value| if negative { -value } else { value });
                Literal::Int(
                    value
                        .and_then(|value| value.try_into().ok())
                        .ok_or_else(|| bad("int"))?,
                )
            }
            Token::Uint(text) => Literal::Uint(
                whole(text)
                    .and_then(|value| value.try_into().ok())
                    .ok_or_else(|| bad("uint"))?,
            ),
            Token::Double(text) => {
                let value = format!("{minus}{text}")
                    .parse::<f64>()
                    .ok()
                    .filter(|value| value.is_finite());
                Literal::Double(value.ok_or_else(|| bad("double"))?)
            }
            Token::Text(text) => Literal::Text(text),
            Token::Bytes(bytes) => Literal::Bytes(bytes),
            _ => return Err(self.unexpected("an expression")),
        };
        self.advance();
        self.height = 1;
        Ok(Expr {
            at,
            kind: Kind::Literal(literal),
        })
    }

    /// Expressions with commas between them, up to `end`.
    fn list(&mut self, end: &str) -> Result<Vec<Expr>, Fault> {
        let mut found = Vec::new();
        let mut height = 0;
        while !self.eat(end) {
            if !found.is_empty() {
                self.expect(",")?;
            }
            found.push(self.expr()?);
            height = height.max(self.height);
        }
        self.height = height;
        Ok(found)
    }

    fn items(&mut self) -> Result<Vec<(Expr, bool)>, Fault> {
        let mut found = Vec::new();
        let mut height = 0;
        while !self.eat("]") {
            if !found.is_empty() {
                self.expect(",")?;
                if self.eat("]") {
                    break;
                }
            }
            let optional = self.eat("?");
            found.push((self.expr()?, optional));
            height = height.max(self.height);
        }
        self.height = height;
        Ok(found)
    }

    fn entries(&mut self) -> Result<Vec<(Expr, Expr, bool)>, Fault> {
        let mut found = Vec::new();
        let mut height = 0;
        while !self.eat("}") {
            if !found.is_empty() {
                self.expect(",")?;
                if self.eat("}") {
                    break;
                }
            }
            let optional = self.eat("?");
            let key = self.expr()?;
            height = height.max(self.height);
            self.expect(":")?;
            found.push((key, self.expr()?, optional));
            height = height.max(self.height);
        }
        self.height = height;
        Ok(found)
    }
}

fn is_name(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Ident(_) => true,
        Kind::Select {
            operand,
            test: false,
            optional: false,
            ..
        } => is_name(operand),
        _ => false,
    }
}

/// The dotted name that an expression of names is.
pub(super) fn name_of(expr: &Expr) -> String {
    match &expr.kind {
        Kind::Ident(name) => name.clone(),
        Kind::Select {
            operand,
            field,
            test: false,
            optional: false,
        } => {
            let operand = name_of(operand);
            if operand.is_empty() {
                operand
            } else {
                format!("{operand}.{field}")
            }
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_expression_is_said_with_its_place() {
        for (text, at) in [
            ("self.", 5),
            ("1 +", 3),
            ("a.all(1, x)", 6),
            ("for == 1", 0),
            ("[1,,2]", 3),
            ("'", 0),
            ("a b", 2),
        ] {
            assert_eq!(parse(text).map_err(|fault| fault.at).err(), Some(at), "{text}");
        }
    }

    #[test]
    fn operators_bind_as_in_the_language() {
        let shape =
            |text: &str| format!("{:?}", parse(text).unwrap().kind).replace(|c: char| c.is_ascii_digit(), "");
        assert_eq!(
            shape("1 + 2 * 3 == 7 && true"),
            shape("((1 + (2 * 3)) == 7) && true")
        );
        assert_eq!(shape("-a.b.c()"), shape("-(a.b.c())"));
        assert_eq!(shape("!a || b"), shape("(!a) || b"));
        assert_eq!(shape("a ? b : c ? d : e"), shape("a ? b : (c ? d : e)"));
        assert!(matches!(
            parse("-9223372036854775808").unwrap().kind,
            Kind::Literal(Literal::Int(i64::MIN))
        ));
    }

    #[test]
    fn nesting_has_a_limit_and_no_end_in_the_stack() {
        for text in [
            "(".repeat(100_000),
            "!".repeat(100_000),
            "-".repeat(100_000),
            "a.".repeat(100_000),
            "[".repeat(100_000),
        ] {
            assert!(parse(&text).is_err());
        }
        let long = vec!["true"; 20_000].join(" && ");
        assert!(parse(&long).is_ok());
        assert!(parse(&vec!["1"; 1000].join(" + ")).is_err());
        assert!(parse(&format!("{}a{}", "(".repeat(70), ")".repeat(70))).is_ok());
    }
}
