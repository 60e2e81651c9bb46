//! Templates and URLs taken apart: whatever the text, and what comes out of ordinary ones.

use orchid_plan::template;
use orchid_plan::url::{self, Filler, Piece, Position};
use proptest::prelude::*;

fn check_template(text: &str, expect: &[&str]) {
    let pieces = template::split(text).unwrap_or_else(|problem| panic!("{text}: {problem:?}"));
    let got: Vec<String> = pieces
        .iter()
        .map(|piece| match piece {
            template::Piece::Text(literal) => format!("text {literal}"),
            template::Piece::Expression(range) => format!("expression {}", &text[range.clone()]),
        })
        .collect();
    assert_eq!(got, expect, "{text}");
}

#[test]
fn templates() {
    check_template("", &[]);
    check_template("abc", &["text abc"]);
    check_template("${a}", &["expression a"]);
    check_template(" ${a} ", &["text  ", "expression a", "text  "]);
    check_template("${a}${b}", &["expression a", "expression b"]);
    check_template("$${a}", &["text ${a}"]);
    check_template("$$${a}", &["text $${a}"]);
    check_template("$a $ {b} $", &["text $a $ {b} $"]);
    check_template("${ '}' }", &["expression  '}' "]);
    check_template(
        "${ `{\"a\": \"}\"}` }x",
        &["expression  `{\"a\": \"}\"}` ", "text x"],
    );
    check_template("${ {a: b, c: {d: e}} }", &["expression  {a: b, c: {d: e}} "]);
    check_template("${a.\"}\"}", &["expression a.\"}\""]);
    check_template("ü${a}ü", &["text ü", "expression a", "text ü"]);
    for text in ["${", "${a", "x${'}", "${a}${`}"] {
        assert!(template::split(text).is_err(), "{text}");
    }
}

#[test]
fn query_names() {
    for (text, expect) in [
        ("https://a.test/", vec![]),
        ("https://a.test/?", vec![]),
        ("https://a.test/?a=1&b", vec!["a", "b"]),
        ("https://a.test/?a={x}&b=2&c={y}z", vec!["a", "b", "c"]),
        ("https://a.test/?%61+b=1", vec!["a b"]),
        ("https://a.test/{x}?a=1", vec!["a"]),
        ("{base}?a=1", vec!["a"]),
    ] {
        let pieces = url::split(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
        assert_eq!(pieces.query_names.iter().collect::<Vec<_>>(), expect, "{text}");
    }
}

proptest! {
    #[test]
    fn any_template(text in "[${}a'`\"\\\\ü .\\[\\]]{0,40}") {
        match template::split(&text) {
            Ok(pieces) => for piece in pieces {
                if let template::Piece::Expression(range) = piece {
                    let around = (text[..range.start].ends_with("${"), text[range.end..].starts_with('}'));
                    prop_assert_eq!(around, (true, true));
                }
            },
            Err(problem) => prop_assert!(problem.span.end <= text.len(), "{problem:?}"),
        }
    }

    #[test]
    fn any_url(text in "(https://a.test)?[${}+a/?#=&'`\"\\\\ü.@:\t]{0,40}") {
        match url::split(&text) {
            Ok(pieces) => for piece in pieces.pieces {
                if let Piece::Hole(hole) = piece {
                    prop_assert_eq!(text[hole.span.clone()].chars().last(), Some('}'));
                    prop_assert_eq!(hole.position == Position::Base, hole.span.start == 0);
                    if let Filler::Expression(range) = hole.filler {
                        prop_assert!(hole.span.start < range.start && range.end < hole.span.end);
                    }
                }
            },
            Err(problems) => for problem in problems {
                prop_assert!(problem.span.start <= problem.span.end && problem.span.end <= text.len());
                prop_assert!(text.get(problem.span.clone()).is_some(), "{problem:?}");
            },
        }
    }
}
