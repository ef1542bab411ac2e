//! The port's operations: a key, a script, its answer.

use std::sync::LazyLock;

use async_trait::async_trait;
use domain::Timestamp;
use redis::{FromRedisValue, Script, Value, cmd};
use store::{Consumed, Ephemera, EphemeraKey, StoreFault};

use crate::line::Step;
use crate::{RedisEphemera, scripts};

/// Where a value or its tombstone lies.
fn entry(key: &EphemeraKey) -> String {
    format!("gap:e:{}:{}", key.kind.as_str(), key.name)
}

/// Where a counter lies.
fn counter(key: &EphemeraKey) -> String {
    format!("gap:c:{}:{}", key.kind.as_str(), key.name)
}

/// How long Redis keeps a key; it cannot keep one for no time at all.
fn span(now: Timestamp, end: Timestamp) -> i64 {
    end.millis().saturating_sub(now.millis()).max(1)
}

/// A step by a script.
fn step(script: &'static LazyLock<Script>, key: String, arguments: Vec<Vec<u8>>) -> Step {
    Step::Script {
        script,
        key,
        arguments,
    }
}

/// A number as an argument.
fn number(number: i64) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// An answer as what it should be.
fn read<T: FromRedisValue>(value: Value) -> Result<T, StoreFault> {
    T::from_redis_value(value).map_err(|_| unexpected())
}

fn unexpected() -> StoreFault {
    StoreFault::Corrupt("a script answered something else".to_owned())
}

#[async_trait]
impl Ephemera for RedisEphemera {
    async fn put(
        &self,
        key: &EphemeraKey,
        value: Vec<u8>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreFault> {
        let end = number(expires_at.millis());
        let arguments = vec![number(now.millis()), end, value, number(span(now, expires_at))];
        self.line
            .ask(step(&scripts::PUT, entry(key), arguments))
            .await
            .map(drop)
    }

    async fn get(&self, key: &EphemeraKey, now: Timestamp) -> Result<Option<Vec<u8>>, StoreFault> {
        let arguments = vec![number(now.millis())];
        read(self.line.ask(step(&scripts::GET, entry(key), arguments)).await?)
    }

    async fn consume(
        &self,
        key: &EphemeraKey,
        now: Timestamp,
        tombstone_until: Timestamp,
    ) -> Result<Consumed, StoreFault> {
        let end = number(tombstone_until.millis());
        let arguments = vec![number(now.millis()), end, number(span(now, tombstone_until))];
        let answer = self
            .line
            .ask(step(&scripts::CONSUME, entry(key), arguments))
            .await?;
        let mut answer = read::<Vec<Value>>(answer)?.into_iter();
        match (answer.next(), answer.next()) {
            (Some(Value::Int(0)), None) => Ok(Consumed::Unknown),
            (Some(Value::Int(1)), None) => Ok(Consumed::Again),
            (Some(Value::Int(2)), Some(Value::BulkString(value))) => Ok(Consumed::First(value)),
            _ => Err(unexpected()),
        }
    }

    async fn remove(&self, key: &EphemeraKey) -> Result<(), StoreFault> {
        self.line
            .ask(step(&scripts::REMOVE, entry(key), Vec::new()))
            .await?;
        let mut delete = cmd("DEL");
        delete.arg(counter(key));
        self.line.ask(Step::Command(delete)).await.map(drop)
    }

    async fn count(&self, key: &EphemeraKey, now: Timestamp, window_seconds: u32) -> Result<u64, StoreFault> {
        let end = now.plus_seconds(i64::from(window_seconds));
        let arguments = vec![number(now.millis()), number(end.millis()), number(span(now, end))];
        read(
            self.line
                .ask(step(&scripts::COUNT, counter(key), arguments))
                .await?,
        )
    }

    async fn purge(&self, now: Timestamp) -> Result<u64, StoreFault> {
        if !self.sweeps {
            return Ok(0);
        }
        let mut sweep = cmd("EVAL");
        sweep.arg(scripts::SWEEP).arg(0).arg(now.millis());
        read(self.line.ask(Step::Sum(sweep)).await?)
    }

    async fn held(&self) -> Result<u64, StoreFault> {
        read(self.line.ask(Step::Sum(cmd("DBSIZE"))).await?)
    }
}
