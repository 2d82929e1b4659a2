//! Our verdicts against those of the API server, which the corpus has.

mod compare;
#[path = "../../apiserver/corpus/mod.rs"]
mod corpus;

use aliasgate::engine::{
    Diagnostic, Severity,
    schema::{self, Schemas},
};
use compare::{Likeness, both, compare, compare_crd};
use corpus::{Case, Refusal};

fn judge(case: &Case) -> Vec<Diagnostic> {
    let Some(object) = &case.object else {
        return schema::check_crd(&case.crd);
    };
    let mut schemas = Schemas::default();
    let mut found = schemas.add(&case.crd);
    found.extend(schemas.check(object, case.old.as_ref()));
    found
}

#[test]
fn verdicts_and_fields_are_those_of_the_api_server() {
    let expected = corpus::expected();
    let cases = corpus::cases(&expected);
    let (mut judged, mut refused, mut equal, mut finer, mut newer, mut factors) = (0, 0, 0, 0, 0, 0);
    let faulty = cases.iter().filter(|case| case.faulty).count();
    let mut wrong = Vec::new();
    for case in &cases {
        let Some(theirs) = expected.get(&case.name) else {
            wrong.push(format!("{}: the API server was not asked", case.name));
            continue;
        };
        judged += 1;
        let ours = judge(case);
        if case.newer {
            newer += 1;
            continue;
        }
        refused += usize::from(!theirs.is_empty());
        let theirs_factors = all_factors(theirs.iter().map(|one| one.message.as_str()));
        let errors = ours.iter().filter(|one| one.severity == Severity::Error);
        factors += theirs_factors.len();
        if theirs_factors != all_factors(errors.map(|one| one.message.as_str())) {
            wrong.push(format!("{}: COST\n{}", case.name, both(theirs, &ours)));
            continue;
        }
        let compare = if case.object.is_none() {
            compare_crd
        } else {
            compare
        };
        match compare(theirs, &ours) {
            Likeness::Equal => equal += 1,
            Likeness::Finer => finer += 1,
            other => wrong.push(format!("{}: {other:?}\n{}", case.name, both(theirs, &ours))),
        }
    }
    let summary = format!(
        "{judged} cases, {refused} refused; fields equal {equal}, finer {finer}, factors of cost equal {factors}, for newer API servers {newer}; {faulty} updates of what was stored with faults"
    );
    println!("{summary}");
    assert!(wrong.is_empty(), "{summary}\n{}", wrong.join("\n"));
}

/// By how much costs are too high, as the messages say it: exact to the sixth digit where that is little.
fn all_factors<'m>(messages: impl Iterator<Item = &'m str>) -> Vec<&'m str> {
    let factor = |message: &'m str| {
        let (_, rest) = message.split_once("exceeds budget by factor of ")?;
        Some(rest.split_once('x')?.0)
    };
    let mut factors: Vec<_> = messages.filter_map(factor).collect();
    factors.sort_unstable();
    factors
}
