//! What a document compiles to.

use orchid_plan::program::{Advance, Auth, FlowId, Template, UrlPart};

use super::{loaded, told};

#[test]
fn the_languages_own_example() {
    let text = include_str!("okta.yaml");
    assert_eq!(told(text), "");
    let program = loaded(text).program.expect("a program");
    let plan = &program.plans["users"];
    let step = &plan.step;
    assert!(matches!(step.auth, Auth::Flow(FlowId(0))));
    assert!(
        matches!(&step.request.url.parts[..], [UrlPart::Base(base), UrlPart::Text(path)]
        if base.label == "{base_url}" && path == "/api/v1/users")
    );
    assert!(matches!(&step.request.method, Template::Literal(method) if method.as_str() == Some("GET")));
    assert!(matches!(step.advance, Advance::NextUrl(_)));
    assert!(step.checks_progress && step.reads_body);
    assert_eq!(step.steps.len(), 1);
    let factors = &step.steps[0];
    assert_eq!(
        (factors.path.as_str(), factors.level, factors.concurrency),
        ("users/factors", 1, 10)
    );
    assert!(
        factors.request.params.is_empty(),
        "`user_id` fills the path parameter"
    );
    assert!(!factors.reads_body);
}
