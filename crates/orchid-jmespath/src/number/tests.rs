//! What numbers do, in tables.

use std::cmp::Ordering;

use super::{ArithmeticError, Number};

fn number(text: &str) -> Number {
    Number::parse(text).unwrap_or_else(|| panic!("{text} is a number"))
}

#[test]
fn text_that_is_a_json_number_and_no_other() {
    for good in [
        "0",
        "-0",
        "12",
        "1.5",
        "-1.50",
        "1e3",
        "1E+3",
        "1.2e-3",
        "18446744073709551616",
        "1e999999999999",
    ] {
        assert_eq!(
            number(good).to_string(),
            if good == "-0" { "0" } else { good },
            "{good}"
        );
    }
    for bad in [
        "", "-", "01", "1.", ".5", "1e", "1e+", "+1", "0x1", "1 ", " 1", "NaN", "1_0", "--1",
    ] {
        assert!(Number::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn comparison_is_exact() {
    use Ordering::{Equal, Greater, Less};
    let cases = [
        ("9007199254740993", "9007199254740992.0", Greater),
        ("9007199254740993", "9007199254740993.0", Equal),
        ("18446744073709551615", "18446744073709551616", Less),
        ("-9223372036854775808", "-9223372036854775808.0", Equal),
        ("-9223372036854775808", "9223372036854775808", Less),
        ("1.0", "1.00", Equal),
        ("1", "1.0", Equal),
        ("100", "1e2", Equal),
        ("0.1", "0.10000000000000000001", Less),
        ("-0.1", "-0.10000000000000000001", Greater),
        ("0", "-0.0", Equal),
        ("0", "1e-400", Less),
        ("0", "-1e-400", Greater),
        ("1e400", "1e401", Less),
        ("-1e400", "1e400", Less),
        ("1e99999999999999999999", "1e400", Greater),
        ("1e-99999999999999999999", "0", Greater),
        ("120e-1", "12", Equal),
        ("0.00012", "1.2e-4", Equal),
    ];
    for (a, b, expected) in cases {
        assert_eq!(number(a).cmp(&number(b)), expected, "{a} against {b}");
        assert_eq!(number(b).cmp(&number(a)), expected.reverse(), "{b} against {a}");
    }
}

#[test]
fn whole_decimals_are_integers() {
    let cases = [
        ("3.0", Some(3)),
        ("3.5", None),
        ("1e3", Some(1000)),
        ("1.5e1", Some(15)),
        ("-0.0", Some(0)),
        ("9223372036854775807.0", Some(i64::MAX)),
        ("9223372036854775808", None),
        ("-9223372036854775808.00", Some(i64::MIN)),
        ("1e400", None),
    ];
    for (text, expected) in cases {
        assert_eq!(number(text).as_i64(), expected, "{text}");
    }
    assert!(number("1e400").is_integer());
    assert!(!number("1e-400").is_integer());
}

#[test]
fn arithmetic() {
    type Operation = fn(&Number, &Number) -> Result<Number, ArithmeticError>;
    let (add, sub, mul, div): (Operation, Operation, Operation, Operation) =
        (Number::add, Number::subtract, Number::multiply, Number::divide);
    let (floor, rem): (Operation, Operation) = (Number::divide_floor, Number::remainder);
    let cases: &[(&str, Operation, &str, Result<&str, ArithmeticError>)] = &[
        ("1", add, "2", Ok("3")),
        ("9223372036854775807", add, "1", Ok("9223372036854775808")),
        ("18446744073709551615", add, "1", Err(ArithmeticError::Overflow)),
        ("-9223372036854775808", sub, "1", Err(ArithmeticError::Overflow)),
        ("4294967296", mul, "4294967296", Err(ArithmeticError::Overflow)),
        (
            "18446744073709551615",
            mul,
            "18446744073709551615",
            Err(ArithmeticError::Overflow),
        ),
        ("1.5", add, "1.5", Ok("3")),
        ("1.5", mul, "0.5", Ok("0.75")),
        ("1e308", mul, "10.5", Err(ArithmeticError::Overflow)),
        ("6", div, "3", Ok("2")),
        ("7", div, "2", Ok("3.5")),
        ("7", div, "0", Err(ArithmeticError::DivisionByZero)),
        ("7", div, "0.0", Err(ArithmeticError::DivisionByZero)),
        ("7", floor, "2", Ok("3")),
        ("-7", floor, "2", Ok("-4")),
        ("7.5", floor, "2", Ok("3")),
        ("7", rem, "3", Ok("1")),
        ("-7", rem, "3", Ok("2")),
        ("7", rem, "-3", Ok("-2")),
        ("-7.5", rem, "2", Ok("0.5")),
        ("7", rem, "0", Err(ArithmeticError::DivisionByZero)),
    ];
    for (a, operation, b, expected) in cases {
        let found = operation(&number(a), &number(b)).map(|value| value.to_string());
        assert_eq!(found, expected.map(str::to_owned), "{a} and {b}");
    }
    assert_eq!(
        number("-9223372036854775808").negate().unwrap().to_string(),
        "9223372036854775808"
    );
    assert_eq!(number("-1.50").abs().unwrap().to_string(), "1.50");
    assert_eq!(number("-1.5").floor().unwrap().to_string(), "-2");
    assert_eq!(number("-1.5").ceil().unwrap().to_string(), "-1");
}
