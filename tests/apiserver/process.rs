//! Child processes that never outlive the tests, free ports, and waiting with a limit.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    thread,
    time::{Duration, Instant},
};

/// How long anything may take to start or to take effect on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(25);

/// Lines of a log that are shown when its process fails.
const LOG_TAIL: usize = 30;

/// A server in the background, killed by its id when dropped. Should the tests themselves be killed, the kernel ends
/// it too.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program`; what it prints goes to the file `log`.
    pub(crate) fn start(program: &Path, args: &[String], log: PathBuf) -> Self {
        let file = File::create(&log).expect("the log can be written");
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("the log can be shared"))
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        Self { child, log }
    }

    /// Fails the test when the process has ended.
    pub(crate) fn expect_alive(&mut self) {
        if let Ok(Some(status)) = self.child.try_wait() {
            panic!(
                "{} ended early ({status}):\n{}",
                self.log.display(),
                self.log_tail()
            );
        }
    }

    /// Its id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the process printed so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A free port of loopback, below those that the kernel hands out by itself, and another one at each call.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 18_000 + (std::process::id() % 12_000) as u16;
    for _ in 0..1_000 {
        let port = 18_000 + (first - 18_000 + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port between 18000 and 30000");
}

/// Asks `look` again and again until it has an answer, and fails with its last reason when [`PATIENCE`] is over.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(why) => assert!(
                start.elapsed() < PATIENCE,
                "waited {PATIENCE:?} for {what}: {why}"
            ),
        }
        thread::sleep(PAUSE);
    }
}
