//! When tenants may be changed.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

/// A window that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWindow {
    /// Not an IANA name that this machine knows.
    #[error("{0:?} is no time zone that is known here: write its IANA name, such as Europe/Berlin")]
    TimeZone(String),
    /// Not a time of day.
    #[error("{0:?} is no time of day: write HH:MM")]
    Time(String),
}

/// A time of the week in which tenants may be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The days on which it begins; every day when empty.
    days: Vec<Weekday>,
    from: Time,
    /// Earlier than or equal to `from`: on the next day.
    to: Time,
    zone: TimeZone,
}

impl Window {
    /// A window from one time of day (`HH:MM`) to another, in a time zone by
    /// its IANA name.
    ///
    /// # Errors
    /// When a time or the time zone cannot be understood.
    pub fn new(days: Vec<Weekday>, from: &str, to: &str, zone: &str) -> Result<Self, BadWindow> {
        let time = |text: &str| Time::strptime("%H:%M", text).map_err(|_| BadWindow::Time(text.to_owned()));
        let zone = TimeZone::get(zone).map_err(|_| BadWindow::TimeZone(zone.to_owned()))?;
        Ok(Self { days, from: time(from)?, to: time(to)?, zone })
    }

    /// Whether it is open.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let now = now.to_zoned(self.zone.clone());
        // A window that began yesterday may still be open.
        [-1_i64, 0]
            .into_iter()
            .filter_map(|days| self.on(&now, days))
            .any(|(from, to)| from <= now && now < to)
    }

    /// When it opens next; `None` when never.
    pub fn next_opening(&self, now: Timestamp) -> Option<Timestamp> {
        let now = now.to_zoned(self.zone.clone());
        (0..=8_i64)
            .filter_map(|days| self.on(&now, days))
            .map(|(from, _)| from)
            .find(|from| *from > now)
            .map(|from| from.timestamp())
    }

    /// The window that begins so many days from today, if one does.
    fn on(&self, now: &Zoned, days: i64) -> Option<(Zoned, Zoned)> {
        let day = now.date().checked_add(Span::new().days(days)).ok()?;
        if !self.days.is_empty() && !self.days.contains(&day.weekday()) {
            return None;
        }
        let last = if self.to <= self.from { day.tomorrow().ok()? } else { day };
        let at =
            |date: jiff::civil::Date, time: Time| date.to_datetime(time).to_zoned(self.zone.clone()).ok();
        Some((at(day, self.from)?, at(last, self.to)?))
    }
}

/// Whether tenants may be changed now; always when there are no windows.
pub(crate) fn open(windows: &[Window], now: Timestamp) -> bool {
    windows.is_empty() || windows.iter().any(|window| window.is_open(now))
}

/// When the next window opens.
pub(crate) fn next_opening(windows: &[Window], now: Timestamp) -> Option<Timestamp> {
    windows.iter().filter_map(|window| window.next_opening(now)).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn opens_and_closes_across_midnight() {
        let night = Window::new(vec![Weekday::Saturday], "22:00", "04:00", "UTC").unwrap();
        // 2026-01-03 is a Saturday.
        for (when, open) in [
            ("2026-01-03T21:59:00Z", false),
            ("2026-01-03T22:00:00Z", true),
            ("2026-01-04T03:59:00Z", true),
            ("2026-01-04T04:00:00Z", false),
            ("2026-01-03T03:00:00Z", false),
        ] {
            assert_eq!(night.is_open(at(when)), open, "{when}");
        }
        assert_eq!(night.next_opening(at("2026-01-03T22:00:00Z")), Some(at("2026-01-10T22:00:00Z")));
    }

    #[test]
    fn follows_its_own_clock() {
        let zone = Window::new(Vec::new(), "09:00", "10:00", "Europe/Berlin").unwrap();
        assert!(zone.is_open(at("2026-01-05T08:30:00Z")));
        assert!(zone.is_open(at("2026-07-05T07:30:00Z")));
        assert!(Window::new(Vec::new(), "9h", "10:00", "UTC").is_err());
        assert!(Window::new(Vec::new(), "09:00", "10:00", "Europe/Atlantis").is_err());
    }

    #[test]
    fn without_windows_it_is_always_open() {
        assert!(open(&[], at("2026-01-05T08:30:00Z")));
        assert_eq!(next_opening(&[], at("2026-01-05T08:30:00Z")), None);
    }
}
