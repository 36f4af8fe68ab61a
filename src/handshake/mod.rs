//! The opening handshake, RFC 6455 section 4, over HTTP/1.1 (RFC 9112).

mod field;
mod head;
mod key;
mod refusal;
mod request;
mod response;

pub use field::is_token;
pub use head::{Head, HeadLimits, HeadReader};
pub use key::{accept_value, is_valid_key};
pub use refusal::Refusal;
pub use request::{Request, check_request};
pub use response::{Answer, BadAnswer, write_accept, write_answer, write_refusal};
