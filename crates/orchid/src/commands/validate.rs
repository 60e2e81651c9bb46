//! stub
use crate::arguments::Validate;
use crate::exit::{Code, Failure};
use crate::settings::Settings;
use crate::terminal::Terminal;
pub fn main(_: &Validate, _: &Settings, _: &Terminal) -> Result<Code, Failure> {
    Ok(Code::Success)
}
