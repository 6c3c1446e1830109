//! Owns the socket: sign-in, numbered messages until acknowledged, the consoles' live picture, coded closes. What a message
//! shows is `view`'s; what is to be told to whom is the record's outbox.

pub mod area;
pub mod close;
pub mod feed;
pub mod hub;
pub mod mailbox;
pub mod message;
pub mod outbox;
pub mod render;
pub mod screen;
pub mod session;
pub mod tickets;
pub mod upgrade;

#[cfg(test)]
mod area_tests;
#[cfg(test)]
mod line_tests;
#[cfg(test)]
mod mailbox_tests;
#[cfg(test)]
mod message_tests;
#[cfg(test)]
mod outbox_tests;
#[cfg(test)]
mod render_tests;
#[cfg(test)]
mod session_tests;

use crate::http::App;
use crate::shutdown::Vital;
use std::sync::Arc;
use tokio_util::task::TaskTracker;

/// Starts the tasks behind the sockets; they end when `app.drain` is cancelled and the last socket has closed.
pub fn start(app: &Arc<App>, tasks: &TaskTracker, vital: &Vital) {
    tasks.spawn(vital.keep("the outbox", outbox::tail(Arc::clone(app))));
    tasks.spawn(vital.keep("the acknowledgements", outbox::acknowledge(Arc::clone(app))));
    tasks.spawn(vital.keep("the revocations", outbox::revoke(Arc::clone(app))));
    tasks.spawn(vital.keep("the feed", feed::run(Arc::clone(app))));
    tasks.spawn(vital.keep("the drain", hub::drain(Arc::clone(app))));
}
