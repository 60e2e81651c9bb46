//! stub
use crate::arguments::Run;
use crate::exit::{Code, Failure};
use crate::settings::Settings;
use crate::terminal::Terminal;
pub fn main(_: &Run, _: &Settings, _: &Terminal) -> Result<Code, Failure> {
    Ok(Code::Success)
}
