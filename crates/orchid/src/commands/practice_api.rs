//! stub
use crate::arguments::PracticeApi;
use crate::exit::{Code, Failure};
use crate::terminal::Terminal;
pub fn main(_: &PracticeApi, _: &Terminal) -> Result<Code, Failure> {
    Ok(Code::Success)
}
