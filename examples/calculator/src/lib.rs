//! Arithmetic for a model: one expression in, one number out. Needs nothing from the host.

mod functions;
mod number;
mod parser;
mod token;

use skillgate_sdk::prelude::*;

/// Evaluates an arithmetic expression and returns the number.
///
/// Knows + - * / % ^ ! and parentheses, constants (pi, e, tau) and functions such as sqrt, ln,
/// log10, sin, cos, round, min, max. Angles are in radians.
#[tool(read_only, idempotent, title = "Evaluate an expression")]
pub fn evaluate(
    /// The expression, such as `(2 + 3) * sqrt(16) / 4^2`. At most 1000 characters.
    #[schemars(length(min = 1, max = 1000))]
    expression: String,
) -> Result<String, ToolError> {
    let value = parser::evaluate(&expression)
        .map_err(|error| ToolError::invalid_arguments(error.describe(&expression)))?;
    Ok(number::format(value))
}

skillgate_sdk::skill!(evaluate);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(expression: &str) -> String {
        match evaluate(expression.to_owned()) {
            Ok(text) => text,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn follows_precedence() {
        assert_eq!(value("2 + 3 * 4"), "14");
        assert_eq!(value("(2 + 3) * 4"), "20");
        assert_eq!(value("2 - 3 - 4"), "-5");
        assert_eq!(value("-2^2"), "-4");
        assert_eq!(value("2^3^2"), "512");
        assert_eq!(value("2^-1"), "0.5");
        assert_eq!(value("7 % 4 * 2"), "6");
        assert_eq!(value("--3!"), "6");
        assert_eq!(value("2 × 3 ÷ 4 − 1"), "0.5");
    }

    #[test]
    fn knows_functions_and_constants() {
        assert_eq!(value("sqrt(16) + cbrt(27)"), "7");
        assert_eq!(value("sin(pi / 6)"), "0.5");
        assert_eq!(value("max(1, 5, 3) - min(4, 2)"), "3");
        assert_eq!(value("log(8, 2) + ln(e)"), "4");
        assert_eq!(value("mean(1, 2, 3, 4)"), "2.5");
        assert_eq!(value("SQRT(9)"), "3");
    }

    #[test]
    fn prints_what_people_write() {
        assert_eq!(value("0.1 + 0.2"), "0.3");
        assert_eq!(value("1e21"), "1e21");
        assert_eq!(value("1 / 3"), "0.333333333333333");
        assert_eq!(value("2^0.5"), "1.4142135623731");
        assert_eq!(value("0 * -1"), "0");
        assert_eq!(value("1234567890 * 10"), "12345678900");
    }

    #[test]
    fn says_where_an_expression_goes_wrong() {
        assert_eq!(
            value("2 + * 3"),
            "character 5: expected a number, a name or `(`, found `*` in `2 + * 3`"
        );
        assert_eq!(
            value("(1 + 2"),
            "character 7: expected `)`, found the end in `(1 + 2`"
        );
        assert_eq!(
            value("1 2"),
            "character 3: expected an operator, found `2` in `1 2`"
        );
        assert!(value("2 + foo(1)").starts_with("character 5: there is no function `foo`"));
        assert!(value("2 + x").starts_with("character 5: there is no constant `x`"));
        assert!(value("sqrt(1, 2)").starts_with("character 1: `sqrt` takes 1 argument, not 2"));
        assert!(value("").starts_with("character 1: expected a number"));
        assert!(value("1 $ 2").starts_with("character 3: `$` is not"));
        assert!(value("1.2.3").starts_with("character 1: `1.2.3` is not a number"));
    }

    #[test]
    fn refuses_what_has_no_value() {
        assert!(value("1 / 0").starts_with("character 3: division by zero"));
        assert!(value("5 % 0").starts_with("character 3: division by zero"));
        assert!(value("sqrt(-1)").starts_with("character 1: `sqrt` has no real value here"));
        assert!(value("10^400").starts_with("character 3: the result is too large"));
        assert!(value("(-8)^0.5").starts_with("character 5: the power has no real value"));
        assert!(value("2.5!").starts_with("character 4: `!` needs a whole number"));
        assert!(value("171!").starts_with("character 4: `!` needs a whole number"));
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("{}1{}", "(".repeat(499), ")".repeat(499));
        assert!(
            value(&deep).contains("nested more than"),
            "{}",
            value(&deep)
        );
        assert!(value(&"-".repeat(999)).contains("nested more than"));
        assert!(value(&"1+".repeat(600)).contains("1000 characters"));
        assert_eq!(
            value(&format!("{}1{}", "(".repeat(50), ")".repeat(50))),
            "1"
        );
    }

    #[test]
    fn is_called_by_name_with_json() {
        assert_eq!(
            call("evaluate", json!({ "expression": "6 * 7" }))
                .unwrap()
                .text(),
            "42"
        );
        let error = call("evaluate", json!({ "formula": "6 * 7" })).unwrap_err();
        assert!(error.message().contains("formula"), "{error}");
        assert_eq!(tools()[0].input_schema["required"], json!(["expression"]));
    }
}
