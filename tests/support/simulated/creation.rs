//! The steps of an event's creation, as writes to the simulated table. A claim stands where the
//! event will: so one check sees both.

use std::sync::Arc;

use shared::event::Event;
use shared::mark::RequestMark;
use shared::pool::Pool;
use shared::store::CreationStep;

use super::state::Apply;
use super::{Item, event_key, pool_key};

type Write = (String, Apply<Item>);

pub(super) fn writes_of(event: &Event, step: CreationStep<'_>) -> Vec<Write> {
    let claim = Item::Claim(event.created_by);
    let is_ours = {
        let claim = claim.clone();
        move |before: Option<&Item>| before == Some(&claim)
    };
    let put_pool = |pool: &Pool| {
        let item = Item::Pool(pool.clone());
        (pool_key(&event.id, pool.index()), write_if(|_| true, item))
    };
    let key = event_key(&event.id);
    match step {
        CreationStep::Claim => vec![(key, write_if(is_free, claim))],
        CreationStep::Pools(pools) => {
            let check = (key, write_if(is_ours, claim));
            [check].into_iter().chain(pools.iter().map(put_pool)).collect()
        }
        CreationStep::Event { pools, is_claimed } => {
            let may = move |before: Option<&Item>| {
                if is_claimed { is_ours(before) } else { is_free(before) }
            };
            let created = Item::Created(event.id.clone());
            let same = created.clone();
            let is_only = move |before: Option<&Item>| before.is_none_or(|item| *item == same);
            let written = [
                (key, write_if(may, Item::Event(event.clone()))),
                (mark_key(event.created_by), write_if(is_only, created)),
            ];
            written.into_iter().chain(pools.iter().map(put_pool)).collect()
        }
    }
}

pub(super) fn mark_key(mark: RequestMark) -> String {
    format!("creation#{:016x}", mark.get())
}

/// Whether there is no event yet.
fn is_free(before: Option<&Item>) -> bool {
    matches!(before, None | Some(Item::Claim(_)))
}

fn write_if(
    condition: impl Fn(Option<&Item>) -> bool + Send + Sync + 'static,
    item: Item,
) -> Apply<Item> {
    Arc::new(move |before| condition(before).then(|| item.clone()))
}
