//! Owns making tokens in use last: many in one transaction. Thousands of sockets that were opened together come due together, and nothing
//! that they send is to wait for a write each.

use super::App;
use matcher::model::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long others are waited for.
const BATCH: Duration = Duration::from_millis(20);
/// Most in one transaction: some milliseconds.
const BATCH_MAX: usize = 250;

/// Tokens that are to last.
#[derive(Default)]
pub struct Renewals(Mutex<State>);

#[derive(Default)]
struct State {
    asked: Vec<Asked>,
    is_running: bool,
}

struct Asked {
    token: i64,
    at: Timestamp,
    answer: oneshot::Sender<Option<Timestamp>>,
}

impl Renewals {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The token was in use at that time. The answer is until when it lasts, `None` if it has ended; no answer, if the record is away.
pub fn ask(app: &Arc<App>, token: i64, at: Timestamp) -> oneshot::Receiver<Option<Timestamp>> {
    let (answer, told) = oneshot::channel();
    let mut state = app.renewals.state();
    state.asked.push(Asked { token, at, answer });
    if !std::mem::replace(&mut state.is_running, true) {
        app.deeds.spawn(run(Arc::clone(app)));
    }
    told
}

/// Until nobody asks.
async fn run(app: Arc<App>) {
    loop {
        tokio::time::sleep(BATCH).await;
        let batch: Vec<Asked> = {
            let mut state = app.renewals.state();
            if state.asked.is_empty() {
                state.is_running = false;
                return;
            }
            let count = state.asked.len().min(BATCH_MAX);
            state.asked.drain(..count).collect()
        };
        let used: Vec<(i64, Timestamp)> = batch.iter().map(|asked| (asked.token, asked.at)).collect();
        // Without an answer who asked keeps the time they had.
        let Ok(renewed) = app.record.renew_tokens(&used).await else { continue };
        for (asked, until) in batch.into_iter().zip(renewed) {
            let _gone_meanwhile = asked.answer.send(until);
        }
    }
}
