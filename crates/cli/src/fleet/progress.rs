//! What goes on, for people who wait: bars on a terminal, a line each ten seconds elsewhere. On standard error.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use tenantry_fleet::Progress;
use tenantry_fleet::rollout::WaveProgress;
use tokio::task::JoinHandle;

use crate::output::text::{count, grouped};

/// So often a log gets a line.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Of so many lines that would say the same, a log gets one.
const SAME_EVERY: u32 = 6;
/// So many failures are told as they happen; the end tells all.
const FAILURES_TOLD: u32 = 10;

/// How somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// Bars that are drawn again and again.
    Bars,
    /// Lines, now and then.
    Lines,
    /// Only what cannot wait.
    Quiet,
}

/// Who tells. Clones are one.
#[derive(Clone)]
pub struct Watcher(Arc<Mutex<State>>);

struct State {
    how: How,
    began: Instant,
    bars: MultiProgress,
    spinner: Option<ProgressBar>,
    waves: Vec<ProgressBar>,
    /// What a line would say.
    now: String,
    /// How far the waves are.
    lanes: String,
    /// What is waited for, until a wave gets further.
    waiting: Option<String>,
    told: String,
    /// For how many lines there was nothing new to say.
    unchanged: u32,
    failures: u32,
    ticker: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Tells as fits where it goes: `quiet` where a program reads, and nobody asked for more.
    pub fn new(quiet: bool) -> Self {
        let how = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => How::Quiet,
            (false, true) => How::Bars,
            (false, false) => How::Lines,
        };
        let state = State {
            how,
            began: Instant::now(),
            bars: MultiProgress::new(),
            spinner: None,
            waves: Vec::new(),
            now: String::new(),
            lanes: String::new(),
            waiting: None,
            told: String::new(),
            unchanged: 0,
            failures: 0,
            ticker: None,
        };
        let watcher = Self(Arc::new(Mutex::new(state)));
        if how == How::Lines {
            let ticking = watcher.clone();
            watcher.state().ticker = Some(tokio::spawn(async move {
                loop {
                    tokio::time::sleep(LINE_EVERY).await;
                    ticking.state().line();
                }
            }));
        }
        watcher
    }

    /// Takes what happened.
    pub fn tell(&self, progress: &Progress) {
        self.state().take(progress);
    }

    /// Says something at once.
    pub fn say(&self, text: &str) {
        self.state().say(text);
    }

    /// Nothing more happens: what was drawn is taken away.
    pub fn finish(&self) {
        let mut state = self.state();
        if let Some(ticker) = state.ticker.take() {
            ticker.abort();
        }
        state.spin(None);
        for bar in state.waves.drain(..) {
            bar.finish_and_clear();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, progress: &Progress) {
        match progress {
            Progress::Looking { database, tenants, reading } => self.doing(format!(
                "{database}: {}, {} to read",
                count(*tenants, "tenant"),
                grouped(*reading)
            )),
            Progress::Read { database, read, of } => {
                self.doing(format!("{database}: {} of {} read", grouped(*read), count(*of, "tenant")));
            }
            Progress::Silent { database, message } => self.say(&format!("{database}: {message}")),
            Progress::Compiling { database } => self.doing(format!("compiling the definition on {database}")),
            Progress::Planned { group, of, tenants } => {
                self.doing(format!(
                    "planning: group {group} of {of} ({}) is done",
                    count(*tenants, "tenant")
                ));
            }
            Progress::Rollout { id, resumed, tenants } => {
                let begins = if *resumed { "goes on" } else { "begins" };
                self.say(&format!("rollout {id} {begins}: {}", count(*tenants, "tenant")));
            }
            Progress::Waves { waves, made, to_make } => self.waves(waves, *made, *to_make),
            Progress::Failed { tenant, message, .. } => {
                self.failures += 1;
                match self.failures {
                    n if n < FAILURES_TOLD => self.say(&format!("{tenant} failed: {message}")),
                    FAILURES_TOLD => self.say("more tenants fail; all are told at the end"),
                    _ => {}
                }
            }
            Progress::Applied { .. } | Progress::Blocked { .. } => {}
            Progress::Waiting { what, until } => {
                let until = until.map(|until| format!(", until {}", crate::output::text::moment(until)));
                let waiting = format!("waiting for {what}{}", until.unwrap_or_default());
                self.doing(waiting.clone());
                self.waiting = Some(waiting);
            }
            Progress::Ordered { refused: Some(reason) } => self.say(reason),
            Progress::Ordered { refused: None } => {}
            Progress::Departing { done, of } => {
                self.doing(format!("{} of {} that left seen to", grouped(*done), count(*of, "tenant")));
            }
            Progress::RollingBack { of } => {
                self.say(&format!("too much failed: rollout {of} is brought back"));
            }
            Progress::Stopping { running } => {
                self.doing(format!("stopping: {} under way", count(*running, "tenant")));
            }
        }
    }

    fn say(&mut self, text: &str) {
        match self.how {
            How::Bars => {
                // Where the terminal is gone nobody reads it.
                let _ = self.bars.println(text);
            }
            How::Lines | How::Quiet => {
                let _ = writeln!(anstream::stderr(), "{text}");
            }
        }
    }

    fn doing(&mut self, text: String) {
        if self.how == How::Bars {
            self.spin(Some(&text));
        }
        self.now = text;
    }

    /// What goes on outside of waves, with something that turns.
    fn spin(&mut self, text: Option<&str>) {
        match (text, &self.spinner) {
            (Some(text), Some(spinner)) => spinner.set_message(text.to_owned()),
            (Some(text), None) => {
                let spinner = self.bars.add(ProgressBar::new_spinner().with_message(text.to_owned()));
                spinner.enable_steady_tick(Duration::from_millis(100));
                self.spinner = Some(spinner);
            }
            (None, Some(spinner)) => {
                spinner.finish_and_clear();
                self.spinner = None;
            }
            (None, None) => {}
        }
    }

    fn waves(&mut self, waves: &[WaveProgress], made: u32, to_make: u32) {
        let all = lanes(waves, made, to_make);
        let lanes = line(&all);
        if lanes != self.lanes {
            self.waiting = None;
            self.lanes = lanes;
        }
        if self.how == How::Bars {
            self.spin(self.waiting.clone().as_deref());
            while self.waves.len() < all.len() {
                self.waves.push(self.bars.add(ProgressBar::new(0).with_style(style())));
            }
            for (lane, bar) in all.iter().zip(&self.waves) {
                bar.set_prefix(lane.name.clone());
                bar.set_message(lane.failed());
                bar.set_length(u64::from(lane.of));
                bar.set_position(u64::from(lane.done + lane.failed));
                if lane.done + lane.failed + lane.aside >= lane.of && !bar.is_finished() {
                    bar.abandon();
                }
            }
        }
        let waiting = self.waiting.iter().map(|waiting| format!("; {waiting}"));
        self.now = std::iter::once(self.lanes.clone()).chain(waiting).collect();
    }

    /// A line for a log, where there is something new to say or time goes by.
    fn line(&mut self) {
        if self.now.is_empty() {
            return;
        }
        self.unchanged = if self.now == self.told { self.unchanged + 1 } else { 0 };
        if self.unchanged.is_multiple_of(SAME_EVERY) {
            let seconds = self.began.elapsed().as_secs();
            let same = if self.unchanged > 0 { " (as before)" } else { "" };
            let text = format!("{seconds} s: {}{same}", self.now);
            self.told.clone_from(&self.now);
            self.say(&text);
        }
    }
}

/// One line of progress: a wave, or the schemas that are made.
struct Lane {
    name: String,
    of: u32,
    done: u32,
    failed: u32,
    aside: u32,
}

impl Lane {
    fn failed(&self) -> String {
        if self.failed == 0 { String::new() } else { format!("{} failed", grouped(self.failed)) }
    }
}

fn lanes(waves: &[WaveProgress], made: u32, to_make: u32) -> Vec<Lane> {
    let making = (to_make > 0).then(|| Lane {
        name: "new schemas".to_owned(),
        of: to_make,
        done: made,
        failed: 0,
        aside: 0,
    });
    let waves = waves.iter().filter(|wave| wave.tenants > 0).map(|wave| Lane {
        name: wave.name.clone(),
        of: wave.tenants,
        done: wave.done,
        failed: wave.failed,
        aside: wave.aside,
    });
    making.into_iter().chain(waves).collect()
}

/// `canary 10/10, rest 153/1,490, 1 failed`
fn line(lanes: &[Lane]) -> String {
    let mut text = String::new();
    for lane in lanes {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{} {}/{}", lane.name, grouped(lane.done), grouped(lane.of));
    }
    let failed: u32 = lanes.iter().map(|lane| lane.failed).sum();
    if failed > 0 {
        let _ = write!(text, ", {} failed", grouped(failed));
    }
    text
}

/// Bar, done and all, failed, tenants a second, time left.
fn style() -> ProgressStyle {
    let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let _ = write!(out, "{:.0}/s", state.per_sec());
    };
    let left = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let seconds = state.eta().as_secs();
        if seconds > 0 {
            let _ = write!(out, "{seconds} s left");
        }
    };
    let template = "{prefix:12} {bar:30} {human_pos}/{human_len} {rate:>6} {left} {msg}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("=> ").with_key("rate", rate).with_key("left", left)
}

#[cfg(test)]
mod tests {
    use tenantry_fleet::rollout::Waiting;

    use super::*;

    fn wave(name: &str, tenants: u32, done: u32, failed: u32) -> WaveProgress {
        WaveProgress { name: name.to_owned(), tenants, done, failed, running: 0, aside: 0, budget: 0 }
    }

    #[test]
    fn a_line_says_how_far_each_wave_is() {
        let waves = [wave("canary", 10, 10, 0), wave("empty", 0, 0, 0), wave("rest", 1490, 153, 1)];
        assert_eq!(line(&lanes(&waves, 0, 0)), "canary 10/10, rest 153/1,490, 1 failed");
        assert_eq!(line(&lanes(&[], 7, 12)), "new schemas 7/12");
    }

    #[test]
    fn what_is_waited_for_is_said_until_a_wave_gets_further() {
        let watcher = Watcher::new(true);
        let tell = |done| {
            let waves = vec![wave("canary", 2, done, 0)];
            watcher.tell(&Progress::Waves { waves, made: 0, to_make: 0 });
            watcher.state().now.clone()
        };
        assert_eq!(tell(1), "canary 1/2");
        let what = Waiting::Soak("canary".to_owned());
        watcher.tell(&Progress::Waiting { what, until: None });
        for _ in 0..2 {
            assert_eq!(tell(1), "canary 1/2; waiting for wave canary to have been in sync long enough");
        }
        assert_eq!(tell(2), "canary 2/2");
    }
}
