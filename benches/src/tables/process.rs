//! What a process costs.

use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Error;

/// Time in milliseconds, memory in megabytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// From beginning to end.
    pub wall: f64,
    /// Of the processor, where the system tells.
    pub cpu: Option<f64>,
    /// The most that was held at once, where the system tells.
    pub memory: Option<f64>,
    /// How often a database was asked for something.
    pub requests: Option<u64>,
}

impl Cost {
    /// The faster of two runs.
    pub fn or_faster(self, other: Cost) -> Cost {
        if other.wall < self.wall { other } else { self }
    }

    /// This process, from a moment to now.
    pub fn since(start: Instant, requests: Option<u64>) -> Cost {
        let wall = start.elapsed().as_secs_f64() * 1_000.0;
        Cost { wall, cpu: cpu(), memory: memory(), requests }
    }

    /// As a process tells its cost to the one that began it.
    pub fn text(&self) -> String {
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| value.to_string());
        let requests = self.requests.map_or("-".to_owned(), |value| value.to_string());
        format!("{} {} {} {requests}", self.wall, number(self.cpu), number(self.memory))
    }

    /// Reads [`Cost::text`].
    ///
    /// # Errors
    /// The text is something else.
    pub fn parse(text: &str) -> Result<Cost, Error> {
        let words: Vec<_> = text.split_whitespace().collect();
        let [wall, cpu, memory, requests] = words[..] else {
            return Err(format!("no cost: {text}").into());
        };
        Ok(Cost {
            wall: wall.parse()?,
            cpu: cpu.parse().ok(),
            memory: memory.parse().ok(),
            requests: requests.parse().ok(),
        })
    }
}

/// Runs another program, whose output nobody reads.
///
/// # Errors
/// It cannot be run, or fails.
pub fn of(command: &mut Command) -> Result<Cost, Error> {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).status()?;
    if !status.success() {
        return Err(format!("{command:?} failed: {status}").into());
    }
    let wall = start.elapsed().as_secs_f64() * 1_000.0;
    Ok(Cost { wall, ..Cost::default() })
}

/// Source: Linux manual, proc_pid_stat(5): user and system time in ticks, of which there are 100 in a
/// second.
fn cpu() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Some(ticks.sum::<Result<f64, _>>().ok()? * 10.0)
}

/// Source: Linux manual, proc_pid_status(5): VmHWM, in kB.
fn memory() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}
