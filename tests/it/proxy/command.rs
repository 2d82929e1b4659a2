//! The commands `aliasgate proxy` and `aliasgate local`.

use std::{
    fs,
    io::{BufRead as _, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
};

use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy, rt::TokioExecutor};

use super::{
    CHAT, Upstream, chat, error, soon,
    standin::{ask, model},
};

/// A running program, ended with the test.
struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_aliasgate"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, lines }
    }

    /// The next line that begins so.
    fn line(&mut self, start: &str) -> String {
        let mut lines = self.lines.by_ref().map_while(Result::ok);
        let line = lines.find(|line| line.trim_start().starts_with(start));
        line.expect("the program prints such a line")
    }

    /// The address in the next line that begins so.
    fn address(&mut self, start: &str) -> String {
        let line = self.line(start);
        line.rsplit('/')
            .next()
            .expect("a URL")
            .replace("localhost", "127.0.0.1")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The page at `address`.
async fn page(address: &str, path: &str) -> String {
    let client = legacy::Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
    let url = format!("http://{address}{path}").parse().expect("a URL");
    let response = soon(client.get(url)).await.expect("an answer");
    let body = soon(response.into_body().collect())
        .await
        .expect("a body")
        .to_bytes();
    String::from_utf8(body.to_vec()).expect("text")
}

#[tokio::test]
async fn proxy_follows_its_files_and_ends_on_a_signal() {
    let mut upstream = Upstream::ok().await;
    let folder = tempfile::tempdir().expect("a folder");
    let port = upstream.address.port();
    let manifest = |target: &str| {
        format!(
            "apiVersion: agentgateway.dev/v1alpha1\nkind: AgentgatewayBackend\nmetadata: {{name: b}}\nspec:\n  \
             ai: {{provider: {{openai: {{}}, host: 127.0.0.1, port: {port}}}}}\n  policies:\n    \
             auth: {{secretRef: {{name: s}}}}\n    ai: {{modelAliases: {{fast: {target}}}}}\n"
        )
    };
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {Authorization: Bearer sk-1}\n";
    fs::write(folder.path().join("backend.yaml"), manifest("gpt-4o")).expect("written");
    fs::write(folder.path().join("secret.yaml"), secret).expect("written");
    let path = folder.path().to_str().expect("UTF-8");
    let mut program = Program::start(&[
        "proxy",
        "-f",
        path,
        "--listen=127.0.0.1:0",
        "--status-listen=127.0.0.1:0",
        "--shutdown-delay=0",
        "--log-level=error",
    ]);
    let (address, status) = (program.address("listening on"), program.address("status on"));
    ask(&address, CHAT, None, &chat("fast")).await;
    let seen = upstream.next().await;
    assert_eq!(
        (seen.header("authorization"), &*seen.body),
        (Some("Bearer sk-1"), chat("gpt-4o").as_bytes())
    );

    fs::write(folder.path().join("backend.yaml"), manifest("gpt-5")).expect("written");
    soon(async {
        loop {
            ask(&address, CHAT, None, &chat("fast")).await;
            if upstream.next().await.body == chat("gpt-5") {
                break;
            }
        }
    })
    .await;
    fs::write(folder.path().join("backend.yaml"), manifest("\"\"")).expect("written");
    soon(async {
        while !page(&status, "/readyz?verbose")
            .await
            .contains("alias-target-empty")
        {}
    })
    .await;
    ask(&address, CHAT, None, &chat("fast")).await;
    assert_eq!(upstream.next().await.body, chat("gpt-5"), "the last good version");
    assert!(
        page(&status, "/metrics")
            .await
            .contains("aliasgate_proxy_upstream_responses_total")
    );

    let id = program.child.id().to_string();
    assert!(
        Command::new("kill")
            .arg(id)
            .status()
            .expect("kill runs")
            .success()
    );
    assert!(program.child.wait().expect("it ends").success());
}

#[tokio::test]
async fn before_its_end_each_answer_is_the_last_one_on_its_connection() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("UTF-8");
    let mut program = Program::start(&[
        "proxy",
        "-f",
        path,
        "--listen=127.0.0.1:0",
        "--status-listen=127.0.0.1:0",
        "--shutdown-delay=300",
        "--log-level=error",
    ]);
    let (address, status) = (program.address("listening on"), program.address("status on"));
    let answer = ask(&address, CHAT, None, &chat("fast")).await;
    assert_eq!(answer.headers().get("connection"), None);
    let id = program.child.id().to_string();
    let signal = Command::new("kill").arg(id).status();
    assert!(signal.expect("kill runs").success());
    soon(async { while !page(&status, "/readyz").await.contains("about to stop") {} }).await;
    let answer = ask(&address, CHAT, None, &chat("fast")).await;
    assert_eq!(answer.headers()["connection"], "close");
}

#[tokio::test]
async fn local_serves_the_seed_example() {
    let certificates = tempfile::tempdir().expect("a folder");
    let path = certificates.path().to_str().expect("UTF-8");
    let ports = [
        "--port=0",
        "--status-port=0",
        "--webhook-port=0",
        "--log-level=error",
    ];
    let mut local = Program::start(&[&["local", "examples/seed", "--cert-dir", path][..], &ports].concat());
    let address = local.address("proxy");
    // The commands that it prints work as they stand.
    for (path, snapshot) in [
        (CHAT, "gpt-3.5-turbo-0125"),
        ("/openai", "gpt-4-turbo-2024-04-09"),
    ] {
        let command = local.line("curl localhost");
        assert!(command.contains(path), "{command}");
        let body = command.split('\'').nth(3).expect("a body").to_owned();
        assert_eq!(model(ask(&address, path, None, &body).await).await, snapshot);
    }
    assert!(local.line("curl -k https://localhost:").contains("gpt-4-turbbo"));
    let missing = ask(&address, "/elsewhere", None, &chat("fast")).await;
    assert_eq!(error(missing).await.1, "route_not_found");
}
