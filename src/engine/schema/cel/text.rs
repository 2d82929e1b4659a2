//! Functions of strings, regular expressions among them.

use regex::Regex;

use super::{
    Fail, printf,
    standard::{tenth, texts, texts_of},
    table::{Function, Meter, Overload, P, global, member},
    value::{Answer, Text, Val},
};
use crate::engine::schema::re2;

const TEXTS: P = P::List(&P::Text);
const FIND: &[Overload] = &[
    member(&[P::Text, P::Text], P::Int),
    member(&[P::Text, P::Text, P::Int], P::Int),
];
const TEST: &[Overload] = &[member(&[P::Text, P::Text], P::Bool)];
const SAME: &[Overload] = &[member(&[P::Text], P::Text)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "contains",
        run: |args, meter| test(args, meter, |a, b| a.contains(b)),
        overloads: TEST,
    },
    Function {
        name: "startsWith",
        run: |args, meter| test(args, meter, |a, b| a.starts_with(b)),
        overloads: TEST,
    },
    Function {
        name: "endsWith",
        run: |args, meter| test(args, meter, |a, b| a.ends_with(b)),
        overloads: TEST,
    },
    Function {
        name: "matches",
        run: matches,
        overloads: &[
            global(&[P::Text, P::Text], P::Bool),
            member(&[P::Text, P::Text], P::Bool),
        ],
    },
    Function {
        name: "find",
        run: find,
        overloads: &[member(&[P::Text, P::Text], P::Text)],
    },
    Function {
        name: "findAll",
        run: find_all,
        overloads: &[
            member(&[P::Text, P::Text], TEXTS),
            member(&[P::Text, P::Text, P::Int], TEXTS),
        ],
    },
    Function {
        name: "charAt",
        run: char_at,
        overloads: &[member(&[P::Text, P::Int], P::Text)],
    },
    Function {
        name: "indexOf",
        run: index_of,
        overloads: FIND,
    },
    Function {
        name: "lastIndexOf",
        run: last_index_of,
        overloads: FIND,
    },
    Function {
        name: "lowerAscii",
        run: |args, meter| map(args, meter, str::to_ascii_lowercase),
        overloads: SAME,
    },
    Function {
        name: "upperAscii",
        run: |args, meter| map(args, meter, str::to_ascii_uppercase),
        overloads: SAME,
    },
    Function {
        name: "trim",
        run: |args, meter| map(args, meter, |text| text.trim().to_owned()),
        overloads: SAME,
    },
    Function {
        name: "replace",
        run: replace,
        overloads: &[
            member(&[P::Text, P::Text, P::Text], P::Text),
            member(&[P::Text, P::Text, P::Text, P::Int], P::Text),
        ],
    },
    Function {
        name: "split",
        run: split,
        overloads: &[
            member(&[P::Text, P::Text], TEXTS),
            member(&[P::Text, P::Text, P::Int], TEXTS),
        ],
    },
    Function {
        name: "substring",
        run: substring,
        overloads: &[
            member(&[P::Text, P::Int], P::Text),
            member(&[P::Text, P::Int, P::Int], P::Text),
        ],
    },
    Function {
        name: "join",
        run: join,
        overloads: &[member(&[TEXTS], P::Text), member(&[TEXTS, P::Text], P::Text)],
    },
    Function {
        name: "strings.quote",
        run: |args, meter| map(args, meter, quote),
        overloads: &[global(&[P::Text], P::Text)],
    },
    Function {
        name: "format",
        run: printf::format,
        overloads: &[member(&[P::Text, P::List(&P::Dyn)], P::Text)],
    },
];

/// The regex of a literal.
///
/// # Errors
/// When it is none.
pub(super) fn literal_regex(text: &str) -> Result<Regex, String> {
    re2::compile(text)
}

fn test<'a>(args: &[Val<'a>], meter: &mut Meter<'_>, holds: fn(&str, &str) -> bool) -> Answer<'a> {
    let [Val::Text(text), Val::Text(part)] = args else {
        return Err(Fail::overload());
    };
    meter.spend(tenth(text.len()))?;
    Ok(Val::Bool(holds(text, part)))
}

fn map<'a>(args: &[Val<'a>], meter: &mut Meter<'_>, change: fn(&str) -> String) -> Answer<'a> {
    let [Val::Text(text)] = args else {
        return Err(Fail::overload());
    };
    meter.spend(tenth(text.len()))?;
    Ok(Val::text(change(text)))
}

/// Runs `look` with the regex of the rule, or with one made now.
fn with_regex<'a>(
    meter: &mut Meter<'_>,
    text: &str,
    pattern: &str,
    look: impl FnOnce(&Regex) -> Val<'a>,
) -> Answer<'a> {
    meter.spend(tenth(text.len() + 1).saturating_mul(pattern.len().div_ceil(4)))?;
    match meter.regex {
        Some(regex) => Ok(look(regex)),
        None => re2::compile(pattern).map(|regex| look(&regex)).map_err(Fail::new),
    }
}

fn matches<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let [Val::Text(text), Val::Text(pattern)] = args else {
        return Err(Fail::overload());
    };
    with_regex(meter, text, pattern, |regex| Val::Bool(regex.is_match(text)))
}

fn find<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let [Val::Text(text), Val::Text(pattern)] = args else {
        return Err(Fail::overload());
    };
    with_regex(meter, text, pattern, |regex| {
        Val::text(regex.find(text).map_or("", |found| found.as_str()))
    })
}

fn find_all<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let (text, pattern, most) = match args {
        [Val::Text(text), Val::Text(pattern)] => (text, pattern, -1),
        [Val::Text(text), Val::Text(pattern), Val::Int(most)] => (text, pattern, *most),
        _ => return Err(Fail::overload()),
    };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    with_regex(meter, text, pattern, |regex| {
        texts(
            regex
                .find_iter(text)
                .take(most)
                .map(|found| found.as_str().to_owned()),
        )
    })
}

fn out_of_range(at: i64) -> Fail {
    Fail::new(format!("index out of range: {at}"))
}

/// The byte at which the character `at` begins; the end counts as one.
fn byte_of(text: &str, at: i64) -> Result<usize, Fail> {
    let wanted = usize::try_from(at).map_err(|_| out_of_range(at))?;
    let mut starts = text.char_indices().map(|(byte, _)| byte).chain([text.len()]);
    starts.nth(wanted).ok_or_else(|| out_of_range(at))
}

fn char_at<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let [Val::Text(text), Val::Int(at)] = args else {
        return Err(Fail::overload());
    };
    meter.spend(tenth(text.len()))?;
    let rest = &text[byte_of(text, *at)?..];
    Ok(Val::text(
        rest.chars().next().map(String::from).unwrap_or_default(),
    ))
}

fn parts<'v, 'a>(args: &'v [Val<'a>]) -> Result<(&'v Text<'a>, &'v Text<'a>, Option<i64>), Fail> {
    match args {
        [Val::Text(text), Val::Text(part)] => Ok((text, part, None)),
        [Val::Text(text), Val::Text(part), Val::Int(at)] => Ok((text, part, Some(*at))),
        _ => Err(Fail::overload()),
    }
}

fn index_of<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let (text, part, from) = parts(args)?;
    meter.spend(tenth(text.len()).saturating_mul(tenth(part.len()).max(1)))?;
    let from = from.unwrap_or_default();
    if part.is_empty() {
        return Ok(Val::Int(from));
    }
    if from < 0 {
        return Err(out_of_range(from));
    }
    let Ok(start) = byte_of(text, from) else {
        return Ok(Val::Int(-1));
    };
    Ok(match text[start..].find(&**part) {
        Some(found) => Val::count(text[..start + found].chars().count()),
        None => Val::Int(-1),
    })
}

fn last_index_of<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let (text, part, to) = parts(args)?;
    meter.spend(tenth(text.len()).saturating_mul(tenth(part.len()).max(1)))?;
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    if part.is_empty() {
        return Ok(Val::Int(to.unwrap_or(length)));
    }
    let to = match to {
        None if text.len() < part.len() => return Ok(Val::Int(-1)),
        None => length - 1,
        Some(to) if to < 0 => return Err(out_of_range(to)),
        Some(to) if to >= length => return Ok(Val::Int(-1)),
        Some(to) => to,
    };
    let end = byte_of(text, to)?.saturating_add(part.len()).min(text.len());
    // The part may begin at `to` at the latest.
    let mut end = end;
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let latest = byte_of(text, to)?;
    let found = text[..end].rmatch_indices(&**part).find(|(at, _)| *at <= latest);
    Ok(found.map_or(Val::Int(-1), |(at, _)| Val::count(text[..at].chars().count())))
}

fn replace<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let (text, old, new, most) = match args {
        [Val::Text(text), Val::Text(old), Val::Text(new)] => (text, old, new, -1),
        [Val::Text(text), Val::Text(old), Val::Text(new), Val::Int(most)] => (text, old, new, *most),
        _ => return Err(Fail::overload()),
    };
    let count = usize::try_from(most).unwrap_or(usize::MAX);
    let hits = text.matches(&**old).take(count).count();
    meter.spend(tenth(text.len().saturating_add(hits.saturating_mul(new.len()))))?;
    Ok(Val::text(text.replacen(&**old, new, count)))
}

fn split<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let (text, by, most) = parts(args)?;
    meter.spend(tenth(text.len()))?;
    let most = usize::try_from(most.unwrap_or(-1)).unwrap_or(usize::MAX);
    if most == 0 {
        return Ok(Val::list(Vec::new()));
    }
    if by.is_empty() {
        // Between all characters; the last part is the rest.
        let mut starts: Vec<_> = text.char_indices().map(|(at, _)| at).take(most).collect();
        starts.push(text.len());
        return Ok(texts(starts.windows(2).enumerate().map(|(at, pair)| {
            let end = if at + 2 == starts.len() {
                text.len()
            } else {
                pair[1]
            };
            text[pair[0]..end].to_owned()
        })));
    }
    Ok(texts(text.splitn(most, &**by).map(str::to_owned)))
}

fn substring<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let (text, start, end) = match args {
        [Val::Text(text), Val::Int(start)] => (text, *start, None),
        [Val::Text(text), Val::Int(start), Val::Int(end)] => (text, *start, Some(*end)),
        _ => return Err(Fail::overload()),
    };
    meter.spend(tenth(text.len()))?;
    if let Some(end) = end.filter(|end| start > *end) {
        return Err(Fail::new(format!(
            "invalid substring range. start: {start}, end: {end}"
        )));
    }
    let from = byte_of(text, start)?;
    let to = end.map_or(Ok(text.len()), |end| byte_of(text, end))?;
    Ok(Val::text(&text[from..to]))
}

fn join<'a>(args: &[Val<'a>], meter: &mut Meter<'_>) -> Answer<'a> {
    let (list, by) = match args {
        [Val::List(list)] => (list, ""),
        [Val::List(list), Val::Text(by)] => (list, &**by),
        _ => return Err(Fail::overload()),
    };
    let all = texts_of(list)?;
    let all: Vec<&str> = all.iter().map(|text| &**text).collect();
    let size = all
        .iter()
        .fold(0_usize, |size, text| size.saturating_add(text.len() + by.len()));
    meter.spend(list.len().max(tenth(size)))?;
    Ok(Val::text(all.join(by)))
}

fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' | '"' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
