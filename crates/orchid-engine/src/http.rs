//! The outbound settings of an integration under one config, rendered for whoever makes the HTTP client.

use jiff::Timestamp;
use orchid_jmespath::value::Value;
use orchid_plan::program::{Http, Template};

use crate::fault::{Fault, Kind};
use crate::ports::HttpSettings;
use crate::scope::Root;
use crate::text;

/// Renders `http` of a program. Fails with kind `definition`, naming the field.
pub fn settings(http: &Http, config: &Value, now: Timestamp) -> Result<HttpSettings, Fault> {
    let root = Root::of(Value::object([("config", config.clone())]), now);
    let render = |field: &str, template: &Option<Template>| -> Result<Option<String>, Fault> {
        match template {
            None => Ok(None),
            Some(template) => Ok(text::text(field, template, &root)?.map(|text| text.text)),
        }
    };
    let proxy = match render("http.proxy", &http.proxy)? {
        None => None,
        Some(text) => Some(
            text.parse()
                .map_err(|_| Fault::new(Kind::Definition, "http.proxy: this is not a URL"))?,
        ),
    };
    let client_identity = match (
        render("http.client_cert", &http.client_cert)?,
        render("http.client_key", &http.client_key)?,
    ) {
        (None, None) => None,
        (Some(chain), Some(key)) => Some(format!("{chain}\n{key}")),
        _ => {
            return Err(Fault::new(
                Kind::Definition,
                "http: client_cert and client_key belong together",
            ));
        }
    };
    Ok(HttpSettings {
        proxy,
        ca: render("http.ca", &http.ca)?,
        client_identity,
        user_agent: render("http.user_agent", &http.user_agent)?,
    })
}
