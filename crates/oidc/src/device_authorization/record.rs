//! One ask of a device, as it is kept: who may do what to it next, as a life cycle.

use domain::{ServiceId, Timestamp, TransactionId};
use serde::{Deserialize, Serialize};

use super::{DeviceFault, Numbers};

/// Where an ask stands. That the person agreed is not among them: the grant in the Ledger says so.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "stage", deny_unknown_fields)]
pub enum Stage {
    /// Nobody has entered the code yet.
    Waiting,
    /// A browser has, and goes through this sign-in.
    Entered {
        /// Which.
        transaction: TransactionId,
    },
    /// It was refused.
    Refused,
}

/// One ask of a device. `T` is the caller's own part: what the sign-in has to know.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Asked<T> {
    /// Who asks.
    pub service: ServiceId,
    /// When.
    pub asked_at: Timestamp,
    /// When both codes die.
    pub expires_at: Timestamp,
    /// The number on the device, and those beside it.
    pub numbers: Numbers,
    /// What the sign-in has to know.
    pub wanted: T,
    /// Where it stands.
    pub stage: Stage,
}

impl<T> Asked<T> {
    /// A browser enters the code. Whether it is the first is decided by a counter of the caller's.
    pub fn enter(&mut self, transaction: TransactionId, now: Timestamp) -> Result<(), DeviceFault> {
        match self.stage {
            Stage::Waiting if now < self.expires_at => {
                self.stage = Stage::Entered { transaction };
                Ok(())
            }
            Stage::Waiting => Err(DeviceFault::Expired),
            Stage::Entered { .. } | Stage::Refused => Err(DeviceFault::Unknown),
        }
    }

    /// The person picks a number, within the sign-in that entered the code. Whether it is the first pick is decided by a unique insert in
    /// the Ledger.
    pub fn pick(&self, by: &TransactionId, picked: &str, now: Timestamp) -> Result<(), DeviceFault> {
        match &self.stage {
            Stage::Entered { transaction } if transaction == by => {}
            Stage::Refused => return Err(DeviceFault::Denied),
            Stage::Waiting | Stage::Entered { .. } => return Err(DeviceFault::Unknown),
        }
        if now >= self.expires_at {
            return Err(DeviceFault::Expired);
        }
        if self.numbers.is_shown(picked) {
            Ok(())
        } else {
            Err(DeviceFault::Denied)
        }
    }

    /// It is over.
    pub fn refuse(&mut self) {
        self.stage = Stage::Refused;
    }

    /// What the device hears while nobody has agreed.
    pub fn fault(&self, now: Timestamp) -> DeviceFault {
        match self.stage {
            Stage::Refused => DeviceFault::Denied,
            _ if now >= self.expires_at => DeviceFault::Expired,
            Stage::Waiting | Stage::Entered { .. } => DeviceFault::Pending,
        }
    }
}
