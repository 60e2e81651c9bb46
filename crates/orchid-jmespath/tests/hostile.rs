//! Expressions that want to take long, allocate much, overflow the stack or tell a secret.

use std::collections::BTreeMap;

use orchid_jmespath::document;
use orchid_jmespath::expression::{Env, Expression, Options, Rules, closing_brace};
use orchid_jmespath::problem::{EvalErrorKind, ProblemKind};
use orchid_jmespath::value::Value;

fn env() -> Env<'static> {
    Env {
        now: jiff::Timestamp::UNIX_EPOCH,
        random: None,
        rules: Rules::Condition,
    }
}

fn compile(source: &str) -> Result<Expression, ProblemKind> {
    Expression::compile(source, &Options::default()).map_err(|problems| problems[0].kind)
}

#[test]
fn depth_is_bounded_whatever_nests() {
    let nested = |open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(5000), close.repeat(5000))
    };
    for source in [
        nested("(", "a", ")"),
        nested("[", "a", "]"),
        nested("{a:", "b", "}"),
        nested("!", "a", ""),
        nested("-", "a", ""),
        nested("a[?", "b", "]"),
        nested("abs(", "b", ")"),
        nested("a.", "b", ""),
        nested("a||", "b", ""),
        nested("a|", "b", ""),
        nested("a[*].", "b", ""),
        nested("a?b:", "c", ""),
        nested("let $x=", "a", " in $x"),
        nested("map(&", "a", ",b)"),
        format!("a{}", "[0]".repeat(5000)),
        format!("a{}", "[]".repeat(5000)),
        format!("a{}", "['b']".repeat(5000)),
        "a".repeat(70_000),
    ] {
        assert_eq!(
            compile(&source).map(|_| ()),
            Err(ProblemKind::TooLarge),
            "{}",
            &source[..20]
        );
    }
}

/// The deepest that compiles is evaluated on a thread's ordinary stack.
#[test]
fn the_deepest_that_compiles_is_evaluated() {
    let deepest = |build: &dyn Fn(usize) -> String| {
        let count = (1..200)
            .take_while(|count| compile(&build(*count)).is_ok())
            .last()
            .expect("one compiles");
        assert!(count > 20, "only {count}");
        compile(&build(count)).expect("it compiles")
    };
    let around = |open: &'static str, middle: &'static str, close: &'static str| {
        move |count: usize| format!("{}{middle}{}", open.repeat(count), close.repeat(count))
    };
    let builds: [&dyn Fn(usize) -> String; 5] = [
        &around("[", "a", "]"),
        &around("@[?", "a", "]"),
        &around("not_null(", "a", ")"),
        &around("let $x = ", "a", " in $x"),
        &around("map(&", "@", ", @)"),
    ];
    let mut named: BTreeMap<_, _> = BTreeMap::new();
    for build in builds {
        let expression = deepest(build);
        let _ = expression.evaluate(&document::parse("[[1]]".into()).expect("JSON"), &env());
        named.insert("a".into(), expression);
    }
    // Named expressions stand for one another, so their depths add up.
    for _ in 0..20 {
        let options = Options {
            named: Some(("values", &named)),
            ..Options::default()
        };
        let source = format!("{}values.a{}", "[".repeat(40), "]".repeat(40));
        let expression = Expression::compile(&source, &options).expect("it compiles");
        named = BTreeMap::from([("a".into(), expression)]);
    }
    let found = named["a"]
        .evaluate(&Value::NULL, &env())
        .map_err(|error| error.kind);
    assert_eq!(found.map(|_| ()), Err(EvalErrorKind::Budget));
}

#[test]
fn errors_show_no_secret() {
    let root = Value::object([
        ("s", Value::from("hunter2-hunter2").into_secret()),
        ("n", Value::from(1)),
    ]);
    for source in [
        "s + n",
        "-s",
        "abs(s)",
        "s < n",
        "parse_time(s)",
        "sum(s)",
        "sum([s])",
        "matches('a', concat('(', s))",
        "sort_by([@], &@)",
        "max_time([s])",
        "from_items([[s]])",
        "n + s",
        "hmac(s, s, s)",
        "format_time(n, 'iso', s)",
        "jwt_sign(@, s, 'RS256')",
        "parse_json(s)",
        "base64_decode(s)",
        "range(s, n)",
        "url_resolve(s, s)",
        "regex_find('a', 'a', s)",
        "query_string({a: {b: s}})",
        "s[0:7] + n",
    ] {
        let error = compile(source)
            .expect(source)
            .evaluate(&root, &env())
            .expect_err(source);
        let shown = format!("{} {}", error.message, error.help.unwrap_or_default());
        assert!(!shown.contains("hunter2"), "{source}: {shown}");
    }
    for source in [
        "s[0:7]",
        "s[::-1]",
        "[s][0]",
        "{a: s}.a",
        "s || n",
        "n && s",
        "let $x = s in $x",
        "@.s | @",
    ] {
        let value = compile(source)
            .expect(source)
            .evaluate(&root, &env())
            .expect(source);
        assert!(value.is_secret(), "{source} loses the mark");
    }
}

#[test]
fn braces_end_where_the_lexer_says() {
    for (source, from, expected) in [
        ("${a}", 2, Some(3)),
        ("${ {a: '}'}.a }x}", 2, Some(14)),
        ("${`\"}\"`}", 2, Some(7)),
        ("${\"}\"}", 2, Some(5)),
        ("${a", 2, None),
        ("${'}", 2, None),
        ("", 0, None),
    ] {
        assert_eq!(closing_brace(source, from).ok(), expected, "{source}");
    }
}
