//! The opening handshake, RFC 6455 section 4, over HTTP/1.1 (RFC 9112) and over
//! extended CONNECT (RFC 8441, RFC 9220).

mod body;
mod client;
mod extension;
mod fault;
mod field;
mod head;
mod key;
mod origin;
mod refusal;
mod request;
mod response;
mod target;

pub use body::BodyReader;
pub use client::{Ask, BadAsk, Verdict, check_response, write_request};
pub use extension::{Extension, ExtensionError, parse_extensions};
pub use fault::Fault;
pub use field::{elements, is_token, trim};
pub use head::{Head, HeadError, HeadKind, HeadLimits, HeadReader, RequestFields, Version};
pub use key::{GUID, accept_value, is_valid_key, key_from};
pub use origin::Origin;
pub use refusal::Refusal;
pub use request::{Request, check_request, is_host};
pub use response::{Answer, BadAnswer, Form, Response, accept, answer, refuse, status_in};
pub use target::{authority, path, query, query_parameter};
