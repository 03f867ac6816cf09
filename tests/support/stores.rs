//! The stores that there are: a promise of the store is kept on each of them.

macro_rules! on_every_store {
    ($($promise:ident,)*) => {
        mod on_the_simulated_store {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(crate::support::simulated::SimulatedStore::calm()).await;
            })*
        }

        mod at_the_wire {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(crate::support::wire::Wire::calm().store()).await;
            })*
        }

        mod on_dynamodb {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(crate::support::database::store()).await;
            })*
        }
    };
}

pub(crate) use on_every_store;
