//! Which schemas are read together, and how often one that moves is tried again. Decides only.

use std::collections::VecDeque;
use std::time::Duration;

use tenantry_engine::SchemaName;

/// How many objects (tables, types, functions ...) are read together: what they become is held in memory.
const OBJECTS_A_BATCH: usize = 1500;
/// How many schemas are read together, however small they are.
const SCHEMAS_A_BATCH: usize = 50;
/// How many batches are read at one time, at least and at most: what one of them becomes is put together while the server works
/// on the others. As many as tenants are changed at one time: a server has other things to do.
const AT_ONCE: (usize, usize) = (2, 4);
/// How many batches a connection must have to read, to be worth its plans: they take as long as reading twenty schemas.
const WORTH_A_CONNECTION: usize = 4;
/// How often one that moves is read along with others, before it is read alone: that is faster.
const TRIES_TOGETHER: u32 = 3;
/// How often it is read alone, before it is given up.
const TRIES_ALONE: u32 = 9;
/// How much longer is waited before each try alone: who changes a schema comes to an end.
const PAUSE: Duration = Duration::from_millis(20);

/// A schema to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) schema: SchemaName,
    /// How many objects stand in it.
    pub(super) objects: usize,
    /// How often it was read in vain.
    pub(super) tries: u32,
}

/// What is read together.
pub(super) type Batch = Vec<Item>;

/// What is still to be read.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    batches: VecDeque<Batch>,
    /// Those that moved: read again when the others were.
    moved: Vec<Item>,
}

impl Waiting {
    /// Everything.
    pub(super) fn new(items: Vec<Item>) -> Self {
        Self { batches: batches(items), moved: Vec::new() }
    }

    /// How many batches are read at one time.
    pub(super) fn at_once(&self) -> usize {
        (self.batches.len() / WORTH_A_CONNECTION).clamp(AT_ONCE.0, AT_ONCE.1)
    }

    /// What is to be read next. `idle` when nothing is being read that may still come back.
    pub(super) fn next(&mut self, idle: bool) -> Option<Batch> {
        if self.batches.is_empty() && idle {
            let (alone, together): (Vec<Item>, Vec<Item>) =
                std::mem::take(&mut self.moved).into_iter().partition(|item| item.tries >= TRIES_TOGETHER);
            self.batches = batches(together);
            self.batches.extend(alone.into_iter().map(|item| vec![item]));
        }
        self.batches.pop_front()
    }

    /// Takes back what could not be read together, in halves: the one that is in the way is found so.
    pub(super) fn halve(&mut self, mut batch: Batch) {
        let half = batch.split_off(batch.len() / 2);
        self.batches.extend([batch, half].into_iter().filter(|batch| !batch.is_empty()));
    }

    /// Takes back one that was not in the way.
    pub(super) fn unread(&mut self, batch: Batch) {
        self.batches.extend((!batch.is_empty()).then_some(batch));
    }

    /// Takes back one that moved while it was read, or could not be read for now. Gives it back where it was tried often
    /// enough.
    pub(super) fn again(&mut self, mut item: Item) -> Option<Item> {
        item.tries += 1;
        if item.tries >= TRIES_TOGETHER + TRIES_ALONE {
            return Some(item);
        }
        self.moved.push(item);
        None
    }
}

/// How long is waited before these are read.
pub(super) fn pause(batch: &Batch) -> Duration {
    let tries = batch.iter().map(|item| item.tries).max().unwrap_or(0);
    PAUSE * tries.saturating_sub(TRIES_TOGETHER)
}

fn batches(items: Vec<Item>) -> VecDeque<Batch> {
    let mut batches: VecDeque<Batch> = VecDeque::new();
    let mut objects = 0;
    for item in items {
        objects += item.objects;
        match batches.back_mut() {
            Some(batch) if batch.len() < SCHEMAS_A_BATCH && objects <= OBJECTS_A_BATCH => batch.push(item),
            _ => {
                objects = item.objects;
                batches.push_back(vec![item]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(count: usize, objects: usize) -> Vec<Item> {
        let schema = |n| SchemaName::new(format!("t{n}")).unwrap();
        (0..count).map(|n| Item { schema: schema(n), objects, tries: 0 }).collect()
    }

    fn sizes(count: usize, objects: usize) -> Vec<usize> {
        batches(items(count, objects)).iter().map(Vec::len).collect()
    }

    #[test]
    fn batches_are_bounded_by_schemas_and_by_what_is_in_them() {
        assert_eq!(sizes(120, 10), [50, 50, 20]);
        assert_eq!(sizes(5, 600), [2, 2, 1]);
        assert_eq!(sizes(3, 100_000), [1, 1, 1]);
        assert!(sizes(0, 1).is_empty());
    }

    #[test]
    fn the_more_there_is_to_read_the_more_connections_read_it() {
        let at_once = |count| Waiting::new(items(count, 10)).at_once();
        assert_eq!([1, 150, 600, 5000].map(at_once), [2, 2, 3, 4]);
    }

    #[test]
    fn what_moves_is_read_later_then_alone_then_given_up() {
        let mut waiting = Waiting::new(items(2, 10));
        let mut batch = waiting.next(true).unwrap();
        let (stays, mut moving) = (batch.remove(0), batch.remove(0));
        assert_eq!(pause(&vec![stays.clone()]), Duration::ZERO);
        let mut seen = Vec::new();
        while waiting.again(moving).is_none() {
            assert_eq!(waiting.next(false), None, "others may still come back");
            let mut again = waiting.next(true).unwrap();
            seen.push(pause(&again));
            moving = again.remove(0);
        }
        assert_eq!(seen.len() + 1, usize::try_from(TRIES_TOGETHER + TRIES_ALONE).unwrap());
        assert!(seen.is_sorted() && seen[0].is_zero() && !seen[10].is_zero());
        assert_eq!(waiting.next(true), None);
    }

    #[test]
    fn what_is_in_the_way_is_found_by_halves() {
        let mut waiting = Waiting::default();
        waiting.halve(items(3, 10));
        assert_eq!(waiting.next(true).map(|batch| batch.len()), Some(1));
        assert_eq!(waiting.next(true).map(|batch| batch.len()), Some(2));
    }
}
