//! Owns the thread whose work may wait for everybody else's, and its priority. What it is given holds no lock that others wait for,
//! and no connection to the record: who is held up would hold them up too.

use rustix::process::setpriority_process;
use rustix::thread::gettid;
use std::sync::mpsc;
use tokio::sync::oneshot;

/// The kindest there is.
const NICE: i32 = 19;

type Work = Box<dyn FnOnce() + Send>;

/// The thread. Ends when this is dropped.
pub struct Worker(mpsc::Sender<Work>);

impl Worker {
    /// Has nothing to do yet.
    pub fn start() -> std::io::Result<Self> {
        let (work, given) = mpsc::channel::<Work>();
        std::thread::Builder::new().name("weights".to_owned()).spawn(move || {
            give_way();
            for work in given {
                work();
            }
        })?;
        Ok(Self(work))
    }

    /// Does one piece of work; whoever gives it waits for it before giving another.
    pub async fn run<T: Send + 'static>(&mut self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let (tell, told) = oneshot::channel();
        let work = move || {
            // Nobody waits any more where the server stops.
            let _not_wanted = tell.send(work());
        };
        // A thread that is gone drops the work, and with it the one who would tell.
        let _gone = self.0.send(Box::new(work));
        told.await.expect("what is worked out in passing does not panic")
    }
}

/// This thread gives way from now on, and so do those it starts. Where the system does not let it, it works like any other.
fn give_way() {
    // On Linux a thread's id stands for the thread alone.
    if let Err(error) = setpriority_process(Some(gettid()), NICE) {
        tracing::warn!(error.kind = %error, "travel times are worked out at the usual priority");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::getpriority_process;

    #[tokio::test]
    async fn it_is_the_thread_that_gives_way_and_nobody_else() {
        let before = getpriority_process(None).unwrap();
        let mut worker = Worker::start().unwrap();
        let one = worker.run(|| (gettid(), getpriority_process(Some(gettid())).unwrap())).await;
        assert_eq!(one.1, NICE);
        assert_eq!(worker.run(gettid).await, one.0, "one thread for everything");
        assert_eq!(getpriority_process(None).unwrap(), before);
    }
}
