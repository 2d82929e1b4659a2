//! `aliasgate validate`: the checks of the webhook, offline.

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write as _},
    path::PathBuf,
    sync::Arc,
};

use serde_json::Value;

use super::{
    Outcome,
    catalogs::Choice,
    error::{self, Error},
    judging::Judging,
    print::{self, Located, Report, Subject, Summary},
    schemas,
};
use crate::{
    engine::{
        Catalogs, Code, Date, Diagnostic, Key, Kind, Resource, Severities, Severity, Snapshot,
        check::{check, check_normalized, forgive},
        schema::{Schemas, check_crd},
    },
    sources::{
        documents::{Place, Places},
        files::{self, File},
        parallel,
    },
};

/// Check manifests by their CRDs, and the model aliases in them.
///
/// Exit codes: 0 nothing but warnings and notes, 1 errors (see --fail-on), 2 something could not be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files, folders, or - for standard input
    #[arg(value_name = "PATH", required_unless_present = "files")]
    paths: Vec<PathBuf>,
    /// The same, in the way of kubectl
    #[arg(short = 'f', long = "filename", value_name = "PATH")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    judging: Judging,
    /// Check what is written; without it, what the mutating webhook would store
    #[arg(long)]
    no_normalize: bool,
    /// What is stored now, in files or folders: checks updates, with the rules on oldSelf, and excuses what was there
    #[arg(long, value_name = "PATH")]
    old: Vec<PathBuf>,
    #[command(flatten)]
    schemas: schemas::Definitions,
    #[command(flatten)]
    catalogs: Choice,
    /// How to print
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    output: Output,
    /// The least severity that makes the exit code 1
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: FailOn,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// For people
    Text,
    /// For programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

/// What makes the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    /// Errors
    Error,
    /// Errors and warnings
    Warning,
    /// Whatever is found
    Note,
    /// Nothing
    Never,
}

impl FailOn {
    const fn fails(self, summary: Summary) -> bool {
        let Summary {
            errors,
            warnings,
            notes,
            ..
        } = summary;
        let weighing = match self {
            Self::Error => errors,
            Self::Warning => errors + warnings,
            Self::Note => errors + warnings + notes,
            Self::Never => 0,
        };
        weighing > 0
    }
}

/// Checks and prints.
pub(super) fn run(args: &Args) -> Result<Outcome, Error> {
    let paths: Vec<_> = args.files.iter().chain(&args.paths).cloned().collect();
    let (mut files, mut errors) = files::load(&paths);
    if files.is_empty() && errors.is_empty() {
        let names: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(Error::NoManifest(names.join(", ")));
    }
    let as_of = args.judging.today();
    let catalogs = args.catalogs.load(as_of)?;
    let documents = files.iter().flat_map(|file| &file.documents);
    let (schemas, unread) = args.schemas.load(documents.map(|document| &document.value));
    errors.extend(unread);
    let (old, unread) = files::load(&args.old);
    errors.extend(unread);
    let report = report(args, &mut files, schemas, catalogs, old, as_of);
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.output {
        Output::Text => print::text(&report, &mut out),
        Output::Json => print::json(&report, &mut out),
        Output::Sarif => print::sarif(&report, &mut out),
        Output::Github => print::github(&report, &mut out),
    };
    written.and_then(|()| out.flush()).map_err(Error::Output)?;
    for reason in &errors {
        error::print(reason);
    }
    Ok(if !errors.is_empty() {
        Outcome::Incomplete
    } else if args.fail_on.fails(report.summary) {
        Outcome::Faults
    } else {
        Outcome::Clean
    })
}

/// A document that something can be said about.
enum Object {
    /// A kind of the engine.
    Resource(Arc<Resource>),
    /// A CRD, or an object of a CRD.
    Other(Value),
}

impl Object {
    fn value(&self) -> &Value {
        match self {
            Self::Resource(resource) => resource.value(),
            Self::Other(value) => value,
        }
    }

    fn subject(&self) -> Subject {
        let text = |pointer: &str| {
            self.value()
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        match self {
            Self::Resource(resource) => Subject {
                kind: resource.kind.as_str().to_owned(),
                key: resource.key.clone(),
            },
            Self::Other(_) => {
                let key = Key::new(text("/metadata/namespace"), text("/metadata/name"));
                Subject {
                    kind: text("/kind").to_owned(),
                    key,
                }
            }
        }
    }
}

/// All faults of the resources in `files`, in the order of their places.
fn report<'a>(
    args: &Args,
    files: &'a mut [File],
    mut schemas: Schemas,
    catalogs: Catalogs,
    old: Vec<File>,
    as_of: Date,
) -> Report<'a> {
    let values = files
        .iter()
        .flat_map(|file| &file.documents)
        .map(|document| &document.value);
    schemas::add(&mut schemas, values);
    let objects = objects(files, &schemas);
    let resources = objects.iter().filter_map(|object| match object {
        Some(Object::Resource(resource)) => Some(Arc::clone(resource)),
        _ => None,
    });
    let severities = args.judging.severities();
    let snapshot = Snapshot::build(Arc::new(catalogs), resources, as_of)
        .with_severities(severities.clone())
        .with_allow_annotation(args.judging.allow_annotation);
    let checker = Checker {
        schemas: &schemas,
        severities: &severities,
        snapshot: &snapshot,
        judge: if args.no_normalize {
            check
        } else {
            check_normalized
        },
        old: &Stored::new(old),
    };
    let mut summary = Summary {
        files: files.len(),
        ..Summary::default()
    };
    let documents: Vec<_> = files
        .iter()
        .flat_map(|file| file.documents.iter().map(move |document| (file, document)))
        .collect();
    let found = parallel::map(documents.len(), |at| {
        let (file, document) = documents[at];
        let object = objects[at].as_ref()?;
        let subject = Arc::new(object.subject());
        let locate = |diagnostic: Diagnostic| Located {
            file,
            place: place(&diagnostic, &document.places, object.value()),
            subject: Arc::clone(&subject),
            diagnostic,
        };
        Some(checker.check(object)?.into_iter().map(locate).collect::<Vec<_>>())
    });
    let mut located = Vec::new();
    for found in found {
        match found {
            Some(found) => {
                summary.resources += 1;
                located.extend(found);
            }
            None => summary.skipped += 1,
        }
    }
    located.sort_by(|a, b| a.order().cmp(&b.order()));
    for Located { diagnostic, .. } in &located {
        *match diagnostic.severity {
            Severity::Error => &mut summary.errors,
            Severity::Warning => &mut summary.warnings,
            Severity::Note => &mut summary.notes,
        } += 1;
    }
    Report { located, summary }
}

/// What objects are checked with.
struct Checker<'a> {
    schemas: &'a Schemas,
    severities: &'a Severities,
    snapshot: &'a Snapshot,
    judge: fn(&Snapshot, &Resource) -> Vec<Diagnostic>,
    old: &'a Stored,
}

impl Checker<'_> {
    /// All faults of `object`; `None` where nothing is known of its kind.
    fn check(&self, object: &Object) -> Option<Vec<Diagnostic>> {
        let old = self.old.of(object.value());
        let mut found = self.by_schema(object.value(), old);
        match object {
            Object::Resource(resource) if CHECKED.contains(&resource.kind) => {
                let mut faults = (self.judge)(self.snapshot, resource);
                if let Some(old) = old.and_then(|old| Resource::new(old.clone())) {
                    forgive(&mut faults, self.snapshot, resource, &old);
                }
                found.retain(|by_schema| !is_said(by_schema, &faults));
                found.extend(faults);
            }
            Object::Resource(_) if !self.schemas.knows(object.value()) => return None,
            _ => {}
        }
        Some(found)
    }

    /// What the CRD of an object says of it; of a CRD, what is wrong with it.
    fn by_schema(&self, value: &Value, old: Option<&Value>) -> Vec<Diagnostic> {
        let found = if Schemas::is_crd(value) {
            check_crd(value)
        } else {
            self.schemas.check(value, old)
        };
        let weigh = |mut one: Diagnostic| {
            one.severity = self.severities.of(one.code, one.severity)?;
            Some(one)
        };
        found.into_iter().filter_map(weigh).collect()
    }
}

/// Whether `faults` refuse the same value as the schema does, in words that say more.
fn is_said(by_schema: &Diagnostic, faults: &[Diagnostic]) -> bool {
    let same = |fault: &Diagnostic| fault.severity == Severity::Error && fault.pointer == by_schema.pointer;
    faults.iter().any(same)
}

/// The objects that take part in an update, by what names them.
struct Stored(BTreeMap<[String; 4], Value>);

impl Stored {
    /// Those in `files`; of two with one name the last.
    fn new(files: Vec<File>) -> Self {
        let documents = files.into_iter().flat_map(|file| file.documents);
        Self(
            documents
                .map(|document| (Self::name(&document.value), document.value))
                .collect(),
        )
    }

    fn of(&self, object: &Value) -> Option<&Value> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&Self::name(object))
    }

    /// Group, kind, namespace and name; the version of the API is not part of what an object is.
    fn name(object: &Value) -> [String; 4] {
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let group = text("/apiVersion").split_once('/').map_or("", |(group, _)| group);
        let namespace = match text("/metadata/namespace") {
            "" => "default",
            namespace => namespace,
        };
        [group, text("/kind"), namespace, text("/metadata/name")].map(str::to_owned)
    }
}

/// The kinds that can have faults. Others are read for what they say about these, or passed over.
const CHECKED: &[Kind] = &[Kind::Backend, Kind::Policy, Kind::HttpRoute, Kind::ModelCatalog];

/// The object in each document, in order; the documents keep their places only. Secrets are not looked at.
fn objects(files: &mut [File], schemas: &Schemas) -> Vec<Option<Object>> {
    let documents = files.iter_mut().flat_map(|file| &mut file.documents);
    let read = |value: Value| {
        if Schemas::is_crd(&value) {
            return Some(Object::Other(value));
        }
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
        match Kind::of(text("apiVersion"), text("kind")) {
            Some(Kind::Secret) => None,
            Some(_) => Resource::new(value).map(|resource| Object::Resource(Arc::new(resource))),
            None => schemas.knows(&value).then_some(Object::Other(value)),
        }
    };
    documents.map(|document| read(document.value.take())).collect()
}

/// Faults of a key itself, which are shown at the key; all others are shown at the value.
const AT_KEY: &[Code] = &[
    Code::AliasKeyEmpty,
    Code::AliasKeyInvalid,
    Code::AliasDuplicate,
    Code::AliasCaseCollision,
    Code::AliasShadowsModel,
    Code::AliasAmbiguous,
    Code::AliasUnreachable,
    Code::AliasCatchAll,
    Code::SchemaUnknownField,
];

/// Where `diagnostic` is shown in the text of `document`.
fn place(diagnostic: &Diagnostic, places: &Places, document: &Value) -> Place {
    if AT_KEY.contains(&diagnostic.code) {
        places.key(document, &diagnostic.pointer)
    } else {
        places.value(document, &diagnostic.pointer)
    }
}
