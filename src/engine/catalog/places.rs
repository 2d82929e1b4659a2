//! Where each id of a catalog is, for look-ups that touch one or two models only.

use super::Model;

/// A hash table of places in a list of models: open addressing, at most half full.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(Vec<u32>);

/// No model here.
const FREE: u32 = u32::MAX;

impl Places {
    /// The places of `models`, of which all ids differ.
    pub(super) fn new(models: &[Model]) -> Self {
        let mut table = vec![FREE; (models.len() * 2).next_power_of_two()];
        for (at, model) in (0..FREE).zip(models) {
            let mut slot = slot(&model.id, table.len());
            while table[slot] != FREE {
                slot = (slot + 1) % table.len();
            }
            table[slot] = at;
        }
        Self(table)
    }

    /// The model with exactly this id.
    pub(super) fn find<'a>(&self, models: &'a [Model], id: &str) -> Option<&'a Model> {
        let mut slot = slot(id, self.0.len());
        loop {
            let model = models.get(*self.0.get(slot)? as usize)?;
            if model.id == id {
                return Some(model);
            }
            slot = (slot + 1) % self.0.len();
        }
    }
}

/// The first slot for `id` in a table of `len`, a power of two.
fn slot(id: &str, len: usize) -> usize {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, chunk: u64| (hash.rotate_left(26) ^ chunk).wrapping_mul(MIX);
    let (chunks, rest) = id.as_bytes().as_chunks::<8>();
    let hash = chunks.iter().fold(id.len() as u64, |hash, chunk| {
        mix(hash, u64::from_le_bytes(*chunk))
    });
    let last = rest.iter().fold(0, |last, &byte| last << 8 | u64::from(byte));
    (mix(hash, last) >> 32) as usize & (len - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_found_and_no_other() {
        for count in [0, 1, 2, 3, 64, 500] {
            let models: Vec<_> = (0..count)
                .map(|n| Model::bare(format!("model-with-a-long-name-{n}")))
                .collect();
            let places = Places::new(&models);
            for model in &models {
                assert_eq!(places.find(&models, &model.id), Some(model));
            }
            for id in ["", "model-with-a-long-name-", "model-with-a-long-name-x", "x"] {
                assert_eq!(places.find(&models, id), None);
            }
        }
    }
}
