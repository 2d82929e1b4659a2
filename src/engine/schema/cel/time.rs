//! Instants and durations.

use jiff::{
    civil::DateTime,
    tz::{Offset, TimeZone, TimeZoneDatabase},
};

use super::{
    Fail,
    table::{Function, Meter, Overload, P, global, member},
    value::{Answer, Val},
};
use crate::engine::schema::go_time::{self, Moment};

const GET: &[Overload] = &[
    member(&[P::Moment], P::Int),
    member(&[P::Moment, P::Text], P::Int),
];
const GET_BOTH: &[Overload] = &[
    member(&[P::Moment], P::Int),
    member(&[P::Moment, P::Text], P::Int),
    member(&[P::Duration], P::Int),
];

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "duration",
        run: duration,
        overloads: &[
            global(&[P::Duration], P::Duration),
            global(&[P::Int], P::Duration),
            global(&[P::Text], P::Duration),
        ],
    },
    Function {
        name: "timestamp",
        run: timestamp,
        overloads: &[
            global(&[P::Moment], P::Moment),
            global(&[P::Int], P::Moment),
            global(&[P::Text], P::Moment),
        ],
    },
    Function {
        name: "getFullYear",
        run: |args, _| wall(args, |at| i64::from(at.year())),
        overloads: GET,
    },
    Function {
        name: "getMonth",
        run: |args, _| wall(args, |at| i64::from(at.month()) - 1),
        overloads: GET,
    },
    Function {
        name: "getDayOfYear",
        run: |args, _| wall(args, |at| i64::from(at.day_of_year()) - 1),
        overloads: GET,
    },
    Function {
        name: "getDayOfMonth",
        run: |args, _| wall(args, |at| i64::from(at.day()) - 1),
        overloads: GET,
    },
    Function {
        name: "getDate",
        run: |args, _| wall(args, |at| i64::from(at.day())),
        overloads: GET,
    },
    Function {
        name: "getDayOfWeek",
        run: |args, _| wall(args, |at| i64::from(at.weekday().to_sunday_zero_offset())),
        overloads: GET,
    },
    Function {
        name: "getHours",
        run: |args, _| part(args, |at| i64::from(at.hour()), |nanos| nanos / 3_600_000_000_000),
        overloads: GET_BOTH,
    },
    Function {
        name: "getMinutes",
        run: |args, _| part(args, |at| i64::from(at.minute()), |nanos| nanos / 60_000_000_000),
        overloads: GET_BOTH,
    },
    Function {
        name: "getSeconds",
        run: |args, _| part(args, |at| i64::from(at.second()), |nanos| nanos / 1_000_000_000),
        overloads: GET_BOTH,
    },
    Function {
        name: "getMilliseconds",
        run: |args, _| part(args, |at| i64::from(at.millisecond()), |nanos| nanos / 1_000_000),
        overloads: GET_BOTH,
    },
];

/// Whether a literal is a duration or an instant, by the name of the function that it is an argument of.
pub(super) fn is_literal(name: &str, text: &str) -> bool {
    match name {
        "duration" => go_time::parse_duration(text).is_some(),
        _ => instant(text).is_some(),
    }
}

fn duration<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [Val::Duration(nanos) | Val::Int(nanos)] => Ok(Val::Duration(*nanos)),
        [Val::Text(text)] => go_time::parse_duration(text)
            .map(Val::Duration)
            .ok_or_else(|| Fail::new(format!("time: invalid duration {:?}", &**text))),
        _ => Err(Fail::overload()),
    }
}

fn timestamp<'a>(args: &[Val<'a>], _: &mut Meter<'_>) -> Answer<'a> {
    match args {
        [value @ Val::Moment(_)] => Ok(value.clone()),
        [Val::Int(seconds)] => jiff::Timestamp::from_second(*seconds)
            .ok()
            .map(|at| Moment { at, offset: 0 })
            .and_then(in_range)
            .map(Val::Moment)
            .ok_or_else(|| Fail::new("timestamp overflow")),
        [Val::Text(text)] => instant(text)
            .map(Val::Moment)
            .ok_or_else(|| Fail::new(format!("parsing time {:?}", &**text))),
        _ => Err(Fail::overload()),
    }
}

fn instant(text: &str) -> Option<Moment> {
    go_time::parse_instant(text, false).and_then(in_range)
}

/// The years that CEL knows: 1 to 9999.
pub(super) fn in_range(instant: Moment) -> Option<Moment> {
    const FIRST: i64 = -62_135_596_800; // seconds
    const LAST: i64 = 253_402_300_799; // seconds
    (FIRST..=LAST)
        .contains(&instant.at.as_second())
        .then_some(instant)
}

/// A part of an instant on the clock of UTC or of a named place.
fn wall<'a>(args: &[Val<'a>], get: fn(DateTime) -> i64) -> Answer<'a> {
    match args {
        [Val::Moment(instant)] => Ok(Val::Int(get(Offset::UTC.to_datetime(instant.at)))),
        [Val::Moment(instant), Val::Text(zone)] => Ok(Val::Int(get(zone_of(zone)?.to_datetime(instant.at)))),
        _ => Err(Fail::overload()),
    }
}

fn part<'a>(args: &[Val<'a>], get: fn(DateTime) -> i64, of: fn(i64) -> i64) -> Answer<'a> {
    match args {
        [Val::Duration(nanos)] => Ok(Val::Int(of(*nanos))),
        args => wall(args, get),
    }
}

/// `UTC`, a name of the tz database, or `+01:30`.
fn zone_of(text: &str) -> Result<TimeZone, Fail> {
    let Some((hours, minutes)) = text.split_once(':') else {
        if matches!(text, "" | "UTC" | "Local") {
            return Ok(TimeZone::UTC);
        }
        return TimeZoneDatabase::bundled()
            .get(text)
            .map_err(|_| Fail::new(format!("unknown time zone {text}")));
    };
    let number = |text: &str| {
        text.parse::<i32>()
            .map_err(|_| Fail::new(format!("strconv.Atoi: parsing {text:?}: invalid syntax")))
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let minutes = if text.starts_with('-') {
        hours.saturating_mul(60).saturating_sub(minutes)
    } else {
        hours.saturating_mul(60).saturating_add(minutes)
    };
    Offset::from_seconds(minutes.saturating_mul(60))
        .map(TimeZone::fixed)
        .map_err(|_| Fail::new(format!("the offset {text:?} is too large")))
}
