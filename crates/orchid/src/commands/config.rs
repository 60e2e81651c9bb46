//! `orchid config`: the effective settings, where each came from, what each means.

use crate::exit::{Code, Failure};
use crate::settings::{self, Settings};

/// Prints one line per setting.
pub(crate) fn main(settings: &Settings) -> Result<Code, Failure> {
    let values = serde_json::to_value(&settings.values)
        .map_err(|error| Failure::Setting(format!("settings cannot be shown: {error}")))?;
    let mut text = String::new();
    for (name, meaning) in settings::DOCUMENTATION {
        let value = &values[*name];
        text.push_str(&format!(
            "# {meaning}\n{name} = {value}  # from {}\n",
            settings.origin(name)
        ));
    }
    super::print(&text)
}
