//! What evaluation gives, in tables.

use std::fmt::Write as _;

use super::{Context, Eval, Scope};
use crate::document;
use crate::expression::hints::Hints;
use crate::expression::meter::Meter;
use crate::expression::{Env, Expression, Options, Rules};
use crate::problem::EvalErrorKind;
use crate::value::Value;

/// How an evaluation with a small budget fails.
fn outcome(source: &str, root: &Value) -> Option<EvalErrorKind> {
    let expression = Expression::compile(source, &Options::default()).expect(source);
    let env = Env {
        now: jiff::Timestamp::UNIX_EPOCH,
        random: None,
        rules: Rules::Standard,
    };
    let mut meter = Meter::with_fuel(1_000_000);
    let hints = Hints::new();
    let context = Context {
        root,
        env: &env,
        hints: &hints,
    };
    let found = Eval {
        context,
        meter: &mut meter,
    }
    .node(expression.root(), root, &Scope::EMPTY);
    found.err().map(|error| error.kind)
}

#[test]
fn work_and_memory_are_bounded() {
    let list = document::parse(format!("[{}0]", "0,".repeat(20_000)).into()).expect("JSON");
    let doubled = |steps: usize, end: &str| {
        let mut source = String::from("let $v0 = [@, @] in ");
        for step in 1..steps {
            let before = step - 1;
            let _ = write!(source, "let $v{step} = [$v{before}, $v{before}] in ");
        }
        source + &end.replace("$v", &format!("$v{}", steps - 1))
    };
    for source in &[
        "@[?length($[?@ == `0`]) == `1`]".to_owned(),
        "map(&$[?@ > `0`], @)".to_owned(),
        doubled(40, "$v == [$v[0], $v[1]]"),
        doubled(40, "to_string($v)"),
        doubled(40, "contains([$v], [$v[0], $v[1]])"),
        "pad_left('', `100000000000`)".to_owned(),
        "let $s = pad_left('', `1000000`) in map(&concat($s, $s, $s, $s), @)".to_owned(),
        "let $s = pad_left('', `100000`) in replace($s, ' ', $s)".to_owned(),
        "let $s = pad_left('', `1000000`) in join($s, map(&'x', @))".to_owned(),
    ] {
        // The last step of a doubled value is a walk without end.
        let found = outcome(source, &list);
        assert_eq!(found, Some(EvalErrorKind::Budget), "{source}");
    }
}
