//! Who is subscribed to what.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// Places of subscribers by topic.
#[derive(Debug, Default)]
pub(super) struct Topics(HashMap<Rc<[u8]>, BTreeSet<usize>>);

impl Topics {
    /// Returns the topic when the subscriber is new to it.
    pub(super) fn subscribe(&mut self, topic: &[u8], slot: usize) -> Option<Rc<[u8]>> {
        if let Some((topic, slots)) = self.0.get_key_value(topic) {
            if slots.contains(&slot) {
                return None;
            }
            let topic = Rc::clone(topic);
            self.0.get_mut(&topic)?.insert(slot);
            return Some(topic);
        }
        let topic: Rc<[u8]> = topic.into();
        self.0.insert(Rc::clone(&topic), BTreeSet::from([slot]));
        Some(topic)
    }

    /// Whether it was subscribed. A topic without subscribers takes no memory.
    pub(super) fn unsubscribe(&mut self, topic: &[u8], slot: usize) -> bool {
        let Some(slots) = self.0.get_mut(topic) else { return false };
        let was_subscribed = slots.remove(&slot);
        if slots.is_empty() {
            self.0.remove(topic);
        }
        was_subscribed
    }

    /// The subscribers.
    pub(super) fn of(&self, topic: &[u8]) -> Vec<usize> {
        self.0.get(topic).map(|slots| slots.iter().copied().collect()).unwrap_or_default()
    }
}
