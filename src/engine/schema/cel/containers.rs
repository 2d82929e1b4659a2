//! Lists and maps, of the object or made.

use super::{
    Fail,
    names::{escape, unescape},
    value::{Answer, Join, List, Map, Place, Text, Val},
};
use crate::engine::schema::structural::{Additional, ListType};

impl<'a> List<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Json(items, _) => items.len(),
            Self::Made(items, _) => items.len(),
        }
    }

    pub(super) const fn is_json(&self) -> bool {
        matches!(self, Self::Json(..))
    }

    /// The item, which is one.
    pub(super) fn get(&self, at: usize) -> Option<Answer<'a>> {
        match self {
            Self::Json(items, place) => {
                let item = items.get(at)?;
                let Some(id) = place.node().items else {
                    return Some(Err(Fail::new(
                        "invalid array type, expected Items with a non-empty Schema",
                    )));
                };
                Some(Val::of(item, place.at(id)))
            }
            Self::Made(items, _) => items.get(at).cloned().map(Ok),
        }
    }

    /// The items in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Answer<'a>> + '_ {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    pub(super) fn join(&self) -> Join<'a> {
        match self {
            Self::Json(_, place) => match &place.node().list {
                ListType::Atomic => Join::Order,
                ListType::Set => Join::Set,
                ListType::Map(keys) => Join::Keys(keys),
            },
            Self::Made(_, join) => *join,
        }
    }

    pub(super) fn contains(&self, value: &Val<'a>) -> Result<bool, Fail> {
        let mut fail = None;
        for item in self.iter() {
            match item.and_then(|item| item.equals(value)) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(error) => fail = fail.or(Some(error)),
            }
        }
        fail.map_or(Ok(false), Err)
    }

    pub(super) fn equals(&self, other: &Self) -> Result<bool, Fail> {
        if self.len() != other.len() {
            return Ok(false);
        }
        let join = self.join();
        for item in self.iter().zip(other.iter()) {
            let (mine, theirs) = (item.0?, item.1?);
            let same = match join {
                Join::Order => mine.equals(&theirs)?,
                Join::Set => self.contains(&theirs)?,
                Join::Keys(keys) => match self.find_by(keys, &theirs)? {
                    Some((_, twin)) => twin.equals(&theirs)?,
                    None => false,
                },
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The item whose keys are those of `value`.
    fn find_by(&self, keys: &[String], value: &Val<'a>) -> Result<Option<(usize, Val<'a>)>, Fail> {
        for (at, item) in self.iter().enumerate() {
            let item = item?;
            let same = |key: &String| -> Result<bool, Fail> {
                match (item.field(key)?, value.field(key)?) {
                    (Some(a), Some(b)) => a.equals(&b),
                    (a, b) => Ok(a.is_none() && b.is_none()),
                }
            };
            let mut all = true;
            for key in keys {
                all = all && same(key)?;
            }
            if all {
                return Ok(Some((at, item)));
            }
        }
        Ok(None)
    }

    /// Both lists as one, by the rules of the first.
    pub(super) fn plus(&self, other: &Self) -> Result<Self, Fail> {
        let join = self.join();
        let mut items: Vec<_> = self.iter().collect::<Result<_, _>>()?;
        for item in other.iter() {
            let item = item?;
            let so_far = || Self::Made(items.clone().into(), Join::Order);
            match join {
                Join::Order => items.push(item),
                Join::Set => {
                    if !so_far().contains(&item)? {
                        items.push(item);
                    }
                }
                Join::Keys(keys) => match so_far().find_by(keys, &item)? {
                    Some((at, _)) => items[at] = item,
                    None => items.push(item),
                },
            }
        }
        Ok(Self::Made(items.into(), join))
    }
}

impl<'a> Val<'a> {
    /// The field of this name in the JSON, not escaped; `None` where there is none.
    fn field(&self, key: &str) -> Result<Option<Self>, Fail> {
        match self {
            Self::Map(map) => {
                let key = escape(key).unwrap_or_else(|| key.to_owned());
                map.find(&Self::text(key)).transpose()
            }
            _ => Ok(None),
        }
    }
}

impl<'a> Map<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Json(fields, _) => fields.len(),
            Self::Made(entries) => entries.len(),
        }
    }

    pub(super) const fn is_json(&self) -> bool {
        matches!(self, Self::Json(..))
    }

    /// Whether keys are names of fields, which are escaped, and nulls are not there.
    fn is_object(place: Place<'_>) -> bool {
        !place.node().properties.is_empty() || place.node().embedded
    }

    /// The value of a key.
    pub(super) fn find(&self, key: &Val<'a>) -> Option<Answer<'a>> {
        match self {
            Self::Json(fields, place) => {
                let Val::Text(key) = key else {
                    return Some(Err(Fail::overload()));
                };
                if Self::is_object(*place) {
                    let name = unescape(key)?;
                    let value = fields.get(name.as_ref()).filter(|value| !value.is_null())?;
                    let id = *place.node().properties.get(name.as_ref())?;
                    return Some(Val::of(value, place.at(id)));
                }
                let Additional::Values(id) = place.node().additional else {
                    return None;
                };
                fields.get(&**key).map(|value| Val::of(value, place.at(id)))
            }
            Self::Made(entries) => {
                let same = |(other, _): &&(Val<'a>, Val<'a>)| other.equals(key).unwrap_or(false);
                entries.iter().find(same).map(|(_, value)| Ok(value.clone()))
            }
        }
    }

    /// The keys that the schema knows.
    pub(super) fn keys(&self) -> Vec<Val<'a>> {
        match self {
            Self::Json(fields, place) => {
                let object = Self::is_object(*place);
                let values = matches!(place.node().additional, Additional::Values(_));
                fields
                    .keys()
                    .filter(|key| {
                        if object {
                            place.node().properties.contains_key(*key)
                        } else {
                            values
                        }
                    })
                    .map(
                        |key| match escape(key).filter(|escaped| object && escaped != key) {
                            Some(escaped) => Val::text(escaped),
                            None => Val::Text(Text::Borrowed(key)),
                        },
                    )
                    .collect()
            }
            Self::Made(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
        }
    }

    pub(super) fn equals(&self, other: &Self) -> Result<bool, Fail> {
        if self.len() != other.len() {
            return Ok(false);
        }
        for key in self.keys() {
            match (self.find(&key).transpose()?, other.find(&key).transpose()?) {
                (Some(a), Some(b)) if a.equals(&b)? => {}
                (None, None) => {}
                _ => return Ok(false),
            }
        }
        // Fields that the schema does not know are compared as they are.
        if let (Self::Json(a, place), Self::Json(b, _)) = (self, other) {
            let known = |key: &str| place.node().child(key).is_some();
            return Ok(a
                .iter()
                .all(|(key, value)| known(key) || b.get(key).is_none_or(|other| other == value)));
        }
        Ok(true)
    }
}
