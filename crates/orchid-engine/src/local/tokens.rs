//! [`Tokens`] within one process: kept in memory, gone with it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::OwnedMutexGuard;

use crate::auth::token::{Token, TokenKey};
use crate::fault::Fault;
use crate::ports::{TokenLease, Tokens};

/// Tokens of one process. Cheap to clone; clones share everything.
#[derive(Debug, Clone, Default)]
pub struct LocalTokens {
    slots: Arc<Mutex<HashMap<TokenKey, Slot>>>,
}

/// One token, and the turn to make the next.
#[derive(Debug, Clone, Default)]
struct Slot {
    token: Arc<Mutex<Option<Token>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

struct Lease {
    token: Arc<Mutex<Option<Token>>>,
    _turn: OwnedMutexGuard<()>,
}

impl LocalTokens {
    fn slot(&self, key: &TokenKey) -> Slot {
        locked(&self.slots).entry(key.clone()).or_default().clone()
    }
}

#[async_trait]
impl Tokens for LocalTokens {
    async fn load(&self, key: &TokenKey) -> Result<Option<Token>, Fault> {
        let slot = self.slot(key);
        let token = locked(&slot.token).clone();
        Ok(token)
    }

    async fn lease(&self, key: &TokenKey) -> Result<Box<dyn TokenLease>, Fault> {
        let Slot { token, turn } = self.slot(key);
        Ok(Box::new(Lease {
            token,
            _turn: turn.lock_owned().await,
        }))
    }
}

#[async_trait]
impl TokenLease for Lease {
    async fn store(&mut self, token: &Token) -> Result<(), Fault> {
        *locked(&self.token) = Some(token.clone());
        Ok(())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
