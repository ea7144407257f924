//! Fields of a `PATCH`: what is absent stays, `null` clears.

use serde::{Deserialize, Deserializer};

/// A field whose `null` is told from its absence.
pub(super) fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A field whose `null` is what stands there when nobody has said anything.
pub(super) fn or_cleared<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    let value = Option::<T>::deserialize(deserializer)?;
    Ok(Some(value.unwrap_or_default()))
}
