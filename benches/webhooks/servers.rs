//! The servers, each a process of its own.

use std::{
    env,
    error::Error,
    fs::{self, File},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// For a server to listen, and for Go to build.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// A running server, ended when dropped.
pub(crate) struct Server {
    /// What it is.
    pub(crate) name: &'static str,
    /// Its port of loopback.
    pub(crate) port: u16,
    process: Child,
}

/// Starts aliasgate, the server on controller-runtime where Go is there, and the floor, which stands last. `folder` gets
/// their certificates and logs.
pub(crate) fn start(folder: &Path) -> Result<Vec<Server>, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let certificates = folder.display().to_string();
    let mut servers = Vec::new();

    let port = free_port()?;
    let listen = format!("127.0.0.1:{port}");
    let ours =
        env::var_os("ALIASGATE_BINARY").map_or_else(|| root.join("target/release/aliasgate"), PathBuf::from);
    let arguments = [
        "serve",
        "--listen",
        &listen,
        "--cert-dir",
        &certificates,
        "--as-of",
        "2026-11-23",
    ];
    servers.push(Server::start("aliasgate", port, &ours, &arguments, folder)?);

    match controller_runtime(root, folder) {
        Ok(program) => {
            let port = free_port()?;
            let arguments = [&port.to_string(), &certificates];
            servers.push(Server::start(
                "controller-runtime",
                port,
                &program,
                &arguments.map(String::as_str),
                folder,
            )?);
        }
        Err(why) => println!("LEFT OUT: controller-runtime: {why}"),
    }

    let port = free_port()?;
    let arguments = [super::floor::COMMAND, &port.to_string(), &certificates];
    servers.push(Server::start(
        "floor",
        port,
        &env::current_exe()?,
        &arguments,
        folder,
    )?);
    Ok(servers)
}

/// Builds the server on controller-runtime.
fn controller_runtime(root: &Path, folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let program = folder.join("controller-runtime");
    let built = Command::new("go")
        .args(["build", "-trimpath", "-ldflags", "-s -w", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(root.join("benches/webhooks/controller-runtime"))
        .env("CGO_ENABLED", "0")
        .status()?;
    if built.success() {
        Ok(program)
    } else {
        Err("it cannot be built".into())
    }
}

impl Server {
    fn start(
        name: &'static str,
        port: u16,
        program: &Path,
        arguments: &[&str],
        folder: &Path,
    ) -> Result<Self, Box<dyn Error>> {
        let log = File::create(folder.join(format!("{name}.log")))?;
        let process = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let server = Self { name, port, process };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if start.elapsed() > PATIENCE {
                let log = fs::read_to_string(folder.join(format!("{name}.log")))?;
                return Err(format!("{name} does not listen:\n{log}").into());
            }
            thread::sleep(PAUSE);
        }
        Ok(server)
    }

    /// The CPU time of all its threads so far.
    pub(crate) fn cpu(&self) -> Result<Duration, Box<dyn Error>> {
        let mut total = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            // A thread may end between the two looks.
            let Ok(line) = fs::read_to_string(task?.path().join("schedstat")) else {
                continue;
            };
            total += line.split(' ').next().ok_or("no CPU time")?.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(total))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn free_port() -> Result<u16, Box<dyn Error>> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
