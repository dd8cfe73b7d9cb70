//! Text to tokens, each with its place.

use crate::parser::Error;

/// One word of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Number(f64),
    /// A function's or constant's name, in lower case.
    Name(String),
    /// One of `+ - * / % ^ ! ( ) ,`.
    Symbol(char),
    End,
}

/// A token and the place of its first character, counted from 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placed {
    pub(crate) token: Token,
    pub(crate) at: usize,
}

/// All tokens of the text; the last is [`Token::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<Placed>, Error> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut next = 0;
    while let Some(&character) = characters.get(next) {
        let at = next + 1;
        if character.is_whitespace() {
            next += 1;
            continue;
        }
        let (token, length) = token(&characters[next..], at)?;
        tokens.push(Placed { token, at });
        next += length;
    }
    tokens.push(Placed {
        token: Token::End,
        at: characters.len() + 1,
    });
    Ok(tokens)
}

/// The token at the beginning of `rest`, which is not empty, and how many characters it has.
fn token(rest: &[char], at: usize) -> Result<(Token, usize), Error> {
    let first = rest[0];
    if first.is_ascii_digit() || first == '.' {
        return number(rest, at);
    }
    if first.is_ascii_alphabetic() {
        let name = take(rest, |c| c.is_ascii_alphanumeric() || c == '_');
        let length = name.len();
        return Ok((Token::Name(name.to_ascii_lowercase()), length));
    }
    if rest.starts_with(&['*', '*']) {
        return Ok((Token::Symbol('^'), 2));
    }
    let symbol = match first {
        '+' | '-' | '*' | '/' | '%' | '^' | '!' | '(' | ')' | ',' => first,
        '×' | '·' => '*',
        '÷' => '/',
        '−' => '-',
        'π' => return Ok((Token::Name("pi".to_owned()), 1)),
        _ => {
            return Err(Error::new(
                at,
                format!("`{first}` is not part of arithmetic"),
            ));
        }
    };
    Ok((Token::Symbol(symbol), 1))
}

/// A number, with an exponent where a digit or a sign and a digit follow the `e`.
fn number(rest: &[char], at: usize) -> Result<(Token, usize), Error> {
    let mut text = take(rest, |c| c.is_ascii_digit() || c == '.');
    let tail = &rest[text.len()..];
    if let Some('e' | 'E') = tail.first() {
        let signed = matches!(tail.get(1), Some('+' | '-'));
        let digits = take(&tail[(1 + usize::from(signed)).min(tail.len())..], |c| {
            c.is_ascii_digit()
        });
        if !digits.is_empty() {
            text.extend(&tail[..1 + usize::from(signed)]);
            text.push_str(&digits);
        }
    }
    let value = text
        .parse()
        .map_err(|_| Error::new(at, format!("`{text}` is not a number")))?;
    Ok((Token::Number(value), text.len()))
}

fn take(rest: &[char], belongs: impl Fn(char) -> bool) -> String {
    rest.iter().take_while(|&&c| belongs(c)).collect()
}
