//! What has a name: constants and functions.

use std::f64::consts;

/// The value of a constant.
pub(crate) fn constant(name: &str) -> Option<f64> {
    match name {
        "pi" => Some(consts::PI),
        "e" => Some(consts::E),
        "tau" => Some(consts::TAU),
        _ => None,
    }
}

/// A function, by how many arguments it takes.
#[derive(Clone, Copy)]
pub(crate) enum Function {
    One(fn(f64) -> f64),
    Two(fn(f64, f64) -> f64),
    /// One or more.
    Many(fn(&[f64]) -> f64),
}

/// The function of that name.
pub(crate) fn function(name: &str) -> Option<Function> {
    use Function::{Many, One, Two};
    Some(match name {
        "abs" => One(f64::abs),
        "sqrt" => One(f64::sqrt),
        "cbrt" => One(f64::cbrt),
        "exp" => One(f64::exp),
        "ln" => One(f64::ln),
        "log10" => One(f64::log10),
        "log2" => One(f64::log2),
        "sin" => One(f64::sin),
        "cos" => One(f64::cos),
        "tan" => One(f64::tan),
        "asin" => One(f64::asin),
        "acos" => One(f64::acos),
        "atan" => One(f64::atan),
        "sinh" => One(f64::sinh),
        "cosh" => One(f64::cosh),
        "tanh" => One(f64::tanh),
        "floor" => One(f64::floor),
        "ceil" => One(f64::ceil),
        "round" => One(f64::round),
        "trunc" => One(f64::trunc),
        "sign" => One(|x| if x == 0.0 { 0.0 } else { x.signum() }),
        "atan2" => Two(f64::atan2),
        "pow" => Two(f64::powf),
        "log" => Two(f64::log),
        "mod" => Two(f64::rem_euclid),
        "min" => Many(|all| all.iter().copied().fold(f64::INFINITY, f64::min)),
        "max" => Many(|all| all.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        "sum" => Many(|all| all.iter().sum()),
        "mean" => Many(|all| all.iter().sum::<f64>() / all.len() as f64),
        _ => return None,
    })
}

impl Function {
    /// The value, or how many arguments are wanted when these are too few or too many.
    pub(crate) fn apply(self, arguments: &[f64]) -> Result<f64, &'static str> {
        match (self, arguments) {
            (Self::One(function), &[x]) => Ok(function(x)),
            (Self::Two(function), &[x, y]) => Ok(function(x, y)),
            (Self::Many(function), [_, ..]) => Ok(function(arguments)),
            (Self::One(_), _) => Err("1 argument"),
            (Self::Two(_), _) => Err("2 arguments"),
            (Self::Many(_), _) => Err("1 or more arguments"),
        }
    }
}
