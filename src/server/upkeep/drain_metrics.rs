//! Histograms keep every sample until somebody counts them, and nobody may ever ask for metrics.

use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

const PERIOD: Duration = Duration::from_secs(5);

/// Counts the samples into their buckets every few seconds.
pub(crate) async fn drain_metrics(metrics: PrometheusHandle, stopping: CancellationToken) {
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = ticks.tick() => metrics.run_upkeep(),
        }
    }
}
