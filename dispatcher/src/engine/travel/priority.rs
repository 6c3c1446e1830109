//! Owns the priority of a thread whose work may wait for everybody else's.

use rustix::process::setpriority_process;
use rustix::thread::gettid;

/// The kindest there is.
const NICE: i32 = 19;

/// This thread gives way from now on, and so do those it starts. Where the system does not let it, it works like any other.
pub fn give_way() {
    // On Linux a thread's id stands for the thread alone.
    if let Err(error) = setpriority_process(Some(gettid()), NICE) {
        tracing::warn!(error.kind = %error, "travel times are worked out at the usual priority");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::getpriority_process;

    #[test]
    fn it_is_the_thread_that_gives_way_and_nobody_else() {
        let before = getpriority_process(None).unwrap();
        let worker = std::thread::spawn(|| {
            give_way();
            getpriority_process(Some(gettid())).unwrap()
        });
        assert_eq!(worker.join().unwrap(), NICE);
        assert_eq!(getpriority_process(None).unwrap(), before);
    }
}
