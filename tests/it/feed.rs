//! The feed of snapshots from watched files.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests fails the test where it stands"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use aliasgate::{
    engine::{Catalogs, Date, Kind, Provider, Severities, Snapshot},
    sources::{
        Base,
        files::{Error, Feed, watch},
    },
};
use tempfile::TempDir;
use tokio::{sync::watch::Receiver, time::timeout};

/// Longest wait for a change that must come.
const SOON: Duration = Duration::from_secs(20);

fn feed(paths: &[&Path], secrets: bool) -> (Receiver<Arc<Snapshot>>, Vec<Error>) {
    let feed = Feed {
        paths: paths.iter().map(|path| path.to_path_buf()).collect(),
        secrets,
        base: Base {
            catalogs: Arc::new(Catalogs::default()),
            severities: Severities::default(),
            allow_annotation: true,
            today: Arc::new(|| Date::constant(2026, 11, 23)),
        },
    };
    watch(feed).unwrap()
}

fn backend(name: &str) -> String {
    format!("apiVersion: agentgateway.dev/v1alpha1\nkind: AgentgatewayBackend\nmetadata: {{name: {name}}}\n")
}

/// The names of the backends.
fn names(snapshot: &Snapshot) -> Vec<String> {
    snapshot
        .all(Kind::Backend)
        .map(|backend| backend.key.name.clone())
        .collect()
}

/// Waits until the backends have these names.
async fn becomes(receiver: &mut Receiver<Arc<Snapshot>>, wanted: &[&str]) {
    let reached = timeout(SOON, receiver.wait_for(|snapshot| names(snapshot) == wanted))
        .await
        .is_ok();
    assert!(reached, "{wanted:?}, not {:?}", names(&receiver.borrow()));
}

/// Puts `text` into the file at once, as editors and `git` do.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, path).unwrap();
}

#[tokio::test]
async fn changed_new_and_removed_files_are_seen() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str| -> PathBuf { folder.path().join(name) };
    fs::write(file("a.yaml"), backend("one")).unwrap();
    let (mut receiver, errors) = feed(&[folder.path()], false);
    assert!(errors.is_empty());
    assert_eq!(names(&receiver.borrow()), ["one"]);
    replace(&file("a.yaml"), &backend("two"));
    becomes(&mut receiver, &["two"]).await;
    fs::create_dir(file("more")).unwrap();
    fs::write(file("more/b.yaml"), backend("three")).unwrap();
    becomes(&mut receiver, &["three", "two"]).await;
    fs::remove_file(file("a.yaml")).unwrap();
    becomes(&mut receiver, &["three"]).await;
}

#[tokio::test]
async fn the_swap_of_a_link_is_seen_though_size_and_path_stay() {
    use std::os::unix::fs::symlink;
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    for version in ["one", "two"] {
        fs::create_dir(path(&format!("..{version}"))).unwrap();
        fs::write(path(&format!("..{version}/a.yaml")), backend(version)).unwrap();
    }
    symlink("..one", path("..data")).unwrap();
    symlink("..data/a.yaml", path("a.yaml")).unwrap();
    let (mut receiver, errors) = feed(&[folder.path()], false);
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(names(&receiver.borrow()), ["one"]);
    symlink("..two", path("..next")).unwrap();
    fs::rename(path("..next"), path("..data")).unwrap();
    becomes(&mut receiver, &["two"]).await;
}

#[tokio::test]
async fn a_file_that_breaks_keeps_its_last_good_documents() {
    let folder = TempDir::new().unwrap();
    let (a, b) = (folder.path().join("a.yaml"), folder.path().join("b.yaml"));
    fs::write(&a, backend("one")).unwrap();
    fs::write(&b, backend("other")).unwrap();
    let (mut receiver, _) = feed(&[folder.path()], false);
    replace(&a, &format!("{}---\nbroken: [\n", backend("half")));
    // The other file shows that the feed has looked again.
    replace(&b, &backend("another"));
    becomes(&mut receiver, &["another", "one"]).await;
    replace(&a, &backend("two"));
    becomes(&mut receiver, &["another", "two"]).await;
}

#[tokio::test]
async fn a_catalog_that_breaks_keeps_its_last_good_version() {
    let folder = TempDir::new().unwrap();
    let (a, b) = (folder.path().join("a.yaml"), folder.path().join("b.yaml"));
    let catalog = |model: &str| {
        let head = "apiVersion: aliasgate.dev/v1alpha1\nkind: ModelCatalog\nmetadata: {name: x}\n";
        format!("{head}spec:\n  provider: openai\n  models: [{model}]\n")
    };
    fs::write(&a, catalog("{id: own-1}")).unwrap();
    fs::write(&b, backend("one")).unwrap();
    let (mut receiver, _) = feed(&[folder.path()], false);
    let lists = |snapshot: &Snapshot, id: &str| {
        let openai = snapshot.catalogs().of(Provider::OpenAi);
        openai.is_some_and(|catalog| catalog.get(id).is_some())
    };
    assert!(lists(&receiver.borrow(), "own-1"));
    replace(&a, &catalog("{}"));
    // The other file shows that the feed has looked again.
    replace(&b, &backend("two"));
    becomes(&mut receiver, &["two"]).await;
    assert!(lists(&receiver.borrow(), "own-1"));
    replace(&a, &catalog("{id: own-2}"));
    replace(&b, &backend("three"));
    becomes(&mut receiver, &["three"]).await;
    assert!(lists(&receiver.borrow(), "own-2") && !lists(&receiver.borrow(), "own-1"));
}

#[tokio::test]
async fn a_named_file_that_is_gone_for_a_while_keeps_its_documents() {
    let folder = TempDir::new().unwrap();
    let (a, b) = (folder.path().join("a.yaml"), folder.path().join("b.yaml"));
    fs::write(&a, backend("one")).unwrap();
    fs::write(&b, backend("other")).unwrap();
    let (mut receiver, _) = feed(&[&a, &b], false);
    fs::remove_file(&a).unwrap();
    replace(&b, &backend("another"));
    becomes(&mut receiver, &["another", "one"]).await;
}

#[tokio::test]
async fn what_is_the_same_stays_the_same_allocation() {
    let folder = TempDir::new().unwrap();
    let a = folder.path().join("a.yaml");
    fs::write(&a, format!("{}---\n{}", backend("one"), backend("two"))).unwrap();
    let (mut receiver, _) = feed(&[&a], false);
    let before = Arc::clone(receiver.borrow().all(Kind::Backend).next().unwrap());
    replace(
        &a,
        &format!("# a comment\n{}---\n{}", backend("one"), backend("three")),
    );
    becomes(&mut receiver, &["one", "three"]).await;
    assert!(Arc::ptr_eq(
        &before,
        receiver.borrow().all(Kind::Backend).next().unwrap()
    ));
}

#[tokio::test]
async fn secrets_are_read_only_where_they_are_asked_for() {
    let folder = TempDir::new().unwrap();
    fs::write(
        folder.path().join("s.yaml"),
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n",
    )
    .unwrap();
    let secrets = |wanted| {
        feed(&[folder.path()], wanted)
            .0
            .borrow()
            .all(Kind::Secret)
            .count()
    };
    assert_eq!([secrets(false), secrets(true)], [0, 1]);
}

#[tokio::test]
async fn the_first_look_gives_its_errors_to_the_caller() {
    let folder = TempDir::new().unwrap();
    fs::write(
        folder.path().join("a.yaml"),
        format!("{}---\nbroken: [\n", backend("one")),
    )
    .unwrap();
    let missing = folder.path().join("missing");
    let (receiver, errors) = feed(&[folder.path(), &missing, Path::new("-")], false);
    assert_eq!(names(&receiver.borrow()), ["one"]);
    assert_eq!(errors.len(), 3, "{errors:?}");
}
