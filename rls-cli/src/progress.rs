//! A sign of life for what takes longer than a second.

use std::future::Future;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Waits for some work, and says what is being waited for once a second has gone by: with a
/// spinner on a terminal, with a line elsewhere. Both go to standard error.
pub(crate) async fn during<T>(what: &str, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    match tokio::time::timeout(Duration::from_secs(1), &mut work).await {
        Ok(done) => done,
        Err(_) if std::io::stderr().is_terminal() => {
            let spinner = ProgressBar::new_spinner().with_message(what.to_owned());
            spinner.set_style(ProgressStyle::default_spinner());
            spinner.enable_steady_tick(Duration::from_millis(100));
            let done = work.await;
            spinner.finish_and_clear();
            done
        }
        Err(_) => {
            eprintln!("{what} …");
            work.await
        }
    }
}
