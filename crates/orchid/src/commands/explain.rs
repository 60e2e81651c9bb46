//! stub
use crate::arguments::Explain;
use crate::exit::{Code, Failure};
use crate::settings::Settings;
use crate::terminal::Terminal;
pub fn main(_: &Explain, _: &Settings, _: &Terminal) -> Result<Code, Failure> {
    Ok(Code::Success)
}
