//! Recursive descent that computes as it reads.
//!
//! ```text
//! sum     = product (("+" | "-") product)*
//! product = unary (("*" | "/" | "%") unary)*
//! unary   = ("-" | "+") unary | power
//! power   = postfix ("^" unary)?
//! postfix = atom "!"*
//! atom    = number | constant | function "(" sum ("," sum)* ")" | "(" sum ")"
//! ```

use crate::functions;
use crate::token::{Placed, Token, tokens};

/// The longest expression, in characters.
const LENGTH: usize = 1000;
/// How deep parentheses, signs and powers may nest: far below what the stack holds.
const DEPTH: usize = 64;

/// What is wrong, and at which character (counted from 1).
#[derive(Debug)]
pub(crate) struct Error {
    at: usize,
    message: String,
}

impl Error {
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }

    /// For the model: place, reason, and the expression itself.
    pub(crate) fn describe(&self, expression: &str) -> String {
        let shown: String = expression.chars().take(200).collect();
        format!("character {}: {} in `{shown}`", self.at, self.message)
    }
}

/// The value of an expression.
pub(crate) fn evaluate(expression: &str) -> Result<f64, Error> {
    if expression.chars().count() > LENGTH {
        return Err(Error::new(
            LENGTH + 1,
            format!("an expression has at most {LENGTH} characters"),
        ));
    }
    let mut parser = Parser {
        tokens: tokens(expression)?,
        next: 0,
        depth: 0,
    };
    let value = parser.sum()?;
    match parser.peek().token {
        Token::End => Ok(value),
        _ => Err(parser.expected("an operator")),
    }
}

struct Parser {
    /// Ends with [`Token::End`], which is never passed.
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn sum(&mut self) -> Result<f64, Error> {
        let mut value = self.product()?;
        while let Some((operator, at)) = self.symbol(&['+', '-']) {
            let right = self.product()?;
            value = finite(
                if operator == '+' {
                    value + right
                } else {
                    value - right
                },
                at,
            )?;
        }
        Ok(value)
    }

    fn product(&mut self) -> Result<f64, Error> {
        let mut value = self.unary()?;
        while let Some((operator, at)) = self.symbol(&['*', '/', '%']) {
            let right = self.unary()?;
            if operator != '*' && right == 0.0 {
                return Err(Error::new(at, "division by zero"));
            }
            let result = match operator {
                '*' => value * right,
                '/' => value / right,
                _ => value % right,
            };
            value = finite(result, at)?;
        }
        Ok(value)
    }

    /// Every recursion comes through here, so here its depth is bounded.
    fn unary(&mut self) -> Result<f64, Error> {
        self.depth += 1;
        if self.depth > DEPTH {
            let message = format!("the expression is nested more than {DEPTH} deep");
            return Err(Error::new(self.peek().at, message));
        }
        let value = match self.symbol(&['-', '+']) {
            Some(('-', _)) => -self.unary()?,
            Some(_) => self.unary()?,
            None => self.power()?,
        };
        self.depth -= 1;
        Ok(value)
    }

    fn power(&mut self) -> Result<f64, Error> {
        let base = self.postfix()?;
        let Some((_, at)) = self.symbol(&['^']) else {
            return Ok(base);
        };
        let result = base.powf(self.unary()?);
        if result.is_nan() {
            return Err(Error::new(at, "the power has no real value"));
        }
        finite(result, at)
    }

    fn postfix(&mut self) -> Result<f64, Error> {
        let mut value = self.atom()?;
        while let Some((_, at)) = self.symbol(&['!']) {
            value = factorial(value)
                .ok_or_else(|| Error::new(at, "`!` needs a whole number from 0 to 170"))?;
        }
        Ok(value)
    }

    fn atom(&mut self) -> Result<f64, Error> {
        let Placed { token, at } = self.peek().clone();
        match token {
            Token::Number(value) => {
                self.next += 1;
                finite(value, at)
            }
            Token::Name(name) => {
                self.next += 1;
                self.named(&name, at)
            }
            Token::Symbol('(') => {
                self.next += 1;
                let value = self.sum()?;
                self.close()?;
                Ok(value)
            }
            _ => Err(self.expected("a number, a name or `(`")),
        }
    }

    fn named(&mut self, name: &str, at: usize) -> Result<f64, Error> {
        if self.symbol(&['(']).is_none() {
            return functions::constant(name).ok_or_else(|| {
                Error::new(
                    at,
                    format!("there is no constant `{name}`; there are pi, e and tau"),
                )
            });
        }
        let function = functions::function(name)
            .ok_or_else(|| Error::new(at, format!("there is no function `{name}`")))?;
        let mut arguments = vec![self.sum()?];
        while self.symbol(&[',']).is_some() {
            arguments.push(self.sum()?);
        }
        self.close()?;
        let value = function.apply(&arguments).map_err(|wanted| {
            Error::new(
                at,
                format!("`{name}` takes {wanted}, not {}", arguments.len()),
            )
        })?;
        if value.is_nan() {
            return Err(Error::new(at, format!("`{name}` has no real value here")));
        }
        finite(value, at)
    }

    fn close(&mut self) -> Result<(), Error> {
        match self.symbol(&[')']) {
            Some(_) => Ok(()),
            None => Err(self.expected("`)`")),
        }
    }

    fn peek(&self) -> &Placed {
        &self.tokens[self.next]
    }

    /// Passes the next token if it is one of these symbols.
    fn symbol(&mut self, symbols: &[char]) -> Option<(char, usize)> {
        let &Placed {
            token: Token::Symbol(symbol),
            at,
        } = self.peek()
        else {
            return None;
        };
        symbols.contains(&symbol).then(|| {
            self.next += 1;
            (symbol, at)
        })
    }

    fn expected(&self, what: &str) -> Error {
        let Placed { token, at } = self.peek();
        let found = match token {
            Token::Number(value) => format!("`{value}`"),
            Token::Name(name) => format!("`{name}`"),
            Token::Symbol(symbol) => format!("`{symbol}`"),
            Token::End => "the end".to_owned(),
        };
        Error::new(*at, format!("expected {what}, found {found}"))
    }
}

fn finite(value: f64, at: usize) -> Result<f64, Error> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(Error::new(at, "the result is too large"))
    }
}

/// `n!`, as far as a 64-bit float goes.
fn factorial(value: f64) -> Option<f64> {
    let whole = value.fract() == 0.0 && (0.0..=170.0).contains(&value);
    whole.then(|| (1..=value as u32).map(f64::from).product())
}
